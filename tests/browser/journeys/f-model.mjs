// The model page: train again, hold the two side by side, go back to the first.

import { check } from "../stage.mjs";

export const title = "train again, compare, roll back";

export async function walk(stage) {
  const site = await stage.known();
  const active = async () =>
    (await site.get("/v1/models")).models.find((model) => model.active).version;
  const before = await active();
  const page = await site.window({ listener: "listener-06" });
  await page.goto("/mix?length=3");
  // Something new to learn from, or the same model comes out.
  const track = await page.locator("#mix .card").first().getAttribute("data-track");
  await site.post("/v1/listeners/listener-06/feedback", { track, kind: "like" });

  await page.goto("/model");
  check.match(
    await page.locator(".learned").innerText(),
    /It learned from [\d,]+ likes and [\d,]+ dislikes of \d+ listeners/,
  );
  check.match(await page.locator(".figures").innerText(), /AUC\s+0\.\d{3}/);
  check.ok((await page.locator(".calibration .bin").count()) >= 2, "calibration");
  check.equal(
    await page.locator("circle.bin").count(),
    await page.locator(".pair tbody tr").count(),
    "as a table too",
  );
  await page.getByRole("button", { name: "Learn again now" }).click({ timeout: 90_000 });
  await page
    .locator(".flash", { hasText: "was trained and serves from now on" })
    .waitFor({ timeout: 90_000 });
  const after = await active();
  check.notEqual(after, before);
  check.match(await page.locator("tr.active").innerText(), new RegExp(`${after}[^]*now`));

  await page.locator("select[name=left]").selectOption(before);
  await page.locator("select[name=right]").selectOption(after);
  await page.getByRole("button", { name: "Compare" }).click();
  await page.waitForURL(`**left=${before}**`);
  const rows = await page
    .locator("#compare tbody tr")
    .evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)));
  check.deepEqual(
    rows.map(([name]) => name),
    ["AUC", "Accuracy", "Log-loss", "Calibration error"],
  );
  for (const [name, left, right, difference] of rows)
    check.ok(Math.abs(right - left - Number(difference)) < 0.0016, `${name} adds up`);
  check.ok((await page.locator("#compare .lead").textContent()).length > 20, "what it comes to");

  await page.getByRole("button", { name: `Use this model, ${before}` }).click();
  await page.locator(".flash", { hasText: `${before} serves from now on` }).waitFor();
  check.equal(await active(), before);
  await page.goto("/mix?length=3");
  await page.getByText("Why these").click();
  check.match(
    await page.locator(".why").innerText(),
    new RegExp(before),
    "the page goes by the model that serves",
  );
  await site.shut(page);
}
