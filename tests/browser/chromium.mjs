// Chromium as it is installed.

import { chromium } from "playwright-core";

/** Starts the Chromium at `executablePath`. Sound starts without a click. */
export async function launch(executablePath) {
  const args = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"];
  return chromium.launch({ executablePath, args });
}
