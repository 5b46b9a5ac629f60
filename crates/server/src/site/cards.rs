//! Tracks as cards.

use segue::KeptListener;
use segue_core::{Pick, Timestamp};
use segue_engine::mix::sentence::{sentence, shown_lately};
use segue_engine::{Catalogue, Profile, Stance, TrackIdx};

use crate::app::App;
use crate::music::on_disk;
use crate::page::card::Card;
use crate::page::urls;

/// Picks as cards, without those that the catalogue no longer holds.
pub(super) fn of_picks(app: &App, listener: &KeptListener, picks: &[Pick]) -> Vec<Card> {
    let (catalogue, profile) = (&listener.snapshot.catalogue, &listener.profile);
    on_disk(|| picks.iter().filter_map(|pick| of_pick(app, catalogue, profile, pick)).collect())
}

/// A pick as a card.
pub(super) fn of_pick(
    app: &App,
    catalogue: &Catalogue,
    profile: &Profile,
    pick: &Pick,
) -> Option<Card> {
    let row = catalogue.find(&pick.track)?;
    let card = of_track(app, catalogue, Some(profile), row);
    let shown = profile.shown.count(catalogue.work(row), Timestamp::now());
    Some(Card {
        reason: [Some(sentence(&pick.reason)), shown_lately(shown)]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; "),
        new_to_listener: pick.new_to_listener,
        new_artist: pick.new_artist,
        ..card
    })
}

/// A track as a card that claims nothing.
pub(super) fn of_track(
    app: &App,
    catalogue: &Catalogue,
    profile: Option<&Profile>,
    row: TrackIdx,
) -> Card {
    let track = catalogue.track(row);
    let interaction = profile.and_then(|profile| profile.interaction(catalogue.work(row)));
    Card {
        track: track.id.to_string(),
        title: track.display_title().into_owned(),
        artists: track.artists.clone(),
        album: track.album.clone(),
        reason: String::new(),
        new_to_listener: profile.is_some()
            && !interaction.is_some_and(segue_engine::Interaction::is_known),
        new_artist: false,
        liked: interaction.is_some_and(|interaction| interaction.stance == Stance::Like),
        audio: audio(app, catalogue, row),
        has_cover: app.may_have_cover(catalogue, row),
        versions: versions(catalogue, row),
        sound: catalogue.features(row),
    }
}

/// Ids of all versions of a track's song, its own first.
fn versions(catalogue: &Catalogue, row: TrackIdx) -> Vec<String> {
    let others = catalogue.versions(catalogue.work(row)).iter().filter(|other| **other != row);
    std::iter::once(&row).chain(others).map(|row| catalogue.track(*row).id.to_string()).collect()
}

/// Where the sound of a track can be fetched.
fn audio(app: &App, catalogue: &Catalogue, row: TrackIdx) -> Option<String> {
    app.file_of_song(catalogue, row)?;
    let id = &catalogue.track(row).id;
    Some(format!("/v1/tracks/{}/audio", urls::encoded(id.as_str())))
}
