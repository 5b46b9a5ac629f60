//! Ranking the full catalogue, held to the slow obvious way.

use std::collections::BTreeSet;

use proptest::prelude::*;
use segue_engine::dataset::interactions::split::{Case, leave_one_out};
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::full_ranking::{
    Candidates, HistoryUse, RankingMetric, compare, evaluate, summarise,
};
use segue_engine::metrics;
use segue_engine::{Interactions, ItemIdx, ListenerIdx, Query, Recommender};

/// Scores by a table, one row per length of history.
struct Fixed(Vec<Vec<f32>>);

impl Recommender for Fixed {
    fn items(&self) -> usize {
        self.0[0].len()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        for (query, scores) in queries.iter().zip(scores.chunks_exact_mut(self.items())) {
            scores.copy_from_slice(&self.0[query.history.items.len() % self.0.len()]);
        }
    }
}

const ITEMS: u8 = 12;
const MASKED: Candidates<'_> = Candidates { history: HistoryUse::Masked, among: None };

fn interactions(histories: &[Vec<u8>]) -> Interactions {
    let mut builder = InteractionsBuilder::default();
    for item in 0..ITEMS {
        builder.push("everything", &item.to_string(), None, None).unwrap();
    }
    for (listener, history) in histories.iter().enumerate() {
        for item in history {
            builder.push(&format!("l{listener}"), &item.to_string(), None, None).unwrap();
        }
    }
    builder.build(KCore::default()).unwrap()
}

/// NDCG@10 over the items that may be ranked.
fn ndcg(
    scores: &[f32],
    answers: &BTreeSet<ItemIdx>,
    ranked: impl Fn(ItemIdx) -> bool,
) -> Option<f64> {
    let items: Vec<ItemIdx> =
        (0..scores.len() as u32).map(ItemIdx).filter(|&item| ranked(item)).collect();
    let labels: Vec<bool> = items.iter().map(|item| answers.contains(item)).collect();
    let scores: Vec<f64> = items.iter().map(|item| f64::from(scores[item.row()])).collect();
    metrics::ndcg(&labels, &scores, 10)
}

fn close(found: f32, expected: Option<f64>) -> bool {
    expected.map_or(found.is_nan(), |expected| (f64::from(found) - expected).abs() < 1e-6)
}

