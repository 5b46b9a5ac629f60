//! From mixes and what came of them to the value of another policy.

use rand::RngExt;
use segue_core::{
    EndReason, Feedback, FeedbackKind, FeedbackTarget, Impression, Listen, ListenerId, Slate,
    Source, Timestamp, TrackId,
};
use segue_engine::candidate::Class;
use segue_engine::dataset::pick_outcomes::{Credit, pick_outcomes};
use segue_engine::mix::quota::{Caps, Quota, Shape};
use segue_engine::pipeline::MixRequest;
use segue_engine::policy::draw::{draw, generator};
use segue_engine::policy::{Belief, Greedy, PlackettLuce, Policy, PolicyKind};
use segue_lab::off_policy::impressions::{predict, rewards, weigh};
use segue_lab::off_policy::{
    EstimateSettings, LoggedSlate, PolicyEstimate, SlateEstimator, estimate_slates,
};

use crate::world::{HashScorer, Plan, World, now, request};

const HOUR: i64 = 3_600;

fn world() -> World {
    Plan { seed: 4, tracks: 60, artists: 12, known: 0.5 }.build()
}

fn slate(world: &World, length: u32, policy: PolicyKind, seed: u64) -> Slate {
    let request = MixRequest { policy, seed, ..request(length, 0.5) };
    world.mixer(&HashScorer(1)).mix(&request).unwrap().slate
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() + seconds).unwrap()
}

fn play(track: &TrackId, seconds: i64, end_reason: EndReason) -> Listen {
    let ms_played = if end_reason == EndReason::Finished { 500_000 } else { 5_000 };
    let listen = Listen::new(ListenerId::new("ann"), track.clone(), later(seconds), Source::Segue);
    Listen { ms_played: Some(ms_played), end_reason, ..listen }
}

fn say(track: &TrackId, seconds: i64, kind: FeedbackKind) -> Feedback {
    Feedback {
        listener: ListenerId::new("ann"),
        target: FeedbackTarget::Track(track.clone()),
        kind,
        at: Some(later(seconds)),
        source: Source::Segue,
    }
}

#[test]
fn a_pick_earns_what_was_done_with_it_in_time() {
    use EndReason::{Finished, SkippedForward};
    let world = world();
    let impression = Impression::new(now(), slate(&world, 8, PolicyKind::PlackettLuce, 1));
    let tracks: Vec<TrackId> =
        impression.slate.picks.iter().map(|pick| pick.track.clone()).collect();
    let listens = [
        play(&tracks[0], HOUR, Finished),
        play(&tracks[1], HOUR, SkippedForward),
        play(&tracks[2], -HOUR, Finished),
        play(&tracks[3], 25 * HOUR, Finished),
        play(&tracks[4], HOUR, Finished),
        Listen { private_session: true, ..play(&tracks[7], HOUR, Finished) },
    ];
    let feedback = [
        say(&tracks[4], 2 * HOUR, FeedbackKind::Dislike),
        say(&tracks[5], HOUR, FeedbackKind::Like),
    ];
    let credit = Credit { days: 1, before: Timestamp::MAX };
    let answers = pick_outcomes(&world.catalogue, &[impression], &listens, &feedback, credit);
    assert_eq!(rewards(&answers[0]), [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
}

/// What a listener likes: a third of the tracks much more than the rest.
fn liking(track: &TrackId) -> f64 {
    let sum: u32 = track.as_str().bytes().map(u32::from).sum();
    if sum.is_multiple_of(3) { 0.9 } else { 0.2 }
}

fn log(world: &World, target: &dyn Policy, count: u64, length: usize) -> Vec<LoggedSlate> {
    let mut rng = generator(3);
    let mut slates = Vec::new();
    for seed in 0..count {
        let slate = slate(world, 4, PolicyKind::PlackettLuce, seed);
        let rewards: Vec<f64> = slate
            .picks
            .iter()
            .map(|pick| f64::from(u8::from(rng.random::<f64>() < liking(&pick.track))))
            .collect();
        let impression = Impression::new(now(), slate);
        slates.push(
            weigh(&world.catalogue, &impression, target, &rewards, seed as u32, length).unwrap(),
        );
    }
    predict(slates, 5, &mut rng)
}

fn answer(slates: &[LoggedSlate], name: &str) -> PolicyEstimate {
    let answers = estimate_slates(slates, &SlateEstimator::ALL, &EstimateSettings::default());
    answers.into_iter().find(|answer| answer.estimator == name).unwrap()
}

/// What the first two picks of a policy earn, from many mixes that it draws itself.
fn earned_by(world: &World, policy: &dyn Policy) -> f64 {
    let base = slate(world, 4, PolicyKind::PlackettLuce, 0);
    let belief = Belief::certain(base.shortlist.iter().map(|listed| listed.score).collect());
    let shape = Shape {
        length: 4,
        new_slots: base.config.new_slots,
        new_artist_slots: 0,
        arrival_slots: 0,
        caps: Caps { artist: base.config.artist_cap, album: base.config.album_cap },
        beside: &[],
    };
    let row = |place: usize| {
        let listed = &base.shortlist[place];
        let class = if listed.new_to_listener { Class::NewTrack } else { Class::Familiar };
        (world.catalogue.find(&listed.track).unwrap(), class)
    };
    let mut rng = generator(5);
    let mut earned = || -> f64 {
        let rows = (0..base.shortlist.len()).map(row);
        let quota = Quota::new(&world.catalogue, rows, shape);
        let picks = draw(&belief, quota, policy, &mut rng);
        picks[..2].iter().map(|pick| liking(&base.shortlist[pick.position].track)).sum()
    };
    (0..20_000).map(|_| earned()).sum::<f64>() / 20_000.0
}

#[test]
fn mixes_that_were_shown_tell_what_another_policy_would_earn() {
    let world = world();
    let target = PlackettLuce { temperature: 0.15 };
    let slates = log(&world, &target, 2_000, 2);
    let truth = earned_by(&world, &target);
    for name in ["rips", "snrips", "cascade-dr"] {
        let answer = answer(&slates, name);
        assert_eq!(answer.refusal, None, "{name}");
        let off = (answer.value - truth).abs() / answer.standard_error;
        assert!(off < 3.5, "{name}: {} ± {} for {truth}", answer.value, answer.standard_error);
    }
    let logged =
        slates.iter().flatten().map(|round| round.reward).sum::<f64>() / slates.len() as f64;
    assert!((logged - truth).abs() > 0.03, "the log itself earns {logged}, not {truth}");
}

#[test]
fn mixes_of_a_greedy_policy_say_nothing_of_chance() {
    let world = world();
    let target = PlackettLuce { temperature: 10.0 };
    let impression = Impression::new(now(), slate(&world, 4, PolicyKind::Greedy, 1));
    let weighed =
        |cluster| weigh(&world.catalogue, &impression, &target, &[1.0; 4], cluster, 4).unwrap();
    let slates = predict((0..200).map(weighed).collect(), 5, &mut generator(1));
    assert!(slates[0].iter().all(|round| round.unsupported.unwrap() > 0.5));
    for answer in estimate_slates(&slates, &SlateEstimator::ALL, &EstimateSettings::default()) {
        assert!(answer.refusal.unwrap().to_string().contains("explores"), "{}", answer.estimator);
    }
}

#[test]
fn a_sure_policy_is_within_reach_of_one_that_explores() {
    let slates = log(&world(), &Greedy, 50, 4);
    assert!(slates.iter().flatten().all(|round| round.unsupported == Some(0.0)));
    assert!(slates.iter().flatten().all(|round| round.target == 0.0 || round.target == 1.0));
}
