// Runs the journeys one after another in each browser and sums up. Each file of journeys/ exports
// `title` and `walk(stage)`.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Stage, counts, madeUp } from "./stage.mjs";

const [binary, work, ...wanted] = process.argv.slice(2);
const all = readdirSync(new URL("journeys/", import.meta.url))
  .map((file) => file.replace(".mjs", ""))
  .sort();
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length) throw new Error(`no journey \`${unknown[0]}\`: there are ${all.join(", ")}`);

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Walks one journey and gives whether it went well. */
async function walkOne(stage, journey) {
  const { title, walk } = await import(`./journeys/${journey}.mjs`);
  const since = Date.now();
  try {
    await walk(stage);
    console.log(`ok      ${journey}: ${title} (${seconds(since)})`);
    return true;
  } catch (error) {
    console.log(`FAILED  ${journey}: ${title} (${seconds(since)})\n${error.stack}`);
    return false;
  }
}

/** Walks the journeys in one browser and gives how many failed. */
async function walkAll(name, executable, demo) {
  const begun = Date.now();
  const { launch, drag } = await import(`./${name}.mjs`);
  const browser = await launch(executable);
  const stage = new Stage({ binary, demo, work: join(work, name), browser, drag });
  console.log(`${name} ${browser.version()}`);
  Object.assign(counts, { assertions: 0, axe: 0, widths: 0 });
  const journeys = wanted.length ? wanted : all;
  let failed = 0;
  for (const journey of journeys) if (!(await walkOne(stage, journey))) failed++;
  await stage.close();
  console.log(
    `${journeys.length - failed} of ${journeys.length} journeys, ` +
      `${counts.assertions} assertions, ${counts.axe} axe runs, ${counts.widths} widths, ` +
      seconds(begun),
  );
  return failed;
}

const begun = Date.now();
const demo = madeUp(binary, join(work, "demo"));
console.log(`made-up listeners, their exports and a model: ${seconds(begun)}`);
const { SEGUE_CHROMIUM: chromium, SEGUE_FIREFOX: firefox } = process.env;
let failed = 0;
for (const [name, executable] of Object.entries({ chromium, firefox }))
  if (executable) failed += await walkAll(name, executable, demo);
process.exit(failed ? 1 : 0);
