// The dial shows what it does while it moves and mixes anew when let go; its three stops, the
// filters, and the address that keeps it all.

import { check, retype, until } from "../stage.mjs";

export const title = "the dial, its stops, the filters, a bookmark";
const WHO = "listener-03";

export async function walk(stage) {
  const site = await stage.known();
  const page = await site.window({ listener: WHO });
  await page.goto("/");
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const out = async (name) => page.locator(`[data-out="${name}"]`).textContent();
  const tracks = () =>
    page.locator("#mix .card").evaluateAll((all) => all.map((card) => card.dataset.track));
  const mixed = async (explore) => {
    await page.waitForURL((url) => url.searchParams.get("explore") === explore);
    await until("the mix is there", async () => !(await page.locator("#mix[aria-busy]").count()));
  };

  const [box] = [await page.locator("#explore").boundingBox()];
  const old = await tracks();
  await page.mouse.move(box.x + box.width * 0.31, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.97, box.y + box.height / 2, { steps: 8 });
  await until(
    "the preview moves with it",
    async () => Number(await out("new_tracks")) > Number(await out("length")) * 0.6,
  );
  check.ok(!asked.includes("/fragments/mix"), "nothing is mixed while the hand is on it");
  check.ok(await page.locator('[data-until="1"]').isVisible(), "it says what it is about");
  check.deepEqual(await tracks(), old);
  await page.mouse.up();
  await until("letting go mixes anew", async () => asked.includes("/fragments/mix"));
  await until("other tracks", async () => String(await tracks()) !== String(old));
  check.ok(Number(new URL(page.url()).searchParams.get("explore")) > 0.9);

  const news = [];
  for (const name of ["Comfort", "Balanced", "Adventure"]) {
    const explore = await page.getByRole("button", { name }).getAttribute("value");
    await page.getByRole("button", { name }).click();
    await mixed(explore);
    check.equal(await page.locator("#explore").inputValue(), explore);
    check.equal(await page.getByRole("button", { name }).getAttribute("aria-pressed"), "true");
    await until(
      "the preview follows",
      async () => !(await page.locator("#effect.is-waiting").count()),
    );
    news.push(Number(await out("new_tracks")));
  }
  check.ok(news[0] < news[1] && news[1] < news[2], `further out is newer: ${news}`);

  await page.locator("#explore").focus();
  await page.keyboard.press("Home");
  await mixed("0");
  await page.keyboard.press("ArrowRight");
  await mixed("0.05");
  check.ok(
    await page.locator("#explore").evaluate((range) => range === document.activeElement),
    "the focus stays",
  );

  await page.getByText("Filters", { exact: true }).click();
  await page.getByText("Only what is new").click();
  await page.waitForURL("**familiarity=new**");
  const most = page.getByLabel("Most by one artist");
  await retype(most, "1");
  await most.press("Enter");
  await page.waitForURL("**artist_cap=1**");
  await until("the filters hold", async () => {
    const cards = await page
      .locator("#mix .card")
      .evaluateAll((all) =>
        all.map((card) => [card.dataset.artist, Boolean(card.querySelector(".sleeve .new"))]),
      );
    return (
      cards.length > 0 &&
      new Set(cards.map(([artist]) => artist)).size === cards.length &&
      cards.every(([, isNew]) => isNew)
    );
  });
  await page.getByText("What I have heard").click();
  await page.waitForURL("**familiarity=heard**");
  await until(
    "nothing is new",
    async () =>
      !(await page.locator("#mix[aria-busy]").count()) &&
      (await page.locator("#mix .sleeve .new").count()) === 0,
  );

  const bookmark = page.url();
  await page.goto("/taste");
  await page.goto(bookmark);
  check.equal(await page.locator("#explore").inputValue(), "0.05");
  check.equal(await most.inputValue(), "1");
  check.ok(await page.locator("[name=familiarity][value=heard]").isChecked());
  check.ok(
    await page.locator(".filters").evaluate((filters) => filters.open),
    "a filter that is set is not hidden",
  );

  await page.getByText("Why these").click();
  await page.getByRole("link", { name: "A link to this very mix" }).click();
  await page.waitForURL("**/mix?**seed=**");
  const very = await tracks();
  await page.reload();
  check.deepEqual(await tracks(), very, "the same mix comes again");

  await page.goto("/mix?explore=nonsense&length=-3&artist_cap=none&familiarity=%00");
  check.equal(
    await page.locator("#explore").inputValue(),
    "0.3",
    "nonsense in the address gives the usual",
  );
  await site.shut(page);
}
