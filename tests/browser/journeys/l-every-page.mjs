// Every page, by day and by night, on a phone and on a desk: no rule of accessibility broken,
// nothing sticking out at the side.

import { accessible, check, fits } from "../stage.mjs";

export const title = "every page, light and dark, phone and desktop";

const DEVICES = {
  phone: { width: 390, height: 844, hasTouch: true },
  desktop: { width: 1440, height: 900 },
};

async function look(page, where, device, open) {
  await open?.();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await accessible(page, `${where}, ${device}, ${colorScheme}`);
  }
}

export async function walk(stage) {
  const site = await stage.known();
  const { models } = await site.get("/v1/models");
  const compared = `/model?left=${models[0].version}&right=${models.at(-1).version}`;
  const imported = new FormData();
  imported.set("listener", "listener-01");
  imported.set("files", new Blob(["artist,title\nNobody,Nothing\n"]), "tracks.csv");
  const upload = () => fetch(`${site.base}/import`, { method: "POST", body: imported });
  const [{ url: held }, { url: report }] = [await upload(), await upload()];
  await fetch(`${report}/start`, { method: "POST" });
  const { picks } = await site.post("/v1/listeners/listener-01/mixes", { length: 1, explore: 0 });
  const { id, artists } = picks[0].track;
  const { lists } = await site.post("/v1/listeners/listener-01/lists/refresh", {});
  const today = lists.find(({ kind }) => kind === "today").list.id;
  const pages = {
    "the first page": "/",
    "a track": `/tracks/${encodeURIComponent(id)}`,
    "an artist": `/artists/${encodeURIComponent(artists[0])}`,
    "the mix": "/mix?length=6",
    "an empty mix": "/mix?familiarity=owned&no_repeat_days=3650",
    lists: "/lists",
    "a list": `/lists/${today}`,
    history: "/history",
    "all of the history": "/history?period=all",
    "every play": "/history/plays",
    taste: "/taste",
    model: compared,
    import: "/import",
    "a held import": new URL(held).pathname,
    "an import": new URL(report).pathname,
    search: "/search?q=Test Tone",
    "the API": "/docs",
    "nothing here": "/nowhere",
  };
  for (const [device, { width, height, ...more }] of Object.entries(DEVICES)) {
    const page = await site.window({ listener: "listener-01", width, height, ...more });
    for (const [where, path] of Object.entries(pages)) {
      const answer = await page.goto(path);
      check.equal(answer.status(), path === "/nowhere" ? 404 : 200, where);
      check.equal(await page.locator("h1").count(), 1, `${where} has one heading`);
      await look(page, where, device);
      if (device === "desktop") {
        await fits(page, where);
        await page.setViewportSize({ width, height });
      }
    }
    await page.goto("/mix?length=3");
    await look(page, "the list of keys", device, () => page.keyboard.press("?"));
    await page.keyboard.press("Escape");
    await look(page, "a message", device, () => page.locator(".card button").first().click());
    await page.reload();
    const dots = page.locator(".card").first().getByRole("button", { name: /^More/ });
    await look(page, "what can be done with a song", device, () => dots.click());
    await site.shut(page, /status of 404/);
  }

  const empty = await stage.serve(stage.home("empty"));
  const locked = stage.home("locked");
  stage.run("--home", locked, "keys", "add", "one", "--scope", "read");
  const guarded = await stage.serve(locked);
  for (const [device, size] of Object.entries(DEVICES)) {
    for (const [where, at, path] of [
      ["the first visit", empty, "/"],
      ["the login", guarded, "/login"],
    ]) {
      const page = await at.window(size);
      await page.goto(path);
      await look(page, where, device);
      if (device === "desktop") await fits(page, where);
      await at.shut(page);
    }
  }
}
