//! What is asked of a mix, why none may be made, and what the listener should know of one.

use std::fmt;

use rustc_hash::FxHashSet;
use segue_core::{Timestamp, TrackId};

use crate::mix::filters::{Familiarity, FilterContext, LeftOut};
use crate::policy::PolicyKind;
use crate::{Catalogue, Profile, TrackIdx, WorkIdx, WrongCount};

/// A mix has at most this many tracks: some sixty hours of music, and a bound on what a request
/// costs.
pub const LONGEST_MIX: u32 = 1_000;
const SECONDS_PER_DAY: i64 = 86_400;
/// So many tracks to choose from are all scored; of more, those among the usual candidates will do
/// where they suffice.
const FEW: usize = 2_000;
/// A longer sitting is gone on from by so many of its latest plays.
const MOST_GONE_ON_FROM: usize = 10;

/// What is asked for. Take [`MixRequest::new`] and change what differs; a request out of range is
/// refused with the [`MixError`] that names it.
///
/// # Examples
/// ```
/// use segue_core::Timestamp;
/// use segue_engine::mix::filters::Familiarity;
/// use segue_engine::pipeline::MixRequest;
///
/// // An hour of music that the listener has never heard.
/// let request = MixRequest {
///     length: 15,
///     explore: 1.0,
///     familiarity: Familiarity::New,
///     ..MixRequest::new(Timestamp::UNIX_EPOCH)
/// };
/// assert_eq!((request.artist_cap, request.album_cap), (3, 2));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MixRequest {
    /// How many tracks, 1 to [`LONGEST_MIX`]; fewer come back, with a [`Note`], where filters and
    /// caps leave no more.
    pub length: u32,
    /// The dial: the share of tracks that are new to the listener, 0 to 1. See
    /// [`Dial`](crate::mix::dial::Dial) for all that it turns.
    pub explore: f32,
    /// Seed of the policy's generator, logged with the mix: same inputs and seed, same slate.
    pub seed: u64,
    /// Which works may be picked, by what the listener has to do with them; it goes before the
    /// dial.
    pub familiarity: Familiarity,
    /// Works played within this many days before `now` are left out; 0 lets recent plays come
    /// again.
    pub no_repeat_days: u32,
    /// Most tracks by one main artist, at least 1; a mix is rather shorter than over it.
    pub artist_cap: u32,
    /// Most tracks from one album, at least 1; a mix is rather shorter than over it.
    pub album_cap: u32,
    /// Who picks from the short-list; every policy logs the probability of each pick.
    pub policy: PolicyKind,
    /// The moment for which the mix is made: the engine reads no clock. Windows and reasons count
    /// from it.
    pub now: Timestamp,
    /// Tracks to choose from, such as what can be played; `None` for the whole catalogue. Ids that
    /// the catalogue does not hold are passed over.
    pub within: Option<Vec<TrackId>>,
    /// Tracks to leave out, such as those of the last mix; other versions of their works may come.
    pub exclude_tracks: Vec<TrackId>,
    /// Tracks that stay on a page beside the mix, as when one card of it is replaced. Their works
    /// are left out, they count against the caps, and the dial is kept over them and the mix
    /// together as far as the mix can: of what the listener knows by now, one liked a moment ago
    /// included. Ids that the catalogue does not hold are passed over.
    pub beside: Vec<TrackId>,
    /// Names of main artists to leave out, letter case ignored; names that the catalogue does not
    /// hold are passed over.
    pub exclude_artists: Vec<String>,
    /// Tracks that came to the catalogue lately and that few have answered:
    /// [`AnswerCounts::arrivals`](crate::mix::arrivals::AnswerCounts::arrivals) finds them. See
    /// [`Class::Arrival`](crate::candidate::Class::Arrival).
    pub arrivals: Vec<TrackId>,
    /// The share of the new tracks that is given to arrivals, 0 to 1: no less, so that they get to
    /// be known, and no more, as long as there are others.
    pub arrival_share: f32,
    /// Tracks to go on from, the last one played last, as if they had just been played; empty to go
    /// on from the history. Ids that the catalogue does not hold are passed over.
    pub after: Vec<TrackId>,
    /// Whether the model is asked about every track of the catalogue instead of the most promising
    /// ones. Costs some twenty microseconds of processor time a track.
    pub exact: bool,
    /// What would bring tracks that nobody here has played: for the [`Note`] of a mix in which
    /// nothing is new. It changes no mix.
    pub new_from: NewFrom,
}

