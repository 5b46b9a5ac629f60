// Drives the unchanged ListenBrainz client from npm through what it can call, against a running
// `segue serve`.
//
//   npm install listenbrainz@1.0.4
//   node bench/listenbrainz_client.mjs http://127.0.0.1:8080 TOKEN USER
//
// It asks without a token for what it reads, so that it reads from a server without keys only;
// there the token is the name of the listener. Ends with 1 if an answer is not what ListenBrainz's
// would be.
import { createRequire } from "node:module";

const { Client } = createRequire(process.cwd() + "/x.js")("listenbrainz/dist/index.js");
const [endpoint, token, user] = process.argv.slice(2);
let failures = 0;

function show(call, answer, holds) {
    failures += !holds;
    const name = `listenbrainz (npm) ${call}`.padEnd(52);
    console.log(`${holds ? "ok  " : "FAIL"} ${name} ${JSON.stringify(answer)?.slice(0, 90)}`);
}

const client = new Client(token, endpoint.replace(/\/?$/, "/"));
const listened_at = Math.floor(Date.now() / 1000) - 120_000;
const track_metadata = {
    artist_name: "Nina Simone",
    track_name: "Sinnerman",
    release_name: "Pastel Blues",
};
for (const again of ["", ", again"]) {
    const answer = await client.submitListen({
        listen_type: "single",
        payload: [{ listened_at, track_metadata }],
    });
    show(`submitListen${again}`, answer, answer.status === 200);
}
const refused = await client
    .submitListen({ listen_type: "single", payload: [{ track_metadata }] })
    .catch((error) => error);
show("submitListen without a time", refused, JSON.parse(refused).code === 400);
const wrong = await new Client("wrong", client.BaseURL)
    .submitListen({ listen_type: "single", payload: [{ listened_at, track_metadata }] })
    .catch((error) => error);
show("submitListen with a wrong token", wrong, JSON.parse(wrong).code === 401);
const listens = await client.getUserListens(user);
show(
    "getUserListens",
    listens?.data.listens[0],
    listens?.data.listens.some((track) => track.track_name === "Sinnerman"),
);
const latest = await client.getLatestImport(user);
show("getLatestImport", latest?.data, latest?.data.latest_import === 0);
console.log(`${failures} failed`);
process.exit(failures > 0 ? 1 : 0);
