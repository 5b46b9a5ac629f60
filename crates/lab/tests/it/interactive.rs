//! Proposals to listeners nobody has seen, one after another.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use segue_engine::UncertaintySource;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::policy::{Belief, EpsilonGreedy, Greedy, LinUcb, LinearThompson, Policy};
use segue_engine::{Interactions, ItemIdx, ListenerIdx, Query, Recommender};
use segue_lab::beliefs::Acquaintance;
use segue_lab::interactive::{
    AskedRecommender, Conversation, ConversationPlan, Guided, Hiding, Proposer, Strategy, compare,
    converse, curve, hits, split,
};

/// 40 listeners, of whom even ones have the even items of 20 and odd ones the odd.
fn camps() -> Interactions {
    let mut builder = InteractionsBuilder::default();
    (0..20).for_each(|item| builder.know_item(&item.to_string()).unwrap());
    for (listener, item) in
        (0..40).flat_map(|l| (0..20).map(move |i| (l, i))).filter(|(l, i)| l % 2 == i % 2)
    {
        builder.push(&listener.to_string(), &item.to_string(), None, None).unwrap();
    }
    builder.build(KCore::default()).unwrap()
}

fn everyone(interactions: &Interactions) -> Vec<ListenerIdx> {
    (0..interactions.listeners() as u32).map(ListenerIdx).collect()
}

/// Scores an item by how many likes so far are of its parity; of equals the lower row.
struct Parity;

impl Recommender for Parity {
    fn items(&self) -> usize {
        20
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        for (query, scores) in queries.iter().zip(scores.chunks_exact_mut(20)) {
            let of = |row: usize| {
                query.history.items.iter().filter(|item| item.row() % 2 == row % 2).count()
            };
            scores.iter_mut().enumerate().for_each(|(row, score)| *score = of(row) as f32);
        }
    }
}

/// Believes the same of all, doubts odd items, and forgets every answer.
struct Stubborn;

impl Acquaintance for Stubborn {
    fn belief(&self, source: UncertaintySource) -> Belief {
        let scores = (0..20).map(|row| -(row as f32)).collect();
        match source {
            UncertaintySource::Posterior => {
                Belief::new(scores, (0..20).map(|row| (row % 2) as f32).collect())
            }
            UncertaintySource::None | UncertaintySource::Members => Belief::certain(scores),
        }
    }

    fn learn(&mut self, _: ItemIdx, _: bool) {}
}

fn strategy(policy: impl Policy + 'static, source: UncertaintySource, scale: f32) -> Strategy {
    Strategy { policy: Box::new(policy), source, scale }
}

fn talk(strategy: &Strategy, meet: fn() -> Box<dyn Acquaintance>, seed: u64) -> Vec<Conversation> {
    let interactions = camps();
    let course = ConversationPlan { proposals: 12, seed };
    converse(&interactions, &everyone(&interactions), course, &|| {
        Box::new(Guided::new(meet(), strategy))
    })
}

#[test]
fn a_yes_is_followed_up() {
    let greedy = strategy(Greedy, UncertaintySource::None, 1.0);
    let conversations = talk(&greedy, || Box::new(AskedRecommender::new(&Parity)), 1);
    for conversation in conversations {
        // Item 0 comes first; who says no to it is offered item 1, then their camp's ten until only
        // one or two others are left.
        let odd = conversation.listener.row() % 2;
        assert_eq!(conversation.proposed[0], ItemIdx(0));
        assert_eq!(conversation.hits_within(11), 10, "{conversation:?}");
        assert_eq!(conversation.hits[0], odd == 0);
    }
}

