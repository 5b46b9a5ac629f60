//! How long a mix takes on a catalogue of 100,000 tracks, the model apart: the scorer is a formula.

use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{AudioFeature, ListenerId, Timestamp, Track, TrackId, WorkId};
use segue_engine::Index;
use segue_engine::dataset::labels::work_label;
use segue_engine::dataset::play_memory::PlayMemory;
use segue_engine::pipeline::{Bounds, Breadth, MixRequest, Mixer};
use segue_engine::similar::SimilarIndex;
use segue_engine::{
    Catalogue, Interaction, Likability, Profile, Scorer, Stance, TrackIdx, WorkIdx,
};

const TRACKS: u32 = 100_000;
const ARTISTS: u32 = 15_000;
const KNOWN: usize = 3_000;
/// Works that a listener of a server knows.
const FEW: usize = 200;

fn main() {
    divan::main();
}

struct Formula;

impl Scorer for Formula {
    fn version(&self) -> &str {
        "formula/1"
    }

    fn score(&self, _: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        let predict = |track: &TrackIdx| {
            let hash = track.0.wrapping_mul(2_654_435_761);
            Likability {
                mean: hash as f32 / u32::MAX as f32,
                uncertainty: (hash & 255) as f32 / 2_550.0,
            }
        };
        tracks.iter().map(predict).collect()
    }
}

fn catalogue(tracks: u32) -> Catalogue {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut track = |i: u32| {
        let mut track = Track::new(
            TrackId::new(format!("track:{i:08}")),
            WorkId::new(format!("{i}")),
            format!("Song {i}"),
        );
        let artist = (f64::from(ARTISTS) * rng.random::<f64>().powi(2)) as u32;
        track.artists = vec![format!("Artist {artist}")];
        track.album = Some(format!("Album {}", rng.random_range(0..4)));
        track.popularity = Some(rng.random());
        for feature in AudioFeature::ALL {
            let value = match feature {
                AudioFeature::Loudness => -20.0 * rng.random::<f32>(),
                AudioFeature::Tempo => 60.0 + 120.0 * rng.random::<f32>(),
                AudioFeature::DurationMs => 200_000.0,
                _ => rng.random(),
            };
            track.features.set(feature, value);
        }
        track
    };
    Catalogue::from_tracks((0..tracks).map(&mut track).collect())
}

fn profile(catalogue: &Catalogue, known: usize) -> Profile {
    let interaction = |i: usize| {
        let work = WorkIdx((i * catalogue.work_count() / known) as u32);
        let mut interaction = Interaction {
            track: catalogue.versions(work)[0],
            work,
            plays: 4,
            finished: 3,
            skipped: 1,
            liked_weight: 3.0,
            disliked_weight: 1.0,
            last_played: Timestamp::from_second(1_700_000_000 + i as i64 * 1_000).ok(),
            stance: Stance::None,
            saved: false,
            answered: false,
            memory: PlayMemory::default(),
            label: None,
        };
        interaction.label = work_label(&interaction);
        interaction
    };
    Profile::from_interactions(ListenerId::new("someone"), (0..known).map(interaction).collect())
}

fn request(length: u32) -> MixRequest {
    MixRequest { length, explore: 0.5, ..MixRequest::new(Timestamp::UNIX_EPOCH) }
}

#[divan::bench(args = [30, 200])]
fn mix_from_100k_tracks(bencher: Bencher<'_, '_>, length: u32) {
    let catalogue = catalogue(TRACKS);
    let profile = profile(&catalogue, KNOWN);
    let index = Index::build(&catalogue, [&profile]);
    let request = request(length);
    bencher.bench_local(|| {
        Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &Formula }
            .mix(&request)
    });
}

/// What a request costs a server, which keeps a bounded pool of each listener.
#[divan::bench(args = [(FEW, 0.3), (FEW, 1.0), (KNOWN, 0.3)])]
fn mix_of_30_from_a_pool(bencher: Bencher<'_, '_>, (known, explore): (usize, f32)) {
    let catalogue = catalogue(TRACKS);
    let profile = profile(&catalogue, known);
    let index = Index::build(&catalogue, [&profile]);
    let breadth = Breadth::Bounded(Bounds::USUAL);
    let pool = Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &Formula }
        .retrieve(breadth, &[], segue_engine::MixContext::at(segue_core::Timestamp::UNIX_EPOCH))
        .expect("there are tracks");
    let request = MixRequest { explore, ..request(30) };
    bencher.bench_local(|| {
        Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &Formula }
            .mix_from(&pool, &request)
    });
}

/// What a listener costs a server once, the model apart.
#[divan::bench(args = [FEW, KNOWN])]
fn retrieve_from_100k_tracks(bencher: Bencher<'_, '_>, known: usize) {
    let catalogue = catalogue(TRACKS);
    let profile = profile(&catalogue, known);
    let index = Index::build(&catalogue, [&profile]);
    let breadth = Breadth::Bounded(Bounds::USUAL);
    bencher.bench_local(|| {
        Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &Formula }
            .retrieve(breadth, &[], segue_engine::MixContext::at(segue_core::Timestamp::UNIX_EPOCH))
    });
}

/// Twenty tracks like one, in a community of a thousand with a hundred likes each.
#[divan::bench]
fn similar_to_one_of_100k_tracks(bencher: Bencher<'_, '_>) {
    let catalogue = catalogue(TRACKS);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let likes = profile(&catalogue, KNOWN).interactions;
    let mut listener = |i: usize| {
        let some = likes.iter().filter(|_| rng.random_bool(1.0 / 30.0)).cloned().collect();
        Profile::from_interactions(ListenerId::new(format!("{i}")), some)
    };
    let profiles: Vec<Profile> = (0..1_000).map(&mut listener).collect();
    let index = Index::build(&catalogue, &profiles);
    let similar = SimilarIndex::build(&catalogue, &index, &profiles);
    let mut track = 0;
    bencher.bench_local(|| {
        track = (track + 7_919) % TRACKS;
        similar.similar(&catalogue, &index, TrackIdx(track), 20)
    });
}

/// Beyond the limit up to which the whole catalogue is scored, sources stand in for it.
#[divan::bench]
fn mix_from_400k_tracks_by_sources(bencher: Bencher<'_, '_>) {
    let catalogue = catalogue(4 * TRACKS);
    let profile = profile(&catalogue, KNOWN);
    let index = Index::build(&catalogue, [&profile]);
    let request = request(30);
    bencher.bench_local(|| {
        Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &Formula }
            .mix(&request)
    });
}

#[divan::bench]
fn index_of_100k_tracks(bencher: Bencher<'_, '_>) {
    let catalogue = catalogue(TRACKS);
    let profile = profile(&catalogue, KNOWN);
    bencher.bench_local(|| Index::build(&catalogue, [&profile]));
}
