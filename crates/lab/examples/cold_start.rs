//! What first picks that teach are worth to new listeners: made-up ones, whose taste is known, get
//! three mixes of twenty tracks, answer each by their taste, and are judged on the catalogue that
//! they have not heard.
//!
//! `cargo run --release -p segue-lab --example cold_start -- SEEDS FIRST_SEED` compares, on the
//! same listeners, mixes that ask with ones that do not, and those with mixes by the network
//! without the listener's own layer: the true likability of each mix, and the AUC of the model
//! after it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an experiment, run by hand")]

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_core::{EndReason, Listen, Moment, Source, Timestamp};
use segue_engine::Index;
use segue_engine::UncertaintySource;
use segue_engine::metrics::{Estimate, auc};
use segue_engine::pipeline::{MixRequest, Mixer};
use segue_engine::{Catalogue, Likability, Profile, Scorer, TrackIdx};
use segue_lab::simulation::community::{CommunityConfig, MadeUpCommunity, MadeUpHistory};
use segue_models::likability::{LikabilityConfig, LikabilityModel, OnlineScorer};

const LISTENERS: usize = 120;
const NEWCOMERS: usize = 60;
const MIXES: usize = 3;
const LENGTH: u32 = 10;

/// The model without its uncertainty, so that nothing is asked.
struct Unasking<'a>(&'a dyn Scorer);

impl Scorer for Unasking<'_> {
    fn version(&self) -> &str {
        self.0.version()
    }

    fn score(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        self.0.score(profile, tracks)
    }

    fn factors(&self, _: &Profile, _: &[TrackIdx], _: UncertaintySource) -> Vec<f32> {
        Vec::new()
    }
}

struct World {
    community: MadeUpCommunity,
    catalogue: Arc<Catalogue>,
    index: Index,
    now: Timestamp,
}

/// True likability of each mix and the AUC after it.
type Course = [[f64; 2]; MIXES];

fn main() {
    let number = |place: usize| std::env::args().nth(place).and_then(|number| number.parse().ok());
    let (seeds, first): (u64, u64) = (number(1).unwrap_or(1), number(2).unwrap_or(0));
    let mut courses: [Vec<Course>; 3] = Default::default();
    for seed in first..first + seeds {
        let (world, scorer) = world(seed);
        let newcomers = &world.community.histories[LISTENERS - NEWCOMERS..];
        let (unasking, network) = (Unasking(&scorer), Unasking(scorer.network()));
        let variants: [&dyn Scorer; 3] = [&scorer, &unasking, &network];
        for (courses, scorer) in courses.iter_mut().zip(variants) {
            let one = |i: usize| course(&world, &newcomers[i], scorer, seed);
            courses.extend((0..newcomers.len()).into_par_iter().map(one).collect::<Vec<_>>());
        }
        println!("seed {seed}: {} newcomers", newcomers.len());
    }
    let [asking, unasking, network] = &courses;
    for mix in 0..MIXES {
        for (figure, name) in ["true likability", "AUC afterwards"].into_iter().enumerate() {
            let estimate = |values: Vec<f64>| {
                let Estimate { mean, low, high } = Estimate::from_values(&values, 1);
                format!("{mean:+.4} [{low:+.4}, {high:+.4}]")
            };
            let of = |courses: &[Course]| {
                estimate(courses.iter().map(|course| course[mix][figure]).collect())
            };
            let less = |a: &[Course], b: &[Course]| {
                estimate(a.iter().zip(b).map(|(a, b)| a[mix][figure] - b[mix][figure]).collect())
            };
            println!(
                "mix {}, {name}: {}; asking less not asking {}; layer less network alone {}",
                mix + 1,
                of(asking),
                less(asking, unasking),
                less(unasking, network)
            );
        }
    }
}

fn world(seed: u64) -> (World, OnlineScorer) {
    let start = Timestamp::from_second(1_735_689_600).unwrap();
    let config = CommunityConfig {
        seed,
        listeners: LISTENERS,
        artists: 200,
        days: 120,
        sessions: 30,
        start,
    };
    let community = MadeUpCommunity::draw(&config);
    let catalogue = Arc::new(Catalogue::from_tracks(community.tracks.clone()));
    let fold = |history: &MadeUpHistory| {
        Profile::fold(&catalogue, history.listener.clone(), &history.listens, &history.feedback)
    };
    let profiles: Vec<Profile> =
        community.histories[..LISTENERS - NEWCOMERS].iter().map(fold).collect();
    let (model, _) =
        LikabilityModel::fit(&catalogue, &profiles, LikabilityConfig::default(), seed, &mut |_| {})
            .unwrap();
    let index = Index::build(&catalogue, &profiles);
    let now = Timestamp::from_second(start.as_second() + 121 * 86_400).unwrap();
    let scorer = model.scorer(&catalogue).online();
    (World { community, catalogue, index, now }, scorer)
}

/// Three mixes, answered one after the other.
fn course(world: &World, newcomer: &MadeUpHistory, scorer: &dyn Scorer, seed: u64) -> Course {
    let mut listens: Vec<Listen> = Vec::new();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut course = [[0.0; 2]; MIXES];
    for (number, figures) in course.iter_mut().enumerate() {
        let profile = Profile::fold(&world.catalogue, newcomer.listener.clone(), &listens, &[]);
        let request = MixRequest {
            length: LENGTH,
            explore: 0.3,
            seed: seed + number as u64,
            ..MixRequest::new(world.now)
        };
        let outcome =
            Mixer { catalogue: &world.catalogue, index: &world.index, profile: &profile, scorer }
                .mix(&request)
                .expect("there are new tracks");
        for pick in &outcome.slate.picks {
            let truth =
                world.community.likes(newcomer, &pick.track).expect("it is of the catalogue");
            figures[0] += f64::from(truth) / outcome.slate.picks.len() as f64;
            let finished = rng.random_bool(f64::from(truth));
            let (ms_played, end_reason) = if finished {
                (200_000, EndReason::Finished)
            } else {
                (8_000, EndReason::SkippedForward)
            };
            listens.push(Listen {
                moment: Moment::Ended,
                ms_played: Some(ms_played),
                end_reason,
                skipped: Some(!finished),
                ..Listen::new(
                    newcomer.listener.clone(),
                    pick.track.clone(),
                    world.now,
                    Source::Segue,
                )
            });
        }
        figures[1] = judge(world, newcomer, scorer, &listens);
    }
    course
}

/// The AUC of the model against draws of the true taste, on what was not heard.
fn judge(world: &World, newcomer: &MadeUpHistory, scorer: &dyn Scorer, listens: &[Listen]) -> f64 {
    let catalogue = &world.catalogue;
    let profile = Profile::fold(catalogue, newcomer.listener.clone(), listens, &[]);
    let rows: Vec<TrackIdx> =
        catalogue.rows().filter(|&row| !profile.knows(catalogue.work(row))).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(99);
    let liked = |row: &TrackIdx| {
        let truth = world
            .community
            .likes(newcomer, &catalogue.track(*row).id)
            .expect("it is of the catalogue");
        rng.random_bool(f64::from(truth))
    };
    let labels: Vec<bool> = rows.iter().map(liked).collect();
    let scores: Vec<f64> =
        scorer.score(&profile, &rows).iter().map(|score| f64::from(score.mean)).collect();
    auc(&labels, &scores).unwrap_or(0.5)
}
