//! The label policy: what a play, or all that a listener did with a work, says about liking it.
//! Version 2.
//!
//! One play is *liked*, *disliked*, *censored* (says nothing) or *excluded* (must not be used). In
//! this order:
//!
//! | the play | outcome | weight |
//! |---|---|---|
//! | private session, or the track failed to play | excluded | |
//! | nothing was heard (0 ms) | censored | |
//! | played to its end, or at least 80 % of a known length | liked | 1, and 1 more for each further length |
//! | logout or crash before that, or a stop that the source does not call a skip | censored | |
//! | left by the listener within 30 s | disliked | 1 |
//! | left by the listener before half of a known length | disliked | 0.5 |
//! | left by the listener later than that | censored | |
//! | no reason given, less than 30 s | disliked | 0.5 |
//! | no reason given, 30 s or more, length unknown or half of it played | liked | 0.5 |
//! | no reason given, 30 s or more, less than half of a known length | censored | |
//! | a scrobble without play time | liked | 0.5 |
//!
//! Scrobblers report a play only after half of it or 4 minutes.
//!
//! A work's plays add up: with `m` = liked weight - disliked weight (a saved track counts 1 more),
//! it is liked for `m > 0`, disliked for `m < 0`, and weighs `1 - 2^-|m|`. What the listener said
//! outright overrides this with weight 2. A track that was never played carries no label: not
//! hearing is not disliking.

use segue_core::{EndReason, Listen};

pub use super::interaction::Label;
use super::interaction::{Interaction, Stance};

/// Version of the policy, written into the card of every model trained on it. Models of different
/// versions learned different answers and must not be compared as if they had not.
pub const LABEL_POLICY_VERSION: u32 = 2;

const SKIP_MS: u32 = 30_000;
const FINISHED_SHARE: f32 = 0.8;
const SKIPPED_SHARE: f32 = 0.5;
const STATED_WEIGHT: f32 = 2.0;
/// A play of a moment counts as at most this many: a track on repeat, reported once.
const MOST_PLAYS_AT_A_TIME: u32 = 50;
/// A row without a date may hold the total play time of a track. It counts as at most this many
/// plays, three a day for nine years: a number beyond that is wrong.
const MOST_PLAYS_IN_A_ROW: u32 = 10_000;

/// What one play says about liking the track, by the table at the top of this module. [`outcome`]
/// decides it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PlayOutcome {
    /// The listener let it play, to the end or nearly so.
    Liked {
        /// How much it says, where a play to the end says 1.
        weight: f32,
        /// How many plays the row stands for.
        plays: u32,
    },
    /// The listener left it early enough that the track is the likely reason.
    Disliked {
        /// How much it says, where a play to the end says 1.
        weight: f32,
    },
    /// It ended for a reason that is not the track's.
    Censored,
    /// It must teach nothing: a private session, or a track that failed to play.
    Excluded,
}

/// Reads one play by the table above.
///
/// # Examples
/// ```
/// use segue_core::{EndReason, Listen, ListenerId, Source, Timestamp, TrackId};
/// use segue_engine::dataset::labels::{PlayOutcome, outcome};
///
/// let (ann, track) = (ListenerId::new("ann"), TrackId::new("t1"));
/// let play = Listen {
///     end_reason: EndReason::SkippedForward,
///     ms_played: Some(5_000),
///     ..Listen::new(ann, track, Timestamp::UNIX_EPOCH, Source::Segue)
/// };
/// assert_eq!(outcome(&play, Some(180_000)), PlayOutcome::Disliked { weight: 1.0 });
/// ```
pub fn outcome(listen: &Listen, duration_ms: Option<u32>) -> PlayOutcome {
    if listen.private_session || listen.end_reason == EndReason::Failed {
        return PlayOutcome::Excluded;
    }
    let Some(ms_played) = listen.ms_played else {
        return match listen.skipped {
            Some(true) => PlayOutcome::Disliked { weight: 1.0 },
            _ => PlayOutcome::Liked { weight: 0.5, plays: 1 },
        };
    };
    if ms_played == 0 {
        return PlayOutcome::Censored;
    }
    let share = duration_ms.map(|duration| ms_played as f32 / duration.max(1) as f32);
    if listen.end_reason == EndReason::Finished
        || share.is_some_and(|share| share >= FINISHED_SHARE)
    {
        let most = if listen.at.is_some() { MOST_PLAYS_AT_A_TIME } else { MOST_PLAYS_IN_A_ROW };
        let plays = (share.unwrap_or(1.0).round() as u32).clamp(1, most);
        return PlayOutcome::Liked { weight: plays as f32, plays };
    }
    let left_early = share.is_some_and(|share| share < SKIPPED_SHARE);
    match listen.end_reason {
        EndReason::Logout | EndReason::Crashed => PlayOutcome::Censored,
        EndReason::SkippedForward | EndReason::SkippedBack | EndReason::ChoseAnother => {
            left_by_listener(ms_played, left_early)
        }
        _ if listen.skipped == Some(true) => left_by_listener(ms_played, left_early),
        EndReason::Stopped => PlayOutcome::Censored,
        _ if ms_played < SKIP_MS => PlayOutcome::Disliked { weight: 0.5 },
        _ if left_early => PlayOutcome::Censored,
        _ => PlayOutcome::Liked { weight: 0.5, plays: 1 },
    }
}

fn left_by_listener(ms_played: u32, left_early: bool) -> PlayOutcome {
    match (ms_played < SKIP_MS, left_early) {
        (true, _) => PlayOutcome::Disliked { weight: 1.0 },
        (false, true) => PlayOutcome::Disliked { weight: 0.5 },
        (false, false) => PlayOutcome::Censored,
    }
}

/// Adds up all that a listener did with a work, by the rules at the top of this module. `None`
/// where nothing speaks, or likes and dislikes balance: the work then teaches nothing.
pub fn work_label(interaction: &Interaction) -> Option<Label> {
    match interaction.stance {
        Stance::Like => return Some(Label { liked: true, weight: STATED_WEIGHT }),
        Stance::Dislike | Stance::Ban => {
            return Some(Label { liked: false, weight: STATED_WEIGHT });
        }
        Stance::None => {}
    }
    let saved = if interaction.saved { 1.0 } else { 0.0 };
    let margin = interaction.liked_weight + saved - interaction.disliked_weight;
    (margin != 0.0).then(|| Label { liked: margin > 0.0, weight: 1.0 - (-margin.abs()).exp2() })
}
