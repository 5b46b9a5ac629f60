//! What must not be picked, one step after another, with the count of what each step left out.
//!
//! The steps stand in `STEPS`; a candidate is counted under the first that leaves it out. They
//! read the profile as it is at the request, so that what a listener said a moment ago counts.

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{Timestamp, Version};

use crate::{ArtistIdx, Catalogue, Interaction, Profile, Stance, TrackIdx, WorkIdx};

/// Which works may be picked, by what the listener has to do with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Familiarity {
    /// All works, familiar or new; the dial alone decides their shares.
    #[default]
    Any,
    /// Those in the listener's library or playlists.
    Owned,
    /// Those that the listener has played.
    Heard,
    /// Those that the listener does not know: never played, not in their library, no feedback on
    /// them.
    New,
}

impl Familiarity {
    /// All of them, the widest first.
    pub const ALL: [Self; 4] = [Self::Any, Self::Owned, Self::Heard, Self::New];

    /// Its name in addresses and in calls.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Owned => "owned",
            Self::Heard => "heard",
            Self::New => "new",
        }
    }

    /// The one of a [name](Self::name).
    ///
    /// ```
    /// use segue_engine::mix::filters::Familiarity;
    ///
    /// assert_eq!(Familiarity::named("owned"), Some(Familiarity::Owned));
    /// assert_eq!(Familiarity::named("mine"), None);
    /// ```
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|familiarity| familiarity.name() == name)
    }
}

/// One reason for leaving a candidate out, in the order in which they are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterStep {
    /// The request named the tracks to choose from, and it is none of them.
    Outside,
    /// The request excludes the track or its artist.
    Excluded,
    /// The listener banned or dislikes the work, or banned the artist.
    Rejected,
    /// It is not of the [`Familiarity`] asked for.
    Familiarity,
    /// It is new to the listener and has no title, in a catalogue where most have one: nobody could
    /// look for it.
    Untitled,
    /// The work was played within the no-repeat window of the request.
    PlayedRecently,
    /// Another version of the work stands for it: the one the listener knows, else the original.
    Twin,
}

impl FilterStep {
    /// A name for JSON and logs, such as `played_recently`; it stays when the Rust name changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Excluded => "excluded",
            Self::Rejected => "rejected",
            Self::Familiarity => "familiarity",
            Self::Untitled => "untitled",
            Self::PlayedRecently => "played_recently",
            Self::Twin => "twin",
        }
    }
}

/// How many candidates a step left out. A mix reports one for each step, so that an empty one can
/// be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The step that left them out, and so the reason to give where a mix is empty.
    pub step: FilterStep,
    /// How many candidates it was the first to leave out; 0 if it left out none.
    pub count: usize,
}

/// The conditions that the steps test: what the request asks for, with ids already turned into
/// rows, and the listener as of this moment.
#[derive(Debug)]
pub struct FilterContext<'a> {
    /// The catalogue that all rows here belong to, and that knows the versions of each work.
    pub catalogue: &'a Catalogue,
    /// The listener, as of this moment: stance, plays and bans are read from it.
    pub profile: &'a Profile,
    /// What familiarity is asked for; [`Familiarity::Any`], the default, lets everything through,
    /// known or not.
    pub familiarity: Familiarity,
    /// Works played after this moment are left out; `None` lets recent plays through, and undated
    /// plays always pass.
    pub played_after: Option<Timestamp>,
    /// Tracks to choose from, such as what can be played; `None` for all, while an empty set lets
    /// nothing through.
    pub within: Option<FxHashSet<TrackIdx>>,
    /// Tracks left out on request; other versions of their works may stay.
    pub excluded_tracks: FxHashSet<TrackIdx>,
    /// Artists left out on request, as main artists of a track: guests on it do not count.
    pub excluded_artists: FxHashSet<ArtistIdx>,
}

