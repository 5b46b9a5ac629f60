//! What every recommender owes its callers, whatever it learns.

use segue_engine::dataset::interactions::{
    History, Interactions, InteractionsBuilder, ItemIdx, KCore, ListenerIdx, Seconds, Training,
};
use segue_engine::{Query, Recommender};
use segue_models::ModelError;

/// What a model claims to know of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// Nothing: everybody gets the same.
    OneForAll,
    /// Which items the listener will hear again.
    Remembers,
    /// Which items the listener will like that they never heard.
    Discovers,
}

/// Runs the suite over one model: its module, its type, what it promises, and how it is fitted.
macro_rules! conformance {
    ($module:ident, $model:ty, $promise:expr, $fit:expr) => {
        mod $module {
            use super::conformance::{self as suite, Subject};
            use super::*;

            fn subject() -> Subject<$model> {
                Subject {
                    promise: $promise,
                    fit: $fit,
                    save: <$model>::to_bytes,
                    load: <$model>::from_bytes,
                }
            }

            #[test]
            fn a_listener_of_a_block_gets_what_was_promised() {
                suite::keeps_its_promise_in_blocks(subject());
            }

            #[test]
            fn a_batch_is_scored_like_its_queries_one_by_one() {
                suite::scores_a_batch_like_single_queries(subject());
            }

            #[test]
            fn saved_and_loaded_it_scores_the_same() {
                suite::scores_the_same_after_saving_and_loading(subject());
            }

            #[test]
            fn damaged_bytes_are_refused() {
                suite::refuses_damaged_bytes(subject());
            }

            #[test]
            fn without_a_history_the_most_popular_item_comes_first() {
                suite::answers_an_empty_history_with_the_most_popular(subject());
            }

            #[test]
            fn an_item_nobody_heard_comes_last() {
                suite::puts_an_unheard_item_last(subject());
            }

            #[test]
            fn the_number_of_threads_changes_nothing() {
                suite::is_the_same_on_any_number_of_threads(subject());
            }

            #[test]
            fn no_events_are_no_data() {
                suite::refuses_to_learn_from_nothing(subject());
            }
        }
    };
}
pub(super) use conformance;

/// A model under test.
#[derive(Clone, Copy)]
pub(super) struct Subject<M> {
    pub(super) promise: Promise,
    pub(super) fit: fn(&Training<'_>) -> Result<M, ModelError>,
    pub(super) save: fn(&M) -> Vec<u8>,
    pub(super) load: fn(&[u8]) -> Result<M, ModelError>,
}

impl<M: Recommender> Subject<M> {
    fn fitted(&self, training: &Training<'_>) -> M {
        (self.fit)(training).unwrap()
    }
}

const BLOCKS: usize = 3;
const LISTENERS: usize = 12;
const ITEMS: usize = 10;
const DAY: i64 = 86_400;

/// Listeners who hear the items of their own block, each but the first of a block all but one of
/// them; then one listener who hears something that nobody else did. Item 0 is heard by everybody.
fn blocks() -> Interactions {
    let mut builder = InteractionsBuilder::default();
    let mut hear = |listener: usize, item: usize, event: usize| {
        let time = Seconds(DAY * event as i64);
        builder.push(&format!("{listener}"), &format!("{item}"), Some(time), Some(1.0)).unwrap();
    };
    for listener in 0..BLOCKS * LISTENERS {
        let block = listener / LISTENERS;
        hear(listener, 0, 0);
        for item in (0..ITEMS).filter(|&item| withheld(listener) != Some(item)) {
            hear(listener, 1 + block * ITEMS + item, 1 + item);
        }
    }
    hear(BLOCKS * LISTENERS, 1 + BLOCKS * ITEMS, 20);
    builder.build(KCore::default()).unwrap()
}

/// Which item of their block a listener never hears.
fn withheld(listener: usize) -> Option<usize> {
    (listener % LISTENERS).checked_sub(1).map(|rest| rest % ITEMS)
}

/// Everybody but the last listener, whose one item is left without an event.
fn training(interactions: &Interactions) -> Training<'_> {
    let ends = (0..interactions.listeners())
        .map(|row| interactions.history(ListenerIdx(row as u32)).items.len());
    let mut ends: Vec<u32> = ends.map(|end| end as u32).collect();
    *ends.last_mut().unwrap() = 0;
    Training::new(interactions, ends)
}

fn query(history: History<'_>) -> Query<'_> {
    Query { history, now: Some(Seconds(30 * DAY)), friends: &[] }
}

fn item_named(interactions: &Interactions, name: usize) -> usize {
    let named = |&row: &usize| interactions.item_name(ItemIdx(row as u32)) == name.to_string();
    (0..interactions.items()).find(named).unwrap()
}

fn scores(model: &impl Recommender, queries: &[Query<'_>]) -> Vec<f32> {
    let mut scores = vec![f32::NAN; queries.len() * model.items()];
    model.score(queries, &mut scores);
    assert!(scores.iter().all(|score| score.is_finite()), "scores are finite");
    scores
}

fn best(scores: &[f32], skip: &[ItemIdx]) -> usize {
    let open = (0..scores.len()).filter(|&item| !skip.contains(&ItemIdx(item as u32)));
    open.max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a))).unwrap()
}

