// The taste page: what is known can be read without seeing it, and put right.

import { check, follow, until } from "../stage.mjs";

export const title = "leave out a period, take back a word";
const WHO = "listener-05";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: WHO });
  await page.goto("/taste");
  check.match(
    await page.locator(".lead").first().textContent(),
    /^From [\d,]+ plays of [\d,]+ tracks since \w+ \d{4}\.$/,
  );
  check.ok((await page.locator(".taste").count()) >= 1);
  const chart = page.locator("figure.history").first();
  check.ok((await chart.locator("svg").getAttribute("aria-label")).length > 10);

  const exclusions = async () => (await site.get(`/v1/listeners/${WHO}/exclusions`)).exclusions;
  const leaveOut = async () => {
    await page.getByLabel("From", { exact: true }).fill("2025-03-01");
    await page.getByLabel("To, included").fill("2025-03-31");
    await page.getByRole("button", { name: "Leave out this period" }).click();
    await page.locator(".flash", { hasText: "Left out: 1 March 2025 to 31 March 2025" }).waitFor();
  };
  await leaveOut();
  check.deepEqual(
    (await exclusions()).map((each) => each.exclusion),
    [{ period: { from: "2025-03-01T00:00:00Z", to: "2025-04-01T00:00:00Z" } }],
  );
  await page.locator(".flash").getByRole("button", { name: "Undo" }).click();
  await page.locator(".flash", { hasText: "Counts again" }).waitFor();
  check.deepEqual(await exclusions(), []);
  await leaveOut();
  await follow(page.getByRole("button", { name: "Count it again" }));
  await until("it counts again", async () => (await exclusions()).length === 0);

  await page.getByLabel("From", { exact: true }).fill("2025-03-31");
  await page.getByLabel("To, included").fill("2025-03-01");
  await follow(page.getByRole("button", { name: "Leave out this period" }));
  check.match(await page.locator("main").innerText(), /ends before it begins/);
  await page.goBack();

  const said = page.locator(".said .undoable").first().locator("li");
  check.ok((await said.count()) <= 10, "ten words, the rest is folded away");
  check.ok(await page.locator(".said details").evaluate((details) => !details.open));
  const form = said.first().locator("form");
  const target = await form.locator("[name=track], [name=artist]").inputValue();
  const words = await said.first().locator("span").first().textContent();
  await form.getByRole("button", { name: "Take back" }).click();
  await page.locator(".flash", { hasText: "Taken back" }).waitFor();
  check.equal(await site.lastWord(WHO, target), "cleared");
  check.ok(!(await page.locator(".said").innerText()).includes(words.trim()));

  const everything = await page.request.get(
    await page.getByRole("link", { name: "Take everything with you" }).getAttribute("href"),
  );
  check.ok(everything.ok() && (await everything.text()).includes(WHO));
  await page.getByText("Forget me", { exact: true }).click();
  await page.getByLabel(`Type ${WHO} to confirm`).fill("somebody else");
  await follow(page.getByRole("button", { name: "Forget me for good" }));
  check.match(await page.locator("main").innerText(), /type the name/);
  check.ok((await site.get(`/v1/listeners/${WHO}`)).listens > 0, "nobody is forgotten by accident");
  await site.shut(page, /status of 400/);
}
