//! From a log to what may be said of an experiment.

use segue_core::{Enrolment, Exposure, Impression, Timestamp};
use segue_engine::experiment::observation::{ListenerLog, Observation, observe};
use segue_engine::experiment::readout::readout;
use segue_engine::experiment::shadow::compare_shadows;
use segue_engine::experiment::{Design, Mode};

use super::design::design;
use crate::pick_outcomes::{at, catalogue, mix, play};
use crate::world::{HashScorer, Plan, request};

const WEEK: i64 = 7 * 24;

fn enrolled(impression: Impression, arm: &str, exposure: Exposure) -> Impression {
    let enrolment = Enrolment { experiment: "e".into(), arm: arm.into(), exposure };
    Impression { enrolment: Some(enrolment), ..impression }
}

fn halves(mode: Mode) -> Design {
    design("e", &[("control", 1), ("bold:explore=0.6", 1)], mode)
}

/// A listener who is shown songs 0 to 3 at an hour and finishes the first `liked` of them.
fn listener(i: usize, arm: &str, hours: i64, liked: usize) -> Observation {
    let who = format!("listener {i}");
    let listens = (0..liked).map(|song| play(&who, &format!("s{song}"), hours + 1, true)).collect();
    let shown = vec![enrolled(mix(&who, &[0, 1, 2, 3], hours), arm, Exposure::Shown)];
    let log = ListenerLog { shown, listens, ..ListenerLog::default() };
    observe(&catalogue(8), &halves(Mode::Live), &log).unwrap()
}

#[test]
fn a_listener_counts_with_the_experiments_mixes_of_their_first_days_only() {
    let design = halves(Mode::Live);
    let of_another = Impression {
        enrolment: Some(Enrolment {
            experiment: "old".into(),
            arm: "bold".into(),
            exposure: Exposure::Shown,
        }),
        ..mix("ann", &[6], 0)
    };
    let log = ListenerLog {
        shown: vec![
            of_another,
            enrolled(mix("ann", &[0, 1], 1), "bold", Exposure::Shown),
            mix("ann", &[2, 3], 2),
            enrolled(mix("ann", &[4, 5], 3), "bold", Exposure::Shown),
            enrolled(mix("ann", &[7], 1 + WEEK), "bold", Exposure::Shown),
        ],
        listens: vec![
            play("ann", "s1", 2, true),
            play("ann", "s2", 3, true),
            play("ann", "s4", 4, false),
            play("ann", "s5", 1 + WEEK, true),
            play("ann", "s7", 2 + WEEK, true),
        ],
        ..ListenerLog::default()
    };
    let seen = observe(&catalogue(8), &design, &log).unwrap();
    assert_eq!(
        (seen.arm, seen.since, seen.until, seen.played_later),
        (1, at(1), at(1 + WEEK), true)
    );
    let counts = seen.counts();
    assert_eq!((counts.mixes, counts.picks, counts.plays), (2, 4, 2));
    assert_eq!((counts.liked, counts.skipped, counts.discovered), (1, 1, 1));

    let none = ListenerLog { shown: vec![mix("ann", &[0], 0)], ..ListenerLog::default() };
    assert_eq!(observe(&catalogue(8), &design, &none), None);
}

#[test]
fn a_readout_compares_listeners_whose_time_is_over_and_counts_the_others() {
    let seen: Vec<Observation> = (0..400)
        .map(|i| {
            let (arm, liked) = if i % 2 == 0 { ("control", 1) } else { ("bold", 3) };
            listener(i, arm, i as i64, liked)
        })
        .collect();
    let early = readout(&halves(Mode::Live), &seen, at(WEEK));
    assert_eq!((early.arms[0].listeners, early.arms[0].complete), (200, 1));
    assert_eq!(early.arms[1].metrics.satisfaction.mean, None);

    let late = readout(&halves(Mode::Live), &seen, at(WEEK + 400));
    assert_eq!((late.arms[1].complete, late.unconfirmed), (200, 400));
    assert_eq!(late.arms[1].counts.plays, 600);
    assert_eq!(late.arms[1].metrics.satisfaction.mean, Some(0.75));
    assert_eq!(late.arms[1].metrics.discovery.mean, Some(0.25));
    let difference = late.differences[0].metrics;
    assert_eq!(difference.satisfaction.mean, Some(0.5));
    assert!(
        difference.satisfaction.low > 0.0 && difference.satisfaction.contains(0.5),
        "{difference:?}"
    );
    assert!(difference.skip_rate.contains(0.0));
    assert!(!late.split.unwrap().mismatch);

    // The bold arm fails for nine listeners in ten, who are never shown anything.
    let lossy = |i: &usize| i.is_multiple_of(2) || i.is_multiple_of(8 + 1);
    let kept: Vec<_> = (0..400).filter(lossy).map(|i| seen[i].clone()).collect();
    assert!(readout(&halves(Mode::Live), &kept, at(WEEK + 400)).split.unwrap().mismatch);
}

