//! A trial from opening to comparison, with a learner that has read the answers.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use segue_core::{Timestamp, TrackId};
use segue_engine::Index;
use segue_engine::mix::quota::Caps;
use segue_engine::policy::PolicyKind;
use segue_engine::{Catalogue, Likability, Profile, Scorer, TrackIdx};
use segue_lab::simulation::listeners::ListenerModel;
use segue_lab::simulation::trial::comparison::{Measured, TrialVerdict, compare};
use segue_lab::simulation::trial::measures::{Measure, generalist_specialist, gini};
use segue_lab::simulation::trial::{
    Answered, Day, Learner, LearnerError, ListeningCourse, Meeting, Opening, Run, TrialArm,
    TrialConfig, TrialError, oracle, run,
};

use crate::world::RowScorer;

pub(crate) fn config(model: ListenerModel, seed: u64) -> TrialConfig {
    TrialConfig {
        seed,
        model,
        listeners: 4,
        artists: 20,
        history_days: 12,
        days: 9,
        start: Timestamp::from_second(1_700_000_000).unwrap(),
    }
}

fn arm(explore: f32) -> TrialArm {
    TrialArm {
        explore,
        policy: PolicyKind::PlackettLuce,
        length: 8,
        no_repeat_days: 1,
        refit_days: 3,
    }
}

/// Likes what was finished more often than skipped and, a little, what anybody did.
struct Counting {
    catalogue: Arc<Catalogue>,
    liked: FxHashMap<TrackId, f32>,
}

impl Scorer for Counting {
    fn version(&self) -> &str {
        "counting/1"
    }

    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        let own = |track: &TrackIdx| {
            profile
                .interactions
                .iter()
                .find(|x| x.track == *track)
                .map_or(0.0, |x| x.liked_weight - x.disliked_weight)
        };
        let all = |track: &TrackIdx| {
            self.liked.get(&self.catalogue.track(*track).id).copied().unwrap_or(0.0)
        };
        let mean = |track| 1.0 / (1.0 + (-own(track) - 0.1 * all(track)).exp());
        tracks.iter().map(|track| Likability { mean: mean(track), uncertainty: 0.1 }).collect()
    }
}

/// Keeps everything that a trial tells it.
struct Recorder {
    scorer: Counting,
    mixes: Vec<(Vec<TrackId>, Vec<TrackId>, Timestamp)>,
    refits: Vec<u32>,
}

impl Recorder {
    fn new(opening: &Opening) -> Self {
        let catalogue = Arc::clone(&opening.world.catalogue);
        Self {
            scorer: Counting { catalogue, liked: FxHashMap::default() },
            mixes: Vec::new(),
            refits: Vec::new(),
        }
    }
}

impl Learner for Recorder {
    fn scorer(&self) -> &dyn Scorer {
        &self.scorer
    }

    fn answered(&mut self, answered: &Answered<'_>) {
        let picks = answered.impression.slate.picks.iter().map(|pick| pick.track.clone()).collect();
        let heard = answered.listens.iter().map(|listen| listen.track.clone()).collect();
        self.mixes.push((picks, heard, answered.impression.at));
        let plays = |profile: &Profile| profile.interactions.iter().map(|x| x.plays).sum::<u32>();
        assert_eq!(plays(answered.before) + answered.listens.len() as u32, plays(answered.after));
    }

    fn refit(
        &mut self,
        released: &Catalogue,
        profiles: &[Profile],
        day: u32,
    ) -> Result<(), LearnerError> {
        self.refits.push(day);
        for interaction in profiles.iter().flat_map(|profile| &profile.interactions) {
            let track = released.track(interaction.track).id.clone();
            *self.scorer.liked.entry(track).or_default() += interaction.liked_weight;
        }
        Ok(())
    }
}

fn ran(opening: &Opening, explore: f32) -> (Run, Recorder) {
    let mut recorder = Recorder::new(opening);
    let run = run(opening, &arm(explore), &mut recorder, &mut |_| {}).unwrap();
    (run, recorder)
}

#[test]
fn what_is_heard_is_what_the_pipeline_gave_up_to_where_the_listener_left() {
    for model in ListenerModel::ALL {
        let opening = Opening::draw(&config(model, 3));
        let (run, recorder) = ran(&opening, 0.4);
        assert!(recorder.mixes.len() > 8, "{}", recorder.mixes.len());
        for (picks, heard, _) in &recorder.mixes {
            assert!(!heard.is_empty() && picks.starts_with(heard), "{model:?}");
        }
        let heard: usize = recorder.mixes.iter().map(|(_, heard, _)| heard.len()).sum();
        assert_eq!(heard, run.courses.iter().map(|course| course.heard.len()).sum::<usize>());
        assert_eq!(heard as u32, run.exposures.iter().sum::<u32>());
        assert_eq!(recorder.refits, [2, 5], "no model is fitted that no mix would use");
    }
}

