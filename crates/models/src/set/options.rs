//! A question with its options: as choices that a ranking is fitted on, and ranked to be measured.

use std::rc::Rc;

use segue_engine::vector::dot;

use super::questions::ndcg_of;
use crate::recommenders::fusion::logit::{Choice, Rival};

/// Of the options of a question that were not turned to, so many of the first are rivals of the
/// answer one by one, and of the others a sample that stands for all.
const FIRST_RIVALS: usize = 60;
const SAMPLED_RIVALS: usize = 120;
/// How many options count as those that a ranking puts first.
const TOP: usize = 100;
/// One question weighs at most as much as so many answers.
const MOST_WEIGHT: f64 = 10.0;
/// Length of the mix of known tracks that is measured.
const AGAIN_LENGTH: usize = 30;
const RECALL_DEPTH: usize = 20;

/// A question with its options.
#[derive(Clone)]
pub(super) struct Options {
    pub(super) listener: usize,
    /// Whether the listener is known by a few works only.
    pub(super) is_newcomer: bool,
    /// Features of each option and whether it was turned to.
    pub(super) options: Vec<(Vec<f64>, bool)>,
    /// How many answers there are, found or not.
    pub(super) answers: usize,
}

impl Options {
    /// Leaves only some of the members, whose features come first, so many times over.
    pub(super) fn keep(&mut self, useful: &[usize], members: usize, times: usize) {
        let kept: Vec<usize> =
            (0..times).flat_map(|time| useful.iter().map(move |m| time * members + m)).collect();
        for (features, _) in &mut self.options {
            let rest = features.split_off(times * members);
            *features = kept.iter().map(|&m| features[m]).chain(rest).collect();
        }
    }
}

/// What was turned to of a question, and what was not.
pub(super) struct Offered<'a> {
    chosen: Vec<&'a Vec<f64>>,
    rivals: Vec<Rival>,
}

/// Each answer as a choice against what was offered beside it.
pub(super) fn choices<'a>(offered: impl Iterator<Item = Offered<'a>>) -> Vec<Choice> {
    let of_case = |Offered { chosen, rivals }: Offered<'a>| {
        let rivals: Rc<[Rival]> = rivals.into();
        let weight = (chosen.len() as f64).min(MOST_WEIGHT) / chosen.len().max(1) as f64;
        chosen.into_iter().map(move |chosen| Choice {
            chosen: chosen.clone(),
            rivals: Rc::clone(&rivals),
            weight,
        })
    };
    offered.flat_map(of_case).collect()
}

/// All answers, against the rivals that coefficients put first and a sample of the rest.
pub(super) fn with_rest<'a>(case: &'a Options, coefficients: &[f64]) -> Offered<'a> {
    let (chosen, rivals): (Vec<_>, Vec<_>) =
        in_order(case, |features| dot(features, coefficients)).partition(|option| option.1);
    let (first, rest) = rivals.split_at(rivals.len().min(FIRST_RIVALS));
    let step = rest.len().div_ceil(SAMPLED_RIVALS).max(1);
    let rival =
        |option: &(Vec<f64>, bool), log_count| Rival { features: option.0.clone(), log_count };
    let first = first.iter().map(|option| rival(option, 0.0));
    let sampled = rest.iter().step_by(step).map(|option| rival(option, (step as f64).ln()));
    Offered {
        rivals: first.chain(sampled).collect(),
        chosen: chosen.iter().map(|option| &option.0).collect(),
    }
}

/// The answers among the first options, against the others of these.
pub(super) fn at_top<'a>(case: &'a Options, coefficients: &[f64]) -> Offered<'a> {
    let first = in_order(case, |features| dot(features, coefficients)).take(TOP);
    let (chosen, rivals): (Vec<_>, Vec<_>) = first.partition(|option| option.1);
    let rival = |option: &(Vec<f64>, bool)| Rival { features: option.0.clone(), log_count: 0.0 };
    Offered {
        rivals: rivals.into_iter().map(rival).collect(),
        chosen: chosen.iter().map(|option| &option.0).collect(),
    }
}

/// NDCG@60 and recall@20 of a question's options in the order of a score.
pub(super) fn ranked(case: &Options, score: &dyn Fn(&[f64]) -> f64) -> [f64; 2] {
    let hits: Vec<bool> = in_order(case, score).map(|option| option.1).collect();
    let found = hits.iter().take(RECALL_DEPTH).filter(|is_hit| **is_hit).count();
    let recall = found as f64 / case.answers.max(1) as f64;
    [ndcg_of(hits, case.answers), recall]
}

/// Share of the first options that were played.
pub(super) fn played(case: &Options, score: &dyn Fn(&[f64]) -> f64) -> f64 {
    let of = case.options.len().clamp(1, AGAIN_LENGTH);
    in_order(case, score).take(AGAIN_LENGTH).filter(|option| option.1).count() as f64 / of as f64
}

/// The options of a question, those of the highest score first.
fn in_order(
    case: &Options,
    score: impl Fn(&[f64]) -> f64,
) -> impl Iterator<Item = &(Vec<f64>, bool)> {
    let mut scored: Vec<(f64, usize)> =
        case.options.iter().enumerate().map(|(i, option)| (score(&option.0), i)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    scored.into_iter().map(|(_, i)| &case.options[i])
}
