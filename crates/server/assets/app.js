// What every page does once scripts run. Without them all of it works by links and forms.

import "./cards.js";
import "./dial.js";
import "./import.js";
import "./keys.js";
import "./player.js";
import "./zone.js";

document.querySelectorAll(".needs-script").forEach((element) => (element.hidden = false));

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// What takes its time says so, and cannot be asked for twice.
document.addEventListener("submit", ({ target, submitter }) => {
  if (!target.dataset.waits || !submitter) return;
  const bar = document.createElement("progress");
  bar.setAttribute("aria-label", target.dataset.waits);
  submitter.textContent = target.dataset.waits;
  submitter.after(bar);
  // Not at once: a button that is off is not sent.
  setTimeout(() => (submitter.disabled = true));
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
