//! Which shelves a listener gets, and what is asked for each.

use rustc_hash::FxHashSet;
use segue_core::{Timestamp, TrackId};

use super::released::{new_from_artists, since_you_stopped};
use super::{LeftOutShelf, Missing, Near, Plan, SHORTEST, Shelf, ShelfKind};
use crate::mix::filters::Familiarity;
use crate::pipeline::MixRequest;
use crate::releases::Releases;
use crate::{Catalogue, Interaction, Profile, Stance, TrackIdx};

pub(super) const DAY_SECONDS: i64 = 86_400;
/// With fewer labelled works, little is known of a listener.
const FEWEST_LABELS: usize = 10;
/// A favourite was played to its end at least so often, or liked outright.
const FEWEST_FINISHED: u32 = 2;
/// Favourites of this many days take turns, and the latest ones where those days have too few.
const RECENT_DAYS: i64 = 30;
const TAKING_TURNS: usize = 12;
/// How long favourites have rested, the longest first: the first rest with choice enough is taken.
const RESTS_DAYS: [u32; 3] = [365, 180, 90];
/// What a rest of months lacks in choice may be found in less: the usual rest first.
const SHORTER_RESTS_DAYS: [u32; 3] = [60, 30, 14];
/// A shelf has choice enough with so many times its length.
const CHOICE: usize = 4;
/// The dial of what is near a favourite: as much known as new.
const NEAR_A_FAVOURITE: f32 = 0.5;
/// The dial of a shelf of new tracks, which share it has anyway: it gives more to what the model is
/// unsure of.
const FURTHER_OUT: f32 = 0.9;

/// Favourites of these days, the one whose turn it is on the day of `now` first. They take turns in
/// an order of the listener's own.
pub fn anchors(catalogue: &Catalogue, profile: &Profile, now: Timestamp) -> Vec<TrackIdx> {
    let played = profile.interactions.iter().filter_map(|x| Some((x.last_played?, x)));
    let mut favourites: Vec<(Timestamp, &Interaction)> =
        played.filter(|(_, x)| is_favourite(x)).collect();
    favourites.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.track.cmp(&b.1.track)));
    let recent = favourites.iter().filter(|(at, _)| days_since(*at, now) <= RECENT_DAYS).count();
    favourites.truncate(recent.clamp(SHORTEST as usize, TAKING_TURNS));
    let mut anchors: Vec<TrackIdx> =
        favourites.into_iter().map(|(_, favourite)| favourite.track).collect();
    let listener = profile.listener.as_str().as_bytes();
    let turn = |track: TrackIdx| hash(&[listener, catalogue.track(track).id.as_str().as_bytes()]);
    anchors.sort_by_key(|&track| (turn(track), track));
    let day = now.as_second().div_euclid(DAY_SECONDS);
    let today = day.checked_rem_euclid(anchors.len() as i64).unwrap_or(0);
    anchors.rotate_left(today as usize);
    anchors
}

/// Which shelves a listener gets. `base` is what the listener set for all of them: seed, moment,
/// policy, filters and exclusions; its length is that of a shelf. `near` is the first of the day's
/// [`anchors`] that enough tracks are like; `releases` is what is known of when songs came out.
pub fn plan(
    catalogue: &Catalogue,
    profile: &Profile,
    base: &MixRequest,
    near: Option<Near<'_>>,
    releases: &Releases,
) -> Plan {
    if profile.labelled().count() < FEWEST_LABELS {
        return Plan { shelves: vec![to_begin_with(base)], left_out: Vec::new() };
    }
    let mut plan = Plan::default();
    let because = because_you_played(catalogue, base, near);
    let back = back_after_a_while(catalogue, profile, base);
    // Where no world tells, nobody misses them.
    let [new, since] = [new_from_artists, since_you_stopped].map(|released| {
        (!releases.is_empty()).then(|| released(catalogue, profile, base, releases))
    });
    for (kind, shelf) in [
        (ShelfKind::BecauseYouPlayed, Some(because)),
        (ShelfKind::NewFromArtists, new),
        (ShelfKind::BackAfterAWhile, Some(back)),
        (ShelfKind::SinceYouStopped, since),
        (ShelfKind::FurtherOut, Some(Ok(further_out(base)))),
    ] {
        match shelf {
            Some(Ok(shelf)) => plan.shelves.push(shelf),
            Some(Err(missing)) => plan.left_out.push(LeftOutShelf { kind, missing }),
            None => {}
        }
    }
    plan
}

fn to_begin_with(base: &MixRequest) -> Shelf {
    Shelf {
        kind: ShelfKind::ToBeginWith,
        title: "To begin with".to_owned(),
        explanation:
            "popular and varied, one song by an artist: what you answer decides what comes next"
                .to_owned(),
        about: None,
        request: MixRequest { artist_cap: 1, album_cap: 1, ..seeded(base, ShelfKind::ToBeginWith) },
    }
}