/// Whoever discovers recovers the one withheld cell of the block.
pub(super) fn keeps_its_promise_in_blocks<M: Recommender>(subject: Subject<M>) {
    let interactions = blocks();
    let model = subject.fitted(&training(&interactions));
    for listener in (0..BLOCKS * LISTENERS).filter(|&listener| withheld(listener).is_some()) {
        let history = interactions.history(ListenerIdx(listener as u32));
        let scores = scores(&model, &[query(history)]);
        let item = item_named(
            &interactions,
            1 + listener / LISTENERS * ITEMS + withheld(listener).unwrap(),
        );
        let heard =
            history.items.iter().map(|item| scores[item.row()]).fold(f32::INFINITY, f32::min);
        match subject.promise {
            Promise::OneForAll => assert_eq!(scores, self::scores(&model, &[Query::default()])),
            Promise::Remembers => assert!(heard > scores[best(&scores, history.items)]),
            Promise::Discovers => {
                assert_eq!(best(&scores, history.items), item, "listener {listener}")
            }
        }
    }
}

pub(super) fn scores_a_batch_like_single_queries<M: Recommender>(subject: Subject<M>) {
    let interactions = blocks();
    let model = subject.fitted(&training(&interactions));
    let histories =
        (0..interactions.listeners()).map(|row| interactions.history(ListenerIdx(row as u32)));
    let queries: Vec<Query<'_>> = histories
        .enumerate()
        .map(|(n, history)| query(history.until(n.min(9).min(history.items.len()))))
        .collect();
    let batch = scores(&model, &queries);
    for (query, batch) in queries.iter().zip(batch.chunks_exact(model.items())) {
        for (single, batch) in scores(&model, &[*query]).iter().zip(batch) {
            assert!((single - batch).abs() <= 1e-5 * single.abs().max(1.0), "{single} {batch}");
        }
    }
}

pub(super) fn scores_the_same_after_saving_and_loading<M: Recommender + PartialEq>(
    subject: Subject<M>,
) {
    let interactions = blocks();
    let model = subject.fitted(&training(&interactions));
    let loaded = (subject.load)(&(subject.save)(&model)).unwrap();
    assert!(loaded == model, "nothing is lost");
    let queries = [Query::default(), query(interactions.history(ListenerIdx(1)))];
    assert_eq!(scores(&loaded, &queries), scores(&model, &queries));
}

/// Cut anywhere, or with one byte of its header changed, a model is refused or still scores all
/// items: it never panics.
pub(super) fn refuses_damaged_bytes<M: Recommender>(subject: Subject<M>) {
    let interactions = blocks();
    let bytes = (subject.save)(&subject.fitted(&training(&interactions)));
    assert!((subject.load)(&bytes[..bytes.len() - 1]).is_err());
    let header =
        8 + bytes[..2].iter().rev().fold(0, |length, &byte| 256 * length + usize::from(byte));
    for at in (0..header).step_by(3) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        if let Ok(model) = (subject.load)(&damaged) {
            let mut scores = vec![0.0; model.items()];
            model.score(&[Query::default()], &mut scores);
        }
    }
}

pub(super) fn answers_an_empty_history_with_the_most_popular<M: Recommender>(subject: Subject<M>) {
    let interactions = blocks();
    let model = subject.fitted(&training(&interactions));
    let scores = scores(&model, &[Query { now: Some(Seconds(30 * DAY)), ..Query::default() }]);
    let popular = if subject.promise == Promise::OneForAll {
        best(&scores, &[])
    } else {
        item_named(&interactions, 0)
    };
    assert_eq!(best(&scores, &[]), popular);
    assert!(scores[popular] > scores[item_named(&interactions, 1 + BLOCKS * ITEMS)]);
}

pub(super) fn puts_an_unheard_item_last<M: Recommender>(subject: Subject<M>) {
    let interactions = blocks();
    let model = subject.fitted(&training(&interactions));
    let unheard = item_named(&interactions, 1 + BLOCKS * ITEMS);
    for row in 0..interactions.listeners() - 1 {
        let history = interactions.history(ListenerIdx(row as u32));
        let scores = scores(&model, &[query(history)]);
        assert!(scores.iter().all(|&score| score >= scores[unheard]), "listener {row}");
    }
}

pub(super) fn is_the_same_on_any_number_of_threads<M: Recommender + Send>(subject: Subject<M>) {
    let interactions = blocks();
    let training = training(&interactions);
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (subject.save)(&subject.fitted(&training)))
    };
    let single = bytes(1);
    assert!((2..=3).all(|threads| bytes(threads) == single));
}

pub(super) fn refuses_to_learn_from_nothing<M>(subject: Subject<M>) {
    let interactions = blocks();
    let training = Training::new(&interactions, vec![0; interactions.listeners()]);
    let listeners = interactions.listeners();
    assert!(matches!(
        (subject.fit)(&training),
        Err(ModelError::NoEvents { listeners: found }) if found == listeners
    ));
}
