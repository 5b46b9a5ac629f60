//! Shelves of what artists brought out: lately, and since the listener stopped playing them.

use rustc_hash::FxHashMap;
use segue_core::{Date, Timestamp};

use super::plan::{DAY_SECONDS, allowed, seeded};
use super::{Missing, SHORTEST, Shelf, ShelfKind};
use crate::mix::filters::Familiarity;
use crate::pipeline::MixRequest;
use crate::releases::Releases;
use crate::{ArtistIdx, Catalogue, Profile, TrackIdx};

/// Plays to the end that make an artist one whose releases are told of, and one who is missed.
const FEWEST_OF_FOLLOWED: u32 = 3;
const FEWEST_OF_MISSED: u32 = 10;
/// An artist was left behind after so many days of other plays.
const LEFT_AFTER_DAYS: i64 = 180;
/// Tracks by one artist on these shelves: one who brought out enough may have a shelf alone.
const OF_ONE_ARTIST: u32 = SHORTEST;

/// What a listener plays of an artist.
#[derive(Clone, Copy, Debug, Default)]
struct Plays {
    finished: u32,
    last: Option<Timestamp>,
}

/// What artists that the listener plays brought out in the last weeks of which anything is known.
pub(super) fn new_from_artists(
    catalogue: &Catalogue,
    profile: &Profile,
    base: &MixRequest,
    releases: &Releases,
) -> Result<Shelf, Missing> {
    let plays = plays(catalogue, profile);
    let is_followed = |track: &TrackIdx| {
        let artist = catalogue.artist(*track).and_then(|artist| plays.get(&artist));
        artist.is_some_and(|artist| artist.finished >= FEWEST_OF_FOLLOWED)
    };
    let released = releases.new_at(base.now).filter(is_followed);
    let released = unknown(catalogue, profile, released);
    let shelf = Shelf {
        kind: ShelfKind::NewFromArtists,
        title: "New from artists you play".to_owned(),
        explanation: "songs that people elsewhere began to play lately".to_owned(),
        about: None,
        request: seeded(base, ShelfKind::NewFromArtists),
    };
    of(catalogue, released, shelf)
}

/// What artists whom the listener used to play brought out after the last play of them.
pub(super) fn since_you_stopped(
    catalogue: &Catalogue,
    profile: &Profile,
    base: &MixRequest,
    releases: &Releases,
) -> Result<Shelf, Missing> {
    let plays = plays(catalogue, profile);
    // An export that ends a year ago stopped nobody.
    let Some(latest) = plays.values().filter_map(|plays| plays.last).max() else {
        return Err(Missing::TooFewLeft { found: 0 });
    };
    let left = |plays: &Plays| {
        let last = plays.last.filter(|_| plays.finished >= FEWEST_OF_MISSED)?;
        let away = (latest.as_second() - last.as_second()) / DAY_SECONDS;
        (away >= LEFT_AFTER_DAYS).then(|| day_of(last))
    };
    let mut missed: Vec<(u32, ArtistIdx, Vec<TrackIdx>)> = Vec::new();
    for (&artist, plays) in &plays {
        let Some(last) = left(plays) else { continue };
        let since = releases.of(artist).iter().filter(|(day, _)| *day > last);
        let since = unknown(catalogue, profile, since.map(|(_, track)| *track));
        if !since.is_empty() {
            missed.push((plays.finished, artist, since));
        }
    }
    // Whom they played most is named first.
    missed.sort_unstable_by_key(|(finished, artist, _)| (std::cmp::Reverse(*finished), *artist));
    let names: Vec<&str> =
        missed.iter().map(|(_, artist, _)| catalogue.artist_name(*artist)).collect();
    let shelf = Shelf {
        kind: ShelfKind::SinceYouStopped,
        title: format!("Since you stopped listening to {}", named(&names)),
        explanation: "songs that people elsewhere began to play after you had stopped".to_owned(),
        about: None,
        request: seeded(base, ShelfKind::SinceYouStopped),
    };
    let since = missed.into_iter().flat_map(|(.., since)| since).collect();
    of(catalogue, since, shelf)
}

/// A shelf of these tracks, as far as the listener's own limits leave them.
fn of(catalogue: &Catalogue, tracks: Vec<TrackIdx>, shelf: Shelf) -> Result<Shelf, Missing> {
    let allowed = allowed(&shelf.request);
    let within: Vec<_> = tracks
        .into_iter()
        .map(|track| catalogue.track(track).id.clone())
        .filter(|id| allowed.as_ref().is_none_or(|allowed| allowed.contains(id)))
        .collect();
    if within.len() < SHORTEST as usize {
        return Err(Missing::TooFewLeft { found: within.len() as u32 });
    }
    let request = MixRequest {
        explore: 1.0,
        familiarity: Familiarity::New,
        artist_cap: shelf.request.artist_cap.min(OF_ONE_ARTIST),
        within: Some(within),
        ..shelf.request
    };
    Ok(Shelf { request, ..shelf })
}

/// Those of which the listener does not know the song.
fn unknown(
    catalogue: &Catalogue,
    profile: &Profile,
    tracks: impl IntoIterator<Item = TrackIdx>,
) -> Vec<TrackIdx> {
    tracks.into_iter().filter(|&track| !profile.knows(catalogue.work(track))).collect()
}

/// What they play of each artist whom they do not refuse.
fn plays(catalogue: &Catalogue, profile: &Profile) -> FxHashMap<ArtistIdx, Plays> {
    let mut plays: FxHashMap<ArtistIdx, Plays> = FxHashMap::default();
    for interaction in &profile.interactions {
        let Some(artist) = catalogue.artist(interaction.track) else { continue };
        if profile.banned_artists.contains(&artist) {
            continue;
        }
        let artist = plays.entry(artist).or_default();
        artist.finished += interaction.finished;
        artist.last = artist.last.max(interaction.last_played);
    }
    plays
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// "A", "A and B", "A, B and others".
fn named(artists: &[&str]) -> String {
    match artists {
        [first, second] => format!("{first} and {second}"),
        [first, second, _, ..] => format!("{first}, {second} and others"),
        names => names.concat(),
    }
}
