// Somebody brings an export and a world of what other people play: there is new music at once, and
// what artists brought out since they were last played. Then they go on without it.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { accessible, check, fits } from "../stage.mjs";

export const title = "an export and a world, and new music from it";

const DAY = 86_400;
const BEGIN = 1_700_000_000;
const DAYS = 500;

/**
 * Thirty people who play sixteen artists for more than a year; from day 300 on there are new songs.
 */
function listens() {
  const lines = [];
  for (let user = 0; user < 30; user++)
    for (let day = user % 7; day < DAYS; day += 7)
      for (let place = 0; place < 8; place++) {
        const artist = (user + day + place) % 16;
        const song = (day >> 3) % (day < 300 ? 4 : 6);
        const at = BEGIN + day * DAY + user * 1_000 + place * 200;
        const names = { artist_name: `Artist ${artist}`, track_name: `Song ${artist}-${song}` };
        lines.push(
          JSON.stringify({
            user_id: user,
            user_name: "somebody",
            timestamp: at,
            track_metadata: names,
          }),
        );
      }
  return lines.join("\n") + "\n";
}

/** A history of eight of these artists: four until day 150, the others since. */
function history() {
  const play = (day) => ({
    ts: new Date((BEGIN + day * DAY) * 1_000).toISOString().replace(".000", ""),
    ms_played: 180_000,
    master_metadata_track_name: `Song ${(day % 4) + (day < 150 ? 0 : 4)}-${(day >> 2) % 3}`,
    master_metadata_album_artist_name: `Artist ${(day % 4) + (day < 150 ? 0 : 4)}`,
    spotify_track_uri: null,
    reason_end: "trackdone",
    skipped: false,
  });
  return JSON.stringify([...Array(DAYS)].map((_, day) => play(day)));
}

export async function walk(stage) {
  const [dump, world] = ["listens.jsonl", "people.world"].map((name) => join(stage.work, name));
  const plays = join(stage.work, "Streaming_History_Audio_2024_0.json");
  writeFileSync(dump, listens());
  writeFileSync(plays, history());
  stage.run("world", "build", "--listens", dump, world);

  const site = await stage.serve(stage.home("with-a-world"));
  const page = await site.window();
  await page.goto("/");
  await page.setInputFiles("#files", [plays, world]);
  await page.getByRole("button", { name: "Read it" }).click();
  await page.locator("#import[data-state=held]").waitFor();
  check.match(await page.locator("main").innerText(), /96 songs, played by 30 people/);
  await accessible(page, "a world that is held");
  await fits(page, "a world that is held");
  await page.getByRole("button", { name: "Import" }).click();
  await page.locator("#import[data-state=done]").waitFor({ timeout: 90_000 });
  const told = await page.locator("main").innerText();
  check.match(told, /people\.world is the world in use\. It knows 24 of the 24 songs here/);
  check.doesNotMatch(told, /Only tracks that were played/);

  await page.goto("/?explore=1");
  const count = await page.locator("#mix .card").count();
  check.ok(count >= 5, `${count} tracks`);
  check.equal(await page.locator("#mix .card span.new").count(), count, "all of them are new");
  check.match(await page.locator("#mix").innerText(), /People who play Artist \d+/);
  const since = page.locator(".shelf", { hasText: "Since you stopped listening to" });
  check.match(await since.innerText(), /Artist [0-3]/);
  check.doesNotMatch(await since.innerText(), /Artist [4-9]/);
  await accessible(page, "shelves of what came out");

  await page.goto("/model");
  check.match(await page.locator("main").innerText(), /The world in use knows 96 songs/);
  await page.getByRole("button", { name: "Go on without it" }).click();
  await page.locator(".flash", { hasText: "No world is in use" }).waitFor();
  check.equal((await site.get("/v1/models")).world, null);
  await site.shut(page);
}
