// Nobody is known yet. An export is dropped, looked at, read, reported and learned from; the same
// files add nothing, nor what is discarded; forgetting leaves nothing.

import { accessible, check, fits, until } from "../stage.mjs";

export const title = "from an empty home to shelves, and back";

const numbers = async (locator) =>
  (await locator.allTextContents()).map((text) => Number(text.replaceAll(",", "")));

/** What is told of an upload before it is imported. */
async function held(page) {
  await page.waitForURL("**/import/*");
  await page.locator("#import[data-state=held]").waitFor();
  check.equal(await page.locator("h1").textContent(), "Before it goes in");
  return page.locator("main").innerText();
}

async function report(page) {
  await page.locator("#import[data-state=done]").waitFor({ timeout: 90_000 });
  const [rows, ...parts] = await numbers(page.locator(".tally strong"));
  check.equal(
    parts.reduce((sum, part) => sum + part),
    rows,
    "the report adds up",
  );
  return rows;
}

export async function walk(stage) {
  const site = await stage.serve(stage.home("first"));
  const files = stage.files("listener-03");
  const page = await site.window();
  await page.goto("/");
  check.match(await page.locator("h1").textContent(), /what comes next/);
  check.equal(await page.getByRole("navigation").count(), 0, "nowhere to go yet");

  await page.getByLabel("Whose history is it?").fill("ann");
  const drop = await stage.drag(page, files);
  await page.locator(".drop-zone.is-over").waitFor();
  await drop();
  const told = await held(page);
  for (const part of [/Nothing is kept yet/, /Artist\s+Title/, /seen so far|rows?\b/])
    check.match(told, part);
  check.ok((await page.locator(".kind td").count()) > 5, "first rows are shown");
  check.deepEqual((await site.get("/v1/listeners")).listeners, [], "nothing is kept yet");
  await accessible(page, "an upload that is held");
  await fits(page, "an upload that is held");
  await page.reload();
  check.equal(
    await page.evaluate(() => document.activeElement.textContent),
    "Import",
    "one key is enough",
  );
  await page.keyboard.press("Enter");
  await page.locator("#import:not([data-state=held])").waitFor();
  const states = new Set();
  await until(
    "the import ends",
    async () => {
      const { imports } = await site.get("/v1/imports");
      states.add(
        await page
          .locator("#import")
          .getAttribute("data-state")
          .catch(() => null),
      );
      return imports[0].state === "done";
    },
    90_000,
  );
  check.ok(states.has("reading") || states.has("training"), "progress is shown while it lasts");
  const rows = await report(page);
  check.equal(await page.locator("h1").textContent(), "That went in");
  const [{ report: outcome }] = (await site.get("/v1/imports")).imports;
  check.equal(rows, outcome.total.rows_read, "the page says what the API says");
  check.equal(await page.locator(".import tbody tr").count(), files.length);
  const known = await site.get("/v1/listeners/ann");
  check.equal(known.listens, outcome.store.listens_added);

  await page.getByRole("link", { name: "Listen", exact: true }).last().click();
  await page.waitForURL(`${site.base}/`);
  check.ok((await page.locator("#mix .card").count()) >= 5, "a mix");
  check.ok((await page.locator(".shelf h2").count()) >= 1, "shelves");
  check.equal(
    await page.locator(".card .reason").count(),
    await page.locator(".card").count(),
    "each card with a reason",
  );
  check.equal(
    await page.locator(".card .sketch title").count(),
    await page.locator(".card").count(),
    "each card with a sketch in words",
  );

  await page.goto("/import");
  await page.setInputFiles(
    "#files",
    files.filter((file) => !file.endsWith(".csv")),
  );
  check.match(await page.locator("#drop-said").textContent(), /YourLibrary\.json/);
  await page.getByRole("button", { name: "Read it" }).click();
  await held(page);
  await page.getByRole("button", { name: "Import" }).click();
  await report(page);
  check.equal(
    (await site.get("/v1/listeners/ann")).listens,
    known.listens,
    "the same files add nothing",
  );

  await page.goto("/import");
  await page.setInputFiles("#files", {
    name: "notes.txt",
    mimeType: "text/plain",
    buffer: Buffer.from("milk, bread, jam"),
  });
  await page.getByRole("button", { name: "Read it" }).click();
  const nothing = await held(page);
  check.match(nothing, /nothing in it that it can read/, "what cannot be read is said to be");
  check.match(nothing, /notes\.txt/);
  check.equal(await page.getByRole("button", { name: "Import" }).count(), 0);
  await accessible(page, "an upload of which nothing can be read");
  await page.getByRole("button", { name: "Discard" }).click();
  await page.locator(".flash", { hasText: "Discarded" }).waitFor();

  const skips = [...Array(12)].map((_, day) => ({
    ts: `2025-05-${10 + day}T10:00:00Z`,
    ms_played: 2_000,
    master_metadata_track_name: `Song ${day}`,
    master_metadata_album_artist_name: "Nobody",
    spotify_track_uri: null,
    reason_end: "fwdbtn",
    skipped: true,
  }));
  const other = await stage.serve(stage.home("too-little"));
  const begun = await other.window();
  await begun.goto("/");
  await begun.setInputFiles("#files", {
    name: "Streaming_History_Audio_2025_0.json",
    mimeType: "application/json",
    buffer: Buffer.from(JSON.stringify(skips)),
  });
  await begun.getByRole("button", { name: "Read it" }).click();
  await held(begun);
  await begun.getByRole("button", { name: "Import" }).click();
  await report(begun);
  check.match(
    await begun.locator(".note[role=status]").innerText(),
    /Nothing could be learned from it yet/,
    "too little is said to be too little",
  );
  check.match(
    await begun.locator("main").innerText(),
    /Only tracks that were played are known here/,
    "and what is missing for something new",
  );
  await begun.goto("/");
  check.match(await begun.locator("main").innerText(), /Nothing yet/);
  check.equal(
    await begun.getByRole("link", { name: "add a longer history" }).getAttribute("href"),
    "/import",
    "with the way on",
  );
  await other.shut(begun);

  await page.goto("/taste");
  await page.getByText("Forget me", { exact: true }).click();
  await page.getByLabel("Type ann to confirm").fill("ann");
  await page.getByRole("button", { name: "Forget me for good" }).click();
  await page.locator(".flash", { hasText: "ann is forgotten" }).waitFor();
  check.match(await page.locator("h1").textContent(), /what comes next/);
  check.deepEqual((await site.get("/v1/listeners")).listeners, []);
  await site.shut(page);
}
