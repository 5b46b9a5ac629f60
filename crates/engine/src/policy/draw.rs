//! Runs a policy over a short-list, pick by pick, and over a logged slate again.
//!
//! A log that cannot be drawn again is worth nothing to off-policy estimators: [`redraw`] takes
//! nothing but the logged slate and the catalogue's artists and albums, and gives the same picks
//! with the same propensities. [`reweigh`] asks how likely another policy would have made those
//! very picks, the other half of every importance weight.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{Pick, Shortlisted, Slate, TrackId};

use super::{Belief, Policy, PolicyKind, choose};
use crate::candidate::Class;
use crate::mix::quota::{Caps, Quota, Shape};
use crate::{Catalogue, TrackIdx};

/// One pick of a policy, with the probability of it that a log needs for off-policy estimates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drawn {
    /// The track that was picked, as its position on the short-list and in the [`Belief`].
    pub position: usize,
    /// Probability of this pick given those before it, above 0 and at most 1. The product over a
    /// slate is the slate's probability.
    pub propensity: f64,
    /// Standard error of the propensity where the policy estimates it by drawing
    /// ([`LinearThompson`](super::LinearThompson)); 0 where it is exact.
    pub propensity_error: f64,
}

/// The random generator that a seed stands for, ChaCha8. The same seed gives the same numbers on
/// every machine and in every version.
pub fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Picks from a short-list, given by the belief about its tracks in the order of track ids, until
/// the quota is filled or nothing is eligible any more. Picks come in the order of choice, which is
/// not that of playing.
pub fn draw(
    belief: &Belief,
    mut quota: Quota,
    policy: &dyn Policy,
    rng: &mut dyn Rng,
) -> Vec<Drawn> {
    let chooser = policy.prepare(belief, rng);
    let mut picks = Vec::new();
    loop {
        let eligible = quota.eligible();
        if eligible.is_empty() {
            return picks;
        }
        let (choice, propensity) = choose(chooser.as_ref(), &eligible, rng);
        quota.take(eligible[choice]);
        let propensity_error = chooser.standard_error(propensity);
        picks.push(Drawn { position: eligible[choice], propensity, propensity_error });
    }
}

/// Why a logged slate cannot be drawn again. Each variant names what the log holds and this build
/// or catalogue does not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedrawError {
    /// The policy is not one that this build has.
    #[error("the slate was drawn by `{found}`, which this build does not have")]
    Policy {
        /// What the log names.
        found: String,
    },
    /// A track of the log is not in the catalogue.
    #[error("track `{0}` of the slate is not in the catalogue")]
    Track(TrackId),
    /// A pick could not have been made.
    #[error("pick `{0}` of the slate was not eligible when it was made")]
    NotEligible(TrackId),
}

/// Draws a logged slate again: its picks in the order of choice, each with its propensity. An
/// unharmed log gives its own picks back, which proves that its propensities can be trusted.
///
/// # Errors
/// The log must name a policy of this build and tracks of the catalogue.
pub fn redraw(catalogue: &Catalogue, slate: &Slate) -> Result<Vec<(TrackId, f64)>, RedrawError> {
    let policy = logging_policy(slate)?;
    let quota = quota_of(catalogue, slate)?;
    let picks = draw(&belief_of(slate), quota, policy.as_ref(), &mut generator(slate.config.seed));
    Ok(picks
        .into_iter()
        .map(|pick| (slate.shortlist[pick.position].track.clone(), pick.propensity))
        .collect())
}

/// The probabilities with which `policy` would have made each logged pick, given those before it,
/// in the order of choice. A policy that draws from the belief does so by the slate's seed.
///
/// # Errors
/// Every logged track must be in the catalogue, and every pick eligible when it was made.
pub fn reweigh(
    catalogue: &Catalogue,
    slate: &Slate,
    policy: &dyn Policy,
) -> Result<Vec<f64>, RedrawError> {
    let mut propensities = Vec::with_capacity(slate.picks.len());
    replay(catalogue, slate, policy, &mut |moment| {
        propensities.push(moment.propensities[moment.choice])
    })?;
    Ok(propensities)
}

