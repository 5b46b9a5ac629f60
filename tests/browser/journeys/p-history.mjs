// The history: periods by link, charts with tables, whose clock it is, a picture, every play.

import { accessible, check, fits, follow } from "../stage.mjs";

export const title = "a year in review, in one's own time zone, and a picture of it";
const WHO = "listener-05";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: WHO });
  const who = () => site.get(`/v1/listeners/${WHO}`);
  await fetch(`${site.base}/v1/listeners/${WHO}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ time_zone: "Asia/Tokyo" }),
  });
  await page.goto("/");
  await follow(page.getByRole("link", { name: "History", exact: true }));
  check.match(await page.locator(".footnotes").innerText(), /those of Asia\/Tokyo/);

  await follow(page.getByRole("link", { name: "All time" }));
  check.equal(await page.locator("h1").innerText(), "All time");
  const { review } = await site.get(`/v1/listeners/${WHO}/history?period=all`);
  check.match(
    await page.locator("main").innerText(),
    /Since \d+ \w+ \d{4}, when your record begins/,
  );
  const top = page.locator(".top").first();
  check.ok((await top.innerText()).includes(review.top.artists[0].artist));
  const figures = page.locator("figure.history");
  check.ok((await figures.count()) >= 5, "charts");
  for (const figure of await figures.all()) {
    check.ok(
      (await figure.locator("svg").getAttribute("aria-label")).length > 10,
      "a chart says what it shows",
    );
    await figure.getByText("As a table").click();
    check.ok((await figure.locator("tbody tr").count()) > 0, "a chart has a table");
  }

  const month = review.parts.at(-1).first_day.slice(0, 7);
  await page.goto(`/history?period=${month}`);
  const heading = await page.locator("h1").innerText();
  await follow(page.locator("a[rel=prev]"));
  check.notEqual(await page.locator("h1").innerText(), heading);
  await follow(page.locator("a[rel=next]"));
  check.equal(await page.locator("h1").innerText(), heading, "there and back");

  const year = review.parts.at(-1).first_day.slice(0, 4);
  await page.goto(`/history?period=${year}`);
  check.equal(await page.locator("h1").innerText(), `${year} in review`);
  await accessible(page, "a year in review");
  await fits(page, "a year in review");
  const drawn = await page.locator(".share img").evaluate(async (img) => {
    img.loading = "eager";
    await img.decode();
    return [img.naturalWidth, img.naturalHeight];
  });
  check.deepEqual(drawn, [1080, 1350]);
  for (const [name, begins] of [["Picture (PNG)", "\x89PNG"], ["Drawing (SVG)", "<svg"]]) {
    const href = await page.getByRole("link", { name }).getAttribute("href");
    const body = await (await page.request.get(href)).body();
    check.ok(body.toString("latin1").startsWith(begins), name);
    check.ok(!body.toString("latin1").includes(WHO), "a picture names nobody");
  }

  await page.reload();
  await page.getByText("Another time zone").click();
  await page.getByLabel(/nearest large city/).fill("America/New York");
  await page.getByRole("button", { name: "Use it" }).click();
  await page.locator(".flash", { hasText: "America/New_York" }).waitFor();
  check.match(await page.locator(".footnotes").innerText(), /those of America\/New_York/);
  check.equal((await who()).time_zone, "America/New_York", "what was said stays");

  await follow(page.getByRole("link", { name: "Every play" }));
  const plays = page.locator(".plays li");
  check.equal(await plays.count(), 100);
  const first = await plays.first().innerText();
  await follow(page.getByRole("link", { name: "Earlier" }));
  check.notEqual(await plays.first().innerText(), first);
  await follow(page.locator(".plays a").first());
  check.ok((await page.locator("h1").count()) === 1 && page.url().includes("/tracks/"));

  await page.goto("/history?period=1999");
  check.match(await page.locator("main").innerText(), /does not reach back so far/);
  await site.shut(page);
}