#[test]
fn nothing_is_played_before_it_is_released() {
    for model in ListenerModel::ALL {
        let config = config(model, 5);
        let opening = Opening::draw(&config);
        let world = &opening.world;
        let (known, profiles) = opening.fit_set();
        assert!(known.len() < world.catalogue.len() && profiles.len() == config.listeners);
        let late: BTreeSet<TrackIdx> =
            world.catalogue.rows().filter(|&track| !world.is_released(track, -1)).collect();
        assert!(late.len() > 10, "tracks arrive");
        for (listens, _) in opening.rows() {
            assert!(
                listens
                    .iter()
                    .all(|listen| !late.contains(&world.catalogue.find(&listen.track).unwrap()))
            );
        }
        assert!(late.iter().all(|&track| known.find(&world.catalogue.track(track).id).is_none()));
        let (_, recorder) = ran(&opening, 1.0);
        let mut fresh = 0;
        for (picks, _, at) in &recorder.mixes {
            let day = (at.as_second() - config.start.as_second()).div_euclid(86_400) as i32;
            for track in picks.iter().map(|id| world.catalogue.find(id).unwrap()) {
                assert!(world.is_released(track, day));
                fresh += u32::from(late.contains(&track));
            }
        }
        assert!(fresh > 0, "what has been released is played");
    }
}

#[test]
fn a_release_to_come_carries_no_popularity() {
    let opening = Opening::draw(&config(ListenerModel::TastePoints, 5));
    let world = &opening.world;
    for track in world.catalogue.rows() {
        assert_eq!(world.catalogue.track(track).popularity.is_some(), world.is_released(track, -1));
    }
}

#[test]
fn the_same_arm_runs_the_same_on_any_number_of_threads() {
    let config = config(ListenerModel::LatentFactors, 8);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ran(&Opening::draw(&config), 0.3).0)
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn arms_differ_in_the_dial_and_share_their_luck() {
    let config = TrialConfig { history_days: 60, ..config(ListenerModel::TastePoints, 4) };
    let opening = Opening::draw(&config);
    let ((near, _), (far, _)) = (ran(&opening, 0.0), ran(&opening, 1.0));
    for (near, far) in near.courses.iter().zip(&far.courses) {
        for (near, far) in near.days.iter().zip(&far.days) {
            assert_eq!(
                (near.mixes, near.own_plays),
                (far.mixes, far.own_plays),
                "visits follow a habit"
            );
            assert!(near.new == 0 && far.new == far.heard);
        }
        assert_eq!(near.popularity_before, far.popularity_before);
    }
    assert!(
        near.courses.iter().all(|course| course.meetings.is_empty()),
        "dial 0 plays what is known"
    );
    assert!(far.courses.iter().any(|course| !course.meetings.is_empty()));
}

#[test]
fn no_mix_is_better_than_the_best_one() {
    for model in ListenerModel::ALL {
        let (run, _) = ran(&Opening::draw(&config(model, 6)), 0.5);
        let days =
            || run.courses.iter().flat_map(|course| &course.days).filter(|day| day.mixes > 0);
        assert!(days().count() > 0);
        assert!(days().all(|day| (0.0..1.0).contains(&day.regret)));
    }
}

#[test]
fn the_best_mix_keeps_to_the_caps() {
    let opening = Opening::draw(&config(ListenerModel::TastePoints, 2));
    let catalogue = &opening.world.catalogue;
    let value = |track: TrackIdx| f64::from(track.0 % 17) / 17.0;
    let everything = || catalogue.rows().map(|track| (track, value(track)));
    let best = |caps, length| oracle::best_mean(catalogue, everything(), caps, length);
    let loose = Caps { artist: 100, album: 100 };
    let tight = Caps { artist: 1, album: 1 };
    assert!(best(tight, 10) < best(loose, 10));
    // One track of each artist: the mean of each artist's best.
    let mut by_artist: FxHashMap<_, f64> = FxHashMap::default();
    for (track, value) in everything() {
        let best = by_artist.entry(catalogue.artist(track)).or_insert(0.0);
        *best = best.max(value);
    }
    let expected = by_artist.values().sum::<f64>() / by_artist.len() as f64;
    assert!((best(tight, 1_000) - expected).abs() < 1e-12);
    assert_eq!(oracle::best_mean(catalogue, [], tight, 10), 0.0);
}

#[test]
fn a_learner_that_fails_ends_the_trial_with_the_day() {
    struct Failing(RowScorer);
    impl Learner for Failing {
        fn scorer(&self) -> &dyn Scorer {
            &self.0
        }
        fn refit(&mut self, _: &Catalogue, _: &[Profile], _: u32) -> Result<(), LearnerError> {
            Err("no memory".into())
        }
    }
    let opening = Opening::draw(&config(ListenerModel::TastePoints, 1));
    let error =
        run(&opening, &arm(0.2), &mut Failing(RowScorer(|_| 0.5)), &mut |_| {}).unwrap_err();
    assert!(matches!(error, TrialError::Learner { day: 2, .. }), "{error}");
}

