// Files by drag and drop, and how far they are.

import { fragment, get } from "./api.js";

const POLL_MS = 600;
const drop = document.getElementById("drop");

function send(form) {
  const said = document.getElementById("drop-said");
  const bar = document.getElementById("drop-progress");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.hidden = false;
    bar.value = total ? loaded / total : 0;
    said.textContent =
      loaded < total ? `Sending: ${Math.round(bar.value * 100)} %` : "Sent. A look at how it reads.";
  });
  request.addEventListener("load", () => {
    if (request.status < 400) return location.assign(request.responseURL);
    document.open();
    document.write(request.responseText);
    document.close();
  });
  request.addEventListener("error", () => {
    bar.hidden = true;
    said.textContent = "The server did not take it. Is it still running?";
  });
  request.send(new FormData(form));
}

function chosen(files) {
  const names = [...files].map((file) => file.name);
  document.getElementById("drop-said").textContent = names.length
    ? `Chosen: ${names.join(", ")}`
    : "";
}

if (drop) {
  const files = document.getElementById("files");
  const over = (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    drop.classList.toggle("is-over", event.type === "dragover");
    if (event.type !== "drop") return;
    files.files = event.dataTransfer.files;
    chosen(files.files);
    if (drop.reportValidity()) send(drop);
  };
  // Anywhere on the page: whoever misses the field does not mean to open the file.
  for (const kind of ["dragover", "drop"]) document.addEventListener(kind, over);
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("is-over");
  });
  files.addEventListener("change", () => chosen(files.files));
  drop.addEventListener("submit", (event) => {
    event.preventDefault();
    send(drop);
  });
}

async function poll(id) {
  const element = document.getElementById("import");
  const status = await get(`/v1/imports/${encodeURIComponent(id)}`).catch(() => null);
  if (status && status.state !== element.dataset.state) {
    const fresh = await fragment(`/fragments/import/${encodeURIComponent(id)}`).catch(() => null);
    const over = status.state === "done" || status.state === "failed";
    // The whole page once more at the end: its heading and title change with the state.
    if (over) return location.reload();
    if (fresh) {
      element.replaceWith(fresh);
      document.querySelector("h1").textContent = fresh.dataset.heading;
    }
  } else if (status?.state === "reading") {
    const bar = element.querySelector("[data-progress]");
    bar.max = Math.max(1, status.bytes_total);
    bar.value = Math.min(bar.max, status.bytes_read);
    element.querySelector("[data-progress-bytes]").textContent =
      `${(status.bytes_read / 1e6).toFixed(1)} MB`;
    element.querySelector("[data-progress-file]").textContent = status.file ?? "";
  }
  setTimeout(poll, POLL_MS, id);
}

const watched = document.getElementById("import");
if (watched && ["reading", "training"].includes(watched.dataset.state)) poll(watched.dataset.import);