/// One logged pick under a policy: what could have been picked at that moment, and how likely each
/// was. [`replay`] gives one for each pick.
#[derive(Clone, Copy, Debug)]
pub struct LoggedDraw<'a> {
    /// The logged pick that is gone through again, with the propensity and the reason that were
    /// logged for it.
    pub pick: &'a Pick,
    /// What could be picked at that moment, by position on the short-list, ascending.
    pub eligible: &'a [usize],
    /// The policy's probability of each eligible track, in the same order; they sum to 1.
    pub propensities: &'a [f64],
    /// The place of the logged pick in `eligible`, and so of its probability in `propensities`.
    pub choice: usize,
}

/// Goes through a logged slate in the order of choice, and hands each pick to `each` with all that
/// the policy might have picked instead. [`reweigh`] is the short form, for propensities alone.
///
/// # Errors
/// As [`reweigh`].
pub fn replay(
    catalogue: &Catalogue,
    slate: &Slate,
    policy: &dyn Policy,
    each: &mut dyn FnMut(LoggedDraw<'_>),
) -> Result<(), RedrawError> {
    let belief = belief_of(slate);
    let chooser = policy.prepare(&belief, &mut generator(slate.config.seed));
    let mut quota = quota_of(catalogue, slate)?;
    let mut picks: Vec<_> = slate.picks.iter().collect();
    picks.sort_by_key(|pick| pick.drawn);
    for pick in picks {
        let eligible = quota.eligible();
        let choice =
            eligible.iter().position(|&position| slate.shortlist[position].track == pick.track);
        let choice = choice.ok_or_else(|| RedrawError::NotEligible(pick.track.clone()))?;
        let propensities = chooser.propensities(&eligible);
        each(LoggedDraw { pick, eligible: &eligible, propensities: &propensities, choice });
        quota.take(eligible[choice]);
    }
    Ok(())
}

/// The policy that drew a logged slate, tuned as it was.
///
/// # Errors
/// [`RedrawError::Policy`] if this build has none of that name and version.
pub fn logging_policy(slate: &Slate) -> Result<Box<dyn Policy>, RedrawError> {
    let logged = &slate.config.policy;
    let mut policies = PolicyKind::ALL.into_iter().map(|kind| kind.build(&logged.parameters));
    policies
        .find(|policy| (policy.name(), policy.version()) == (&logged.name, logged.version))
        .ok_or_else(|| RedrawError::Policy { found: logged.to_string() })
}

/// The belief that a slate was drawn by. Factors that do not fit, which only a damaged log has,
/// count as none.
fn belief_of(slate: &Slate) -> Belief {
    let scores: Vec<f32> = slate.shortlist.iter().map(|listed| listed.score).collect();
    let width = slate.shortlist.first().map_or(0, |listed| listed.factors.len());
    if slate.shortlist.iter().any(|listed| listed.factors.len() != width) {
        return Belief::certain(scores);
    }
    Belief::new(
        scores,
        slate.shortlist.iter().flat_map(|listed| listed.factors.iter().copied()).collect(),
    )
}

fn quota_of(catalogue: &Catalogue, slate: &Slate) -> Result<Quota, RedrawError> {
    let row = |listed: &Shortlisted| -> Result<(TrackIdx, Class), RedrawError> {
        let track = catalogue
            .find(&listed.track)
            .ok_or_else(|| RedrawError::Track(listed.track.clone()))?;
        let class = match listed {
            listed if !listed.new_to_listener => Class::Familiar,
            listed if listed.arrival => Class::Arrival,
            listed if listed.new_artist => Class::NewArtist,
            _ => Class::NewTrack,
        };
        Ok((track, class))
    };
    let tracks: Vec<(TrackIdx, Class)> =
        slate.shortlist.iter().map(row).collect::<Result<_, _>>()?;
    let beside: Vec<TrackIdx> = slate
        .config
        .beside
        .iter()
        .map(|id| catalogue.find(id).ok_or_else(|| RedrawError::Track(id.clone())))
        .collect::<Result<_, _>>()?;
    let shape = Shape {
        length: slate.picks.len() as u32,
        new_slots: slate.config.new_slots,
        new_artist_slots: slate.config.new_artist_slots,
        arrival_slots: slate.config.arrival_slots,
        caps: Caps { artist: slate.config.artist_cap, album: slate.config.album_cap },
        beside: &beside,
    };
    Ok(Quota::new(catalogue, tracks, shape))
}
