// What is said to a card counts at once, can be taken back by message and by key, is in the store,
// and the next mix goes by it.

import { check, press as pressOn, until } from "../stage.mjs";

export const title = "like, skip, not for me, never this artist";
const WHO = "listener-02";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: WHO });
  // What is new to the listener is not liked yet.
  await page.goto("/?explore=1");
  const first = page.locator("#mix .card").first();
  const about = () =>
    first.evaluate((card) => ({ ...card.dataset, title: card.querySelector("h3").textContent }));
  const press = (name) => pressOn(first, name);
  const undo = () => page.locator(".toast button", { hasText: "Undo" }).last().click();
  const gone = (card) =>
    until(`${card.title} leaves`, async () => (await about()).track !== card.track);
  const back = (card) =>
    until(`${card.title} is back`, async () => (await about()).track === card.track);
  const word = (target, kind) =>
    until(`the store has ${kind}`, async () => (await site.lastWord(WHO, target)) === kind);
  const picks = async (more) =>
    (
      await site.post(`/v1/listeners/${WHO}/mixes`, {
        length: 200,
        explore: 0.2,
        artist_cap: 20,
        no_repeat_days: 0,
        ...more,
      })
    ).picks;
  const liked = await about();

  await press(/^Like/);
  check.equal(
    await first.locator("[aria-pressed]").getAttribute("aria-pressed"),
    "true",
    "at once",
  );
  await word(liked.track, "like");
  await undo();
  await word(liked.track, "cleared");
  check.equal(await first.locator("[aria-pressed]").getAttribute("aria-pressed"), "false");

  await press(/^Not for me/);
  await gone(liked);
  await word(liked.track, "dislike");
  check.ok(
    await first.evaluate((card) => card === document.activeElement),
    "the focus is on what came instead",
  );
  await page.keyboard.press("u");
  await back(liked);
  await word(liked.track, "cleared");
  await press(/^Not for me/);
  await gone(liked);
  await word(liked.track, "dislike");
  check.ok(!(await picks()).some((pick) => pick.track.id === liked.track), "the next mix obeys");

  const passed = await about();
  const plays = (await site.get(`/v1/listeners/${WHO}`)).listens;
  await press(/^Not now/);
  await gone(passed);
  await page.keyboard.press("u");
  await back(passed);
  check.equal(
    (await site.get(`/v1/listeners/${WHO}`)).listens,
    plays,
    "a skip that was taken back never happened",
  );
  await press(/^Not now/);
  await gone(passed);
  await page.goto("/taste");
  await until("the skip is kept when the page is left", async () => {
    const [last] = (await site.get(`/v1/listeners/${WHO}/listens?limit=1`)).listens;
    return last.track === passed.track && last.skipped === true;
  });

  await page.goto("/");
  const banned = await about();
  const theirs = page.locator(`.card[data-artist=${JSON.stringify(banned.artist)}]`);
  const cards = await theirs.count();
  await press(/^Never/);
  await until("all of the artist leave", async () => (await theirs.count()) === 0);
  await word(banned.artist, "ban");
  await undo();
  await until("all of the artist are back", async () => (await theirs.count()) === cards);
  await word(banned.artist, "cleared");
  await press(/^Never/);
  await word(banned.artist, "ban");
  check.ok(
    !(await picks()).some((pick) => pick.track.artists.includes(banned.artist)),
    "never means never",
  );
  await page.reload();
  check.equal(await theirs.count(), 0);

  const shelf = page.locator(".shelf").last();
  const before = await shelf
    .locator(".card")
    .evaluateAll((all) => all.map((card) => card.dataset.track));
  await pressOn(shelf.locator(".card").first(), /^Not for me/);
  await word(before[0], "dislike");
  await until("a shelf fills its gap", async () => {
    const now = await shelf
      .locator(".card")
      .evaluateAll((all) => all.map((card) => card.dataset.track));
    return now[0] !== before[0] && now.slice(1).join() === before.slice(1).join();
  });

  await page.route("**/feedback", (route) => route.abort());
  const kept = await about();
  await press(/^Not for me/);
  await page.locator(".toast", { hasText: "That was not kept" }).waitFor();
  await back(kept);
  check.notEqual(
    await site.lastWord(WHO, kept.track),
    "dislike",
    "what the server never heard is not shown as done",
  );
  await site.shut(page, /ERR_FAILED/);
}
