// Talking to the server: JSON for what is said, HTML fragments for what is shown.

export const listener = document.body.dataset.listener ?? "";
const home = `/v1/listeners/${encodeURIComponent(listener)}`;

// Names an event, so that one sent twice counts once. `randomUUID` exists on secure origins only, a
// plain LAN address is none.
function clientId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

async function checked(response) {
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(
    problem.error?.message ?? problem.message ?? `the server answered ${response.status}`,
  );
}

async function post(path, body) {
  const request = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_id: clientId(), ...body }),
    keepalive: true,
  };
  // Once more if the line drops: the id makes that harmless.
  const response = await fetch(home + path, request).catch(() => fetch(home + path, request));
  return checked(response);
}

/** Says something of a track or an artist: `{ track | artist, kind }`. */
export const say = (feedback) => post("/feedback", feedback);

/** Tells of a play: `{ track, ms_played, end }`, without `ms_played` where nothing was measured. */
export const played = (listen) => post("/listens", { ...listen, context: "segue" });

/** JSON from the API. */
export async function get(path, signal) {
  return (
    await checked(await fetch(path, { signal, headers: { accept: "application/json" } }))
  ).json();
}

/** What a mix would hold; `query` is the dial's form. */
export const preview = (query, signal) => get(`${home}/mix/preview?${query}`, signal);

/** A piece of the page as an element, or null where there is none. */
export async function fragment(path, signal) {
  const response = await checked(await fetch(path, { signal, headers: { accept: "text/html" } }));
  if (response.status === 204) return null;
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return template.content.firstElementChild;
}
