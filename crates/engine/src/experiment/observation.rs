//! One listener, one observation: what came of their mixes during a fixed time from their first one
//! on.
//!
//! # Why not plays, and why a fixed time
//! Plays of one listener are alike; counted as so many observations they would make any interval
//! far too narrow. The listener was assigned, so the listener is counted, with rates over all picks
//! that they were shown, untouched ones included: rates over what was *played* would compare
//! listeners whom the arms made play different things. An observation enters once its time is over
//! and does not change afterwards; a mean that goes on growing would be a new number at every look,
//! and no interval is valid for that.

use segue_core::{Enrolment, Exposure, Feedback, Impression, Listen, ListenerId, Timestamp};
use serde::Serialize;

use super::Design;
use crate::Catalogue;
use crate::dataset::pick_outcomes::{Credit, PickOutcome, Verdict, pick_outcomes};

const SECONDS_PER_DAY: i64 = 86_400;

/// All that the store knows of one listener and a readout needs: what they were shown, what they
/// played and what they said of it. [`observe`] turns it into one observation.
#[derive(Clone, Debug, Default)]
pub struct ListenerLog {
    /// Everything that they were shown, oldest first, the experiment's or not: a play is credited
    /// to the latest mix before it that has the song, whoever made that mix.
    pub shown: Vec<Impression>,
    /// Mixes that other arms would have shown them, logged and not shown. It is empty for a live
    /// experiment.
    pub shadows: Vec<Impression>,
    /// All plays of the listener that the store holds, in any order. Those after the time of
    /// observation only tell that it has been imported in full.
    pub listens: Vec<Listen>,
    /// All feedback of the listener, in the order in which it was given: of several on one target
    /// the last counts.
    pub feedback: Vec<Feedback>,
}

/// A mix of the experiment that a listener was shown while they were observed, with what came of
/// each pick.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedMix {
    /// The impression as it was logged when the mix was shown: the slate, with the propensity of
    /// every pick.
    pub impression: Impression,
    /// What became of its picks: one outcome a pick, in the order of the slate's picks, untouched
    /// ones included.
    pub outcomes: Vec<PickOutcome>,
    /// What other arms would have shown in its place at the same moment. It is empty for a live
    /// experiment.
    pub shadows: Vec<Impression>,
}

/// How many picks were shown and what became of them: the numerators and the denominator of every
/// [`Metric`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Mixes of the experiment that were shown within the time of observation, whether or not
    /// anything of them was played.
    pub mixes: u64,
    /// Picks of these mixes, untouched ones included. It is the denominator of every metric.
    pub picks: u64,
    /// Plays of these picks within the time of observation, each credited to the latest mix before
    /// it that held the track.
    pub plays: u64,
    /// Picks that the listener liked, by feedback or by playing them to the end; a pick counts once
    /// however often it was played.
    pub liked: u64,
    /// Picks that the listener skipped, or rejected by feedback. A pick that nobody touched is not
    /// among them.
    pub skipped: u64,
    /// Picks liked whose work the listener did not know when the mix was made; a part of `liked`.
    pub discovered: u64,
}

impl Counts {
    /// The sum of both, count by count, for adding up mixes of a listener or listeners of an arm.
    pub fn plus(self, other: Self) -> Self {
        Self {
            mixes: self.mixes + other.mixes,
            picks: self.picks + other.picks,
            plays: self.plays + other.plays,
            liked: self.liked + other.liked,
            skipped: self.skipped + other.skipped,
            discovered: self.discovered + other.discovered,
        }
    }

    fn share(self, count: u64) -> f64 {
        if self.picks == 0 { 0.0 } else { count as f64 / self.picks as f64 }
    }
}

/// What is compared: shares of all picks that a listener was shown, so that each is between 0 and 1
/// for everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Picks liked. This is the one that decides; the others say at what price.
    Satisfaction,
    /// Picks skipped or rejected.
    SkipRate,
    /// Picks liked that were new to the listener.
    Discovery,
}

impl Metric {
    /// All of them, the one that decides first. Readouts and pages list them in this order.
    pub const ALL: [Self; 3] = [Self::Satisfaction, Self::SkipRate, Self::Discovery];

    /// Its value for one listener: the share of the picks shown, 0 to 1, and 0 where no pick was
    /// shown.
    pub fn of(self, counts: Counts) -> f64 {
        counts.share(match self {
            Self::Satisfaction => counts.liked,
            Self::SkipRate => counts.skipped,
            Self::Discovery => counts.discovered,
        })
    }
}

