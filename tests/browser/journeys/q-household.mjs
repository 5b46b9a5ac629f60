// A household: whoever runs it invites somebody by a link, who sees their own pages and no others.

import { accessible, check, fits, follow, press, until } from "../stage.mjs";

export const title = "an invitation, pages of one's own, and a screen that everybody passes";
const WHO = "listener-03";

export async function walk(stage) {
  const home = stage.home("household", "demo");
  const add = (...given) =>
    stage.run("--home", home, "keys", "add", ...given).match(/segue_[0-9a-f]+/)[0];
  const admin = add("me", "--scope", "admin");
  const hall = add("hall", "--listener", WHO, "--scope", "read");
  const site = await stage.serve(home);

  const keeper = await site.window();
  await keeper.goto("/");
  await keeper.getByLabel("Key", { exact: true }).fill(admin);
  await follow(keeper.getByRole("button", { name: "Come in" }));
  await follow(keeper.getByRole("link", { name: "People" }));
  await accessible(keeper, "people");
  await fits(keeper, "people");
  await follow(keeper.getByRole("button", { name: `Invite ${WHO}` }));
  const link = await keeper.getByLabel("The link").inputValue();
  check.ok(link.startsWith(`${site.base}/join/segue_`), link);
  await site.shut(keeper, /status of 401/);

  const person = await site.window({ timezoneId: "Asia/Tokyo" });
  await person.goto(link);
  await accessible(person, "an invitation");
  await follow(person.getByRole("button", { name: "Come in" }));
  check.equal(await person.locator("body").getAttribute("data-listener"), WHO);
  const who = () => site.get(`/v1/listeners/${WHO}`, { "x-api-key": admin });
  await until("the browser has told where it is", async () => (await who()).time_zone);
  check.equal((await who()).time_zone, "Asia/Tokyo");
  await until("and how dates are written", async () => (await who()).date_language);
  check.equal(await person.getByRole("link", { name: "Model", exact: true }).count(), 0);
  check.equal(await person.locator("#who").count(), 0, "nobody else is named");
  await press(person.locator(".card").first(), /Like/);
  for (const path of ["/lists", "/history", "/taste"]) {
    await person.goto(path);
    check.ok(!/listener-0[^3]/.test(await person.content()), `${path} names others`);
  }
  await brings(person, site, admin);
  check.equal((await person.goto("/model")).status(), 403);
  await site.shut(person, /status of 403/);

  const screen = await site.window();
  await screen.goto(`/join/${hall}`);
  await screen.getByRole("button", { name: "Come in" }).click();
  await screen.locator(".card").first().waitFor();
  await accessible(screen, "a screen that everybody passes");
  const buttons = screen.locator("form[method=post]:not(.leave, .opens) button");
  for (const button of await buttons.all()) check.ok(!(await button.isVisible()));
  await site.shut(screen);
}

/** Their own export, in which somebody else is named as well. */
async function brings(person, site, admin) {
  const plays = async (of) =>
    (await site.get(`/v1/listeners/${of}`, { "x-api-key": admin })).listens;
  const other = "listener-05";
  const before = [await plays(WHO), await plays(other)];
  const rows = [
    `${WHO},Brought Along,Somebody New,2024-01-01T08:00:00Z`,
    `${other},Not Mine,Somebody Else,2024-01-01T09:00:00Z`,
  ];
  const table = ["user_id,track_name,artist_name,played_at", ...rows].join("\n");
  await follow(person.getByRole("link", { name: "Import", exact: true }));
  check.equal(await person.getByLabel("Whose history is it?").count(), 0);
  await accessible(person, "the place for one's own export");
  await fits(person, "the place for one's own export");
  await person
    .locator("#files")
    .setInputFiles({ name: "plays.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  await person.getByRole("button", { name: "Read it" }).click();
  await person.getByRole("heading", { name: "Before it goes in" }).waitFor();
  check.ok(!(await person.content()).includes("Not Mine"), "what is not theirs is not even shown");
  await person.getByRole("button", { name: "Import" }).click();
  await person.getByRole("heading", { name: "That went in" }).waitFor({ timeout: 120_000 });
  check.ok((await person.content()).includes("1</strong> about somebody else"));
  await accessible(person, "a report of one's own");
  check.equal(await plays(WHO), before[0] + 1);
  check.equal(await plays(other), before[1], "nothing of anybody else came in");
  await person.goto("/history");
}
