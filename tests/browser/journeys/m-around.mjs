// Every card is a door: to where the song opens, to its page, to its artist, to a mix that goes on
// from it; and a search finds what was meant.

import { check, follow, press, until } from "../stage.mjs";

export const title = "pages of tracks and artists, links, search";
const WHO = "listener-03";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: WHO });
  await page.goto("/?explore=0");
  const first = page.locator("#mix .card").first();
  const track = await first.getAttribute("data-track");
  const artist = await first.getAttribute("data-artist");
  const name = await first.locator("h3").innerText();
  const opens = () => first.locator(".open").getAttribute("href");
  check.match(await opens(), /^https:\/\/open\.spotify\.com\/track\/\w+$/, "the very track");
  check.match(await first.locator(".open").getAttribute("rel"), /noreferrer/);

  await first.locator("h3 a").click();
  await page.waitForURL(/\/tracks\//);
  check.equal(await page.locator("h1").innerText(), name);
  check.match(await page.locator("main").innerText(), /You and this song/);
  check.match(await page.locator("main").innerText(), /\d plays?/);
  await page.getByLabel("Open songs with").selectOption("deezer");
  await page.getByRole("button", { name: "Remember" }).click();
  await page.waitForURL(/\/tracks\//);
  const chosen = page.locator(".card").first().locator(".open");
  check.match(await chosen.getAttribute("href"), /deezer/);

  await page.getByRole("link", { name: "A mix that goes on from here" }).first().click();
  await page.waitForURL(/\/mix\?after=/);
  check.match(await page.locator(".lead").innerText(), new RegExp(`^Going on from `));
  check.equal(await page.locator(`#mix .card[data-track=${JSON.stringify(track)}]`).count(), 0);
  check.match(await opens(), /deezer/, "what was chosen holds on every page");
  await page.getByRole("button", { name: "Adventure" }).click();
  await page.waitForURL(/explore=0\.5/);
  check.match(page.url(), /after=/, "the dial keeps what the mix goes on from");

  await page.goto(`/artists/${encodeURIComponent(artist)}`);
  check.match(await page.locator(".lead").innerText(), /^You know \d+ of \d+ songs?, with/);
  await page.getByRole("button", { name: "Never this artist" }).click();
  await until("the ban is kept", async () => (await site.lastWord(WHO, artist)) === "ban");
  await follow(page.getByRole("button", { name: "Let them in again" }));
  await until("it is taken back", async () => (await site.lastWord(WHO, artist)) === "cleared");

  // A letter too many in the longest word of the artist.
  const words = artist.split(" ");
  const longest = words.reduce((a, b) => (b.length > a.length ? b : a));
  const wrong = longest.slice(0, 2) + "x" + longest.slice(2);
  await page.goto(`/search?q=${encodeURIComponent(wrong)}`);
  check.match(await page.locator(".lead").innerText(), /Nothing by that name\. This is what/);
  check.ok(
    await page.locator(`.services a`, { hasText: artist }).count(),
    "the artist that was meant",
  );
  await press(page.locator(".card").first(), /^Not for me/);
  await page.locator(".toast", { hasText: "Not for you" }).waitFor();
  check.equal(
    (await page.goto("/tracks/nothing")).status(),
    404,
    "a track that is not there is an error page",
  );
  await site.shut(page, /status of 404/);
}
