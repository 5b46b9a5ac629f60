//! The same request and seed give the same slate as they did when the snapshot was written.
//!
//! A change of plan must not change a mix. Every policy at every place of the dial is asked over a
//! catalogue that is scored whole and over one that is too large for that, for a listener with a
//! history and for one without. A line of the snapshot stands for a slate: it digests what was
//! picked in which order, how likely each pick was, and why. Where a line differs, look first at
//! what it still shows of the slate, then print the slates of both versions. A change that is meant
//! to alter mixes accepts the new snapshot and says so.

use std::fmt::Write as _;

use segue_core::ListenerId;
use segue_engine::Profile;
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::{MixError, MixOutcome, MixRequest, Mixer};
use segue_engine::policy::PolicyKind;

use crate::world::{HashScorer, Plan, World, request};

const DIALS: [f32; 6] = [0.0, 0.1, 0.3, 0.5, 0.8, 1.0];

/// Four significant digits: what a policy or a ranking does differently shows, and the last bits of
/// another processor's arithmetic do not.
fn rounded(value: f64) -> String {
    format!("{value:.3e}")
}

/// Everything that a listener or the log sees of a slate, one pick a line.
fn full(outcome: &MixOutcome) -> String {
    let slate = &outcome.slate;
    let mut text = format!("{} {:?} {:?}\n", outcome.candidates, outcome.left_out, outcome.notes);
    for pick in &slate.picks {
        let reason = serde_json::to_string(&pick.reason).unwrap();
        let numbers = [pick.propensity, pick.likability.into(), pick.uncertainty.into()];
        let [propensity, likability, uncertainty] = numbers.map(rounded);
        let (track, drawn, is_new) = (&pick.track, pick.drawn, pick.new_to_listener);
        writeln!(text, "{track} {drawn} {is_new} {propensity} {likability} {uncertainty} {reason}")
            .unwrap();
    }
    for listed in &slate.shortlist {
        writeln!(text, "{} {}", listed.track, rounded(listed.score.into())).unwrap();
    }
    text
}

fn line(outcome: Result<MixOutcome, MixError>) -> String {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return error.to_string(),
    };
    let digest = blake3::hash(full(&outcome).as_bytes()).to_hex();
    let slate = &outcome.slate;
    let first: Vec<&str> = slate.picks.iter().take(3).map(|pick| pick.track.as_str()).collect();
    let chance: f64 = slate.picks.iter().map(|pick| pick.propensity.ln()).sum();
    format!(
        "{} {}+{} of {} from {}, ln p {chance:.2}, {}",
        &digest[..16],
        slate.picks.len() - slate.new_count(),
        slate.new_count(),
        slate.shortlist.len(),
        outcome.candidates,
        first.join(" "),
    )
}

/// A request of every policy and dial, and of what else can be asked for.
fn requests() -> Vec<(String, MixRequest)> {
    let mut requests = Vec::new();
    for policy in PolicyKind::ALL {
        for (seed, explore) in (1..).zip(DIALS) {
            let name = format!("{} {explore}", policy.name());
            requests.push((name, MixRequest { policy, seed, ..request(20, explore) }));
        }
    }
    let balanced = MixRequest { seed: 7, ..request(20, 0.3) };
    for (name, familiarity) in [
        ("only new", Familiarity::New),
        ("only heard", Familiarity::Heard),
        ("only owned", Familiarity::Owned),
    ] {
        requests.push((name.to_owned(), MixRequest { familiarity, ..balanced.clone() }));
    }
    let capped = MixRequest { artist_cap: 1, album_cap: 1, ..balanced.clone() };
    requests.push(("one by an artist".to_owned(), capped));
    let repeats = MixRequest { no_repeat_days: 0, ..balanced.clone() };
    requests.push(("repeats".to_owned(), repeats));
    requests.push(("rested".to_owned(), MixRequest { no_repeat_days: 60, ..balanced.clone() }));
    requests.push(("long".to_owned(), MixRequest { length: 200, ..balanced }));
    requests
}

/// The slates of all requests, each over the whole catalogue or over what retrieval gathers.
fn golden(world: &World, breadth: Looked) -> String {
    let stranger = Profile::empty(ListenerId::new("stranger"));
    let mut lines = String::new();
    for (who, profile) in [("known", &world.profile), ("stranger", &stranger)] {
        for (name, mut request) in requests() {
            request.arrivals = (0..world.catalogue.len())
                .step_by(37)
                .map(|row| world.catalogue.track(segue_engine::TrackIdx(row as u32)).id.clone())
                .collect();
            request.exact = matches!(breadth, Looked::Everywhere);
            let World { catalogue, index, .. } = world;
            let scorer = &HashScorer(11);
            let outcome = Mixer { catalogue, index, profile, scorer }.mix(&request);
            writeln!(lines, "{who}, {name}: {}", line(outcome)).unwrap();
        }
    }
    lines
}

/// How much of the catalogue a mix looks at.
#[derive(Clone, Copy)]
enum Looked {
    Everywhere,
    WithinBounds,
}

#[test]
fn exact_slates_stay_the_same() {
    let world = Plan { seed: 5, tracks: 1_500, artists: 150, known: 0.15 }.build();
    insta::assert_snapshot!("scored_whole", golden(&world, Looked::Everywhere));
}

#[test]
fn slates_within_bounds_stay_the_same() {
    let world = Plan { seed: 5, tracks: 1_500, artists: 150, known: 0.15 }.build();
    insta::assert_snapshot!("within_bounds", golden(&world, Looked::WithinBounds));
}

#[test]
fn slates_from_a_catalogue_over_the_exact_limit_stay_the_same() {
    let world = Plan { seed: 6, tracks: 200_500, artists: 20_000, known: 0.002 }.build();
    insta::assert_snapshot!("over_the_limit", golden(&world, Looked::WithinBounds));
}