#[test]
fn exposure_is_uneven_from_0_to_nearly_1() {
    assert_eq!(gini(&[3, 3, 3, 3]), 0.0);
    assert_eq!(gini(&[0, 0]), 0.0);
    assert!((gini(&[0, 0, 0, 8]) - 0.75).abs() < 1e-12);
    assert!((gini(&[1, 2, 3]) - 2.0 / 9.0).abs() < 1e-12);
}

#[test]
fn a_specialist_scores_1_and_who_hears_opposites_less() {
    assert!((generalist_specialist(&[[2.0, 0.0], [5.0, 0.0]]).unwrap() - 1.0).abs() < 1e-12);
    let across = generalist_specialist(&[[1.0, 0.0], [0.0, 1.0]]).unwrap();
    assert!((across - 0.5f64.sqrt()).abs() < 1e-12);
    assert_eq!(generalist_specialist(&[[1.0, 0.0], [-1.0, 0.0]]), None, "there is no centre");
    assert_eq!(generalist_specialist::<2>(&[]), None);
}

/// A course in which every mix has two tracks, enjoyed like this day by day.
fn course(opening: &Opening, enjoyments: &[f64]) -> ListeningCourse {
    let (run, _) = ran(opening, 0.0);
    let mut course = run.courses[0].clone();
    let day = |&enjoyment: &f64| Day { mixes: 1, shown: 2, heard: 2, enjoyment, ..Day::default() };
    course.days = enjoyments.iter().map(day).collect();
    course
}

#[test]
fn a_price_paid_early_is_earned_back_on_the_day_that_says_so() {
    let opening = Opening::draw(&config(ListenerModel::TastePoints, 1));
    let sound = Index::build(&opening.world.catalogue, []).sound;
    let run_of = |courses: &[&[f64]]| Run {
        courses: courses.iter().map(|days| course(&opening, days)).collect(),
        exposures: vec![1, 1],
    };
    let steady = run_of(&[&[1.0; 6], &[1.2; 6]]);
    let patient = run_of(&[&[0.6, 0.8, 1.2, 1.4, 1.4, 1.4], &[0.8, 1.0, 1.4, 1.6, 1.6, 1.6]]);
    let arms = [
        (0.0, vec![Measured { run: &steady, sound: &sound }]),
        (0.5, vec![Measured { run: &patient, sound: &sound }]),
    ];
    let settings = compare(&arms, 7);
    assert_eq!(settings[0].break_even_day, Some(0));
    assert!(settings[0].standing(Measure::SatisfactionLast).unwrap().difference.is_none());
    let far = &settings[1];
    assert!((far.price - 0.15).abs() < 1e-12, "{}", far.price);
    let last = far.standing(Measure::SatisfactionLast).unwrap();
    assert!(
        (last.difference.unwrap().mean - 0.2).abs() < 1e-12
            && (last.by_seed[0] - 0.2).abs() < 1e-12
    );
    assert!((last.value.mean - 0.75).abs() < 1e-12);
    assert_eq!(far.verdict(Measure::SatisfactionLast), Some(TrialVerdict::More));
    assert_eq!(far.verdict(Measure::SatisfactionFirst), Some(TrialVerdict::Less));
    // -.4, -.6, -.4, 0: nothing is lost any more from the fourth day on.
    assert_eq!(far.break_even_day, Some(3));
    assert!((far.gained[1] + 0.6).abs() < 1e-12 && (far.gained[5] - 0.8).abs() < 1e-12);
    assert!(far.standing(Measure::SatisfactionNew).is_none(), "nothing new was heard");
}

#[test]
fn kept_artists_count_and_forgotten_ones_do_not() {
    let opening = Opening::draw(&config(ListenerModel::TastePoints, 1));
    let sound = Index::build(&opening.world.catalogue, []).sound;
    let mut course = course(&opening, &[1.0; 3]);
    let artists: Vec<_> =
        opening.world.catalogue.rows().filter_map(|t| opening.world.catalogue.artist(t)).collect();
    course.meetings.insert(artists[0], Meeting { day: 1, is_kept: true });
    let other = artists.iter().find(|artist| **artist != artists[0]).unwrap();
    course.meetings.insert(*other, Meeting { day: 2, is_kept: false });
    assert_eq!(Measure::Discoveries.of(&course, &sound), Some(1.0));
}

#[test]
fn an_artist_is_kept_only_after_thirty_days() {
    let config = TrialConfig { days: 45, listeners: 3, ..config(ListenerModel::LatentFactors, 2) };
    let opening = Opening::draw(&config);
    let (run, _) = ran(&opening, 0.6);
    let meetings = || run.courses.iter().flat_map(|course| course.meetings.values());
    assert!(meetings().any(|meeting| meeting.is_kept));
    assert!(
        meetings().filter(|meeting| meeting.is_kept).all(|meeting| meeting.day + 30 < config.days)
    );
}