/// One listener in an experiment, which is one observation: whole listeners are assigned, so whole
/// listeners are counted. It is made by [`observe`].
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Whose observation it is. They are one observation however many mixes they were shown.
    pub listener: ListenerId,
    /// The arm that they were shown, as its place in [`Design::arms`](super::Design::arms); 0 is
    /// the control.
    pub arm: usize,
    /// When they were shown the first mix of the experiment. Their time of observation starts here.
    pub since: Timestamp,
    /// When their time of observation ends, [`Design::days`](super::Design::days) after `since`.
    /// Nothing later counts, and from then on the observation is complete.
    pub until: Timestamp,
    /// The mixes of their arm that they were shown in this time, oldest first; at least the first
    /// one.
    pub mixes: Vec<ObservedMix>,
    /// Whether a play after this time is on record. If not, their latest plays may not have been
    /// imported yet.
    pub played_later: bool,
}

impl Observation {
    /// The counts of all mixes of the listener, added up. [`Metric::of`] makes a share of them.
    pub fn counts(&self) -> Counts {
        self.mixes.iter().map(ObservedMix::counts).fold(Counts::default(), Counts::plus)
    }
}

impl ObservedMix {
    fn counts(&self) -> Counts {
        let mut counts = Counts { mixes: 1, ..Counts::default() };
        for (pick, outcome) in self.impression.slate.picks.iter().zip(&self.outcomes) {
            let liked = outcome.verdict == Verdict::Liked;
            counts.picks += 1;
            counts.plays += u64::from(outcome.plays);
            counts.liked += u64::from(liked);
            counts.skipped += u64::from(outcome.verdict == Verdict::Disliked);
            counts.discovered += u64::from(liked && pick.new_to_listener);
        }
        counts
    }
}

/// Observes a listener: finds their first mix of the experiment, and what came of all mixes of that
/// arm until their time is over. `None` if the experiment has shown them nothing.
pub fn observe(catalogue: &Catalogue, design: &Design, log: &ListenerLog) -> Option<Observation> {
    let first = log.shown.iter().find(|impression| arm_shown(design, impression).is_some())?;
    let arm = arm_shown(design, first)?;
    let until = days_after(first.at, design.days());
    let credit = Credit { days: design.days(), before: until };
    let outcomes = pick_outcomes(catalogue, &log.shown, &log.listens, &log.feedback, credit);
    let counts = |impression: &Impression| {
        impression.at < until && arm_shown(design, impression) == Some(arm)
    };
    let observed = |(impression, outcomes): (&Impression, Vec<PickOutcome>)| ObservedMix {
        shadows: shadows_of(design, impression, &log.shadows),
        impression: impression.clone(),
        outcomes,
    };
    let shown = log.shown.iter().zip(outcomes).filter(|(impression, _)| counts(impression));
    Some(Observation {
        listener: first.slate.listener.clone(),
        arm,
        since: first.at,
        until,
        mixes: shown.map(observed).collect(),
        played_later: log
            .listens
            .iter()
            .any(|listen| listen.started_at().is_some_and(|start| start >= until)),
    })
}

/// The place of the arm that made an impression, if it is one of the experiment's that was shown.
fn arm_shown(design: &Design, impression: &Impression) -> Option<usize> {
    let enrolment = impression.enrolment.as_ref().filter(|_| impression.was_shown())?;
    arm_of(design, enrolment)
}

/// The place of an enrolment's arm.
pub(super) fn arm_of(design: &Design, enrolment: &Enrolment) -> Option<usize> {
    let of_this = enrolment.experiment == design.name();
    design.arms().iter().position(|arm| of_this && arm.name == enrolment.arm)
}

fn shadows_of(design: &Design, shown: &Impression, shadows: &[Impression]) -> Vec<Impression> {
    let is_shadow = |enrolment: &Enrolment| {
        enrolment.exposure == Exposure::Shadow && arm_of(design, enrolment).is_some()
    };
    let of_shown = |impression: &&Impression| {
        impression.at == shown.at && impression.enrolment.as_ref().is_some_and(is_shadow)
    };
    shadows.iter().filter(of_shown).cloned().collect()
}

fn days_after(moment: Timestamp, days: u32) -> Timestamp {
    let seconds = i64::from(days) * SECONDS_PER_DAY;
    let later = moment.as_microsecond().saturating_add(seconds * 1_000_000);
    Timestamp::from_microsecond(later).unwrap_or(Timestamp::MAX)
}
