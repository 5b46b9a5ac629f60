// A mix in words: what was understood is said, the dial goes on from there and wins, a kept list is
// named by the words, and what cannot be answered is no mix.

import { accessible, check, fits, follow, until } from "../stage.mjs";

export const title = "a mix in words";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: "listener-03" });
  await page.goto("/");
  const box = page.getByLabel("Say what it should be like");
  const reading = page.getByRole("list", { name: "What was understood" });
  const example = await box.getAttribute("placeholder");
  check.match(example, /like .+, mostly new, an hour$/, "an example that this library can answer");

  await box.fill("energetic, glittering, mostly new, 12 songs");
  await box.press("Enter");
  await page.waitForURL("**/mix?prompt=**");
  const said = await reading.innerText();
  check.match(said, /energetic energy from 0\.70 · [\d,]+ tracks/);
  check.match(said, /glittering not understood/);
  check.match(said, /mostly new the dial at 80 % new/);
  check.equal(await page.locator("#explore").inputValue(), "0.8", "the words turn the dial");
  check.equal(await page.locator("#mix .card").count(), 12);
  await accessible(page, "a mix in words");
  await fits(page, "a mix in words");

  await page.getByRole("button", { name: "Comfort" }).click();
  await page.waitForURL((url) => url.searchParams.get("explore") === "0.1");
  await until("the dial wins, and that is said", async () =>
    /no effect: set otherwise/.test(await reading.innerText()),
  );
  check.match(new URL(page.url()).searchParams.get("prompt"), /^energetic/, "the words stay");

  const menu = page.locator("details.menu");
  await menu.locator("summary").click();
  check.match(await menu.getByLabel("keep it here as a list").inputValue(), /^energetic/);
  await menu.getByLabel("keep it here as a list").fill("Loud");
  await menu.getByLabel("A new one every week").check();
  await follow(menu.getByRole("button", { name: "Keep" }));
  check.equal(await page.locator("h1").textContent(), "Loud");
  check.match(await page.locator(".lead").textContent(), /^Week \d+/);
  await follow(page.getByRole("link", { name: "All lists" }));
  check.match(await page.locator(".weekly").innerText(), /Loud: energetic, glittering/);
  await accessible(page, "weekly lists");
  await follow(page.getByRole("button", { name: "Make no more of Loud" }));
  check.equal(await page.locator(".weekly").count(), 0);
  check.equal(await page.getByRole("link", { name: /^Loud/ }).count(), 1, "what was made stays");

  await page.goto("/mix?prompt=glittering");
  check.equal(await page.locator("#mix .card").count(), 0);
  check.match(await page.locator("#mix .note").innerText(), /none of this is understood/i);
  await box.fill(example);
  await page.getByRole("button", { name: "Mix", exact: true }).click();
  await reading.waitFor();
  check.doesNotMatch(await reading.innerText(), /not understood|no effect/);
  await site.shut(page);
}
