//! Small random worlds: a catalogue, a listener and a scorer, all drawn from a seed.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{AudioFeature, ListenerId, Timestamp, Track, TrackId, Version, WorkId};
use segue_engine::Index;
use segue_engine::UncertaintySource;
use segue_engine::dataset::labels::work_label;
use segue_engine::dataset::play_memory::PlayMemory;
use segue_engine::pipeline::{MixRequest, Mixer};
use segue_engine::{
    Catalogue, Interaction, Likability, Profile, Scorer, Stance, TrackIdx, WorkIdx,
};

pub(crate) const NOW_SECOND: i64 = 1_790_000_000;
const DAY: i64 = 86_400;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_second(NOW_SECOND).expect("in range")
}

pub(crate) fn days_ago(days: i64) -> Timestamp {
    Timestamp::from_second(NOW_SECOND - days * DAY).expect("in range")
}

pub(crate) fn request(length: u32, explore: f32) -> MixRequest {
    MixRequest { length, explore, ..MixRequest::new(now()) }
}

/// Scores by a hash of row and salt, so that it has no structure to lean on.
pub(crate) struct HashScorer(pub(crate) u64);

impl Scorer for HashScorer {
    fn version(&self) -> &str {
        "hash/1"
    }

    fn score(&self, _: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        let predict = |track: &TrackIdx| {
            let mut rng =
                ChaCha8Rng::seed_from_u64(self.0 ^ u64::from(track.0).wrapping_mul(0x9E37_79B9));
            Likability { mean: rng.random(), uncertainty: rng.random::<f32>() * 0.3 }
        };
        tracks.iter().map(predict).collect()
    }

    /// Three directions, drawn as the scores are.
    fn factors(&self, _: &Profile, tracks: &[TrackIdx], _: UncertaintySource) -> Vec<f32> {
        let factors = |track: &TrackIdx| -> [f32; 3] {
            let seed = self.0 ^ u64::from(track.0).wrapping_mul(0x85EB_CA6B);
            ChaCha8Rng::seed_from_u64(seed).random::<[f32; 3]>().map(|x| 0.4 * (x - 0.5))
        };
        tracks.iter().flat_map(factors).collect()
    }
}

/// Scores every track by a function of its row.
pub(crate) struct RowScorer(pub(crate) fn(u32) -> f32);

impl Scorer for RowScorer {
    fn version(&self) -> &str {
        "row/1"
    }

    fn score(&self, _: &Profile, tracks: &[TrackIdx]) -> Vec<Likability> {
        tracks
            .iter()
            .map(|track| Likability { mean: (self.0)(track.0), uncertainty: 0.05 })
            .collect()
    }
}

pub(crate) struct World {
    pub(crate) catalogue: Catalogue,
    pub(crate) index: Index,
    pub(crate) profile: Profile,
}

/// How a world is drawn.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) tracks: u32,
    pub(crate) artists: u32,
    /// Share of works that the listener knows.
    pub(crate) known: f64,
}

pub(crate) fn plans() -> impl Strategy<Value = Plan> {
    (any::<u64>(), 1_u32..220, 1_u32..40, 0.0..=1.0_f64)
        .prop_map(|(seed, tracks, artists, known)| Plan { seed, tracks, artists, known })
}

impl Plan {
    pub(crate) fn build(&self) -> World {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let tracks = (0..self.tracks).map(|i| random_track(i, self.artists, &mut rng)).collect();
        let catalogue = Catalogue::from_tracks(tracks);
        let mut interactions = Vec::new();
        for work in (0..catalogue.work_count() as u32).map(WorkIdx) {
            if rng.random_bool(self.known) {
                interactions.push(random_interaction(&catalogue, work, &mut rng));
            }
        }
        World::new(catalogue, Profile::from_interactions(ListenerId::new("someone"), interactions))
    }
}

impl World {
    pub(crate) fn new(catalogue: Catalogue, profile: Profile) -> Self {
        let index = Index::build(&catalogue, [&profile]);
        Self { catalogue, index, profile }
    }

    pub(crate) fn mixer<'a>(&'a self, scorer: &'a dyn Scorer) -> Mixer<'a> {
        let Self { catalogue, index, profile } = self;
        Mixer { catalogue, index, profile, scorer }
    }
}

fn random_track(i: u32, artists: u32, rng: &mut ChaCha8Rng) -> Track {
    let is_twin = i > 0 && rng.random_bool(0.1);
    let work = if is_twin { rng.random_range(0..i) } else { i };
    let mut track = Track::new(
        TrackId::new(format!("t{i:06}")),
        WorkId::new(format!("w{work}")),
        format!("Song {i}"),
    );
    if is_twin {
        track.version = [Version::Remaster, Version::Live][rng.random_range(0..2)];
    }
    // A few artists have most of the songs, as in life.
    let artist = (f64::from(artists) * rng.random::<f64>().powi(3)) as u32;
    if rng.random_bool(0.95) {
        track.artists = vec![format!("Artist {artist}")];
    }
    if rng.random_bool(0.8) {
        track.album = Some(format!("Album {}", rng.random_range(0..3)));
    }
    if rng.random_bool(0.7) {
        track.genre = Some(format!("Genre {}", artist % 4));
    }
    track.popularity = rng.random_bool(0.5).then(|| rng.random());
    if rng.random_bool(0.85) {
        random_features(&mut track, rng);
    }
    track
}

fn random_features(track: &mut Track, rng: &mut ChaCha8Rng) {
    for feature in AudioFeature::ALL {
        let value = match feature {
            AudioFeature::Key => rng.random_range(0..12) as f32,
            AudioFeature::Mode => rng.random_range(0..2) as f32,
            AudioFeature::Loudness => rng.random_range(-30.0..0.0),
            AudioFeature::Tempo => rng.random_range(60.0..200.0),
            AudioFeature::DurationMs => rng.random_range(60_000.0_f32..400_000.0).round(),
            AudioFeature::TimeSignature => 4.0,
            _ => rng.random(),
        };
        if rng.random_bool(0.95) {
            track.features.set(feature, value);
        }
    }
}

fn random_interaction(catalogue: &Catalogue, work: WorkIdx, rng: &mut ChaCha8Rng) -> Interaction {
    let versions = catalogue.versions(work);
    let finished = rng.random_range(0..5);
    let skipped = rng.random_range(0..3);
    let mut interaction = Interaction {
        track: versions[rng.random_range(0..versions.len())],
        work,
        plays: finished + skipped,
        finished,
        skipped,
        liked_weight: finished as f32,
        disliked_weight: skipped as f32,
        last_played: (finished + skipped > 0).then(|| days_ago(rng.random_range(0..200))),
        stance: [Stance::None, Stance::None, Stance::None, Stance::Like, Stance::Dislike]
            [rng.random_range(0..5)],
        saved: rng.random_bool(0.3),
        answered: false,
        memory: PlayMemory::default(),
        label: None,
    };
    interaction.label = work_label(&interaction);
    interaction
}
