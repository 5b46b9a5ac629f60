//! Lists that stay: "Today", "This week's finds", "Back after a while". Each is a mix through the
//! one [pipeline](crate::pipeline), made once for its day or week and never changed.
//!
//! [`plan`] says what to ask of the pipeline, given what earlier editions held, so that tomorrow's
//! list is another one.

use std::collections::BTreeSet;

use jiff::civil::Date;
use segue_core::TrackId;
use serde::Serialize;

use crate::mix::filters::Familiarity;
use crate::pipeline::MixRequest;
use crate::shelves::{Missing, back_after_a_while, versions};
use crate::{Catalogue, Profile};

/// How many tracks a list has.
pub const LENGTH: u32 = 30;
/// The dial of "Today": familiar, with a trickle of new.
const TODAY: f32 = 0.15;
/// The dial of the week's finds, where at least half are by artists who are new to the listener
/// ([`new_artist_share`](crate::mix::dial::new_artist_share)).
const FINDS: f32 = 0.75;
/// Editions whose tracks stay away from the next one, as far as there are enough others.
const DAYS_AVOIDED: usize = 6;
/// So many editions of a list that is made every week stay away from the next one, as far as there
/// is enough else.
pub const WEEKS_AVOIDED: usize = 4;
/// Finds stay away for a year.
const FINDS_AVOIDED: usize = 52;

/// A list that is made anew for every day or week.
///
/// # Examples
/// ```
/// use jiff::civil::date;
/// use segue_engine::lists::ListKind;
///
/// let day = date(2026, 11, 29);
/// assert_eq!(ListKind::Today.edition(day), "2026-11-29");
/// assert_eq!(ListKind::Finds.edition(day), "2026-W48");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListKind {
    /// What the listener loves, with a few new tracks, for a day.
    Today,
    /// Tracks that the listener never heard, at least half of them by artists who are new to them,
    /// for a week.
    Finds,
    /// Favourites that have rested, for a week.
    BackAfterAWhile,
}

impl ListKind {
    /// All kinds, those of a week first: a day's list does without what they hold.
    pub const ALL: [Self; 3] = [Self::Finds, Self::BackAfterAWhile, Self::Today];

    /// A name for machines that does not change between versions.
    pub fn key(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::Finds => "finds",
            Self::BackAfterAWhile => "back-after-a-while",
        }
    }

    /// The name that listeners read, in English.
    pub fn title(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Finds => "This week's finds",
            Self::BackAfterAWhile => "Back after a while",
        }
    }

    /// The edition that is for a day: the day itself, or its week by ISO 8601.
    pub fn edition(self, day: Date) -> String {
        match self {
            Self::Today => day.to_string(),
            Self::Finds | Self::BackAfterAWhile => week(day),
        }
    }

    /// How many of the latest editions [`plan`] wants to know the tracks of.
    pub fn editions_to_avoid(self) -> usize {
        match self {
            Self::Today => DAYS_AVOIDED,
            Self::Finds => FINDS_AVOIDED,
            Self::BackAfterAWhile => WEEKS_AVOIDED,
        }
    }
}

/// The week of a day by ISO 8601, such as `2026-W48`: the edition of a list that is made every
/// week.
pub fn week(day: Date) -> String {
    let week = day.iso_week_date();
    format!("{}-W{:02}", week.year(), week.week())
}

/// The mix to ask for. `base` is what the listener set for all lists: seed, moment and exclusions.
/// `avoid` holds lists whose tracks are to be left out, the most important first. Of what the
/// listener knows, at most half of the choice is left out.
///
/// # Errors
/// Why the listener cannot have such a list yet.
pub fn plan(
    kind: ListKind,
    catalogue: &Catalogue,
    profile: &Profile,
    base: &MixRequest,
    avoid: &[Vec<TrackId>],
) -> Result<MixRequest, Missing> {
    let base = MixRequest { length: LENGTH, ..base.clone() };
    let request = match kind {
        ListKind::Today => MixRequest { explore: TODAY, ..base },
        ListKind::Finds => MixRequest {
            explore: FINDS,
            familiarity: Familiarity::New,
            artist_cap: 1,
            album_cap: 1,
            ..base
        },
        ListKind::BackAfterAWhile => back_after_a_while(catalogue, profile, &base)?.request,
    };
    let mut exclude_tracks = request.exclude_tracks;
    let is_known = |track: &TrackId| {
        catalogue.find(track).is_some_and(|track| profile.knows(catalogue.work(track)))
    };
    let choice = match (kind, &request.within) {
        (ListKind::Finds, _) => usize::MAX,
        (_, Some(within)) => within.iter().filter(|&track| is_known(track)).count(),
        (_, None) => profile.interactions.len(),
    };
    let avoided = at_most(avoid, choice / 2, is_known);
    exclude_tracks.extend(avoided.iter().flat_map(|track| versions(catalogue, track)));
    Ok(MixRequest { exclude_tracks, ..request })
}

/// The mix to ask for where a list is made every week of what `request` asks for. `avoid` holds
/// earlier editions, the latest first, whose tracks are left out as long as half of the choice is
/// left.
pub fn plan_weekly(
    catalogue: &Catalogue,
    request: MixRequest,
    avoid: &[Vec<TrackId>],
) -> MixRequest {
    let choice = request.within.as_ref().map_or(catalogue.work_count(), Vec::len);
    let avoided = at_most(avoid, choice / 2, |_| true);
    let versions = avoided.iter().flat_map(|track| versions(catalogue, track));
    let exclude_tracks = request.exclude_tracks.iter().cloned().chain(versions).collect();
    MixRequest { exclude_tracks, ..request }
}

/// The tracks of lists, as long as no more than `most` of them are known; all that are not.
fn at_most(
    lists: &[Vec<TrackId>],
    most: usize,
    is_known: impl Fn(&TrackId) -> bool,
) -> BTreeSet<&TrackId> {
    let (mut tracks, mut known) = (BTreeSet::new(), 0);
    for track in lists.iter().flatten() {
        let counts = is_known(track);
        if (!counts || known < most) && tracks.insert(track) {
            known += usize::from(counts);
        }
    }
    tracks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stay_apart_as_long_as_half_of_what_is_known_is_left() {
        let list = |tracks: &[u32]| tracks.iter().map(|n| TrackId::new(n.to_string())).collect();
        let lists: Vec<Vec<TrackId>> = vec![list(&[0, 1, 2]), list(&[2, 3, 90]), list(&[4, 91])];
        let avoided_of = |most| {
            let avoided = at_most(&lists, most, |track| track.as_str().len() == 1);
            avoided.into_iter().map(TrackId::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(avoided_of(9), "0 1 2 3 4 90 91");
        assert_eq!(avoided_of(4), "0 1 2 3 90 91");
        assert_eq!(avoided_of(1), "0 90 91");
    }

    #[test]
    fn a_week_has_one_edition_and_the_last_days_of_a_year_may_be_of_the_next() {
        let day = |year, month, day| jiff::civil::date(year, month, day);
        let week = |day| ListKind::Finds.edition(day);
        assert_eq!(week(day(2026, 12, 28)), week(day(2027, 1, 3)));
        assert_eq!(week(day(2027, 1, 3)), "2026-W53");
        assert_ne!(week(day(2027, 1, 3)), week(day(2027, 1, 4)));
    }
}