type Test = fn(&FilterContext<'_>, TrackIdx, Option<&Interaction>) -> bool;

/// The steps that look at one track at a time, in order. A test says whether the track stays.
const STEPS: [(FilterStep, Test); 6] = [
    (FilterStep::Outside, is_within),
    (FilterStep::Excluded, is_not_excluded),
    (FilterStep::Rejected, is_not_rejected),
    (FilterStep::Familiarity, has_familiarity),
    (FilterStep::Untitled, can_be_looked_for),
    (FilterStep::PlayedRecently, has_rested),
];

/// Runs every step over the candidates, whose tracks `track` names. It removes those left out,
/// keeps the order of the rest, and returns one count for each step, in the order of the steps.
pub fn filter<T>(
    context: &FilterContext<'_>,
    candidates: &mut Vec<T>,
    track: impl Fn(&T) -> TrackIdx,
) -> Vec<LeftOut> {
    let mut account: Vec<LeftOut> =
        STEPS.iter().map(|&(step, _)| LeftOut { step, count: 0 }).collect();
    candidates.retain(|candidate| {
        let track = track(candidate);
        let interaction = context.profile.interaction(context.catalogue.work(track));
        let first = STEPS.iter().position(|(_, stays)| !stays(context, track, interaction));
        if let Some(first) = first {
            account[first].count += 1;
        }
        first.is_none()
    });
    let before = candidates.len();
    drop_twins(context, candidates, track);
    account.push(LeftOut { step: FilterStep::Twin, count: before - candidates.len() });
    account
}

/// The first step that leaves a track out of the whole catalogue; `None` if none does. Explanations
/// answer "why is this not in my mix" with it.
pub fn left_out_by(context: &FilterContext<'_>, track: TrackIdx) -> Option<FilterStep> {
    let work = context.catalogue.work(track);
    let interaction = context.profile.interaction(work);
    let first = |track| {
        STEPS.iter().find(|(_, stays)| !stays(context, track, interaction)).map(|(step, _)| *step)
    };
    let is_better = |other: &TrackIdx| preference(context, *other) < preference(context, track);
    let has_twin = || {
        context
            .catalogue
            .versions(work)
            .iter()
            .any(|other| is_better(other) && first(*other).is_none())
    };
    first(track).or_else(|| has_twin().then_some(FilterStep::Twin))
}

fn is_within(context: &FilterContext<'_>, track: TrackIdx, _: Option<&Interaction>) -> bool {
    context.within.as_ref().is_none_or(|within| within.contains(&track))
}

fn is_not_excluded(context: &FilterContext<'_>, track: TrackIdx, _: Option<&Interaction>) -> bool {
    let artist = context.catalogue.artist(track);
    !context.excluded_tracks.contains(&track)
        && artist.is_none_or(|artist| !context.excluded_artists.contains(&artist))
}

fn is_not_rejected(
    context: &FilterContext<'_>,
    track: TrackIdx,
    interaction: Option<&Interaction>,
) -> bool {
    let stance = interaction.map_or(Stance::None, |interaction| interaction.stance);
    let artist = context.catalogue.artist(track);
    !matches!(stance, Stance::Dislike | Stance::Ban)
        && artist.is_none_or(|artist| !context.profile.banned_artists.contains(&artist))
}

fn has_familiarity(
    context: &FilterContext<'_>,
    _: TrackIdx,
    interaction: Option<&Interaction>,
) -> bool {
    match context.familiarity {
        Familiarity::Any => true,
        Familiarity::Owned => interaction.is_some_and(|interaction| interaction.saved),
        Familiarity::Heard => interaction.is_some_and(|interaction| interaction.plays > 0),
        Familiarity::New => !interaction.is_some_and(Interaction::is_known),
    }
}

fn can_be_looked_for(
    context: &FilterContext<'_>,
    track: TrackIdx,
    interaction: Option<&Interaction>,
) -> bool {
    !context.catalogue.lacks_title(track) || interaction.is_some_and(Interaction::is_known)
}

fn has_rested(context: &FilterContext<'_>, _: TrackIdx, interaction: Option<&Interaction>) -> bool {
    let last_played = interaction.and_then(|interaction| interaction.last_played);
    match (context.played_after, last_played) {
        (Some(played_after), Some(last_played)) => last_played <= played_after,
        _ => true,
    }
}

/// Keeps one version of each work: the one that the listener knows, else the original, else the
/// nearest to it; among equals one whose sound is known, then the first row.
fn drop_twins<T>(
    context: &FilterContext<'_>,
    candidates: &mut Vec<T>,
    track: impl Fn(&T) -> TrackIdx,
) {
    let catalogue = context.catalogue;
    let is_alone = |work: WorkIdx| catalogue.versions(work).len() == 1;
    // Few works have more than one version, so that a map of those is small.
    let mut best: FxHashMap<WorkIdx, TrackIdx> = FxHashMap::default();
    for track in candidates.iter().map(&track) {
        let work = catalogue.work(track);
        if is_alone(work) {
            continue;
        }
        let best = best.entry(work).or_insert(track);
        if preference(context, track) < preference(context, *best) {
            *best = track;
        }
    }
    candidates.retain(|candidate| {
        let track = track(candidate);
        let work = catalogue.work(track);
        is_alone(work) || best.get(&work) == Some(&track)
    });
}

/// Of two versions of a work, the one with the lower key stands for it.
fn preference(context: &FilterContext<'_>, track: TrackIdx) -> (bool, Version, bool, TrackIdx) {
    let interaction = context.profile.interaction(context.catalogue.work(track));
    let known = interaction.filter(|interaction| interaction.is_known());
    let is_known_version = known.is_some_and(|interaction| interaction.track == track);
    let row = context.catalogue.track(track);
    (!is_known_version, row.version, row.features.is_silent(), track)
}
