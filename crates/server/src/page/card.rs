//! One track that is offered: sketch, title, why, where it opens, and the feedback that it takes.
//!
//! The same markup is a card on a shelf and a row of a mix; the style sheet lays it out by where it
//! stands. Fragment: `GET /fragments/card?list=…&here=…&exclude=…&beside=…` with the settings of
//! the page's mix answers one [`card`] that takes the place of one that left, or 204 when there is
//! none. `list` is `mix` or a shelf's id, `beside` names the tracks that stay on that list, with
//! which the new one keeps caps and dial, `exclude` every track on another list or gone from the
//! page, `here` is the page that forms come back to.

use maud::{Markup, html};
use segue_audio::covers::CoverSize;
use segue_core::AudioFeatures;

use super::icons::icon;
use super::links::{self, ListeningService};
use super::{sketch, urls};

/// A track that is offered, with the reason: what every list of tracks on the page is made of.
#[derive(Clone, Debug, Default)]
pub struct Card {
    /// The track's id, as the catalogue has it.
    pub track: String,
    /// Its title as the catalogue has it, shown as text and never read as markup.
    pub title: String,
    /// Its artists in the order of the credits, the leading one first; a ban from the card names
    /// that one.
    pub artists: Vec<String>,
    /// The album that it is on; `None` where the catalogue knows none.
    pub album: Option<String>,
    /// Why it is here: a sentence, lower case, no full stop; empty where nothing is claimed.
    pub reason: String,
    /// Whether the listener has no record of this work, so that the card is marked as new.
    pub new_to_listener: bool,
    /// Whether they have no record of anything else by its main artist either, so that the card is
    /// marked as by a new artist.
    pub new_artist: bool,
    /// Whether the listener gave it a like that still holds, so that the button takes it back.
    pub liked: bool,
    /// Where its sound can be fetched, if the catalogue has the file: an address on this server.
    pub audio: Option<String>,
    /// Whether it may have a cover, which is then asked for and shown over the sketch.
    pub has_cover: bool,
    /// Ids of every version of the song, its own first: a service may know one of them.
    pub versions: Vec<String>,
    /// How it sounds.
    pub sound: AudioFeatures,
}

/// Where a card stands.
#[derive(Clone, Copy, Debug)]
pub struct CardPlace<'a> {
    /// Who is asked.
    pub listener: &'a str,
    /// The page that forms come back to.
    pub back: &'a str,
    /// The list that it stands in: `mix`, a shelf's id, or any other name for a list on which
    /// nothing takes the place of a card that left.
    pub list: &'a str,
    /// The service that songs open with, if one was chosen.
    pub opens: Option<ListeningService>,
}

/// The card.
pub fn card(place: &CardPlace<'_>, card: &Card) -> Markup {
    let artist = card.artists.first().map_or("", String::as_str);
    html! {
        article.card data-track=(card.track) data-artist=(artist) data-list=(place.list)
            tabindex="-1"
        {
            (sleeve(place, card))
            div.about {
                h3 { a href=(urls::track(&card.track)) { (card.title) } }
                p.artists {
                    (credits(&card.artists))
                    @if let Some(album) = &card.album { " " span.album { (album) } }
                }
                @if !card.reason.is_empty() { p.reason { (sentence(&card.reason)) } }
            }
            (says(place, card, artist))
        }
    }
}

/// The artists, each a link to its page.
pub(super) fn credits(artists: &[String]) -> Markup {
    let artists: Vec<&String> = artists.iter().filter(|artist| !artist.is_empty()).collect();
    html! {
        span.credits {
            @for (position, artist) in artists.iter().enumerate() {
                @if position > 0 { (if position + 1 == artists.len() { " and " } else { ", " }) }
                a href=(urls::artist(artist)) { (artist) }
            }
        }
    }
}

/// The sketch on its ground, and over it what plays the song: the file where there is one, else the
/// way to where it opens.
fn sleeve(place: &CardPlace<'_>, card: &Card) -> Markup {
    html! {
        div class={ "sleeve " (sketch::mood(&card.sound).class()) } {
            (sketch::sketch(&card.sound))
            // A page of grey circles invites nobody: where no sound is known, the name stands in
            // for it.
            @if sketch::is_silent(&card.sound) {
                (monogram(card.artists.first().unwrap_or(&card.title)))
            }
            @if card.has_cover { (cover(&card.track)) }
            @if card.new_artist { span.new.new-artist { "New artist" span.unseen { " to you" } } }
            @else if card.new_to_listener { span.new { "New" span.unseen { " to you" } } }
            @if let Some(address) = card.audio.as_deref().and_then(urls::audio) {
                a.play href=(address) data-play="" {
                    (icon("play")) span.unseen { "Play " (card.title) }
                }
            } @else { (opens(place, card)) }
        }
    }
}

