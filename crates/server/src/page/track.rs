//! `/tracks/{track}`: one song: where it opens, what the listener did with it, why it would be in a
//! mix, and where to go on from it.

use jiff::civil::Date;
use maud::{Markup, html};

use super::card::{Card, card, credits, sentence};
use super::layout::{Frame, page};
use super::links::{self, ListeningService};
use super::mix::place;
use super::urls;
use super::words::Words;

/// A song, as its page shows it.
#[derive(Clone, Debug, Default)]
pub struct TrackView {
    /// The track as a card, with the reason for which it would be in a mix, if it may be in one.
    pub card: Card,
    /// The year in which it came out first, if that is known.
    pub year: Option<u16>,
    /// Its genre, if that is known.
    pub genre: Option<String>,
    /// How it sounds, in a sentence or two, and who says so; `None` where nobody does.
    pub sound: Option<String>,
    /// What the listener did with it; `None` where they never met it.
    pub record: Option<SongHistory>,
    /// Why a mix as usual would leave it out: a sentence, or nothing.
    pub left_out: Option<&'static str>,
    /// Liked songs that sound most like it.
    pub near: Vec<Card>,
    /// Songs that are most like it, whoever listens.
    pub similar: Vec<Card>,
}

/// What a listener did with a song, all its versions together.
#[derive(Clone, Debug, Default)]
pub struct SongHistory {
    /// Plays, whatever became of them.
    pub plays: u64,
    /// Plays to the end, or nearly so.
    pub finished: u64,
    /// Plays that were skipped early.
    pub skipped: u64,
    /// The days of the first and of the last play, where plays have dates.
    pub first_and_last: Option<[Date; 2]>,
    /// Plays in each year in which there were any, the latest first.
    pub by_year: Vec<(i16, u64)>,
}

/// The page.
pub fn view(frame: &Frame, track: &TrackView) -> Markup {
    let words = &frame.words;
    let shown = &track.card;
    let main = html! {
        div.page-head { h1 { (shown.title) } p.lead { (credits(&shown.artists)) (about(track)) } }
        section.one aria-labelledby="song-title" {
            h2.unseen #song-title { "The song" }
            ol.tracks { li { (card(&place(frame, "song"), shown)) } }
            @if let Some(left_out) = track.left_out { p.note { (sentence(left_out)) } }
            (go_on(&shown.track))
        }
        (opens(frame, shown))
        @if let Some(record) = &track.record { (view_record(words, record)) }
        @if let Some(sound) = &track.sound {
            section aria-labelledby="sound-title" {
                h2 #sound-title { "How it sounds" }
                p { (sound) }
            }
        }
        (cards(frame, "near", "What you like that sounds like it", &track.near))
        (cards(frame, "similar", "More like this", &track.similar))
        (leave_out(frame, shown))
    };
    page(frame, &shown.title, &main)
}

fn about(track: &TrackView) -> Markup {
    let album = track.card.album.as_ref().map(|album| format!("on {album}"));
    let year = track.year.map(|year| year.to_string());
    let parts: Vec<String> = [album, year, track.genre.clone()].into_iter().flatten().collect();
    html! { @for part in parts { " · " (part) } }
}

fn go_on(track: &str) -> Markup {
    html! {
        p { a.button.primary href=(urls::mix_after([track])) { "A mix that goes on from here" } }
    }
}

/// Every place where it can be opened, and which of them buttons lead to.
fn opens(frame: &Frame, shown: &Card) -> Markup {
    html! {
        section aria-labelledby="opens-title" {
            h2 #opens-title { "Listen to it" }
            ul.services {
                @for service in ListeningService::ALL {
                    @let link =
                        links::of_track(service, &shown.versions, &shown.title, &shown.artists);
                    li { (leads_to(&link)) }
                }
            }
            (choose(frame))
        }
    }
}

/// One way out of the page.
pub(super) fn leads_to(link: &links::Link) -> Markup {
    html! {
        a.button href=(link.address) target="_blank" rel="external noopener noreferrer" {
            (super::icons::icon("open"))
            (link.service.name())
            @if !link.is_exact { span.unseen { " (a search by name)" } }
        }
    }
}

/// Where songs open from cards, remembered by this browser.
pub(super) fn choose(frame: &Frame) -> Markup {
    html! {
        form.opens method="post" action="/opens" {
            input type="hidden" name="back" value=(urls::local(&frame.here));
            label for="service" { "Open songs with" }
            div.joined {
                select #service name="service" {
                    option value="" { "whatever knows the song" }
                    @for service in ListeningService::ALL {
                        option value=(service.key()) selected[frame.opens == Some(service)] {
                            (service.name())
                        }
                    }
                }
                button type="submit" { "Remember" }
            }
        }
    }
}

fn view_record(words: &Words, record: &SongHistory) -> Markup {
    html! {
        section aria-labelledby="record-title" {
            h2 #record-title { "You and this song" }
            p { (in_words(words, record)) }
            @if record.by_year.len() > 1 {
                table.years {
                    caption.unseen { "Plays by year" }
                    thead { tr { th scope="col" { "Year" } th scope="col" { "Plays" } } }
                    tbody {
                        @for (year, plays) in &record.by_year {
                            tr { th scope="row" { (year) } td { (words.grouped(*plays)) } }
                        }
                    }
                }
            }
        }
    }
}

fn in_words(words: &Words, record: &SongHistory) -> Markup {
    if record.plays == 0 {
        return html! { "In your library, and not played yet." };
    }
    let mut text = words.count(record.plays, "play", "plays");
    if record.finished > 0 {
        text = format!("{text}, {} to the end", words.grouped(record.finished));
    }
    if record.skipped > 0 {
        text = format!("{text}, {} skipped", words.grouped(record.skipped));
    }
    let day = |day: Date| words.marked_day(day);
    html! {
        (text)
        @match record.first_and_last {
            Some([first, last]) if first == last => { ", on " (day(first)) },
            Some([first, last]) => { ". First on " (day(first)) ", last on " (day(last)) },
            None => {},
        }
        "."
    }
}

/// A row of cards under a heading; nothing where there is none.
pub(super) fn cards(frame: &Frame, list: &str, title: &str, cards: &[Card]) -> Markup {
    let id = format!("{list}-title");
    html! {
        @if !cards.is_empty() {
            section.shelf aria-labelledby=(id) {
                h2 id=(id) { (title) }
                ul.cards { @for one in cards { li { (card(&place(frame, list), one)) } } }
            }
        }
    }
}

fn leave_out(frame: &Frame, shown: &Card) -> Markup {
    let listener = frame.listener.as_deref().unwrap_or_default();
    html! {
        @if frame.listener.is_some() {
            section aria-labelledby="leave-out-title" {
                h2 #leave-out-title { "Not quite you?" }
                form.stack method="post" action=(urls::exclusions(listener)) {
                    input type="hidden" name="back" value=(urls::local(&frame.here));
                    input type="hidden" name="kind" value="track";
                    input type="hidden" name="value" value=(shown.track);
                    p {
                        "Your plays of it stay on record and stop counting. You can take that back."
                    }
                    button type="submit" { "Leave this song out of my taste" }
                }
            }
        }
    }
}
