//! `/artists/{artist}`: one artist: what the listener played of them, what they have not heard yet,
//! and where to go on.

use jiff::civil::Date;
use maud::{Markup, html};

use super::card::Card;
use super::layout::{Frame, page};
use super::links::{self, ListeningService};
use super::track::{cards, choose, leads_to};
use super::urls;
use super::words::Words;

/// An artist, as their page shows them.
#[derive(Clone, Debug, Default)]
pub struct ArtistView {
    /// The name, as most tracks have it.
    pub name: String,
    /// Songs of theirs that are known to Segue.
    pub songs: u64,
    /// What the listener did with them, all songs together.
    pub record: ArtistHistory,
    /// What the listener played most of them, most plays first.
    pub played: Vec<Card>,
    /// What the listener does not know of them, the most popular first.
    pub unheard: Vec<Card>,
    /// Whether the listener wants nothing of them.
    pub is_banned: bool,
}

/// What a listener did with the songs of an artist.
#[derive(Clone, Debug, Default)]
pub struct ArtistHistory {
    /// Songs that they know.
    pub known: u64,
    /// Plays of those.
    pub plays: u64,
    /// The day of the latest play; `None` where there is none with a date.
    pub last: Option<Date>,
}

/// The page.
pub fn view(frame: &Frame, artist: &ArtistView) -> Markup {
    let words = &frame.words;
    let main = html! {
        div.page-head { h1 { (artist.name) } p.lead { (in_words(words, artist)) } }
        section.one aria-labelledby="artist-title" {
            h2.unseen #artist-title { "Go on from here" }
            @let from = artist.played.iter().chain(&artist.unheard).take(5);
            div.actions {
                a.button.primary href=(urls::mix_after(from.map(|card| card.track.as_str()))) {
                    "A mix that goes on from here"
                }
                (ban(frame, artist))
            }
        }
        (cards(frame, "played", "What you play", &artist.played))
        (cards(frame, "unheard", "Not heard yet", &artist.unheard))
        section aria-labelledby="opens-title" {
            h2 #opens-title { "Elsewhere" }
            ul.services {
                @for service in ListeningService::ALL {
                    li { (leads_to(&links::of_artist(service, &artist.name))) }
                }
            }
            (choose(frame))
        }
    };
    page(frame, &artist.name, &main)
}

fn in_words(words: &Words, artist: &ArtistView) -> Markup {
    let songs = words.count(artist.songs, "song", "songs");
    let record = &artist.record;
    if record.known == 0 {
        return html! { (songs) ", and you know none of them yet." };
    }
    let known = format!(
        "You know {} of {songs}, with {}",
        words.grouped(record.known),
        words.count(record.plays, "play", "plays")
    );
    html! {
        (known)
        @if let Some(last) = record.last { ", the latest on " (words.marked_day(last)) }
        "."
    }
}

fn ban(frame: &Frame, artist: &ArtistView) -> Markup {
    let listener = frame.listener.as_deref().unwrap_or_default();
    let (kind, label) = match artist.is_banned {
        true => ("cleared", "Let them in again"),
        false => ("ban", "Never this artist"),
    };
    html! {
        @if frame.listener.is_some() {
            form method="post" action=(urls::feedback(listener)) {
                input type="hidden" name="back" value=(urls::local(&frame.here));
                input type="hidden" name="artist" value=(artist.name);
                button type="submit" name="kind" value=(kind) { (label) }
            }
        }
    }
}