fn because_you_played(
    catalogue: &Catalogue,
    base: &MixRequest,
    near: Option<Near<'_>>,
) -> Result<Shelf, Missing> {
    let Near { track: anchor, similar } = near.ok_or(Missing::NoFavourite)?;
    let own = catalogue.work(anchor);
    let is_other =
        |id: &&TrackId| catalogue.find(id).is_some_and(|track| catalogue.work(track) != own);
    let allowed = allowed(base);
    let is_allowed = |id: &&TrackId| allowed.as_ref().is_none_or(|allowed| allowed.contains(*id));
    let within: Vec<TrackId> =
        similar.iter().filter(is_other).filter(is_allowed).cloned().collect();
    if within.len() < SHORTEST as usize {
        return Err(Missing::NoFavourite);
    }
    let track = catalogue.track(anchor);
    let by = track.artist().map_or(String::new(), |artist| format!(" by {artist}"));
    Ok(Shelf {
        kind: ShelfKind::BecauseYouPlayed,
        title: format!("Because you played {}", track.display_title()),
        explanation: format!(
            "tracks near {}{by}, a favourite of these days",
            track.display_title()
        ),
        about: Some(track.id.clone()),
        request: MixRequest {
            explore: NEAR_A_FAVOURITE,
            within: Some(within),
            ..seeded(base, ShelfKind::BecauseYouPlayed)
        },
    })
}

/// Favourites that have rested, the longest rest first that leaves enough choice.
pub(crate) fn back_after_a_while(
    catalogue: &Catalogue,
    profile: &Profile,
    base: &MixRequest,
) -> Result<Shelf, Missing> {
    let allowed = allowed(base);
    let is_allowed = |id: &TrackId| allowed.as_ref().is_none_or(|allowed| allowed.contains(id));
    let mut rested: Vec<(i64, TrackIdx)> = Vec::new();
    for interaction in profile.interactions.iter().filter(|x| is_liked(x)) {
        let id = &catalogue.track(interaction.track).id;
        if let Some(at) = interaction.last_played.filter(|_| is_allowed(id)) {
            rested.push((days_since(at, base.now), interaction.track));
        }
    }
    let at_least = |days: u32| rested.iter().filter(|(rest, _)| *rest >= i64::from(days)).count();
    let enough = CHOICE * base.length as usize;
    let long = RESTS_DAYS.into_iter().find(|&days| at_least(days) >= enough);
    let short = SHORTER_RESTS_DAYS.into_iter().find(|&days| at_least(days) >= SHORTEST as usize);
    let shortest = SHORTER_RESTS_DAYS[SHORTER_RESTS_DAYS.len() - 1];
    let missing = Missing::NothingRested { rested: at_least(shortest) as u32, days: shortest };
    let days = long.or(short).ok_or(missing)?;
    let of_those = rested.iter().filter(|(rest, _)| *rest >= i64::from(days));
    Ok(Shelf {
        kind: ShelfKind::BackAfterAWhile,
        title: "Back after a while".to_owned(),
        explanation: format!("songs you like and have not played for {days} days or more"),
        about: None,
        request: MixRequest {
            explore: 0.0,
            familiarity: Familiarity::Heard,
            no_repeat_days: days.max(base.no_repeat_days),
            within: Some(of_those.map(|(_, track)| catalogue.track(*track).id.clone()).collect()),
            ..seeded(base, ShelfKind::BackAfterAWhile)
        },
    })
}

fn further_out(base: &MixRequest) -> Shelf {
    Shelf {
        kind: ShelfKind::FurtherOut,
        title: "Further out".to_owned(),
        explanation: "new to you, and chosen to find out what else you like".to_owned(),
        about: None,
        request: MixRequest {
            explore: FURTHER_OUT,
            familiarity: Familiarity::New,
            ..seeded(base, ShelfKind::FurtherOut)
        },
    }
}

/// Tracks that the listener's own limits leave for every shelf; `None` where they set none.
pub(super) fn allowed(base: &MixRequest) -> Option<FxHashSet<&TrackId>> {
    base.within.as_ref().map(|within| within.iter().collect())
}

/// What the listener set, with a seed of the shelf's own.
pub(super) fn seeded(base: &MixRequest, kind: ShelfKind) -> MixRequest {
    MixRequest { seed: hash(&[&base.seed.to_le_bytes(), kind.key().as_bytes()]), ..base.clone() }
}

fn is_liked(interaction: &Interaction) -> bool {
    interaction.plays > 0 && interaction.label.is_some_and(|label| label.liked)
}

fn is_favourite(interaction: &Interaction) -> bool {
    is_liked(interaction)
        && (interaction.finished >= FEWEST_FINISHED || interaction.stance == Stance::Like)
}

fn days_since(at: Timestamp, now: Timestamp) -> i64 {
    now.as_second().saturating_sub(at.as_second()).div_euclid(DAY_SECONDS)
}

fn hash(parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let bytes = hasher.finalize();
    u64::from_le_bytes(bytes.as_bytes()[..8].try_into().expect("a hash has 32 bytes"))
}