#[test]
fn nothing_is_proposed_twice_and_a_small_catalogue_ends_the_conversation() {
    for policy in [
        strategy(Greedy, UncertaintySource::None, 1.0),
        strategy(EpsilonGreedy { epsilon: 0.5 }, UncertaintySource::None, 1.0),
        strategy(LinUcb { optimism: 1.0 }, UncertaintySource::Posterior, 1.0),
        strategy(LinearThompson { draws: 1 }, UncertaintySource::Posterior, 3.0),
    ] {
        let interactions = camps();
        let course = ConversationPlan { proposals: 50, seed: 2 };
        let meet = || -> Box<dyn Proposer> { Box::new(Guided::new(Box::new(Stubborn), &policy)) };
        for conversation in converse(&interactions, &everyone(&interactions), course, &meet) {
            let mut rows: Vec<usize> =
                conversation.proposed.iter().map(|item| item.row()).collect();
            rows.sort_unstable();
            assert_eq!(rows, (0..20).collect::<Vec<_>>());
            assert_eq!(conversation.hits_within(50), 10);
        }
    }
}

#[test]
fn policies_get_the_doubt_they_ask_for_scaled() {
    let first = |policy: &Strategy| talk(policy, || Box::new(Stubborn), 3)[0].proposed[0];
    assert_eq!(
        first(&strategy(LinUcb { optimism: 2.0 }, UncertaintySource::Posterior, 1.0)),
        ItemIdx(1)
    );
    assert_eq!(
        first(&strategy(LinUcb { optimism: 2.0 }, UncertaintySource::Posterior, 0.1)),
        ItemIdx(0)
    );
    assert_eq!(
        first(&strategy(LinUcb { optimism: 2.0 }, UncertaintySource::None, 1.0)),
        ItemIdx(0)
    );
}

#[test]
fn conversations_do_not_depend_on_the_number_of_threads() {
    let thompson = strategy(LinearThompson { draws: 1 }, UncertaintySource::Posterior, 5.0);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| talk(&thompson, || Box::new(Stubborn), 4))
    };
    assert_eq!(on(1), on(4));
    let proposed: Vec<_> = on(1).into_iter().map(|conversation| conversation.proposed).collect();
    assert!(
        proposed.iter().any(|other| *other != proposed[0]),
        "every listener has draws of their own"
    );
}

fn said(listener: u32, hits: &[bool]) -> Conversation {
    Conversation {
        listener: ListenerIdx(listener),
        proposed: (0..hits.len() as u32).map(ItemIdx).collect(),
        hits: hits.to_vec(),
    }
}

#[test]
fn hits_are_counted_within_the_first_proposals() {
    let conversations = [said(0, &[true, false, true]), said(1, &[false, false, true])];
    assert_eq!(curve(&conversations, 3), [0.5, 0.5, 1.5]);
    assert_eq!(hits(&conversations, 2, 1).mean, 0.5);
    assert_eq!(compare(&conversations, &[said(0, &[false]), said(1, &[true])], 3, 1).mean, 1.0);
}

#[test]
fn the_interval_of_listeners_asked_again_is_no_narrower_than_that_of_listeners_asked_once() {
    let once: Vec<Conversation> =
        (0..30).map(|listener| said(listener, &[listener % 3 == 0])).collect();
    let again: Vec<Conversation> = (0..9).flat_map(|_| once.clone()).collect();
    assert_eq!(hits(&again, 1, 7), hits(&once, 1, 7));
    let estimate = hits(&once, 1, 7);
    assert!(estimate.low < estimate.mean && estimate.mean < estimate.high);
}

proptest! {
    #[test]
    fn who_is_asked_is_hidden_and_has_enough(
        hidden in 0usize..50,
        asked in 0usize..30,
        fewest in 0usize..12,
        seed: u64,
    ) {
        let interactions = camps();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let hiding = Hiding { hidden, asked, fewest_items: fewest };
        let parts = split(&interactions, &everyone(&interactions), hiding, &mut rng);
        prop_assert_eq!(parts.known.len(), 40 - hidden.min(40));
        prop_assert_eq!(parts.asked.len(), if fewest > 10 { 0 } else { asked.min(hidden).min(40) });
        prop_assert!(parts.asked.iter().all(|listener| !parts.known.contains(listener)));
    }
}
