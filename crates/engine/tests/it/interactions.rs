//! Interactions, their cuts and their sessions.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::sessions::sessions;
use segue_engine::dataset::interactions::split::{
    Case, Split, TemporalCuts, given, leave_one_out, new_items, new_listeners, random_holdout,
    temporal,
};
use segue_engine::dataset::interactions::{DatasetError, InteractionsBuilder, KCore};
use segue_engine::{Interactions, ItemIdx, ListenerIdx, Seconds};

type Event = (u8, u8, i64);

fn build(events: &[Event], core: KCore) -> Result<Interactions, DatasetError> {
    let mut builder = InteractionsBuilder::default();
    for &(listener, item, time) in events {
        let (listener, item) = (format!("l{listener}"), format!("i{item}"));
        builder.push(&listener, &item, Some(Seconds(time)), Some(time as f32)).unwrap();
    }
    builder.build(core)
}

/// Every event under its names, sorted.
fn named(interactions: &Interactions) -> Vec<(String, String, i64)> {
    let mut events = Vec::new();
    for row in 0..interactions.listeners() {
        let listener = ListenerIdx(row as u32);
        let history = interactions.history(listener);
        for (at, &item) in history.items.iter().enumerate() {
            assert_eq!(history.weights[at], history.times[at].0 as f32, "columns stay together");
            let name = interactions.listener_name(listener).to_owned();
            events.push((name, interactions.item_name(item).to_owned(), history.times[at].0));
        }
    }
    events.sort();
    events
}

/// The slow obvious k-core.
fn cored(events: &[Event], core: KCore) -> Vec<Event> {
    let mut left = events.to_vec();
    loop {
        let count =
            |pick: fn(&Event) -> u8, of: u8| left.iter().filter(|e| pick(e) == of).count() as u32;
        let keep =
            |e: &&Event| count(|e| e.0, e.0) >= core.listener && count(|e| e.1, e.1) >= core.item;
        let next: Vec<Event> = left.iter().filter(keep).copied().collect();
        if next.len() == left.len() {
            return left;
        }
        left = next;
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0u8..6, 0u8..9, 0i64..200), 1..120)
}

/// No event that is trained on or shown comes after an answer, and nothing is used twice.
fn assert_in_order(split: &Split<'_>, interactions: &Interactions, global: bool) {
    let trained_until = split.training.latest();
    for (case, test) in split
        .validation
        .iter()
        .map(|case| (case, false))
        .chain(split.test.iter().map(|c| (c, true)))
    {
        assert!(case.shown <= case.answers.start && case.answers.start < case.answers.end);
        assert!(split.training.history(case.listener).items.len() as u32 <= case.answers.start);
        let (query, answers) = (case.query(interactions), case.answers(interactions));
        let first = answers.times.first().copied();
        assert!(query.history.times.last().copied() <= first);
        assert!(!global || trained_until <= first && query.now <= first);
        assert!(!global || query.history.times.last().copied() < query.now);
        let other = if test { &split.validation } else { &split.test };
        let same = |other: &&Case| other.listener == case.listener;
        assert!(other.iter().filter(same).all(|other| {
            other.answers.end <= case.answers.start || case.answers.end <= other.answers.start
        }));
    }
}

