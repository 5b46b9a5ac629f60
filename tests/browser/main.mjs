// Runs the journeys one after another and sums up. Each file of journeys/ exports `title` and
// `walk(stage)`.

import { readdirSync } from "node:fs";
import { Stage, counts } from "./stage.mjs";

const [binary, work, ...wanted] = process.argv.slice(2);
const all = readdirSync(new URL("journeys/", import.meta.url))
  .map((file) => file.replace(".mjs", ""))
  .sort();
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length) throw new Error(`no journey \`${unknown[0]}\`: there are ${all.join(", ")}`);

const begun = Date.now();
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
const stage = await Stage.open(binary, work);
console.log(`made-up listeners, their exports and a model: ${seconds(begun)}`);
let failed = 0;
for (const name of wanted.length ? wanted : all) {
  const { title, walk } = await import(`./journeys/${name}.mjs`);
  const since = Date.now();
  try {
    await walk(stage);
    console.log(`ok      ${name}: ${title} (${seconds(since)})`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${title} (${seconds(since)})\n${error.stack}`);
  }
}
await stage.close();
const walked = wanted.length || all.length;
console.log(
  `${walked - failed} of ${walked} journeys, ${counts.assertions} assertions, ${counts.axe} axe runs, ${counts.widths} widths, ${seconds(begun)}`,
);
process.exit(failed ? 1 : 0);
