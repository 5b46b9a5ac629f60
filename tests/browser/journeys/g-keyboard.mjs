// Everything by keys alone, and the focus is never lost.

import { check, until } from "../stage.mjs";

export const title = "the keyboard alone";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: "listener-07" });
  await page.goto("/");
  // What is liked already would have its like taken back by the same key.
  const likedBefore = page.locator(".card", { has: page.locator('[aria-pressed="true"]') });
  while ((await likedBefore.count()) > 0) {
    const track = await likedBefore.first().getAttribute("data-track");
    await site.post("/v1/listeners/listener-07/feedback", { track, kind: "cleared" });
    await page.reload();
  }
  const keys = page.keyboard;
  const focus = () =>
    page.evaluate(() => {
      const { activeElement: here } = document;
      return {
        tag: here.tagName,
        id: here.id,
        text: here.querySelector?.("h3")?.textContent,
        card: [...document.querySelectorAll(".card")].indexOf(here),
      };
    });

  await keys.press("Tab");
  check.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await keys.press("Enter");
  check.equal((await focus()).id, "main");
  await keys.press("?");
  check.ok(await page.locator("dialog#keys").isVisible());
  for (const name of ["like", "undo", "never this artist"])
    check.match(await page.locator("dialog#keys").innerText(), new RegExp(name));
  await keys.press("Escape");
  check.ok(!(await page.locator("dialog#keys").isVisible()));
  check.equal((await focus()).id, "main", "the focus is where it was");

  await keys.press("j");
  check.equal((await focus()).card, 0);
  await keys.press("j");
  await keys.press("ArrowDown");
  check.equal((await focus()).card, 2);
  await keys.press("k");
  check.equal((await focus()).card, 1);
  const card = () => page.locator(".card").nth(1);
  const liked = await card().getAttribute("data-track");
  await keys.press("l");
  await until("liked by a key", async () => (await site.lastWord("listener-07", liked)) === "like");
  await keys.press("u");
  await until(
    "undone by a key",
    async () => (await site.lastWord("listener-07", liked)) === "cleared",
  );
  for (const key of ["s", "n", "b"]) {
    const { text } = await focus();
    await keys.press(key);
    await until(
      `${key} replaces the card`,
      async () => (await focus()).tag === "ARTICLE" && (await focus()).text !== text,
    );
    await keys.press("u");
    await until(`u brings it back after ${key}`, async () => (await focus()).text === text);
  }
  await keys.press("u");
  check.match(await page.locator(".toast").last().innerText(), /Nothing to undo/);

  await keys.press("]");
  await page.waitForURL("**explore=0.35**");
  await keys.press("[");
  await page.waitForURL("**explore=0.3&**");
  check.ok(await page.evaluate(() => document.activeElement !== null));

  const menu = page.locator("details.menu summary");
  await menu.focus();
  await keys.press("Enter");
  await keys.press("Tab");
  check.match(await page.evaluate(() => document.activeElement.textContent), /M3U/);
  await keys.press("Escape");
  check.ok(
    await menu.evaluate(
      (summary) => summary === document.activeElement && !summary.parentElement.open,
    ),
    "escape closes the menu",
  );

  await keys.press("g");
  await keys.press("m");
  await page.waitForURL("**/model");
  await keys.press("g");
  await keys.press("t");
  await page.waitForURL("**/taste");
  await keys.press("/");
  check.equal((await focus()).id, "find");
  await keys.type("g?j");
  check.equal(
    await page.locator("#find").inputValue(),
    "g?j",
    "letters stay letters where one writes",
  );
  await page.locator("#find").fill("blue");
  await keys.press("Enter");
  await page.waitForURL("**/search?q=blue");
  check.ok((await page.locator(".card").count()) > 0);

  await keys.press("?");
  await page.getByLabel("Single keys work").uncheck();
  await page.getByRole("button", { name: "Close" }).press("Enter");
  await page.locator("main").focus();
  await keys.press("g");
  await keys.press("h");
  await keys.press("?");
  check.ok(
    page.url().includes("/search") && !(await page.locator("dialog#keys").isVisible()),
    "single keys can be switched off",
  );

  // Every stop of the tab key can be seen.
  await page.goto("/");
  const unseen = [];
  for (let stops = 0; stops < 40; stops++) {
    await keys.press("Tab");
    const seen = await page.evaluate(() => {
      const here = document.activeElement;
      const { width, height } = here.getBoundingClientRect();
      return here !== document.body && width > 0 && height > 0 ? null : here.outerHTML.slice(0, 80);
    });
    if (seen) unseen.push(seen);
  }
  check.deepEqual(unseen, []);
  await site.shut(page);
}