/// The cover of a track, over what is drawn in its place: that stays in sight until the picture is
/// there, and where there is none. The browser takes as large a one as it has room for.
fn cover(track: &str) -> Markup {
    let sizes = CoverSize::ALL.map(|size| format!("{} {}w", urls::cover(track, size), size.side()));
    let side = CoverSize::Medium.side();
    html! {
        img.cover src=(urls::cover(track, CoverSize::Medium)) srcset=(sizes.join(", "))
            sizes="auto, 20rem" width=(side) height=(side) loading="lazy" decoding="async" alt="";
    }
}

/// A small sleeve for a line of a list in which some have covers: the first letter of whose track
/// it is, and over it the cover.
pub(super) fn thumbnail(track: &str, name: &str, has_cover: bool) -> Markup {
    let side = CoverSize::Small.side();
    let twice = format!("{} 3x", urls::cover(track, CoverSize::Medium));
    html! {
        span.sleeve.thumbnail.unknown {
            (monogram(name))
            @if has_cover {
                img.cover src=(urls::cover(track, CoverSize::Small)) srcset=(twice) width=(side)
                    height=(side) loading="lazy" decoding="async" alt="";
            }
        }
    }
}

/// The first letter of whose track it is.
fn monogram(name: &str) -> Markup {
    let name = name.strip_prefix("The ").unwrap_or(name);
    let letter = name.chars().find(|character| character.is_alphanumeric());
    html! {
        @if let Some(letter) = letter {
            span.monogram aria-hidden="true" { (letter.to_uppercase()) }
        }
    }
}

fn opens(place: &CardPlace<'_>, card: &Card) -> Markup {
    let link = links::first(place.opens, &card.versions, &card.title, &card.artists);
    html! {
        a.open href=(link.address) target="_blank" rel="external noopener noreferrer" {
            (icon("open"))
            span.unseen {
                @if link.is_exact { "Open " } @else { "Look for " } (card.title) " on "
                (link.service.name())
            }
        }
    }
}

/// Like, and behind three dots all else that can be done with the song. Each is a form's button or
/// a link, so that each works by itself.
fn says(place: &CardPlace<'_>, card: &Card, artist: &str) -> Markup {
    let sheet = format!("more-{}-{}", urls::encoded(place.list), urls::encoded(&card.track));
    html! {
        form.says method="post" action=(urls::feedback(place.listener)) {
            input type="hidden" name="track" value=(card.track);
            input type="hidden" name="artist" value=(artist);
            input type="hidden" name="back" value=(urls::local(place.back));
            button type="submit" name="kind" value=(if card.liked { "cleared" } else { "like" })
                aria-pressed=(card.liked)
            {
                (icon("heart")) span.unseen { "Like: " (card.title) }
            }
            button type="button" popovertarget=(sheet) {
                (icon("more")) span.unseen { "More: " (card.title) }
            }
            div.sheet id=(sheet) popover="auto" { (more(place, card, artist)) }
        }
    }
}

fn more(place: &CardPlace<'_>, card: &Card, artist: &str) -> Markup {
    let link = links::first(place.opens, &card.versions, &card.title, &card.artists);
    html! {
        p.sheet-title { (card.title) }
        a href=(urls::track(&card.track)) { (icon("search")) "All about it" }
        a href=(urls::mix_after([card.track.as_str()])) {
            (icon("play")) "A mix that goes on from here"
        }
        a href=(link.address) target="_blank" rel="external noopener noreferrer" {
            (icon("open"))
            @if link.is_exact { "Open on " } @else { "Look for it on " }
            (link.service.name())
        }
        button type="submit" name="kind" value="skip" formaction=(urls::skip(place.listener)) {
            (icon("skip")) "Not now" span.unseen { ": " (card.title) }
        }
        button type="submit" name="kind" value="dislike" {
            (icon("cross")) "Not for me" span.unseen { ": " (card.title) }
        }
        @if !artist.is_empty() {
            button type="submit" name="kind" value="ban" { (icon("never")) "Never " (artist) }
        }
    }
}

/// A reason as it is printed: a capital letter and a full stop.
pub(super) fn sentence(reason: &str) -> String {
    let mut characters = reason.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if reason.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}
