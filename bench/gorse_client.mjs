// Drives an unchanged gorse client from npm through everything that it can call, against a running
// `segue serve`.
//
//     npm install gorsejs tslib        (it needs tslib and does not name it)
//     segue demo --keep demo && segue --home demo/home serve
//     node bench/gorse_client.mjs http://127.0.0.1:8080 [KEY]
//
// NODE_PATH says where gorsejs is, if not here.
//
// Prints what was called and what came back. Ends with 1 if an answer is not what gorse's would be.

import { createRequire } from "node:module";
const { Gorse, GorseException } = createRequire(import.meta.url)("gorsejs");

const [endpoint, secret = ""] = process.argv.slice(2);
const client = new Gorse({ endpoint, secret });
const user = "gorse-js-client";
let failures = 0;

function show(call, answer, holds) {
  failures += holds ? 0 : 1;
  const text = JSON.stringify(answer) ?? String(answer);
  const shown = text.length < 110 ? text : text.slice(0, 107) + "...";
  console.log(`${holds ? "ok  " : "FAIL"} ${call.padEnd(58)} ${shown}`);
}

async function refused(call, action, status) {
  try {
    show(call, await action(), false);
  } catch (error) {
    if (!(error instanceof GorseException)) throw error;
    show(call, `${error.code} ${error.message}`, error.code === status);
  }
}

let answer = await client.insertUser({ UserId: user, Labels: ["a"] });
show("insertUser", answer, answer === 1);
answer = await client.insertUsers([{ UserId: user + "-2" }]);
show("insertUsers", answer, answer === 1);
answer = await client.getUser(user);
show("getUser", answer, answer.UserId === user);
answer = await client.updateUser(user, { UserId: user, Comment: "x" });
show("updateUser, of whom nothing is kept", answer, answer === 0);
answer = await client.getUsers({ n: 2 });
show("getUsers", answer, answer.Users.length === 2 && answer.Cursor !== "");

const item = {
  ItemId: "gorsejs:1",
  IsHidden: false,
  Timestamp: new Date(),
  Labels: ["title:A Song", "artist:Somebody"],
  Categories: ["made-up"],
};
answer = await client.upsertItem(item);
show("upsertItem", answer, answer === 1);
answer = await client.upsertItems([
  item,
  { ...item, ItemId: "gorsejs:2", Labels: ["title:Another"] },
]);
show("upsertItems", answer, answer === 2);
answer = await client.getItem("gorsejs:1");
show("getItem", answer, answer.Labels.includes("artist:Somebody"));
answer = await client.updateItem("gorsejs:1", { ...item, Labels: ["album:An Album"] });
show("updateItem", answer, answer === 0 || answer === 1);
answer = await client.insertItemCategory("gorsejs:2", "other");
show("insertItemCategory", answer, answer === 0 || answer === 1);
await refused("deleteItemCategory", () => client.deleteItemCategory("gorsejs:2", "other"), 501);
await refused("deleteItem", () => client.deleteItem("gorsejs:2"), 501);
const { Items: items, Cursor: cursor } = await client.getItems({ n: 40 });
show("getItems", `${items.length} items, cursor ${cursor}`, items.length === 40 && cursor !== "");
const known = items.map((each) => each.ItemId).filter((id) => !id.startsWith("gorse"));

const told = (FeedbackType, ItemId) => ({
  FeedbackType,
  UserId: user,
  ItemId,
  Timestamp: new Date("2026-02-24T10:00:00Z"),
});
const rows = ["star", "play", "finish", "skip", "read"].map((kind, place) =>
  told(kind, known[place]),
);
answer = await client.insertFeedbacks(rows);
show("insertFeedbacks", answer, answer === 5);
answer = await client.upsertFeedbacks(rows);
show("upsertFeedbacks, the same again", answer, answer === 5);
answer = await client.getFeedback({ type: "star", userId: user, itemId: known[0] });
show("getFeedback", answer, answer.ItemId === known[0] && answer.FeedbackType === "star");
answer = await client.getFeedbacks("like", { n: 3 });
show(
  "getFeedbacks(like)",
  `${answer.Feedback.length} rows, cursor ${answer.Cursor}`,
  answer.Feedback.every((row) => row.FeedbackType === "like"),
);
answer = await client.getFeedbacks(undefined, { n: 3 });
show(
  "getFeedbacks()",
  `${answer.Feedback.length} rows, cursor ${answer.Cursor}`,
  answer.Feedback.length === 3,
);
answer = await client.getUserFeedback(user);
show("getUserFeedback", `${answer.length} rows`, answer.length === 5);
answer = await client.getUserFeedbackByType(user, "skip");
show("getUserFeedbackByType(skip)", answer, answer.length === 1);
await refused("getItemFeedback", () => client.getItemFeedback(known[0]), 501);
answer = await client.deleteFeedback({ type: "star", userId: user, itemId: known[0] });
show("deleteFeedback(star)", answer, answer.RowAffected === 1);
await refused(
  "deleteFeedback(play)",
  () => client.deleteFeedback({ type: "play", userId: user, itemId: known[1] }),
  501,
);

answer = await client.getRecommend({ userId: user, cursorOptions: { n: 5 } });
show("getRecommend", answer, answer.length === 5 && typeof answer[0] === "string");
answer = await client.getRecommend({
  userId: user,
  writeBackType: "read",
  writeBackDelay: "10m",
  cursorOptions: { n: 3 },
});
show("getRecommend(writeBackType)", answer, answer.length === 3);
answer = await client.getSessionRecommend(rows, { cursorOptions: { n: 3 } });
show("getSessionRecommend", answer, answer.length === 3);
answer = await client.getPopular({ cursorOptions: { n: 2 } });
show("getPopular", answer, answer.length === 2 && answer[0].Score >= answer[1].Score);
answer = await client.getLatest({ cursorOptions: { n: 2 } });
show("getLatest", answer, Array.isArray(answer));
answer = await client.getItemNeighbors({ itemId: known[0], cursorOptions: { n: 3 } });
show("getItemNeighbors", answer, answer.length === 3);
await refused("getUserNeighbors", () => client.getUserNeighbors({ userId: user }), 501);
for (const each of [user, user + "-2"]) {
  answer = await client.deleteUser(each);
  show(`deleteUser(${each})`, answer, answer === 1);
}
await refused("getUser, who was deleted", () => client.getUser(user), 404);
console.log(
  failures ? `${failures} of the answers were not as expected` : "all answers were as expected",
);
process.exit(failures ? 1 : 0);
