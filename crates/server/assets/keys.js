// One key, one deed. Single keys can be switched off in the list that `?` opens: they get in the
// way of speech input.

import { answer } from "./cards.js";
import { turn } from "./dial.js";
import { toggle } from "./player.js";
import { undoLast } from "./toast.js";

const list = document.getElementById("keys");
const wanted = document.getElementById("keys-wanted");
const PLACES = { h: "/", t: "/taste", m: "/model", i: "/import" };
const ANSWERS = { l: "like", s: "skip", n: "dislike", b: "ban" };
let going = 0;

const cardAt = () => document.activeElement?.closest?.(".card");

function move(step) {
  const cards = [...document.querySelectorAll(".card")].filter((card) => card.offsetParent);
  const here = cards.indexOf(cardAt());
  const next = cards[here < 0 ? 0 : Math.max(0, Math.min(cards.length - 1, here + step))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function act(key, target) {
  const card = cardAt();
  if (key === "j" || (key === "ArrowDown" && card)) return (move(1), true);
  if (key === "k" || (key === "ArrowUp" && card)) return (move(-1), true);
  if (ANSWERS[key] && card) return (answer(card, ANSWERS[key]), true);
  if (key === "u") return (undoLast(), true);
  if (key === "[" || key === "]") return (turn(key === "]" ? 1 : -1), true);
  if (key === "?") return (list.showModal(), true);
  if (key === " " && !target.closest("button, a, summary, label")) return (toggle(), true);
  if (key === "/") {
    const find = document.getElementById("find");
    return (find?.focus(), Boolean(find));
  }
  return false;
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || list.open) return;
  if (
    target.closest("input:not([type='range']), textarea, select") ||
    (target.matches("input") && key.startsWith("Arrow"))
  )
    return;
  if (!wanted.checked) return;
  // What the header does not lead to is closed to whoever looks.
  const place = Date.now() - going < 1200 && PLACES[key];
  const went = place && document.querySelector(`header nav a[href="${place}"]`) && place;
  going = key === "g" ? Date.now() : 0;
  if (went) location.assign(went);
  else if (act(key, target)) event.preventDefault();
});

wanted.checked = localStorage.getItem("single-keys") !== "off";
wanted.addEventListener("change", () =>
  localStorage.setItem("single-keys", wanted.checked ? "on" : "off"),
);