impl MixRequest {
    /// Thirty tracks, three in ten of them new, at most three by an artist and two from an album,
    /// none played since yesterday.
    pub fn new(now: Timestamp) -> Self {
        Self {
            length: 30,
            explore: 0.3,
            seed: 0,
            familiarity: Familiarity::Any,
            no_repeat_days: 1,
            artist_cap: 3,
            album_cap: 2,
            policy: PolicyKind::default(),
            now,
            within: None,
            exclude_tracks: Vec::new(),
            beside: Vec::new(),
            exclude_artists: Vec::new(),
            arrivals: Vec::new(),
            arrival_share: 0.1,
            after: Vec::new(),
            exact: false,
            new_from: NewFrom::default(),
        }
    }

    /// Goes on from here: as [`Self::new`], from what the listener played last and without chance,
    /// so that the answer stays the same until they play something else.
    ///
    /// What they played last is the end of their latest [sitting](Profile::sitting), at most ten
    /// plays. Without a dated play it is all that is known of them.
    pub fn going_on(catalogue: &Catalogue, profile: &Profile, now: Timestamp) -> Self {
        let sitting = profile.sitting();
        let latest = &sitting[sitting.len().saturating_sub(MOST_GONE_ON_FROM)..];
        let id = |&(work, _): &(WorkIdx, Timestamp)| {
            catalogue.track(catalogue.standing(work)).id.clone()
        };
        Self {
            policy: PolicyKind::Greedy,
            after: latest.iter().map(id).collect(),
            ..Self::new(now)
        }
    }

    /// The request as far as its [short-list](super::Shortlist) goes, with seed 0.
    pub(super) fn without_seed(&self) -> Self {
        Self { seed: 0, ..self.clone() }
    }

    /// How many tracks and artists it names, but for [arrivals](Self::arrivals), which are those of
    /// the catalogue: what it takes up in memory grows with them.
    pub fn names(&self) -> usize {
        let Self { within, exclude_tracks, beside, exclude_artists, after, .. } = self;
        let within = within.as_ref().map_or(0, Vec::len);
        within + exclude_tracks.len() + beside.len() + exclude_artists.len() + after.len()
    }

    pub(crate) fn check(&self) -> Result<(), MixError> {
        if !(1..=LONGEST_MIX).contains(&self.length) {
            return Err(MixError::Length { found: self.length });
        }
        if !(0.0..=1.0).contains(&self.explore) {
            return Err(MixError::Explore { found: self.explore });
        }
        if !(0.0..=1.0).contains(&self.arrival_share) {
            return Err(MixError::ArrivalShare { found: self.arrival_share });
        }
        if self.artist_cap == 0 || self.album_cap == 0 {
            return Err(MixError::Cap);
        }
        Ok(())
    }

    /// Whether the usual candidates are not enough to look at: all of the catalogue is asked for,
    /// or a few tracks of it.
    pub(super) fn looks_elsewhere(&self) -> bool {
        self.exact || self.within.as_ref().is_some_and(|within| within.len() <= FEW)
    }

    /// Rows of the arrivals that the catalogue holds.
    pub(super) fn arrival_rows(&self, catalogue: &Catalogue) -> Vec<TrackIdx> {
        self.arrivals.iter().filter_map(|id| catalogue.find(id)).collect()
    }

    /// Rows of the tracks to go on from.
    pub(super) fn after_rows(&self, catalogue: &Catalogue) -> Vec<TrackIdx> {
        self.after.iter().filter_map(|id| catalogue.find(id)).collect()
    }

