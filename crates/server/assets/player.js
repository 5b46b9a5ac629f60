// Plays the files that cards link to, in the order of their list, and tells the server how each
// play ended.

import { played } from "./api.js";
import { toast } from "./toast.js";

const bar = document.getElementById("player");
const part = (name) => bar.querySelector(`[data-player="${name}"]`);
const audio = part("audio");
let queue = [];
let current;

const clock = (seconds) =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** What was heard, whatever was jumped over. */
function heardMs() {
  let seconds = 0;
  for (let range = 0; range < audio.played.length; range += 1)
    seconds += audio.played.end(range) - audio.played.start(range);
  return Math.round(seconds * 1000);
}

function report(end) {
  const { track } = current;
  // In a kiosk nothing is learned.
  if (document.body.dataset.onlyLooks !== undefined) return;
  played({ track, ms_played: heardMs(), end }).catch(() => toast("That play could not be noted."));
}

/** The cover of what plays, where there is one. */
function showCover(cover) {
  const sleeve = part("cover");
  const picture = cover?.cloneNode();
  sleeve.hidden = !picture;
  if (!picture) return sleeve.replaceChildren();
  picture.addEventListener("error", () => (sleeve.hidden = true));
  sleeve.replaceChildren(picture);
}

function start(item) {
  current = item;
  bar.hidden = !item;
  document.documentElement.classList.toggle("playing", Boolean(item));
  markPlaying();
  showCover(item?.cover);
  if (!item) return audio.removeAttribute("src");
  part("title").textContent = item.title;
  part("artists").textContent = item.artists;
  audio.src = item.address;
  audio.play().catch(() => {});
}

/** Leaves the track at hand, and says so if it was heard at all. */
export function skipNow() {
  if (!current) return;
  if (heardMs() > 0) report("skipped");
  start(queue.shift());
}

/** Skips a track that leaves the page, if it is the one that plays; one that waits is dropped. */
export function skipIfPlaying(track) {
  queue = queue.filter((item) => item.track !== track);
  if (current?.track !== track) return false;
  skipNow();
  return true;
}

/** Plays or pauses; without a track, begins with the first list that has one. */
export function toggle() {
  if (!current) document.querySelector("main .play")?.click();
  else if (audio.paused) audio.play().catch(() => {});
  else audio.pause();
}

/** Marks the cards of what plays. */
export function markPlaying() {
  for (const card of document.querySelectorAll(".card")) {
    card.classList.toggle("is-playing", card.dataset.track === current?.track);
  }
}

function item(link) {
  const card = link.closest(".card");
  const artists = card.querySelector(".artists").firstChild?.textContent ?? "";
  return {
    track: card.dataset.track,
    title: card.querySelector("h3").textContent,
    artists,
    cover: card.querySelector(".sleeve .cover"),
    address: link.href,
  };
}

function playFrom(link) {
  const list = link.closest("section") ?? document;
  const links = [...list.querySelectorAll(".play")];
  if (current && heardMs() > 0 && !audio.ended) report("skipped");
  queue = links.slice(links.indexOf(link)).map(item);
  start(queue.shift());
}

function tick() {
  const { currentTime, duration } = audio;
  part("clock").textContent = clock(currentTime);
  const position = part("position");
  position.value = duration ? (currentTime / duration) * 1000 : 0;
  position.setAttribute(
    "aria-valuetext",
    duration ? `${clock(currentTime)} of ${clock(duration)}` : clock(currentTime),
  );
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest(".play");
  const button = event.target.closest("[data-plays]");
  const from = link ?? button?.closest("section").querySelector(".play");
  if (!from) return;
  event.preventDefault();
  if (link && current?.address === link.href) return toggle();
  playFrom(from);
});
part("toggle").addEventListener("click", toggle);
part("next").addEventListener("click", skipNow);
part("position").addEventListener("input", (event) => {
  if (audio.duration) audio.currentTime = (event.target.value / 1000) * audio.duration;
});
for (const change of ["play", "pause"]) {
  audio.addEventListener(change, () =>
    part("toggle").setAttribute("aria-pressed", String(!audio.paused)),
  );
}
audio.addEventListener("timeupdate", tick);
audio.addEventListener("ended", () => {
  report("finished");
  start(queue.shift());
});
audio.addEventListener("error", () => {
  if (!current) return;
  toast(`This browser cannot play ${current.title}.`);
  start(queue.shift());
});
