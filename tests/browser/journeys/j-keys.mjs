// A server with keys: the way in, the way out, and what a key that may only look cannot do.

import { check, follow } from "../stage.mjs";

export const title = "log in, a wrong key, log out, scopes";

export async function walk(stage) {
  const home = stage.home("keys", "demo");
  const key = (name, scope) =>
    stage.run("--home", home, "keys", "add", name, "--scope", scope).match(/segue_[0-9a-f]{64}/)[0];
  const [admin, reader] = [key("page", "admin"), key("looker", "read")];
  const site = await stage.serve(home);
  check.equal((await fetch(`${site.base}/v1/listeners`)).status, 401, "nothing without a key");
  const page = await site.window();
  const logIn = async (text) => {
    await page.getByLabel("Key", { exact: true }).fill(text);
    await follow(page.getByRole("button", { name: "Come in" }));
  };

  await page.goto("/taste");
  check.match(page.url(), /\/login\?back=%2Ftaste/);
  check.equal(await page.getByRole("navigation").count(), 0);
  check.ok(
    !(await page.content()).includes("listener-0"),
    "nobody is named before it is known who asks",
  );
  await logIn("segue_wrong");
  check.match(await page.getByRole("alert").textContent(), /does not fit/);
  check.equal(await page.locator("#key").getAttribute("aria-invalid"), "true");
  await logIn(` ${admin} `);
  check.equal(page.url(), `${site.base}/taste`, "back to where one wanted to go");
  const session = (await page.context().cookies()).find(
    (cookie) => cookie.name === "segue_session",
  );
  check.ok(session.httpOnly && session.sameSite === "Strict" && !session.value.includes(admin));
  await page.goto("/model");
  check.equal(await page.getByRole("button", { name: "Learn again now" }).count(), 1);
  await follow(page.getByRole("button", { name: "Lock" }));
  check.equal(page.url(), `${site.base}/login`);
  await page.context().addCookies([{ ...session }]);
  await page.goto("/taste");
  check.match(page.url(), /\/login/, "a session that was ended stays ended");

  await logIn(reader);
  await page.goto("/?explore=1");
  const first = page.locator("#mix .card").first();
  await first.waitFor();
  check.equal(await first.getByRole("button").count(), 0, "nothing can be said with it");
  await page.goto("/model");
  check.equal(
    await page.getByRole("button", { name: /Learn again|Use this/ }).count(),
    0,
    "no button that would not work",
  );
  await page.goto("/taste");
  check.equal(await page.getByRole("button", { name: /Leave out/ }).count(), 0);
  check.equal((await page.goto("/people")).status(), 403);
  check.equal(await page.locator("h1").textContent(), "Not for this key");
  check.match(await page.locator(".lead").textContent(), /needs a key with scope `admin`/);
  await site.shut(page, /status of 40[13]/);
}
