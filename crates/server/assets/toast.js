// Short messages with a way back. What can be undone is remembered after its message has gone.

const LASTS_MS = 9000;
const undoable = [];

function take(entry) {
  const position = undoable.indexOf(entry);
  if (position < 0) return false;
  undoable.splice(position, 1);
  return true;
}

/**
 * Shows a message. `undo` takes it back; `final` runs when the message goes, after which there is
 * no way back.
 * Returns what withdraws the message and its way back.
 */
export function toast(message, { undo, final } = {}) {
  const element = document.createElement("div");
  element.className = "toast";
  const text = document.createElement("p");
  text.textContent = message;
  element.append(text);
  const entry = { element, undo };
  const settle = () => {
    clearTimeout(timer);
    element.remove();
    if (final && take(entry)) final();
  };
  const timer = setTimeout(settle, LASTS_MS);
  if (undo) {
    undoable.push(entry);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Undo";
    button.addEventListener("click", () => revert(entry));
    element.append(button);
  }
  if (final) addEventListener("pagehide", settle, { once: true });
  entry.stop = () => clearTimeout(timer);
  const shown = document.getElementById("toasts");
  shown.append(element);
  if (shown.children.length > 3) shown.firstElementChild.remove();
  return () => take(entry) && settle();
}

function revert(entry) {
  if (!take(entry)) return;
  entry.stop();
  entry.element.remove();
  entry.undo();
}

/** Takes back what was done last. */
export function undoLast() {
  const entry = undoable.at(-1);
  if (entry) revert(entry);
  else toast("Nothing to undo.");
}
