//! One track that is offered: sketch, title, why, how likely, and the feedback that it takes.
//!
//! The same markup is a card on a shelf and a row of a mix; the style sheet lays it out by where it
//! stands. Fragment: `GET /fragments/card?list=…&here=…&exclude=…&beside=…` with the settings of
//! the page's mix answers one [`card`] that takes the place of one that left, or 204 when there is
//! none. `list` is `mix` or a shelf's id, `beside` names the tracks that stay on that list, with
//! which the new one keeps caps and dial, `exclude` every track on another list or gone from the
//! page, `here` is the page that forms come back to.

use maud::{Markup, html};
use segue_core::AudioFeatures;

use super::icons::icon;
use super::{sketch, urls, words};

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
    /// How likely the listener is thought to like it, 0 to 1; `None` where no model was asked.
    pub likability: Option<f32>,
    /// Whether the listener has no record of this work, so that the card is marked as new.
    pub new_to_listener: bool,
    /// Whether they have no record of anything else by its main artist either, so that the card is
    /// marked as by a new artist.
    pub new_artist: bool,
    /// Whether the listener gave it a like that still holds, so that the button takes it back.
    pub liked: bool,
    /// Where its sound can be fetched, if the catalogue has the file: an address on this server.
    pub audio: Option<String>,
    /// How it sounds.
    pub sound: AudioFeatures,
}

/// Where a card stands.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Who is asked.
    pub listener: &'a str,
    /// The page that forms come back to.
    pub back: &'a str,
    /// The list that it stands in, by the name that [`Place::list`]'s fragment knows: `mix`,
    /// `search`, or a shelf's.
    pub list: &'a str,
}

/// The card.
pub fn card(place: &Place<'_>, card: &Card) -> Markup {
    let artist = card.artists.first().map_or("", String::as_str);
    html! {
        article.card data-track=(card.track) data-artist=(artist) data-list=(place.list) tabindex="-1" {
            (sleeve(card))
            div.about {
                h3 { (card.title) }
                p.artists { (words::list(&card.artists)) @if let Some(album) = &card.album { " " span.album { (album) } } }
                @if !card.reason.is_empty() { p.reason { (sentence(&card.reason)) } }
                @if let Some(likability) = card.likability.filter(|share| share.is_finite()) { (odds(likability)) }
            }
            (says(place, card, artist))
        }
    }
}

/// The sketch on its ground, with the play link over it.
fn sleeve(card: &Card) -> Markup {
    html! {
        div class={ "sleeve " (sketch::mood(&card.sound).class()) } {
            (sketch::sketch(&card.sound))
            // A page of grey circles invites nobody: where no sound is known, the name stands in
            // for it.
            @if sketch::is_silent(&card.sound) { (monogram(card)) }
            @if card.new_artist { span.new.new-artist { "New artist" span.unseen { " to you" } } }
            @else if card.new_to_listener { span.new { "New" span.unseen { " to you" } } }
            @if let Some(address) = card.audio.as_deref().and_then(urls::audio) {
                a.play href=(address) data-play="" { (icon("play")) span.unseen { "Play " (card.title) } }
            }
        }
    }
}

/// The first letter of whose track it is.
fn monogram(card: &Card) -> Markup {
    let name = card.artists.first().unwrap_or(&card.title);
    let name = name.strip_prefix("The ").unwrap_or(name);
    let letter = name.chars().find(|character| character.is_alphanumeric());
    html! { @if let Some(letter) = letter { span.monogram aria-hidden="true" { (letter.to_uppercase()) } } }
}

fn odds(likability: f32) -> Markup {
    let likability = likability.clamp(0.0, 1.0);
    let share = words::percent(f64::from(likability));
    html! {
        p.odds {
            meter min="0" max="1" value=(format!("{likability:.2}")) aria-label="How likely you \
                are to like it" { (share) }
            span { (share) " likely" }
        }
    }
}

/// Four keys, as on a tape deck. Each is a form's button, so each works by itself.
fn says(place: &Place<'_>, card: &Card, artist: &str) -> Markup {
    html! {
        form.says method="post" action=(urls::feedback(place.listener)) {
            input type="hidden" name="track" value=(card.track);
            input type="hidden" name="artist" value=(artist);
            input type="hidden" name="back" value=(urls::local(place.back));
            button type="submit" name="kind" value=(if card.liked { "cleared" } else { "like" }) aria-pressed=(card.liked) {
                (icon("heart")) span { "Like" } span.unseen { ": " (card.title) }
            }
            button type="submit" name="kind" value="skip" formaction=(urls::skip(place.listener)) {
                (icon("skip")) span { "Skip" } span.unseen { ": " (card.title) }
            }
            button type="submit" name="kind" value="dislike" {
                (icon("cross")) span { "Not for me" } span.unseen { ": " (card.title) }
            }
            @if !artist.is_empty() {
                button type="submit" name="kind" value="ban" {
                    (icon("never")) span { "Never this artist" } span.unseen { ": " (artist) }
                }
            }
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
