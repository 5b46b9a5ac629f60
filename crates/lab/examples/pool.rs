//! What a bounded pool loses against a look at the whole catalogue, and what retrieval costs:
//! made-up listeners whose true taste is known, mixes by a trained model from the whole catalogue
//! and from pools of several sizes.
//!
//! `cargo run --release -p segue-lab --example pool -- SEEDS FIRST_SEED ARTISTS` draws a
//! community for each seed (about ten tracks an artist), trains a model on it, and compares mixes
//! at three stops of the dial for twenty listeners with a history and five newcomers.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an experiment, run by hand")]

use std::collections::BTreeSet;
use std::sync::Arc;

use segue_core::{ListenerId, Slate, Timestamp, TrackId};
use segue_engine::Index;
use segue_engine::metrics::Estimate;
use segue_engine::pipeline::{Bounds, Breadth, MixRequest, Mixer};
use segue_engine::{Catalogue, MixContext, Profile};
use segue_lab::simulation::community::{CommunityConfig, MadeUpCommunity, MadeUpHistory};
use segue_models::likability::{LikabilityConfig, LikabilityModel, OnlineScorer};

const LISTENERS: usize = 100;
const JUDGED: usize = 20;
const NEWCOMERS: usize = 5;
const DIALS: [f32; 3] = [0.1, 0.3, 0.8];

fn bounds() -> [Bounds; 5] {
    [(300, 300, 600), (300, 500, 1_000), (500, 600, 2_000), (500, 800, 3_000), (500, 1_500, 6_000)]
        .map(|(familiar, new, asked)| Bounds { familiar, new, asked, arrivals: 60 })
}

struct World {
    community: MadeUpCommunity,
    catalogue: Arc<Catalogue>,
    index: Index,
    profiles: Vec<Profile>,
    scorer: OnlineScorer,
    now: Timestamp,
}

/// What is compared of two mixes.
#[derive(Default)]
struct Figures {
    /// Share of the short-list of the whole catalogue that is on the pool's.
    overlap: Vec<f64>,
    /// Likability of the picks of the pool less that of the whole: as predicted, and as it truly
    /// is.
    predicted: Vec<f64>,
    truth: Vec<f64>,
    retrieve_ms: Vec<f64>,
    mix_ms: Vec<f64>,
    bytes: Vec<f64>,
}

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
    let number = |place: usize| std::env::args().nth(place).and_then(|number| number.parse().ok());
    let (seeds, first, artists) =
        (number(1).unwrap_or(1), number(2).unwrap_or(0), number(3).unwrap_or(3_000));
    let mut known: [[Figures; 3]; 5] = Default::default();
    let mut newcomers: [[Figures; 3]; 5] = Default::default();
    for seed in first..first + seeds {
        let world = world(seed as u64, artists);
        println!("seed {seed}: {} tracks", world.catalogue.len());
        for listener in 0..JUDGED + NEWCOMERS {
            let profile = match listener < JUDGED {
                true => world.profiles[listener].clone(),
                false => Profile::empty(ListenerId::new(format!("newcomer {listener}"))),
            };
            let history = &world.community.histories[listener];
            let figures = if listener < JUDGED { &mut known } else { &mut newcomers };
            compare(&world, history, &profile, figures);
        }
    }
    print("with a history", &known);
    print("newcomers", &newcomers);
}

fn world(seed: u64, artists: usize) -> World {
    let start = Timestamp::from_second(1_735_689_600).unwrap();
    let config =
        CommunityConfig { seed, listeners: LISTENERS, artists, days: 120, sessions: 15, start };
    let community = MadeUpCommunity::draw(&config);
    let catalogue = Arc::new(Catalogue::from_tracks(community.tracks.clone()));
    let fold = |history: &MadeUpHistory| {
        Profile::fold(&catalogue, history.listener.clone(), &history.listens, &history.feedback)
    };
    let profiles: Vec<Profile> = community.histories.iter().map(fold).collect();
    let fitted =
        LikabilityModel::fit(&catalogue, &profiles, LikabilityConfig::default(), seed, &mut |_| {});
    let index = Index::build(&catalogue, &profiles);
    let now = Timestamp::from_second(start.as_second() + 121 * 86_400).unwrap();
    let scorer = fitted.unwrap().0.scorer(&catalogue).online();
    World { community, catalogue, index, profiles, scorer, now }
}

fn compare(
    world: &World,
    history: &MadeUpHistory,
    profile: &Profile,
    figures: &mut [[Figures; 3]; 5],
) {
    let &World { ref catalogue, ref index, ref scorer, now, .. } = world;
    let requests = DIALS.map(|explore| MixRequest { explore, ..MixRequest::new(world.now) });
    let whole = requests
        .clone()
        .map(|request| Mixer { catalogue, index, profile, scorer }.mix(&request).unwrap().slate);
    for (bounds, figures) in bounds().into_iter().zip(figures) {
        let started = cpu_ms();
        let pool = Mixer { catalogue, index, profile, scorer }
            .retrieve(Breadth::Bounded(bounds), &[], MixContext::at(now))
            .unwrap();
        let retrieve_ms = cpu_ms() - started;
        for ((request, whole), figures) in requests.iter().zip(&whole).zip(figures) {
            let started = cpu_ms();
            let slate =
                Mixer { catalogue, index, profile, scorer }.mix_from(&pool, request).unwrap().slate;
            figures.mix_ms.push(cpu_ms() - started);
            figures.retrieve_ms.push(retrieve_ms);
            figures.bytes.push(pool.bytes() as f64);
            figures.overlap.push(overlap(whole, &slate));
            let predicted =
                |slate: &Slate| mean(slate.picks.iter().map(|pick| f64::from(pick.likability)));
            let true_of =
                |track: &TrackId| f64::from(world.community.likes(history, track).unwrap());
            let truth = |slate: &Slate| mean(slate.picks.iter().map(|pick| true_of(&pick.track)));
            figures.predicted.push(predicted(&slate) - predicted(whole));
            figures.truth.push(truth(&slate) - truth(whole));
        }
    }
}

/// Milliseconds that this thread has spent on a processor, as Linux counts them.
fn cpu_ms() -> f64 {
    let counts = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    counts.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}

fn overlap(whole: &Slate, bounded: &Slate) -> f64 {
    let tracks = |slate: &Slate| -> BTreeSet<TrackId> {
        slate.shortlist.iter().map(|listed| listed.track.clone()).collect()
    };
    let (whole, bounded) = (tracks(whole), tracks(bounded));
    whole.intersection(&bounded).count() as f64 / whole.len() as f64
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

fn print(who: &str, figures: &[[Figures; 3]; 5]) {
    println!("\n{who}");
    println!(
        "| familiar / new / asked | dial | overlap | predicted less whole | true less whole | \
        retrieve CPU ms | mix CPU ms | bytes |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (bounds, figures) in bounds().iter().zip(figures) {
        for (dial, figures) in DIALS.iter().zip(figures) {
            let average = |values: &[f64]| mean(values.iter().copied());
            let estimate = |values: &[f64]| {
                let Estimate { mean, low, high } = Estimate::from_values(values, 1);
                format!("{mean:+.4} [{low:+.4}, {high:+.4}]")
            };
            println!(
                "| {} / {} / {} | {dial} | {:.3} | {} | {} | {:.1} | {:.3} | {:.0} |",
                bounds.familiar,
                bounds.new,
                bounds.asked,
                average(&figures.overlap),
                estimate(&figures.predicted),
                estimate(&figures.truth),
                average(&figures.retrieve_ms),
                average(&figures.mix_ms),
                average(&figures.bytes)
            );
        }
    }
}
