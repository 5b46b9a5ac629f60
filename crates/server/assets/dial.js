// The dial: moving it shows at once what it does, letting go mixes anew. The address follows, so
// that it can be kept.

import { fragment, preview } from "./api.js";
import { markPlaying } from "./player.js";
import { toast } from "./toast.js";

const form = document.getElementById("dial");
const range = document.getElementById("explore");
const PREVIEW_AFTER_MS = 90;
let timer;
let asking = new AbortController();
let mixing = new AbortController();

const query = () => new URLSearchParams(new FormData(form)).toString();
const aborted = (error) => error.name === "AbortError";

function showWords() {
  const explore = Number(range.value);
  const words = [...form.querySelectorAll("[data-until]")];
  const here = words.find((word) => explore <= Number(word.dataset.until)) ?? words.at(-1);
  words.forEach((word) => (word.hidden = word !== here));
  for (const stop of form.querySelectorAll(".stops button")) {
    stop.setAttribute("aria-pressed", Math.abs(Number(stop.value) - explore) < 0.001);
  }
}

function showEffect(effect) {
  const dots = form.querySelectorAll(".dots circle");
  const lit = Math.floor((dots.length * effect.new_tracks) / Math.max(1, effect.length));
  dots.forEach((dot, position) => dot.classList.toggle("new", position >= dots.length - lit));
  for (const element of form.querySelectorAll("[data-out]"))
    element.textContent = effect[element.dataset.out];
}

/** Counts the cards of the mix anew: after an answer, other tracks are in it. */
export function tally() {
  const mix = document.getElementById("mix");
  if (!form || !mix) return;
  const cards = [...mix.querySelectorAll(".card:not(.is-leaving)")].filter(
    (card) => !card.closest("[hidden]"),
  );
  const marked = (mark) => cards.filter((card) => card.querySelector(`.sleeve ${mark}`));
  showEffect({
    length: cards.length,
    new_tracks: marked(".new").length,
    new_artists: new Set(marked(".new-artist").map((card) => card.dataset.artist)).size,
  });
}

async function ask() {
  asking.abort();
  asking = new AbortController();
  const effect = document.getElementById("effect");
  effect.classList.add("is-waiting");
  try {
    showEffect(await preview(query(), asking.signal));
    effect.classList.remove("is-waiting");
  } catch (error) {
    if (!aborted(error)) effect.classList.remove("is-waiting");
  }
}

async function mix() {
  mixing.abort();
  mixing = new AbortController();
  const old = document.getElementById("mix");
  const settings = query();
  const here = `${location.pathname}?${settings}`;
  const shown = old.dataset.shown ? `&shown=${old.dataset.shown}` : "";
  old.setAttribute("aria-busy", "true");
  try {
    const fresh = await fragment(
      `/fragments/mix?${settings}${shown}&here=${encodeURIComponent(here)}`,
      mixing.signal,
    );
    if (!fresh) return;
    old.replaceWith(fresh);
    history.replaceState(null, "", here);
    fresh.querySelectorAll(".needs-script").forEach((element) => (element.hidden = false));
    markPlaying();
  } catch (error) {
    if (aborted(error)) return;
    old.removeAttribute("aria-busy");
    toast(`No new mix: ${error.message}.`);
  }
}

/** Turns the dial by some steps, as `[` and `]` do. */
export function turn(steps) {
  if (!form) return;
  range.value = Number(range.value) + steps * Number(range.step);
  range.dispatchEvent(new Event("input", { bubbles: true }));
  clearTimeout(turn.timer);
  turn.timer = setTimeout(mix, 400);
}

if (form) {
  range.addEventListener("input", () => {
    showWords();
    clearTimeout(timer);
    timer = setTimeout(ask, PREVIEW_AFTER_MS);
  });
  form.addEventListener("change", (event) => {
    if (!form.checkValidity()) return;
    if (event.target !== range) ask();
    mix();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const stop = event.submitter?.name === "explore" ? event.submitter.value : null;
    if (stop !== null) range.value = stop;
    showWords();
    ask();
    mix();
  });
}
