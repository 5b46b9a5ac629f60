//! What surrounds every page: head, header, main, player, the list of keys, and the place where
//! short messages appear.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::links::ListeningService;
use super::words::Words;
use super::{assets, icons, keys, player, urls};

/// What every page knows, whatever it shows.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Whose page it is, once there is somebody.
    pub listener: Option<String>,
    /// The time zone that they said they are in.
    pub time_zone: Option<String>,
    /// How dates and numbers are written for whoever looks.
    pub words: Words,
    /// Whether nobody has said so yet, and who looks at the page may: then a script tells where the
    /// browser is.
    pub asks_time_zone: bool,
    /// The same of how dates are written.
    pub asks_date_language: bool,
    /// Whether whoever looks came in as this listener, and sees nothing of others.
    pub is_own: bool,
    /// Whether nothing was ever heard of them: no play and no word.
    pub is_new: bool,
    /// Whether whoever looks runs this server.
    pub is_admin: bool,
    /// Whether nothing can be said or changed from this page, as in a kiosk.
    pub only_looks: bool,
    /// Everybody who may be picked in the header; the picker appears from two on.
    pub listeners: Vec<String>,
    /// Which part of the page this is.
    pub section: Section,
    /// Path and query of this page: where forms come back to.
    pub here: String,
    /// The service that songs open with, if one was chosen.
    pub opens: Option<ListeningService>,
    /// Whether a key was used to get in, so that there is a way out.
    pub signed_in: bool,
    /// What was just done, with the way to undo it.
    pub flash: Option<Flash>,
    /// Reload after so many seconds where no script does better: a page that waits for something.
    pub reload_seconds: Option<u32>,
}

/// A part of the page, as the header lists them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Section {
    /// `/` and `/mix`: the dial, the mix and the shelves.
    Listen,
    /// `/lists`: lists that stay as they were made.
    Lists,
    /// `/history`: what was played, by week, month and year.
    History,
    /// `/taste`: what is known of the listener, and how to correct it.
    Taste,
    /// `/model`: what was learned, and how well it predicts.
    Model,
    /// `/import`: files coming in, and what became of their rows.
    Import,
    /// Pages that the header does not list, such as search, errors and the login.
    #[default]
    Elsewhere,
}

/// Something that was just done, shown once at the top of the next page.
#[derive(Clone, Debug, PartialEq)]
pub struct Flash {
    /// What was done, in words for the listener: a sentence with a full stop.
    pub message: String,
    /// The form that takes it back; `None` where it cannot be taken back.
    pub undo: Option<Undo>,
}

/// A form of hidden fields with one button that takes back what was just done.
#[derive(Clone, Debug, PartialEq)]
pub struct Undo {
    /// Where it posts to: a path on this server, with the names in it percent-encoded.
    pub action: String,
    /// Names and values of its hidden fields, in the order in which they are sent.
    pub fields: Vec<(String, String)>,
}

const SECTIONS: [(Section, &str, &str); 6] = [
    (Section::Listen, "/", "Listen"),
    (Section::Lists, "/lists", "Lists"),
    (Section::History, "/history", "History"),
    (Section::Taste, "/taste", "Taste"),
    (Section::Model, "/model", "Model"),
    (Section::Import, "/import", "Import"),
];

/// A whole page; `main` holds exactly one `h1`.
pub fn page(frame: &Frame, title: &str, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(frame, title))
            body data-listener=[frame.listener.as_deref()]
                data-asks-time-zone=[frame.asks_time_zone.then_some("")]
                data-asks-date-language=[frame.asks_date_language.then_some("")]
                data-only-looks=[frame.only_looks.then_some("")]
            {
                (icons::sprite())
                a.skip-link href="#main" { "Skip to content" }
                (header(frame))
                main #main tabindex="-1" {
                    (flash(frame))
                    (main)
                }
                (footer(frame))
                (player::bar())
                (keys::dialog(frame))
                div #toasts .toasts role="status" aria-live="polite" {}
            }
        }
    }
}

