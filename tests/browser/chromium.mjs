// Chromium as it is installed.

import { chromium } from "playwright-core";

/** Starts the Chromium at `executablePath`. Sound starts without a click. */
export async function launch(executablePath) {
  const args = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"];
  return chromium.launch({ executablePath, args });
}

/** Drags files from the desktop over the middle of the page, and gives what lets go of them. */
export async function drag(page, files) {
  const hand = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  const move = (type) => hand.send("Input.dispatchDragEvent", { type, x: 500, y: 300, data });
  await move("dragEnter");
  await move("dragOver");
  return () => move("drop");
}
