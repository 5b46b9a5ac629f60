// Covers: a picture beside a file is on its card and in the player, and where there is none, or
// what lies there is no picture, the drawing stays.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PICTURE, check, fits, tone, until } from "../stage.mjs";

export const title = "covers stand where files have them";
const WHO = "listener-01";

export async function walk(stage) {
  const site = await stage.known();
  const music = join(stage.work, "music");
  for (const [album, picture] of [
    ["Dressed", PICTURE],
    ["Broken", "no picture"],
  ]) {
    tone(join(music, album, "song.wav"));
    writeFileSync(join(music, album, "Folder.PNG"), picture);
  }
  const described = ["Dressed", "Broken"].map((album) => ({
    id: `cover-${album}`,
    title: `Sleeve ${album}`,
    artists: ["Sine"],
    location: join(album, "song.wav"),
  }));
  await site.post("/v1/tracks", described);
  await until(
    "the catalogue has them",
    async () => (await site.get("/v1/tracks?query=Sleeve")).tracks.length === 2,
    30_000,
  );
  const page = await site.window({ listener: WHO });
  await page.goto("/search?q=Sleeve");
  const dressed = page.locator('.card[data-track="cover-Dressed"] .cover');
  const broken = page.locator('.card[data-track="cover-Broken"] .cover');
  await until("the cover is there", () =>
    dressed.evaluate((cover) => cover.complete && cover.naturalWidth > 0),
  );
  const [picture, sleeve] = await dressed.evaluate((cover) =>
    [cover, cover.parentElement].map((box) => box.getBoundingClientRect().toJSON()),
  );
  for (const edge of ["left", "top", "right", "bottom"])
    check.ok(Math.abs(picture[edge] - sleeve[edge]) < 2, `it covers the sleeve: ${edge}`);
  await until("the other one failed", () => broken.evaluate((cover) => cover.complete));
  check.equal(await broken.evaluate((cover) => cover.naturalWidth), 0);
  check.ok(await page.locator('.card[data-track="cover-Broken"] .sketch').isVisible());
  await fits(page, "a list with covers");

  await page.getByRole("link", { name: /^Play Sleeve Dressed/ }).click();
  await page.locator('[data-player="cover"] .cover').waitFor();
  await page.reload();
  check.equal(await broken.count(), 0, "what is known to be missing is not asked for again");
  await site.shut(page, /404/);
}