fn head(frame: &Frame, title: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            title { (title) " · Segue" }
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="referrer" content="same-origin";
            link rel="icon" type="image/svg+xml" href=(assets::url("icon.svg"));
            link rel="stylesheet" href=(assets::url("segue.css"));
            script type="module" src=(assets::url("app.js")) {}
            @if let Some(seconds) = frame.reload_seconds {
                noscript { meta http-equiv="refresh" content=(seconds); }
            }
        }
    }
}

fn header(frame: &Frame) -> Markup {
    html! {
        header.masthead {
            a.brand href="/" rel="home" { (icons::mark()) span { "Segue" } }
            // Before there is somebody, there is nothing behind these.
            @if frame.listener.is_some() { (sections(frame)) (search_box()) }
            (picker(frame))
            @if frame.signed_in {
                form.leave method="post" action="/logout" { button.quiet type="submit" { "Lock" } }
            }
        }
    }
}

fn sections(frame: &Frame) -> Markup {
    html! {
        nav aria-label="Pages" {
            @for (section, address, name) in
                SECTIONS.into_iter().filter(|(section, ..)| is_shown(frame, *section))
            {
                a href=(address) aria-current=[(section == frame.section).then_some("page")] {
                    (name)
                }
            }
        }
    }
}

/// The model concerns everybody, and who only looks brings nothing in.
pub(super) fn is_shown(frame: &Frame, section: Section) -> bool {
    match section {
        Section::Model => !frame.is_own,
        Section::Import => !frame.only_looks,
        _ => true,
    }
}

fn search_box() -> Markup {
    html! {
        search {
            form.find method="get" action="/search" {
                label.unseen for="find" { "Find a track" }
                input #find type="search" name="q" placeholder="Find a track" autocomplete="off"
                    maxlength="200";
                button type="submit" { (icons::icon("search")) span.unseen { "Search" } }
            }
        }
    }
}

/// Who is listening. It takes a press of the button: a choice by arrow keys must not leave the
/// page.
fn picker(frame: &Frame) -> Markup {
    if frame.listeners.len() < 2 {
        return PreEscaped(String::new());
    }
    html! {
        form.picker method="post" action="/listener" {
            input type="hidden" name="back" value=(urls::local(&frame.here));
            label.unseen for="who" { "Who is listening" }
            select #who name="listener" {
                @for name in &frame.listeners {
                    option value=(name) selected[frame.listener.as_ref() == Some(name)] { (name) }
                }
            }
            button.quiet type="submit" { "Switch" }
        }
    }
}

fn flash(frame: &Frame) -> Markup {
    html! {
        @if let Some(flash) = &frame.flash {
            div.flash role="status" {
                p { (flash.message) }
                @if let Some(undo) = &flash.undo { (undo_form(undo, &frame.here, "Undo")) }
            }
        }
    }
}

/// A button that takes something back.
pub fn undo_form(undo: &Undo, back: &str, label: &str) -> Markup {
    html! {
        form method="post" action=(undo.action) {
            input type="hidden" name="back" value=(urls::local(back));
            @for (name, value) in &undo.fields { input type="hidden" name=(name) value=(value); }
            button.quiet type="submit" { (label) }
        }
    }
}

/// Where the foot of a page leads.
fn elsewhere(frame: &Frame) -> impl Iterator<Item = (&'static str, &'static str)> {
    let somebody = frame.listener.is_some();
    let places = [
        (!frame.is_own, "/docs", "API"),
        (somebody && !frame.only_looks, "/import", "Add more history"),
        (somebody && frame.is_admin && !frame.is_own, "/people", "People"),
    ];
    places.into_iter().filter(|(is_open, ..)| *is_open).map(|(_, address, name)| (address, name))
}

fn footer(frame: &Frame) -> Markup {
    html! {
        footer.colophon {
            p { "Everything stays on this machine." }
            p {
                @for (address, name) in elsewhere(frame) { a href=(address) { (name) } " · " }
                span.needs-script hidden {
                    button.link type="button" data-opens="keys" { "Keys " kbd { "?" } }
                }
            }
        }
    }
}