    /// Rows of the tracks that stay beside the mix.
    pub(super) fn beside_rows(&self, catalogue: &Catalogue) -> Vec<TrackIdx> {
        self.beside.iter().filter_map(|id| catalogue.find(id)).collect()
    }

    /// What the filters of this request test for a listener.
    pub(crate) fn filters<'a>(
        &self,
        catalogue: &'a Catalogue,
        profile: &'a Profile,
    ) -> FilterContext<'a> {
        let rows = |ids: &[TrackId]| -> FxHashSet<TrackIdx> {
            ids.iter().filter_map(|id| catalogue.find(id)).collect()
        };
        let mut excluded_tracks = rows(&self.exclude_tracks);
        // What a mix goes on from has just been heard.
        excluded_tracks.extend(self.after_rows(catalogue));
        let versions = |track| catalogue.versions(catalogue.work(track)).iter().copied();
        excluded_tracks.extend(self.beside_rows(catalogue).into_iter().flat_map(versions));
        let window = i64::from(self.no_repeat_days) * SECONDS_PER_DAY;
        let window_start = Timestamp::from_second(self.now.as_second().saturating_sub(window));
        let artists = self.exclude_artists.iter();
        FilterContext {
            catalogue,
            profile,
            familiarity: self.familiarity,
            played_after: (window > 0).then(|| window_start.unwrap_or(Timestamp::MIN)),
            within: self.within.as_deref().map(rows),
            excluded_tracks,
            excluded_artists: artists.filter_map(|name| catalogue.find_artist(name)).collect(),
        }
    }
}

/// Why no mix can be made. The first variants are the caller's to mend; [`MixError::Predictions`]
/// is a fault of the model; [`MixError::Insufficient`] asks for a wider search.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MixError {
    /// The length asked for is out of range.
    #[error("a mix has 1 to {LONGEST_MIX} tracks, not {found}")]
    Length {
        /// The length asked for, in tracks: 0, or above [`LONGEST_MIX`].
        found: u32,
    },
    /// The dial is out of range.
    #[error("`explore` goes from 0 to 1, not to {found}")]
    Explore {
        /// What was asked for; it may be NaN.
        found: f32,
    },
    /// The share of arrivals is out of range.
    #[error("the share of arrivals goes from 0 to 1, not to {found}")]
    ArrivalShare {
        /// What was asked for; it may be NaN.
        found: f32,
    },
    /// A cap of 0 would leave nothing.
    #[error("artist and album caps are at least 1")]
    Cap,
    /// There is no track at all: import some before a mix is asked for.
    #[error("the catalogue is empty")]
    EmptyCatalogue,
    /// Every candidate was left out. The counts tell which filter to loosen.
    #[error("none of {candidates} tracks may be picked: every one was left out by a filter")]
    NothingEligible {
        /// How many candidates there were before the filters.
        candidates: usize,
        /// Which step left out how many; together they are all candidates.
        left_out: Vec<LeftOut>,
    },
    /// The model did not give one prediction per track. A fault of the model.
    #[error("the model gave {found} predictions for {expected} tracks")]
    Predictions {
        /// How many tracks it was given.
        expected: usize,
        /// How many predictions it gave.
        found: usize,
    },
    /// A pool has too little for the request, where the catalogue may have more:
    /// [`Mixer::mix_wider`](super::Mixer::mix_wider) finds it.
    #[error("the pool of candidates is too small for this request")]
    Insufficient,
    /// The model does not state the kind of uncertainty that the policy explores by.
    #[error(
        "model `{model}` does not say what `{policy}` explores by; choose another policy or train \
         again"
    )]
    NoUncertainty {
        /// The policy asked for.
        policy: &'static str,
        /// The version of the model.
        model: String,
    },
}

impl From<WrongCount> for MixError {
    fn from(WrongCount { expected, found }: WrongCount) -> Self {
        Self::Predictions { expected, found }
    }
}

