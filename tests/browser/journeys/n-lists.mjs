// Lists: today's is there without asking, stays as it is, and a mix is kept under a name.

import { check, follow } from "../stage.mjs";

export const title = "lists that stay, and one's own";

const titles = (page) => page.locator("#mix .card h3").allTextContents();

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: "listener-03" });
  await page.goto("/");
  await follow(page.getByRole("link", { name: "Lists", exact: true }));
  const today = page.getByRole("link", { name: /^Today/ });
  check.match(await today.textContent(), /never shown before.*Not opened yet/);
  await follow(today);
  check.equal(await page.locator("h1").textContent(), "Today");
  const first = await titles(page);
  check.ok(first.length >= 10, `${first.length} tracks`);
  await page.reload();
  check.deepEqual(await titles(page), first, "it stays as it is");
  await follow(page.getByRole("link", { name: "All lists" }));
  check.doesNotMatch(await today.textContent(), /Not opened yet/);

  await page.goto("/mix?length=7&explore=0.4");
  const mix = await titles(page);
  const keep = page.locator("details.menu");
  await keep.locator("summary").click();
  await keep.getByLabel("keep it here as a list").fill("Friday & <more>");
  await follow(keep.getByRole("button", { name: "Keep" }));
  check.equal(await page.locator("h1").textContent(), "Friday & <more>");
  check.deepEqual(await titles(page), mix, "the very mix that was shown");

  await follow(page.getByRole("button", { name: "Remove this list" }));
  check.equal(await page.getByRole("link", { name: /^Friday/ }).count(), 0);
  check.equal(await today.count(), 1);
  await site.shut(page);
}
