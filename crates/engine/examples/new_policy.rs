//! A policy of one's own, made up: any of the best `k` tracks, each with the same probability.
//!
//! `cargo run -p segue-engine --example new_policy`
//!
//! A [`Policy`] has the last word on a mix. It is given what is believed of the tracks on a
//! short-list, and for every pick what is still eligible; it answers with a probability for each of
//! these. The draw itself, caps and shares of new tracks are not its concern. What it must keep:
//!
//! - propensities sum to 1 and are those that it picks by, or the log is worth nothing later;
//! - the same belief and generator give the same propensities;
//! - its version is raised whenever the same belief and seed no longer give the same picks.
//!
//! For mixes to be drawn by it, put it into `crates/engine/src/policy/top_uniform.rs` with a
//! function `tuned(&Parameters) -> Self`, and add the module and a line to the table `policies!` in
//! `crates/engine/src/policy/mod.rs`. It is then a name for `segue mix --policy` and for arms of
//! experiments, and its logs can be drawn again.
#![allow(clippy::print_stdout, reason = "an example, run by hand")]

use rand::Rng;
use segue_core::{Parameters, Track, TrackId, WorkId};
use segue_engine::Catalogue;
use segue_engine::candidate::Class;
use segue_engine::mix::quota::{Caps, Quota, Shape};
use segue_engine::policy::draw::{draw, generator};
use segue_engine::policy::{Belief, Chooser, Policy};

/// Picks any of the best `k` that are eligible, each as likely as the other.
#[derive(Clone, Copy, Debug)]
struct TopUniform {
    k: usize,
}

impl TopUniform {
    /// Reads `k`, 3 where it is missing: what the table calls to tune a policy.
    fn tuned(parameters: &Parameters) -> Self {
        Self { k: parameters.number("k").map_or(3, |k| (k as usize).max(1)) }
    }
}

impl Policy for TopUniform {
    fn name(&self) -> &'static str {
        "top-uniform"
    }

    fn version(&self) -> u32 {
        1
    }

    /// Once a slate. What is random once a slate, as a draw from the belief in Thompson sampling,
    /// is drawn here; this policy needs nothing.
    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        Box::new(Top { k: self.k, scores: belief.scores() })
    }
}

struct Top<'a> {
    k: usize,
    scores: &'a [f32],
}

impl Chooser for Top<'_> {
    /// Once a pick. `eligible` are positions on the short-list; the answer has one probability for
    /// each of them, in the same order.
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        let mut best: Vec<usize> = (0..eligible.len()).collect();
        // Highest score first, of equals the first: the same everywhere.
        let score = |place: usize| self.scores[eligible[place]];
        best.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
        best.truncate(self.k);
        let mut propensities = vec![0.0; eligible.len()];
        best.iter().for_each(|&place| propensities[place] = 1.0 / best.len() as f64);
        propensities
    }
}

/// Six tracks by three artists.
fn catalogue() -> Catalogue {
    let track = |number: usize| {
        let id = format!("t{number}");
        let track = Track::new(TrackId::new(id.clone()), WorkId::new(id.clone()), id);
        Track { artists: vec![format!("artist {}", number % 3)], ..track }
    };
    Catalogue::from_tracks((0..6).map(track).collect())
}

fn main() {
    let catalogue = catalogue();
    let policy = TopUniform::tuned(&Parameters::default().with("k", 2.0));
    let belief = Belief::certain(vec![0.9, 0.8, 0.7, 0.6, 0.5, 0.4]);

    // Four picks, at most one of them new and two by an artist.
    let caps = Caps { artist: 2, album: 6 };
    let (length, beside) = (4, &[]);
    let shape = Shape { length, new_slots: 1, new_artist_slots: 0, arrival_slots: 0, caps, beside };
    let class = |row: usize| if row < 2 { Class::NewTrack } else { Class::Familiar };
    let tracks = catalogue.rows().enumerate().map(|(row, track)| (track, class(row)));
    let quota = Quota::new(&catalogue, tracks, shape);
    for pick in draw(&belief, quota.clone(), &policy, &mut generator(7)) {
        println!("track {} with probability {:.2}", pick.position, pick.propensity);
    }

    // Whether what is stated is what happens: how often the first pick was each of the tracks.
    let eligible = quota.eligible();
    let stated = policy.prepare(&belief, &mut generator(0)).propensities(&eligible);
    assert!((stated.iter().sum::<f64>() - 1.0).abs() < 1e-12, "propensities sum to 1");
    let draws = 20_000;
    let mut count = vec![0; belief.len()];
    for seed in 0..draws {
        count[draw(&belief, quota.clone(), &policy, &mut generator(seed))[0].position] += 1;
    }
    for (&position, &stated) in eligible.iter().zip(&stated) {
        let found = f64::from(count[position]) / draws as f64;
        println!("track {position}: stated {stated:.3}, drawn {found:.3}");
        let standard_error = (stated * (1.0 - stated) / draws as f64).sqrt();
        assert!((found - stated).abs() <= 4.0 * standard_error, "it picks as it states");
    }
}