/// What would bring new tracks to a library that has none or too few. Its `Display` is the end of
/// an English sentence that says what to do; empty where there is nothing to promise.
///
/// Who mixes says which it is, in [`MixRequest::new_from`]: whether there is a world is not for the
/// engine to know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewFrom {
    /// Whatever holds tracks that nobody here has played: a world, a table of tracks, histories of
    /// others.
    #[default]
    Import,
    /// The next training, which draws them from the world in use.
    Training,
    /// Nothing that could be promised: the world in use was drawn from.
    Nowhere,
}

impl fmt::Display for NewFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Import => {
                "; what is new comes from a world of what other people play (`segue world --help` \
                 tells how to get one; dropped on the page it is taken into use), from a folder \
                 of music (`segue scan`), from a table of tracks with audio features, or from \
                 histories of other people"
            }
            Self::Training => {
                "; the next training draws what is new from the world in use: `segue train`, or \
                 \"Learn again now\" on the page"
            }
            Self::Nowhere => "",
        })
    }
}

/// Something that the listener should know about a mix that was made. Its `Display` is an English
/// sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// It is shorter than asked for.
    Shorter {
        /// Length asked for.
        asked: u32,
        /// Length of the mix.
        found: u32,
    },
    /// The share of new tracks is not that of the dial, because there are too few of one kind.
    OtherShare {
        /// New tracks asked for.
        asked: u32,
        /// New tracks in the mix.
        found: u32,
    },
    /// New tracks were asked for, and there is none: the listener knows every work of the
    /// catalogue.
    NothingNew {
        /// What would bring some.
        from: NewFrom,
    },
    /// More new tracks were asked for than the catalogue has works that the listener does not know.
    FewNew {
        /// New tracks asked for.
        asked: u32,
        /// New tracks in the mix.
        found: u32,
        /// Works of the catalogue that the listener does not know.
        unknown: usize,
        /// What would bring more.
        from: NewFrom,
    },
    /// Predictions that were not finite; their tracks were ranked last.
    NotFinite {
        /// How many.
        count: usize,
    },
    /// Nothing is known of the listener yet, so that popularity and diversity speak for them.
    NewListener,
    /// Nothing is known of the listener but what their friends play, which is then what they get.
    NewListenerWithFriends,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shorter { asked, found } => {
                write!(
                    f,
                    "{} instead of {asked}: no more are left under the filters and caps",
                    counted(*found, "track")
                )
            }
            Self::OtherShare { asked, found } if found < asked => {
                write!(
                    f,
                    "{} instead of {asked}: no more are left under the filters and caps",
                    counted(*found, "new track")
                )
            }
            Self::OtherShare { asked, found } => {
                write!(
                    f,
                    "{} instead of {asked}: too few that you know are left",
                    counted(*found, "new track")
                )
            }
            Self::NothingNew { from } => {
                write!(f, "nothing new: only tracks that you played or saved are known here{from}")
            }
            Self::FewNew { asked, found, unknown, from } => {
                let found = counted(*found, "new track");
                let (only, are) = if *unknown == 1 { ("song", "is") } else { ("songs", "are") };
                write!(
                    f,
                    "{found} instead of {asked}: only {unknown} {only} {are} known here that you \
                     never played or saved{from}"
                )
            }
            Self::NotFinite { count } => {
                write!(f, "{count} predictions were not numbers; ranked last")
            }
            Self::NewListener => {
                write!(f, "nothing is known of this listener yet: popular and varied tracks")
            }
            Self::NewListenerWithFriends => f.write_str(
                "nothing is known of this listener yet but who their friends are: what these play, \
                 and popular tracks",
            ),
        }
    }
}

impl Note {
    /// Whether it says that the listener is new, so that every track is new to them.
    pub(crate) fn is_new_listener(&self) -> bool {
        matches!(self, Self::NewListener | Self::NewListenerWithFriends)
    }
}

fn counted(count: u32, kind: &str) -> String {
    format!("{count} {kind}{}", if count == 1 { "" } else { "s" })
}
