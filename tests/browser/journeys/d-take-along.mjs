// The export menu: every format holds the very tracks that are shown, in their order.

import { readFileSync } from "node:fs";
import { check } from "../stage.mjs";

export const title = "playlists of the very tracks shown";

const READ = {
  M3U: (text) =>
    text
      .split(/\r?\n/)
      .filter((line) => line.startsWith("#EXTINF"))
      .map((line) => line.split(" - ").slice(1).join(" - ")),
  XSPF: (text) =>
    [...text.matchAll(/<track>.*?<title>(.*?)<\/title>/gs)].map(([, title]) =>
      title.replaceAll("&apos;", "'").replaceAll("&amp;", "&"),
    ),
  JSPF: (text) => JSON.parse(text).playlist.track.map((track) => track.title),
  URIs: (text) => text.trim().split(/\r?\n/),
};

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: "listener-04", acceptDownloads: true });
  await page.goto("/mix?length=12&explore=0.5");
  const shown = await page
    .locator("#mix .card")
    .evaluateAll((all) =>
      all.map((card) => [card.dataset.track, card.querySelector("h3").textContent]),
    );
  check.equal(shown.length, 12);
  const menu = page.locator("details.menu");
  for (const format of ["M3U", "XSPF", "JSPF", "CSV", "URIs"]) {
    await menu.locator("summary").click();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      menu.getByRole("link", { name: format }).click(),
    ]);
    const text = readFileSync(await download.path(), "utf8");
    check.match(download.suggestedFilename(), /\.\w+$/);
    if (format === "CSV") {
      const rows = text.trim().split(/\r?\n/).slice(1);
      check.equal(rows.length, shown.length);
      rows.forEach((row, position) =>
        check.ok(row.includes(shown[position][1]), `${row} is ${shown[position][1]}`),
      );
    } else {
      const column = format === "URIs" ? 0 : 1;
      check.deepEqual(
        READ[format](text),
        shown.map((track) => track[column]),
        format,
      );
    }
    await page.keyboard.press("Escape");
    if (await menu.evaluate((details) => details.open)) await menu.locator("summary").click();
  }
  await site.shut(page);
}
