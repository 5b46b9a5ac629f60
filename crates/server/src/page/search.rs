//! `/search?q=`: tracks found by words, as cards.

use maud::{Markup, html};

use super::card::{Card, card};
use super::layout::{Frame, page};
use super::mix::place;
use super::urls;
use super::words::Words;

/// What `/search` found for some words: the best tracks as cards, and how many there are.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// The words as they were typed, without space around them; empty shows the form alone.
    pub query: String,
    /// What was looked for instead, where nothing holds the words as they were typed.
    pub read_as: Option<String>,
    /// Artists whose name holds every word.
    pub artists: Vec<String>,
    /// The most popular of the tracks that hold every word, at most sixty of them.
    pub results: Vec<Card>,
    /// How many tracks hold every word, those included that are not shown.
    pub total: u64,
}

/// The page.
pub fn view(frame: &Frame, search: &Search) -> Markup {
    let words = &frame.words;
    let main = html! {
        div.page-head {
            h1 { @if search.query.is_empty() { "Find a track" } @else { "“" (search.query) "”" } }
            p.lead { (found(words, search)) }
        }
        form.search-again method="get" action="/search" {
            label for="again" { "Title, artist or album" }
            div.joined {
                input #again type="search" name="q" value=(search.query) maxlength="200"
                    autocomplete="off";
                button.primary type="submit" { "Search" }
            }
        }
        @if !search.artists.is_empty() {
            section aria-labelledby="artists" {
                h2 #artists { "Artists" }
                ul.services {
                    @for artist in &search.artists {
                        li { a.button href=(urls::artist(artist)) { (artist) } }
                    }
                }
            }
        }
        @if !search.results.is_empty() {
            section.mix aria-labelledby="results" {
                h2 #results { "Tracks" }
                ol.tracks {
                    @for result in &search.results {
                        li { (card(&place(frame, "search"), result)) }
                    }
                }
            }
        }
    };
    page(frame, if search.query.is_empty() { "Find a track" } else { &search.query }, &main)
}

fn found(words: &Words, search: &Search) -> String {
    let shown = search.results.len() as u64;
    if let Some(read_as) = &search.read_as {
        return format!("Nothing by that name. This is what “{read_as}” finds.");
    }
    match search.total {
        _ if search.query.is_empty() => "Among everything that Segue knows of.".to_owned(),
        0 if search.artists.is_empty() => {
            "Nothing by that name. Fewer letters find more.".to_owned()
        }
        total if total > shown => {
            format!("The best {shown} of {}.", words.count(total, "track", "tracks"))
        }
        total => format!("{}.", words.count(total, "track", "tracks")),
    }
}