proptest! {
    #[test]
    fn outcomes_equal_those_of_sorting_everything(
        histories in prop::collection::vec(prop::collection::vec(0..ITEMS, 4..9), 1..7),
        table in prop::collection::vec(
            prop::collection::vec((0u8..9).prop_map(f32::from), ITEMS as usize),
            1..4,
        ),
    ) {
        let interactions = interactions(&histories);
        let cases: Vec<Case> = (1..=histories.len() as u32)
            .map(|row| {
                let events = histories[row as usize - 1].len() as u32;
                Case {
                    listener: ListenerIdx(row),
                    shown: 2,
                    answers: 2..events,
                    now: None,
                    friends: vec![],
                }
            })
            .collect();
        let model = Fixed(table);
        for history in [HistoryUse::Masked, HistoryUse::Kept] {
            let outcomes = evaluate(
                &model,
                &interactions,
                &cases,
                Candidates { history, among: None },
                &|_| (),
            );
            for (case, outcome) in cases.iter().zip(&outcomes.cases) {
                let known: BTreeSet<ItemIdx> =
                    case.query(&interactions).history.items.iter().copied().collect();
                let answers: BTreeSet<ItemIdx> =
                    case.answers(&interactions).items.iter().copied().collect();
                let scores = &model.0[2 % model.0.len()];
                let new: BTreeSet<ItemIdx> = answers.difference(&known).copied().collect();
                let old: BTreeSet<ItemIdx> = answers.intersection(&known).copied().collect();
                let discoveries = ndcg(scores, &new, |item| !known.contains(&item));
                let (expected, repeats) = match history {
                    HistoryUse::Masked => (discoveries, None),
                    HistoryUse::Kept => (
                        ndcg(scores, &answers, |_| true),
                        if old.is_empty() {
                            None
                        } else {
                            ndcg(scores, &old, |item| known.contains(&item))
                        },
                    ),
                };
                match outcome {
                    None => prop_assert_eq!(expected, None),
                    Some(outcome) => {
                        prop_assert!(close(
                            outcome.values[RankingMetric::NdcgAt10 as usize],
                            expected
                        ));
                        prop_assert!(close(outcome.repeats, repeats), "{outcome:?} {repeats:?}");
                        prop_assert!(
                            close(outcome.discoveries, discoveries),
                            "{outcome:?} {discoveries:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn figures_of_a_ranking_that_is_known() {
    let interactions = interactions(&[vec![0, 1, 2], vec![0, 1, 3]]);
    let split = leave_one_out(&interactions);
    let cases: Vec<Case> = split.test.into_iter().filter(|case| case.listener.0 > 0).collect();
    // Item 2 comes first; item 3 comes last of the ten that are not masked.
    let mut scores: Vec<f32> = (0..ITEMS).map(|item| -f32::from(item)).collect();
    (scores[2], scores[3]) = (5.0, -20.0);
    let model = Fixed(vec![scores]);
    let run = evaluate(&model, &interactions, &cases, MASKED, &|_| ());
    let standing =
        summarise(std::slice::from_ref(&run), &[1; ITEMS as usize], &[1; ITEMS as usize], 1);
    let mean = |name: &str| standing.metrics[name].mean;
    assert_eq!(standing.cases, 2);
    assert!((mean("recall@10") - 1.0).abs() < 1e-6);
    assert!((mean("mrr") - (1.0 + 0.1) / 2.0).abs() < 1e-6);
    assert!((mean("ndcg@10") - (1.0 + 1.0 / 11f64.log2()) / 2.0).abs() < 1e-6);
    assert!((standing.coverage - 10.0 / 12.0).abs() < 1e-9);
    assert!((standing.novelty_bits - 12f64.log2()).abs() < 1e-9);
    assert!((standing.popularity_bias.unwrap() - 1.0).abs() < 1e-9);

    let worse =
        evaluate(&Fixed(vec![vec![0.0; ITEMS as usize]]), &interactions, &cases, MASKED, &|_| ());
    let difference = compare(&[run], &[worse], 1).differences["ndcg@10"];
    // All tied, rows decide: the answers come first and second.
    let expected = (1.0 + 1.0 / 11f64.log2()) / 2.0 - (1.0 + 1.0 / 3f64.log2()) / 2.0;
    assert!(
        (difference.mean - expected).abs() < 1e-6 && difference.low.unwrap() <= difference.mean
    );
}

#[test]
fn items_that_are_no_candidates_are_not_ranked() {
    let interactions = interactions(&[vec![0, 1, 2]]);
    let cases: Vec<Case> =
        leave_one_out(&interactions).test.into_iter().filter(|case| case.listener.0 > 0).collect();
    let model = Fixed(vec![(0..ITEMS).map(|item| -f32::from(item % 7)).collect()]);
    let among: Vec<bool> = (0..ITEMS).map(|item| item == 2 || item == 5).collect();
    let candidates = Candidates { among: Some(&among), ..MASKED };
    let run = evaluate(&model, &interactions, &cases, candidates, &|_| ());
    assert_eq!(run.cases[0].unwrap().values[RankingMetric::Mrr as usize], 1.0);
    assert_eq!(run.shown.iter().sum::<u32>(), 2);
}

#[test]
fn what_is_not_ranked_is_not_asked_for() {
    let interactions = interactions(&[vec![0, 1, 2, 3, 0]]);
    let case =
        Case { listener: ListenerIdx(1), shown: 2, answers: 2..5, now: None, friends: vec![] };
    let model = Fixed(vec![vec![0.0; ITEMS as usize]]);
    let among: Vec<bool> = (0..ITEMS).map(|item| item < 3).collect();
    for (history, asked) in
        [(HistoryUse::Masked, vec![ItemIdx(2)]), (HistoryUse::Kept, vec![ItemIdx(2), ItemIdx(0)])]
    {
        let candidates = Candidates { history, among: Some(&among) };
        assert_eq!(candidates.asked(&case, &interactions), asked);
        let run = evaluate(&model, &interactions, std::slice::from_ref(&case), candidates, &|_| ());
        assert_eq!(run.cases[0].unwrap().values[RankingMetric::RecallAt10 as usize], 1.0);
    }
    let none = Candidates { among: Some(&[false; ITEMS as usize]), ..MASKED };
    assert!(evaluate(&model, &interactions, &[case], none, &|_| ()).cases[0].is_none());
}

#[test]
fn one_case_has_no_interval() {
    let interactions = interactions(&[vec![0, 1, 2]]);
    let cases: Vec<Case> =
        leave_one_out(&interactions).test.into_iter().filter(|case| case.listener.0 > 0).collect();
    let model = Fixed(vec![vec![0.0; ITEMS as usize]]);
    let run = evaluate(&model, &interactions, &cases, MASKED, &|_| ());
    let standing = summarise(&[run], &[1; ITEMS as usize], &[1; ITEMS as usize], 1);
    let found = standing.metrics["ndcg@10"];
    assert_eq!((found.mean, found.low, found.high), (1.0, None, None));
}
