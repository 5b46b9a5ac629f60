//! From mixes that were shown, and what came of them, to slates that an estimator can weigh.
//!
//! A pick earns 1 if the listener then let it play or said that they like it
//! ([`answers`](segue_engine::dataset::pick_outcomes)), else 0: a track that was not played earns
//! nothing.
//!
//! Picks stand in the order in which the policy drew them, the order in which their probabilities
//! multiply. The arrangement into playing order that follows is a function of all picks, so
//! estimators that look at a part of the slate take it that what a listener makes of a pick does
//! not depend on where it is played.

use rand::Rng;
use segue_core::Impression;

use super::{CrossFitted, LoggedSlate, Prediction, RewardObservation, Round};
use segue_engine::Catalogue;
use segue_engine::dataset::pick_outcomes::{PickOutcome, Verdict};
use segue_engine::policy::Policy;
use segue_engine::policy::draw::{RedrawError, logging_policy, replay};

/// What picks earned: 1 for one that was liked, else 0.
pub fn rewards(answers: &[PickOutcome]) -> Vec<f64> {
    answers.iter().map(|answer| f64::from(u8::from(answer.verdict == Verdict::Liked))).collect()
}

/// An impression, weighed: its rounds lack predictions, for which there is what could have been
/// picked instead.
#[derive(Clone, Debug)]
pub struct WeighedSlate {
    /// The picks in the order in which they were drawn.
    pub rounds: LoggedSlate,
    /// Of each pick, its own score, and the scores of all that was eligible with the target's
    /// probabilities.
    choices: Vec<(f32, Vec<(f32, f64)>)>,
}

/// Weighs the first `length` picks of an impression under a target, from what each of `picks`
/// earned. Of which cluster it is, is the caller's to say.
///
/// # Errors
/// As [`replay`].
pub fn weigh(
    catalogue: &Catalogue,
    impression: &Impression,
    target: &dyn Policy,
    rewards: &[f64],
    cluster: u32,
    length: usize,
) -> Result<WeighedSlate, RedrawError> {
    let slate = &impression.slate;
    let possible = possible_choices(catalogue, impression);
    let mut weighed = WeighedSlate { rounds: Vec::new(), choices: Vec::new() };
    replay(catalogue, slate, target, &mut |moment| {
        if weighed.rounds.len() >= length {
            return;
        }
        let place = slate.picks.iter().position(|pick| std::ptr::eq(pick, moment.pick));
        let possible = possible.as_ref().map(|possible| &possible[weighed.rounds.len()]);
        let impossible = |possible: &Vec<bool>| {
            let shares = moment.propensities.iter().zip(possible);
            shares.filter(|(_, possible)| !**possible).map(|(share, _)| share).sum()
        };
        weighed.rounds.push(Round {
            reward: rewards[place.expect("a moment is that of a pick")],
            propensity: moment.pick.propensity,
            target: moment.propensities[moment.choice],
            prediction: None,
            unsupported: possible.map(impossible),
            cluster,
        });
        let score = |position: usize| slate.shortlist[position].score;
        let eligible = moment
            .eligible
            .iter()
            .map(|&position| score(position))
            .zip(moment.propensities.iter().copied());
        weighed.choices.push((score(moment.eligible[moment.choice]), eligible.collect()));
    })?;
    Ok(weighed)
}

/// Whether the policy that drew the slate gave each eligible track a chance, pick by pick; `None`
/// if this build lacks it.
fn possible_choices(catalogue: &Catalogue, impression: &Impression) -> Option<Vec<Vec<bool>>> {
    let policy = logging_policy(&impression.slate).ok()?;
    let mut possible = Vec::new();
    let note = &mut |moment: segue_engine::policy::draw::LoggedDraw<'_>| {
        possible.push(moment.propensities.iter().map(|propensity| *propensity > 0.0).collect());
    };
    replay(catalogue, &impression.slate, policy.as_ref(), note).ok()?;
    Some(possible)
}

/// Levels of the score that the reward model tells apart.
const SCORE_LEVELS: usize = 10;

/// Adds the predictions of a reward model fitted on other folds: what picks of about the same score
/// earned. Returns the slates.
pub fn predict(slates: Vec<WeighedSlate>, folds: usize, rng: &mut impl Rng) -> Vec<LoggedSlate> {
    let mut scores: Vec<f32> =
        slates.iter().flat_map(|slate| slate.choices.iter().map(|(score, _)| *score)).collect();
    scores.sort_by(f32::total_cmp);
    let cuts: Vec<f32> = (1..SCORE_LEVELS)
        .filter_map(|cut| scores.get(scores.len() * cut / SCORE_LEVELS).copied())
        .collect();
    let level = |score: f32| cuts.partition_point(|cut| *cut <= score) as u32;
    let observations: Vec<RewardObservation> = slates
        .iter()
        .flat_map(|slate| slate.rounds.iter().zip(&slate.choices))
        .map(|(round, (score, _))| RewardObservation {
            action: level(*score),
            position: 0,
            reward: round.reward,
            cluster: round.cluster,
        })
        .collect();
    let fitted = CrossFitted::fit(&observations, folds, rng);
    let mut row = 0;
    let mut predicted = |mut slate: WeighedSlate| {
        for (round, (score, eligible)) in slate.rounds.iter_mut().zip(&slate.choices) {
            let model = fitted.model(row);
            let expect = |score: f32| model.predict(level(score), 0);
            let expected = eligible.iter().map(|(score, share)| share * expect(*score)).sum();
            round.prediction = Some(Prediction { logged: expect(*score), expected });
            row += 1;
        }
        slate.rounds
    };
    slates.into_iter().map(&mut predicted).collect()
}
