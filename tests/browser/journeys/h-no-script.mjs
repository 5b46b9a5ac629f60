// Without scripts: everything can be read, forms work, each says what it did and offers the way
// back.

import { check, press, retype } from "../stage.mjs";

export const title = "without scripts";
const WHO = "listener-08";
// Firefox without scripts paints no frames by which Playwright sees that a button holds still.
const AT_ONCE = { force: true };

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: WHO, javaScriptEnabled: false });
  // What is new to the listener is not liked yet.
  await page.goto("/?explore=1");
  check.ok((await page.locator(".card").count()) > 8, "mix and shelves");
  check.equal(
    await page.locator(".needs-script:visible").count(),
    0,
    "nothing that needs scripts is offered",
  );
  const first = page.locator("#mix .card").first();
  const track = await first.getAttribute("data-track");
  const flash = page.locator(".flash");

  await first.getByRole("button", { name: /^Like/ }).click(AT_ONCE);
  check.match(await flash.innerText(), /^Liked: /);
  check.equal(await site.lastWord(WHO, track), "like");
  await flash.getByRole("button", { name: "Undo" }).click(AT_ONCE);
  check.match(await flash.innerText(), /^Taken back: /);
  check.equal(await site.lastWord(WHO, track), "cleared");
  await page.reload();
  check.equal(await flash.count(), 0, "said once");

  await press(page.locator("#mix .card").first(), /^Not now/, AT_ONCE);
  check.match(page.url(), /exclude=/);
  check.match(await flash.innerText(), /^Not now: /);
  const banned = await page.locator("#mix .card").first().getAttribute("data-artist");
  await press(page.locator("#mix .card").first(), /^Never/, AT_ONCE);
  check.match(await flash.innerText(), /^Never again: /);
  check.equal(await page.locator(`.card[data-artist=${JSON.stringify(banned)}]`).count(), 0);
  await flash.getByRole("button", { name: "Undo" }).click(AT_ONCE);
  check.equal(await site.lastWord(WHO, banned), "cleared");

  await page.getByRole("button", { name: "Adventure" }).click(AT_ONCE);
  check.equal(
    await page.getByRole("button", { name: "Adventure" }).getAttribute("aria-pressed"),
    "true",
  );
  await page.getByText("Filters", { exact: true }).click(AT_ONCE);
  await retype(page.getByLabel("Tracks", { exact: true }), "5");
  await page.getByRole("button", { name: "Mix again" }).click(AT_ONCE);
  check.equal(await page.locator("#mix .card").count(), 5);
  const playlist = await page.request.get(
    await page.locator(".menu a").first().getAttribute("href"),
  );
  check.match(await playlist.text(), /^#EXTM3U/);
  for (const [name, heading] of [
    ["Taste", "Your taste"],
    ["Model", "What Segue learned"],
    ["Import", "Add to your history"],
  ]) {
    await page.getByRole("navigation").getByRole("link", { name }).click(AT_ONCE);
    check.equal(await page.locator("h1").textContent(), heading);
  }
  await retype(page.getByLabel("Find a track"), "river");
  await page.getByRole("button", { name: "Search" }).first().click(AT_ONCE);
  check.match(await page.locator("h1").textContent(), /river/);
  await site.shut(page);
}