proptest! {
    #[test]
    fn every_event_is_kept_under_its_names_and_histories_are_in_order(events in events()) {
        let interactions = build(&events, KCore::default()).unwrap();
        let mut expected: Vec<_> =
            events.iter().map(|(l, i, t)| (format!("l{l}"), format!("i{i}"), *t)).collect();
        expected.sort();
        prop_assert_eq!(named(&interactions), expected);
        for row in 0..interactions.listeners() {
            prop_assert!(interactions.history(ListenerIdx(row as u32)).times.is_sorted());
        }
    }

    #[test]
    fn a_core_is_what_repeated_filtering_leaves(
        events in events(),
        listener in 1u32..5,
        item in 1u32..5,
    ) {
        let core = KCore { listener, item };
        let mut expected: Vec<_> = cored(&events, core)
            .iter()
            .map(|(l, i, t)| (format!("l{l}"), format!("i{i}"), *t))
            .collect();
        expected.sort();
        match build(&events, core) {
            Ok(interactions) => prop_assert_eq!(named(&interactions), expected),
            Err(error) => {
                prop_assert_eq!(error, DatasetError::Empty { events: events.len() });
                prop_assert!(expected.is_empty());
            }
        }
    }

    #[test]
    fn no_answer_is_earlier_than_what_was_seen(
        events in events(), test_s in 1i64..80, validation_s in 1i64..80, gap_s in 0i64..20,
        back_s in 0i64..60, seed: u64,
    ) {
        let interactions = build(&events, KCore::default()).unwrap();
        let cuts = TemporalCuts { test_s, validation_s, gap_s, back_s };
        assert_in_order(&temporal(&interactions, cuts).unwrap(), &interactions, true);
        assert_in_order(&leave_one_out(&interactions), &interactions, false);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        assert_in_order(&random_holdout(&interactions, 0.2, &mut rng), &interactions, false);
        let unseen = new_listeners(&interactions, 0.3, 2, &mut rng);
        assert_in_order(&unseen, &interactions, false);
        for case in unseen.validation.iter().chain(&unseen.test) {
            prop_assert!(unseen.training.history(case.listener).items.is_empty());
            prop_assert_eq!(case.shown, 2);
        }
    }

    #[test]
    fn withheld_items_are_in_nobodys_training_data(events in events(), tested in 0u8..9) {
        let stage =
            |name: &str| if name == format!("i{tested}") { 2 } else { u8::from(name == "i3") };
        let interactions = build(&events, KCore::default()).unwrap();
        let stages: Vec<u8> = (0..interactions.items())
            .map(|row| stage(interactions.item_name(ItemIdx(row as u32))))
            .collect();
        let interactions = interactions.staged(|item| stages[item.row()]);
        let split = new_items(&interactions, |item| stages[item.row()]);
        prop_assert!(
            split.training.histories().flat_map(|h| h.items).all(|item| stages[item.row()] == 0)
        );
        for (cases, stage) in [(&split.validation, 1), (&split.test, 2)] {
            for case in cases {
                prop_assert!(
                    case.answers(&interactions)
                        .items
                        .iter()
                        .all(|item| stages[item.row()] == stage)
                );
                prop_assert!(
                    case.query(&interactions).history.items.iter().all(|i| stages[i.row()] < stage)
                );
            }
        }
        prop_assert_eq!(interactions.events(), events.len());
    }

    #[test]
    fn what_is_known_at_a_cut_was_played_before_it(events in events(), back_s in 0i64..60) {
        let interactions = build(&events, KCore::default()).unwrap();
        let cuts = TemporalCuts { test_s: 20, validation_s: 20, gap_s: 3, back_s };
        let periods = cuts.periods(interactions.latest().unwrap());
        let split = temporal(&interactions, cuts).unwrap();
        for until in [periods.training_until, periods.validation_until] {
            let known = interactions.known_before(until);
            for (row, known) in known.iter().enumerate() {
                let name = interactions.item_name(ItemIdx(row as u32));
                let played = events.iter().any(|(_, i, t)| format!("i{i}") == name && *t < until.0);
                prop_assert_eq!(*known, played);
            }
        }
        let trained = interactions.known_before(periods.training_until);
        prop_assert!(
            split.training.histories().flat_map(|h| h.items).all(|item| trained[item.row()])
        );
        let test = split.test.iter().flat_map(|case| case.answers(&interactions).times);
        prop_assert!(
            test.clone().all(|time| *time >= periods.test_from && *time < periods.test_until)
        );
    }

    #[test]
    fn a_given_split_is_kept_and_validation_comes_out_of_its_training(
        events in events(), trained in prop::collection::vec(0u32..20, 6),
    ) {
        let interactions = build(&events, KCore::default()).unwrap();
        let length = |row: usize| interactions.history(ListenerIdx(row as u32)).items.len() as u32;
        let trained: Vec<u32> =
            (0..interactions.listeners()).map(|row| trained[row].min(length(row))).collect();
        let split = given(&interactions, &trained);
        assert_in_order(&split, &interactions, false);
        prop_assert_eq!(
            split.training_and_validation(&interactions).events() as u32,
            trained.iter().sum::<u32>()
        );
        for case in &split.test {
            prop_assert_eq!(case.shown, trained[case.listener.row()]);
            prop_assert_eq!(case.answers.end, length(case.listener.row()));
        }
    }

    #[test]
    fn a_gap_is_neither_trained_on_nor_asked_for(events in events(), gap_s in 1i64..50) {
        let interactions = build(&events, KCore::default()).unwrap();
        let cuts = TemporalCuts { test_s: 20, validation_s: 20, gap_s, back_s: 0 };
        let split = temporal(&interactions, cuts).unwrap();
        let test_from = interactions.latest().unwrap().0 + 1 - 20;
        for case in &split.test {
            let query = case.query(&interactions);
            prop_assert!(query.history.times.iter().all(|time| time.0 < test_from - gap_s));
            prop_assert!(case.answers(&interactions).times.iter().all(|time| time.0 >= test_from));
        }
        prop_assert!(
            split.training.latest().is_none_or(|time| time.0 < test_from - 2 * gap_s - 20)
        );
    }

    #[test]
    fn sessions_cover_a_history_and_break_at_pauses(
        mut times in prop::collection::vec(0i64..1000, 0..60), gap in 0i64..60,
    ) {
        times.sort_unstable();
        let times: Vec<Seconds> = times.into_iter().map(Seconds).collect();
        let found: Vec<_> = sessions(&times, gap).collect();
        let covered: Vec<usize> = found.iter().cloned().flatten().collect();
        prop_assert_eq!(covered, (0..times.len()).collect::<Vec<_>>());
        for session in &found {
            let inside = &times[session.clone()];
            prop_assert!(inside.windows(2).all(|pair| pair[1].0 - pair[0].0 <= gap));
        }
        prop_assert!(
            found.windows(2).all(|pair| times[pair[1].start].0 - times[pair[0].end - 1].0 > gap)
        );
    }
}

#[test]
fn a_column_that_misses_a_value_is_left_out() {
    let mut builder = InteractionsBuilder::default();
    builder.push("a", "x", Some(Seconds(1)), Some(1.0)).unwrap();
    builder.push("a", "y", None, Some(2.0)).unwrap();
    builder.push("a", "z", Some(Seconds(0)), Some(3.0)).unwrap();
    let interactions = builder.build(KCore::default()).unwrap();
    let history = interactions.history(ListenerIdx(0));
    assert!(!interactions.is_dated() && history.times.is_empty());
    assert_eq!(history.weights, [1.0, 2.0, 3.0]);
}

#[test]
fn leave_one_out_tests_the_last_event_and_validates_the_one_before() {
    let interactions =
        build(&[(0, 1, 1), (0, 2, 2), (0, 3, 3), (0, 4, 4), (1, 1, 1)], KCore::default()).unwrap();
    let split = leave_one_out(&interactions);
    assert_eq!(split.training.events(), 3);
    let [validation] = &split.validation[..] else { panic!("{:?}", split.validation) };
    let [test] = &split.test[..] else { panic!("{:?}", split.test) };
    assert_eq!((validation.shown, validation.answers.clone()), (2, 2..3));
    assert_eq!((test.shown, test.answers.clone()), (3, 3..4));
}
