// Days and hours are those of where the listener is, and dates are written as they write them: the
// browser knows both. Each is told once: what was said, here or by the forms on the history page,
// stays.

const { listener, asksTimeZone, asksDateLanguage } = document.body.dataset;
const told = {};
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (asksTimeZone !== undefined && here) told.time_zone = here;
if (asksDateLanguage !== undefined && navigator.language) told.date_language = navigator.language;

const tell = (what) =>
  fetch(`/v1/listeners/${encodeURIComponent(listener)}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(what),
  }).catch(() => null);

if (listener) {
  // One by one: a language that the server does not know keeps no time zone from being known.
  const answers = await Promise.all(Object.entries(told).map(([name, value]) => tell({ [name]: value })));
  // What shows hours and dates shows them anew.
  if (answers.some((answer) => answer?.ok) && document.querySelector("[data-zoned]")) location.reload();
}
