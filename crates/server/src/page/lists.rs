//! `/lists` and `/lists/{id}`: lists that stay as they were made.
//!
//! Forms: [`urls::remove_list`], without fields; [`urls::end_weekly_list`].

use jiff::civil::Date;
use maud::{Markup, html};

use super::card::{Card, card, sentence};
use super::layout::{Frame, page};
use super::mix::{heading, place};
use super::urls;
use super::words::Words;

/// A list, without its tracks.
#[derive(Clone, Debug, Default)]
pub struct ListView {
    /// Its number, as in the address of its page.
    pub id: i64,
    /// The mix that it holds, by which it is exported.
    pub mix: i64,
    /// Its name.
    pub name: String,
    /// The day or week that it is for, such as `2026-11-29` or `2026-W48`; empty for one's own.
    pub edition: String,
    /// How many of its tracks had never been shown to the listener when it was made.
    pub never_shown: u32,
    /// Whether somebody has looked at it.
    pub is_opened: bool,
}

/// All lists of a listener.
#[derive(Clone, Debug, Default)]
pub struct ListsView {
    /// Those of today and this week, the day's first.
    pub current: Vec<ListView>,
    /// Why others are missing, each as the name of a list and half a sentence.
    pub missing: Vec<(String, String)>,
    /// Those that the listener kept, latest first.
    pub own: Vec<ListView>,
    /// Those of which a new one is made every week, each with its name and its words.
    pub weekly: Vec<(String, String)>,
    /// Those of earlier days and weeks, latest first.
    pub earlier: Vec<ListView>,
}

/// The page of all lists.
pub fn view(frame: &Frame, lists: &ListsView) -> Markup {
    let words = &frame.words;
    let main = html! {
        div.page-head {
            h1 { "Lists" }
            p.lead {
                "Made once for their day or week. They stay as they are, and earlier ones stay too."
            }
        }
        ul.lists { @for list in &lists.current { li { (entry(words, list)) } } }
        @for (name, why) in &lists.missing { p.note { strong { (name) } ": " (sentence(why)) } }
        (every_week(frame, &lists.weekly))
        (group(words, "Kept from mixes", &lists.own))
        (group(words, "Earlier", &lists.earlier))
        @if lists.own.is_empty() {
            p.note {
                "Keep any " a href="/mix" { "mix" } " as a list of your own; one that you asked \
                for in words can be made anew every week."
            }
        }
    };
    page(frame, "Lists", &main)
}

fn every_week(frame: &Frame, lists: &[(String, String)]) -> Markup {
    let listener = frame.listener.as_deref().unwrap_or_default();
    html! {
        @if !lists.is_empty() {
            section.shelf {
                h2 { "Made anew every week" }
                ul.weekly {
                    @for (name, prompt) in lists {
                        li {
                            span { strong { (name) } ": " (prompt) }
                            form method="post" action=(urls::end_weekly_list(listener)) {
                                input type="hidden" name="name" value=(name);
                                button.quiet type="submit"
                                    aria-label=(format!("Make no more of {name}"))
                                {
                                    "Make no more"
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn group(words: &Words, title: &str, lists: &[ListView]) -> Markup {
    html! {
        @if !lists.is_empty() {
            section.shelf {
                h2 { (title) }
                ul.lists { @for list in lists { li { (entry(words, list)) } } }
            }
        }
    }
}

fn entry(words: &Words, list: &ListView) -> Markup {
    html! {
        a href=(urls::list(list.id)) {
            strong { (list.name) }
            span { (for_when(words, &list.edition)) }
            span { (never_shown(words, list)) }
            @if !list.is_opened { span { "Not opened yet" } }
        }
    }
}

/// The page of one list.
pub fn view_one(frame: &Frame, list: &ListView, picks: &[Card]) -> Markup {
    let words = &frame.words;
    let main = html! {
        div.page-head {
            h1 { (list.name) }
            p.lead {
                (for_when(words, &list.edition)) @if !list.edition.is_empty() { ". " }
                (never_shown(words, list)) "."
            }
        }
        section #mix .mix aria-labelledby="mix-title" {
            (heading(words, picks, Some(list.mix), None))
            ol.tracks { @for pick in picks { li { (card(&place(frame, "list"), pick)) } } }
        }
        form method="post"
            action=(urls::remove_list(frame.listener.as_deref().unwrap_or_default(), list.id))
        {
            button.quiet type="submit" { "Remove this list" }
        }
        p { a href="/lists" { "All lists" } }
    };
    page(frame, &list.name, &main)
}

fn never_shown(words: &Words, list: &ListView) -> String {
    match list.never_shown {
        0 => "All of it was shown before".to_owned(),
        new => format!("{} never shown before", words.count(new.into(), "track", "tracks")),
    }
}

/// A day or week in words.
fn for_when(words: &Words, edition: &str) -> Markup {
    if let Ok(day) = edition.parse::<Date>() {
        return html! {
            time datetime=(day) lang=[words.lang()] { (words.weekday_and_day(day)) }
        };
    }
    match edition.split_once("-W") {
        Some((year, week)) => html! { "Week " (week.trim_start_matches('0')) " of " (year) },
        None => html! { (edition) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editions_are_said_in_words() {
        let words = Words::of(Some("fr"));
        let told = |edition: &str| for_when(&words, edition).into_string();
        let day = r#"<time datetime="2026-11-29" lang="fr">dimanche 29 novembre 2026</time>"#;
        assert_eq!(told("2026-11-29"), day);
        assert_eq!(told("2026-W05"), "Week 5 of 2026");
        assert_eq!(told(""), "");
    }
}
