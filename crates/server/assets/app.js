// What every page does once scripts run. Without them all of it works by links and forms.

import "./cards.js";
import "./dial.js";
import "./import.js";
import "./keys.js";
import "./player.js";

document.querySelectorAll(".needs-script").forEach((element) => (element.hidden = false));

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
