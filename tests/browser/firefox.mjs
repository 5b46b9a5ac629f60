// Firefox as it is installed, not a build made for tests. Playwright drives it by WebDriver BiDi
// (channel `moz-firefox`), in which Firefox cannot yet do two things that the journeys ask for.
// Both are done by its preferences, so that a journey need not know which browser it walks in:
//
// - emulating the colour scheme (https://bugzilla.mozilla.org/show_bug.cgi?id=2064352). The command
//   is answered here, before it is sent, by the preference that holds for all windows. A Firefox
//   that knows the command needs none of this;
// - windows without scripts: they belong to a second Firefox that runs none anywhere.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { firefox } from "playwright-core";

const { ws: Socket } = createRequire(import.meta.url)("playwright-core/lib/utilsBundle");
const SCHEME = "layout.css.prefers-color-scheme.content-override";
const SCHEMES = { dark: 0, light: 1 };
const PREFERENCES = {
  [SCHEME]: SCHEMES.light,
  "ui.prefersReducedMotion": 1,
  // Sound starts without a click, and unheard: it then needs no sound card.
  "media.autoplay.default": 0,
  "media.default_volume": "0.0",
};

/** Starts the Firefox at `executablePath`. */
export async function launch(executablePath) {
  const start = (preferences) =>
    firefox.launch({
      channel: "moz-firefox",
      executablePath,
      args: ["--remote-allow-system-access"],
      firefoxUserPrefs: { ...PREFERENCES, ...preferences },
    });
  const browser = await start({});
  const [newContext, close] = [browser.newContext.bind(browser), browser.close.bind(browser)];
  let scriptless;
  browser.newContext = async ({ javaScriptEnabled = true, ...options }) => {
    if (javaScriptEnabled) return newContext(options);
    scriptless ??= start({ "javascript.enabled": false });
    return (await scriptless).newContext(options);
  };
  browser.close = async () => {
    await (await scriptless)?.close();
    await close();
  };
  return browser;
}

/**
 * Drags files over the page, and gives what lets go of them. BiDi has no hand that carries files:
 * the page is sent the events that such a hand leads to.
 */
export async function drag(page, files) {
  const read = files.map((file) => [basename(file), readFileSync(file, "base64")]);
  const dataTransfer = await page.evaluateHandle((read) => {
    const held = new DataTransfer();
    for (const [name, content] of read)
      held.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
    return held;
  }, read);
  const main = page.locator("main");
  await main.dispatchEvent("dragover", { dataTransfer });
  return () => main.dispatchEvent("drop", { dataTransfer });
}

const send = Socket.prototype.send;
// Playwright counts its own commands from 1.
let lastId = 1_000_000_000;

/** Sends a command beside those of Playwright and gives its result. */
function command(socket, method, params) {
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    socket.on("message", function hear(data) {
      const answer = JSON.parse(data);
      if (answer.id !== id) return;
      socket.off("message", hear);
      if (answer.type === "success") resolve(answer.result);
      else reject(new Error(`${method}: ${answer.message}`));
    });
    send.call(socket, JSON.stringify({ id, method, params }));
  });
}

async function setScheme(socket, scheme) {
  const { contexts } = await command(socket, "browsingContext.getTree", { "moz:scope": "chrome" });
  await command(socket, "script.evaluate", {
    expression: `Services.prefs.setIntPref("${SCHEME}", ${SCHEMES[scheme ?? "light"]})`,
    target: { context: contexts[0].context },
    awaitPromise: false,
  });
}

Socket.prototype.send = function (message, ...more) {
  const { id, method, params } = JSON.parse(message);
  if (method !== "emulation.setMediaFeaturesOverride") return send.call(this, message, ...more);
  const answer = (told) =>
    this.emit("message", Buffer.from(JSON.stringify({ id, ...told })), false);
  setScheme(this, params.features["prefers-color-scheme"]).then(
    () => answer({ type: "success", result: {} }),
    ({ message }) => answer({ type: "error", error: "unknown error", message }),
  );
};
