// What a journey stands on: homes, servers, browser windows, and a watch on everything that a page
// may do wrong unseen.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LISTENERS = 8;
const WIDTHS = [320, 390, 768, 1024, 1440, 2560];

/** A picture of two by two pixels, as PNG. */
export const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGM4IRcARAwQCgAj1gTZ8r8MgQAAAABJRU5ErkJggg==",
  "base64",
);

/** How much was checked. */
export const counts = { assertions: 0, axe: 0, widths: 0 };

/** `node:assert`, counted. */
export const check = new Proxy(assert, {
  get:
    (target, name) =>
    (...given) => (counts.assertions++, target[name](...given)),
});

/** Asks until the answer holds. */
export async function until(what, holds, milliseconds = 15_000) {
  const end = Date.now() + milliseconds;
  for (;;) {
    const answer = await holds();
    if (answer) return (counts.assertions++, answer);
    if (Date.now() > end) assert.fail(`${what}: not within ${milliseconds / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
}

function run(binary, ...given) {
  return execFileSync(binary, given, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Makes up listeners, their exports and a model in a folder, for stages to start from. */
export function madeUp(binary, folder) {
  run(binary, "demo", "--listeners", String(LISTENERS), "--keep", folder);
  return folder;
}

/** Lays out homes under `work` and starts servers on them. */
export class Stage {
  #servers = [];

  /** `demo` is the folder of `madeUp`, `drag` how files are dragged in this browser. */
  constructor({ binary, demo, work, browser, drag }) {
    Object.assign(this, { binary, demo, work, browser, drag });
    mkdirSync(work);
  }

  run(...given) {
    return run(this.binary, ...given);
  }

  /** A home of its own, with a history and a model where `from` says `demo`. */
  home(name, from) {
    const home = join(this.work, name);
    if (from === "demo") cpSync(join(this.demo, "home"), home, { recursive: true });
    return home;
  }

  /** The files of a made-up export: a history, a library, and the sound of the tracks. */
  files(listener) {
    const exports = join(this.demo, "exports");
    const names = readdirSync(join(exports, listener)).map((name) => join(listener, name));
    return [...names, "tracks.csv"].map((name) => join(exports, name));
  }

  /** Starts a server on a home and waits until it answers. */
  async serve(home, ...given) {
    const server = spawn(
      this.binary,
      ["--home", home, "serve", "--bind", "127.0.0.1:0", ...given],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    this.#servers.push(server);
    let log = "";
    for (const stream of [server.stdout, server.stderr]) stream.on("data", (data) => (log += data));
    const port = await until(
      `a server on ${home} says where it is\n${log}`,
      () => log.match(/127\.0\.0\.1:([1-9]\d*)/)?.[1],
      30_000,
    );
    const site = new Site(`http://127.0.0.1:${port}`, this.browser);
    await until(
      "the server is ready",
      () =>
        fetch(`${site.base}/readyz`).then(
          (answer) => answer.ok,
          () => false,
        ),
      30_000,
    );
    return site;
  }

  /**
   * The server that journeys share: made-up listeners with a history, a model, and a folder with a
   * sound and its cover.
   */
  known() {
    tone(join(this.work, "music", "tone.wav"));
    writeFileSync(join(this.work, "music", "cover.png"), PICTURE);
    return (this.shared ??= this.serve(
      this.home("known", "demo"),
      "--music",
      join(this.work, "music"),
    ));
  }

  async close() {
    await this.browser.close();
    for (const server of this.#servers) server.kill("SIGTERM");
  }
}

/** A server as a browser and a program see it. */
export class Site {
  constructor(base, browser) {
    Object.assign(this, { base, browser });
  }

  /** A window of its own, with cookies of its own. */
  async window({ listener, width = 1280, height = 900, ...more } = {}) {
    const context = await this.browser.newContext({
      viewport: { width, height },
      reducedMotion: "reduce",
      timezoneId: "UTC",
      baseURL: this.base,
      ...more,
    });
    if (listener)
      await context.addCookies([
        { name: "segue_listener", value: encodeURIComponent(listener), url: this.base },
      ]);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.faults = [];
    page.on(
      "console",
      (message) =>
        ["error", "warning"].includes(message.type()) && page.faults.push(message.text()),
    );
    page.on("pageerror", (error) => page.faults.push(error.message));
    return page;
  }

  /** Closes a window in which nothing may have gone wrong, except as `expected` says. */
  async shut(page, expected) {
    const faults = page.faults.filter((fault) => !expected?.test(fault));
    check.deepEqual(faults, [], "console errors or violations of the content policy");
    await page.context().close();
  }

  async get(path, headers) {
    const answer = await fetch(this.base + path, { headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async post(path, body) {
    const answer = await fetch(this.base + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** The last word that a listener said of a track or an artist, as the store has it. */
  async lastWord(listener, target) {
    const { feedback } = await this.get(`/v1/listeners/${listener}/feedback`);
    return feedback.filter((said) => Object.values(said.target).includes(target)).at(-1)?.kind;
  }
}

/** Presses a button of a card; all but "Like" are behind its three dots. */
export async function press(card, name, how) {
  if (!/Like/.test(name.source)) await card.getByRole("button", { name: /^More/ }).click(how);
  await card.getByRole("button", { name }).click(how);
}

/**
 * Presses what leads to another page, and waits until that has loaded. A click is over before the
 * browser has even begun to leave, so what is asked next could still meet the page before.
 */
export async function follow(control) {
  const loaded = control.page().waitForEvent("load");
  await control.click();
  await loaded;
}

/**
 * Writes into a field in place of what it holds, by keys. Playwright's `fill` waits for a frame to
 * be painted, which Firefox without scripts never tells of, and in Firefox it adds to a number.
 */
export async function retype(field, text) {
  await field.focus();
  await field.page().keyboard.press("ControlOrMeta+a");
  await field.page().keyboard.type(text);
}

/** No rule of axe-core may be broken, with everything opened that can be. */
export async function accessible(page, where) {
  await page.evaluate(() =>
    document.querySelectorAll("details").forEach((details) => (details.open = true)),
  );
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(AXE);
  const broken = await page.evaluate(async () => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map((node) => node.target.join(" "))
          .join(" | ")}`,
    );
  });
  counts.axe++;
  check.deepEqual(broken, [], `accessibility of ${where}`);
}

/** Nothing may stick out at the side, however wide the window is. */
export async function fits(page, where) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const over = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    counts.widths++;
    check.ok(over <= 0, `${where} is ${over} pixels too wide at ${width}`);
  }
}

/** Two seconds of a tone as a WAV file. */
export function tone(path) {
  const [rate, samples] = [8_000, 16_000];
  const wav = Buffer.alloc(44 + samples, 128);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + samples, 4);
  wav.write("WAVEfmt ", 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate, 28);
  wav.writeUInt16LE(1, 32);
  wav.writeUInt16LE(8, 34);
  wav.write("data", 36);
  wav.writeUInt32LE(samples, 40);
  for (let at = 0; at < samples; at++)
    wav[44 + at] = 128 + Math.round(40 * Math.sin((at * 2 * Math.PI * 440) / rate));
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, wav);
}
