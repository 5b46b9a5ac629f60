// What is said to a card counts at once: the card leaves, the next candidate takes its place, and a
// message offers the way back.

import { fragment, played, say } from "./api.js";
import { tally } from "./dial.js";
import { skipIfPlaying } from "./player.js";
import { toast } from "./toast.js";

const gone = new Set();
// Replacements are asked for one after another: each has to fit beside what the last one brought.
let replacing = Promise.resolve();
const still = matchMedia("(prefers-reduced-motion: reduce)");
const named = (card) => card.querySelector("h3").textContent;
const failed = (error) => toast(`That was not kept: ${error.message}.`);

/** Says `kind` to a card: `like`, `skip`, `dislike` or `ban`. */
export function answer(card, kind) {
  const { track, artist } = card.dataset;
  if (kind === "like" || kind === "cleared") return like(card);
  if (kind === "skip") return skip(card);
  if (kind === "dislike") return reject([card], { track }, kind, `Not for you: ${named(card)}.`);
  if (kind === "ban" && artist) {
    const all = [...document.querySelectorAll(".card")].filter(
      (other) => other.dataset.artist === artist,
    );
    return reject(all, { artist }, kind, `Never again: ${artist}.`);
  }
}

function mark(track, liked) {
  for (const card of document.querySelectorAll(".card")) {
    const button = card.dataset.track === track && card.querySelector(".says [aria-pressed]");
    if (!button) continue;
    button.setAttribute("aria-pressed", liked);
    button.value = liked ? "cleared" : "like";
  }
}

function like(card, quiet) {
  const { track } = card.dataset;
  const liked = card.querySelector(".says [aria-pressed]").getAttribute("aria-pressed") !== "true";
  mark(track, liked);
  say({ track, kind: liked ? "like" : "cleared" }).catch(
    (error) => (mark(track, !liked), failed(error)),
  );
  if (!quiet)
    toast(`${liked ? "Liked" : "No longer liked"}: ${named(card)}.`, {
      undo: () => like(card, true),
    });
}

function skip(card) {
  const { track } = card.dataset;
  const bringBack = leave([card]);
  if (skipIfPlaying(track)) return toast(`Skipped: ${named(card)}.`);
  toast(`Not now: ${named(card)}.`, {
    undo: bringBack,
    final: () => played({ track, end: "skipped" }).catch(failed),
  });
}

async function reject(cards, target, kind, message) {
  const bringBack = leave(cards);
  cards.forEach((card) => skipIfPlaying(card.dataset.track));
  const sent = say({ ...target, kind });
  // The way back waits for the way there, or the two could arrive in the wrong order.
  const undo = () => sent.then(() => say({ ...target, kind: "cleared" })).then(bringBack, failed);
  const withdraw = toast(message, { undo });
  sent.catch((error) => (withdraw(), bringBack(), failed(error)));
}

/**
 * Takes cards off the page and gives the function that puts them back. The focus returns to the one
 * that was spoken to.
 */
function leave(cards) {
  const leaving = cards.filter((card) => card.isConnected);
  const spokenTo = leaving.find((card) => card.contains(document.activeElement)) ?? leaving[0];
  const returns = leaving.map((card) => {
    const slot = card.parentElement;
    const focused = card.contains(document.activeElement);
    gone.add(card.dataset.track);
    card.classList.add("is-leaving");
    const waited = new Promise((resolve) => setTimeout(resolve, still.matches ? 0 : 180));
    const next = replacing.then(async () => {
      const stays = () => !card.classList.contains("is-leaving");
      if (stays()) return;
      const [fresh] = await Promise.all([replacement(card.dataset.list), waited]);
      if (stays()) return;
      swap(slot, card, fresh, focused);
      tally();
    });
    replacing = next;
    return () => {
      gone.delete(card.dataset.track);
      card.classList.remove("is-leaving");
      next.finally(() => {
        slot.hidden = false;
        slot.replaceChildren(card);
        tally();
        if (card === spokenTo) card.focus();
      });
    };
  });
  return () => returns.forEach((bringBack) => bringBack());
}

function swap(slot, card, fresh, focused) {
  const beside = neighbour(card);
  // Two slots may be offered the same track when both asked at once.
  const taken =
    fresh &&
    [...document.querySelectorAll(".card")].some(
      (other) => other.dataset.track === fresh.dataset.track,
    );
  if (fresh && !taken) {
    fresh.classList.add("is-arriving");
    slot.replaceChildren(fresh);
    if (focused) fresh.focus();
  } else {
    slot.hidden = true;
    if (focused) beside?.focus();
  }
}

function neighbour(card) {
  const cards = [...document.querySelectorAll(".card")].filter((other) => other.offsetParent);
  return cards[cards.indexOf(card) + 1] ?? cards[cards.indexOf(card) - 1];
}

function replacement(list) {
  const query = new URLSearchParams(document.getElementById("mix")?.dataset.settings ?? "");
  query.set("list", list);
  query.set("here", location.pathname + location.search);
  const stays = (card) => card.dataset.list === list && !gone.has(card.dataset.track);
  const cards = [...document.querySelectorAll(".card")];
  const tracks = (cards) => new Set(cards.map((card) => card.dataset.track));
  const beside = tracks(cards.filter(stays));
  for (const track of beside) query.append("beside", track);
  for (const track of new Set([...tracks(cards), ...gone]))
    if (!beside.has(track)) query.append("exclude", track);
  return fragment(`/fragments/card?${query}`).catch(() => null);
}

document.addEventListener("submit", (event) => {
  const card = event.target.matches(".says") && event.target.closest(".card");
  if (!card || !event.submitter) return;
  event.preventDefault();
  event.submitter.closest("[popover]")?.hidePopover();
  answer(card, event.submitter.value);
});
