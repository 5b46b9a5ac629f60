// Files of one's own: they play in the page, and how each play ended is told.

import { check, until } from "../stage.mjs";

export const title = "local files play and are reported";
const WHO = "listener-01";

export async function walk(stage) {
  const site = await stage.known();
  const described = ["One", "Two"].map((name) => ({
    id: `tone-${name}`,
    title: `Test Tone ${name}`,
    artists: ["Sine"],
    location: "tone.wav",
  }));
  await site.post("/v1/tracks", described);
  await until(
    "the catalogue has them",
    async () => (await site.get("/v1/tracks?query=Test%20Tone")).tracks.length === 2,
    30_000,
  );
  const page = await site.window({ listener: WHO });
  await page.goto("/search?q=Test Tone");
  const last = async () => (await site.get(`/v1/listeners/${WHO}/listens?limit=1`)).listens[0];
  const plays = async () => (await site.get(`/v1/listeners/${WHO}`)).listens;
  const before = await plays();
  const order = await page
    .locator(".card")
    .evaluateAll((all) => all.map((card) => card.dataset.track));

  check.ok(!(await page.locator("#player").isVisible()), "no player before something plays");
  await page.getByRole("link", { name: /^Play/ }).first().click();
  await page.locator("#player").waitFor();
  check.match(await page.locator('[data-player="title"]').textContent(), /Test Tone/);
  check.equal(await page.locator(".card.is-playing").count(), 1);
  await until("it plays", () =>
    page.evaluate(() => document.querySelector("audio").currentTime > 0.2),
  );
  await page.locator("main").focus();
  await page.keyboard.press(" ");
  check.ok(await page.evaluate(() => document.querySelector("audio").paused), "space pauses");
  await page.keyboard.press(" ");
  await until("the play to its end is told", async () => (await plays()) === before + 1);
  const finished = await last();
  check.equal(finished.track, order[0]);
  check.ok(
    finished.ms_played > 1_500 && finished.ms_played < 2_500,
    `${finished.ms_played} ms of 2 s`,
  );
  check.notEqual(finished.skipped, true);

  await until("the next one plays", () =>
    page.evaluate(() => document.querySelector("audio").currentTime > 0.2),
  );
  await page.getByRole("button", { name: "Skip to the next track" }).click();
  await until("the skip is told", async () => (await plays()) === before + 2);
  const skipped = await last();
  check.equal(skipped.track, order[1]);
  check.equal(skipped.skipped, true);
  check.ok(skipped.ms_played > 0 && skipped.ms_played < 2_000);
  check.ok(!(await page.locator("#player").isVisible()), "the list is over");

  const address = await page.getByRole("link", { name: /^Play/ }).first().getAttribute("href");
  const part = await fetch(site.base + address, { headers: { range: "bytes=0-3" } });
  check.equal(part.status, 206);
  check.equal(await part.text(), "RIFF");
  await site.shut(page);
}
