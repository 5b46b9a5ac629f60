// Days and hours are those of where the listener is, which the browser knows. It is told once: what
// was said, here or by the form on the history page, stays.

const { listener, asksTimeZone } = document.body.dataset;
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;

if (listener && asksTimeZone !== undefined && here) {
  const told = await fetch(`/v1/listeners/${encodeURIComponent(listener)}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ time_zone: here }),
  }).catch(() => null);
  // What shows hours shows them anew.
  if (told?.ok && document.querySelector("[data-zoned]")) location.reload();
}
