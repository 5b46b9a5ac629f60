//! Shelves of what artists brought out.

use std::collections::BTreeSet;

use segue_core::{Date, Release, TrackId};
use segue_engine::pipeline::MixRequest;
use segue_engine::releases::Releases;
use segue_engine::shelves::{Missing, Page, ShelfKind, fill, plan};
use segue_engine::{ArtistIdx, Profile, TrackIdx, WorkIdx};

use crate::world::{HashScorer, Plan, World, days_ago, request};

/// Somebody who played two artists a lot until 400 days ago, and goes on playing two others.
struct Left {
    world: World,
    artists: [ArtistIdx; 3],
}

impl Left {
    fn new() -> Self {
        let world = Plan { seed: 7, tracks: 400, artists: 30, known: 0.4 }.build();
        let artists = [0, 1, 2].map(ArtistIdx);
        let mut interactions = world.profile.interactions.clone();
        for interaction in &mut interactions {
            let artist = world.catalogue.artist(interaction.track).map(|artist| artist.0);
            let (finished, days) = match artist {
                Some(0) => (9, 400),
                Some(1) => (5, 400),
                Some(2 | 3) => (3, 3),
                _ => (0, 3),
            };
            interaction.last_played = Some(days_ago(days));
            (interaction.finished, interaction.plays) = (finished, finished);
        }
        let profile = Profile::from_interactions(world.profile.listener.clone(), interactions);
        Self { world: World::new(world.catalogue, profile), artists }
    }

    /// Tracks of an artist that the listener knows, or does not know.
    fn of(&self, artist: ArtistIdx, known: bool) -> Vec<TrackId> {
        let World { catalogue, profile, .. } = &self.world;
        let is_known = |track: TrackIdx| {
            let interaction = profile.interaction(catalogue.work(track));
            interaction.is_some_and(|interaction| interaction.is_known())
        };
        let tracks = catalogue.rows().filter(|&track| catalogue.artist(track) == Some(artist));
        let tracks = tracks.filter(|&track| is_known(track) == known);
        tracks.map(|track| catalogue.track(track).id.clone()).collect()
    }

    fn works(&self, tracks: &[TrackId]) -> BTreeSet<WorkIdx> {
        let catalogue = &self.world.catalogue;
        tracks.iter().map(|track| catalogue.work(catalogue.find(track).unwrap())).collect()
    }

    fn page(&self, releases: &[Release]) -> Page {
        let World { catalogue, profile, .. } = &self.world;
        let releases = Releases::new(catalogue, releases);
        let plan = plan(catalogue, profile, &request(6, 0.3), None, &releases);
        let mix = |request: &MixRequest| self.world.mixer(&HashScorer(1)).mix(request);
        fill(catalogue, plan, mix).unwrap()
    }
}

fn shown(page: &Page, kind: ShelfKind) -> Option<(&str, Vec<TrackId>)> {
    let filled = page.shelves.iter().find(|filled| filled.shelf.kind == kind)?;
    let tracks = filled.outcome.slate.picks.iter().map(|pick| pick.track.clone());
    Some((&filled.shelf.title, tracks.collect()))
}

fn missing(page: &Page, kind: ShelfKind) -> Option<Missing> {
    page.left_out.iter().find(|one| one.kind == kind).map(|one| one.missing)
}

fn released(tracks: &[TrackId], day: Date, is_late: bool) -> Vec<Release> {
    let release = |track: &TrackId| Release { track: track.clone(), day, is_late };
    tracks.iter().map(release).collect()
}

#[test]
fn what_came_out_since_somebody_stopped_listening_to_an_artist_is_a_shelf() {
    let left = Left::new();
    let [first, second, third] = left.artists;
    let (before, after) = (day(500), day(200));
    let releases = [
        released(&left.of(first, false)[..3], after, false),
        released(&left.of(first, false)[3..], before, false),
        released(&left.of(first, true), after, false),
        released(&left.of(second, false)[..3], after, false),
        released(&left.of(third, false), after, false),
    ]
    .concat();
    let page = left.page(&releases);
    let (title, tracks) = shown(&page, ShelfKind::SinceYouStopped).unwrap();
    let name = |artist| left.world.catalogue.artist_name(artist);
    assert_eq!(
        title,
        format!("Since you stopped listening to {} and {}", name(first), name(second))
    );
    let expected = [&left.of(first, false)[..3], &left.of(second, false)[..3]].concat();
    let is_among = left.works(&tracks).is_subset(&left.works(&expected));
    assert!(is_among && tracks.len() >= 4, "new to them, by whom they left, and out since");
}

#[test]
fn what_artists_whom_somebody_plays_brought_out_lately_is_a_shelf() {
    let left = Left::new();
    let of_others = left.of(ArtistIdx(7), false);
    let late = [left.of(ArtistIdx(2), false), left.of(ArtistIdx(3), false)].concat();
    let releases = [released(&late, day(20), true), released(&of_others, day(20), true)].concat();
    let (title, tracks) = {
        let page = left.page(&releases);
        let (title, tracks) = shown(&page, ShelfKind::NewFromArtists).unwrap_or_else(|| {
            panic!("{:?}, {} late", missing(&page, ShelfKind::NewFromArtists), late.len())
        });
        (title.to_owned(), tracks)
    };
    assert_eq!(title, "New from artists you play");
    assert!(left.works(&tracks).is_subset(&left.works(&late)), "{tracks:?}");
}

#[test]
fn whoever_left_nobody_is_told_why_the_shelf_is_missing_and_without_a_world_nothing_is_said() {
    let left = Left::new();
    let [first, ..] = left.artists;
    let page = left.page(&released(&left.of(first, false), day(500), false));
    let none = Some(Missing::TooFewLeft { found: 0 });
    assert_eq!(missing(&page, ShelfKind::SinceYouStopped), none, "all came out before");
    let page = left.page(&[]);
    assert_eq!(missing(&page, ShelfKind::SinceYouStopped), None);
    assert_eq!(missing(&page, ShelfKind::NewFromArtists), None);
}

fn day(days: i64) -> Date {
    days_ago(days).to_zoned(jiff::tz::TimeZone::UTC).date()
}
