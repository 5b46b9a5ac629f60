// Several people on one machine: switching, and nothing of one gets to the other.

import { check, follow, until } from "../stage.mjs";

export const title = "several listeners";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window();
  await page.goto("/mix?length=10&seed=1");
  const who = () => page.locator("body").getAttribute("data-listener");
  const tracks = () =>
    page.locator("#mix .card").evaluateAll((all) => all.map((card) => card.dataset.track));
  const one = await who();
  const theirs = await tracks();
  const other = "listener-02";
  check.notEqual(one, other);
  await page.getByLabel("Who is listening").selectOption(other);
  await follow(page.getByRole("button", { name: "Switch" }));
  check.equal(await who(), other);
  check.ok(page.url().endsWith("/mix"), "what was asked for the one is not asked for the other");
  await page.goto("/mix?length=10&seed=1");
  check.notDeepEqual(await tracks(), theirs);
  const card = page.locator("#mix .card", { has: page.locator("[aria-pressed=false]") }).first();
  const track = await card.getAttribute("data-track");
  await card.getByRole("button", { name: /^Like/ }).click();
  await until("the other one likes it", async () => (await site.lastWord(other, track)) === "like");
  check.notEqual(await site.lastWord(one, track), "like");
  await page.goto("/taste");
  check.match(
    await page.locator(".danger").textContent(),
    new RegExp(other),
    "it is remembered from page to page",
  );
  await page
    .context()
    .addCookies([{ name: "segue_listener", value: "nobody%20we%20know", url: site.base }]);
  await page.goto("/");
  check.equal(await who(), one, "who is not known is not taken for somebody new");
  await site.shut(page);
}