#[test]
fn the_order_in_which_listeners_are_read_does_not_matter() {
    let mut seen: Vec<Observation> =
        (0..40).map(|i| listener(i, ["control", "bold"][i % 2], (i / 4) as i64, i % 4)).collect();
    let forward = readout(&halves(Mode::Live), &seen, at(2 * WEEK));
    seen.reverse();
    assert_eq!(readout(&halves(Mode::Live), &seen, at(2 * WEEK)), forward);
}

/// Slates that the pipeline makes for one listener under both arms, as shown and as a shadow.
fn shadowed(
    arms: &[(&str, u32)],
) -> (segue_engine::Catalogue, Design, Vec<Observation>, Timestamp) {
    let design = design("e", arms, Mode::Shadow);
    let plan = Plan { seed: 4, tracks: 200, artists: 30, known: 0.5 };
    let world = plan.build();
    let mut log = ListenerLog::default();
    for seed in 0..10 {
        for (place, arm) in design.arms().iter().enumerate() {
            let request =
                segue_engine::pipeline::MixRequest { seed, ..arm.settings.apply(request(10, 0.3)) };
            let outcome = world.mixer(&HashScorer(1)).mix(&request).unwrap();
            let (exposure, into) = match place {
                0 => (Exposure::Shown, &mut log.shown),
                _ => (Exposure::Shadow, &mut log.shadows),
            };
            into.push(enrolled(
                Impression::new(at(seed as i64), outcome.slate),
                &arm.name,
                exposure,
            ));
        }
    }
    for shown in log.shown.clone() {
        let first = &shown.slate.picks[0];
        log.listens.push(play(
            "someone",
            first.track.as_str(),
            shown.at.as_second() / 3_600 - at(0).as_second() / 3_600,
            true,
        ));
    }
    let seen = observe(&world.catalogue, &design, &log).unwrap();
    (world.catalogue, design, vec![seen], at(2 * WEEK))
}

#[test]
fn shadows_are_compared_with_what_was_shown_in_their_place() {
    let (catalogue, design, seen, now) = shadowed(&[("control", 1), ("bold:explore=0.6", 1)]);
    let bold = &compare_shadows(&catalogue, &design, &seen, now)[0];
    assert_eq!((bold.listeners, bold.complete, bold.mixes), (1, 1, 10));
    assert!((0.1..0.9).contains(&bold.overlap.unwrap()), "{:?}", bold.overlap);
    let new_share = bold.new_share.mean.unwrap();
    assert!((new_share - 0.3).abs() < 1e-9, "{new_share}: six in ten are new instead of three");
    assert_eq!(bold.hint, None, "an arm that shows six new tracks could not have shown three");
    let live = readout(&design, &seen, now);
    assert_eq!((live.arms.len(), live.differences.len(), live.split), (1, 0, None));
}

#[test]
fn an_arm_that_is_the_control_again_would_have_shown_the_same_and_is_hinted_to_be_as_good() {
    let (catalogue, design, seen, now) = shadowed(&[("control", 1), ("same", 1)]);
    let same = &compare_shadows(&catalogue, &design, &seen, now)[0];
    assert_eq!(
        (same.overlap, same.new_share.mean, same.likability.mean),
        (Some(1.0), Some(0.0), Some(0.0))
    );
    let hint = same.hint.unwrap();
    assert_eq!((hint.mixes, hint.effective_picks.round()), (10, 100.0));
    assert!((hint.satisfaction - hint.shown).abs() < 1e-9 && hint.shown > 0.0, "{hint:?}");
    let early = &compare_shadows(&catalogue, &design, &seen, at(1))[0];
    assert_eq!(
        (early.hint, early.new_share),
        (None, same.new_share),
        "answers are waited for, shadows need none"
    );
}

#[test]
fn another_policy_over_the_same_choice_is_hinted_at_from_fewer_picks() {
    let (catalogue, design, seen, now) =
        shadowed(&[("control", 1), ("chancy:policy=epsilon-greedy", 1)]);
    let hint = compare_shadows(&catalogue, &design, &seen, now)[0].hint.unwrap();
    assert!(hint.effective_picks < 60.0 && hint.effective_picks >= 1.0, "{hint:?}");
    assert!((0.0..=1.0).contains(&hint.satisfaction));
}
