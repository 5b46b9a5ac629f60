//! The page: what a listener sees, as HTML that the server renders.
//!
//! Every view is a pure function from a view model, plain strings and numbers, to [`maud::Markup`]:
//! no view reads a store, a clock or a request. Everything works by links and forms alone; the
//! modules under `assets/` then make it quicker, by asking the server for fragments of the same
//! markup, so that there is no second copy of it in a script. No attribute holds style or script,
//! so the page lives under `Content-Security-Policy: default-src 'self'`.
//!
//! | file | serves | fragment |
//! |---|---|---|
//! | [`welcome`] | `/` without a history | |
//! | [`shelves`] | `/` | |
//! | [`mix`], [`dial`], [`prompt`] | `/mix` | `/fragments/mix` |
//! | [`card`] | | `/fragments/card` |
//! | [`lists`] | `/lists`, `/lists/{id}` | |
//! | [`history`] | `/history`, `/history/plays` | |
//! | [`taste`] | `/taste` | |
//! | [`model`] | `/model` | |
//! | [`import`], [`held`] | `/import`, `/import/{id}` | `/fragments/import/{id}` |
//! | [`search`] | `/search` | |
//! | [`docs`] | `/docs` | |
//! | [`people`] | `/people` | |
//! | [`login`], [`problem`] | `/login`, `/join/{key}`, errors | |
//!
//! Rejected: a template language (checked when it runs, not when it is built), and a client that
//! renders JSON (blank without scripts).

pub mod artist;
pub mod assets;
pub mod calibration;
pub mod card;
pub mod charts;
pub mod dial;
pub mod docs;
pub mod held;
pub mod history;
pub mod icons;
pub mod import;
pub mod keys;
pub mod layout;
pub mod links;
pub mod lists;
pub mod login;
pub mod mix;
pub mod model;
pub mod people;
pub mod player;
pub mod problem;
pub mod prompt;
pub mod search;
pub mod shelves;
pub mod sketch;
pub mod taste;
pub mod track;
pub mod urls;
pub mod welcome;
pub mod words;
