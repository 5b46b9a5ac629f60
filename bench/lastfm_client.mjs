// Drives an unchanged `lastfm` (npm) through what scrobbling needs, against a running
// `segue serve`.
//
//     npm install lastfm@0.9.4
//     node bench/lastfm_client.mjs HOST PORT TOKEN LISTENER
//
// Ends with 1 if an answer is not what Last.fm's would be.
import { createRequire } from "node:module";

// Installed where this is run.
const { LastFmNode } = createRequire(`${process.cwd()}/`)("lastfm");
const [host, port, token, user] = process.argv.slice(2);
const client = new LastFmNode({ host, port, api_key: "any", secret: "any" });
let failures = 0;

function show(call, answer, holds) {
  failures += !holds;
  const text = JSON.stringify(answer).slice(0, 110);
  console.log(`${holds ? "ok  " : "FAIL"} ${call.padEnd(34)} ${text}`);
}

// Settles with the answer or with the error, whichever comes.
const asked = (begin) =>
  new Promise((resolve) =>
    begin({ success: resolve, error: (error) => resolve({ failed: error }) }),
  );
const request = (method, parameters) =>
  asked((handlers) => client.request(method, { ...parameters, handlers }));
const update = (session, what, parameters) =>
  asked((handlers) => client.update(what, session, { ...parameters, handlers }));

const login = { username: user, write: true };
const refused = await request("auth.getMobileSession", { ...login, password: "wrong" });
show("auth.getMobileSession, wrong", refused, refused.failed?.error === 4);
const told = await request("auth.getMobileSession", { ...login, password: token });
show("auth.getMobileSession", told, told.session?.name === user);
const session = client.session({ user, key: told.session.key });

const song = { artist: "Nina Simone", track: "Sinnerman" };
const timestamp = Math.floor(Date.now() / 1000) - 80_000;
const before = await request("user.getInfo", { sk: session.key });
for (const again of ["", ", again"]) {
  const answer = await update(session, "scrobble", { ...song, timestamp });
  show(`scrobble${again}`, answer, !answer?.failed);
}
const info = await request("user.getInfo", { sk: session.key });
show("each play counts once", info.user, info.user.playcount - before.user.playcount === 1);
const now = await update(session, "nowplaying", { ...song, duration: 622 });
show("nowplaying", now, !now?.failed);
for (const method of ["track.love", "track.unlove"]) {
  const answer = await request(method, { ...song, sk: session.key });
  show(method, answer, !answer.failed);
}
const stranger = await request("track.love", { ...song, sk: "wrong" });
show("track.love with a wrong session", stranger, stranger.failed?.error === 9);
console.log(`${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
