//! The map from what was measured in files to what services tell, on made-up libraries.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use segue_core::{
    AudioAnalysis, AudioFeature, AudioFeatures, Descriptor, EMBEDDING, Measurement, SOUND_TAGS,
    Track, TrackId, WorkId,
};
use segue_engine::Catalogue;
use segue_engine::sound::estimates::estimated;
use segue_engine::sound::learned::FEWEST_SONGS;
use segue_engine::sound::origin::FeatureOrigin;
use segue_engine::vector::sigmoid_f32;

/// How many directions files differ along.
const LATENT: usize = 4;

/// A made-up song: what is true of it, by its place among all songs.
struct Song {
    latent: [f32; LATENT],
    energy: f32,
    valence: f32,
}

/// What services say of a song.
enum Rule {
    /// The energy follows the sound, but for some noise; the valence is anything.
    Sound,
    /// Both are anything.
    Anything,
    /// Songs of an artist sound alike and have the same energy, which no sound tells.
    Artist,
}

fn normal(rng: &mut ChaCha8Rng) -> f32 {
    StandardNormal.sample(rng)
}

/// Songs of artists of five songs each.
fn songs(count: usize, rule: &Rule, seed: u64) -> Vec<Song> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut artist = ([0.0; LATENT], 0.5);
    let song = |i: usize| {
        if i.is_multiple_of(5) {
            artist = (std::array::from_fn(|_| normal(&mut rng)), rng.random_range(0.0..1.0));
        }
        let own: [f32; LATENT] = std::array::from_fn(|_| normal(&mut rng));
        let valence = rng.random_range(0.0..1.0);
        match rule {
            Rule::Sound => {
                let evidence = 1.2 * own[0] - 0.8 * own[1] + 0.3 * normal(&mut rng);
                Song { latent: own, energy: sigmoid_f32(evidence), valence }
            }
            Rule::Anything => Song { latent: own, energy: rng.random_range(0.0..1.0), valence },
            Rule::Artist => {
                let latent = std::array::from_fn(|i| artist.0[i] + 0.05 * own[i]);
                Song { latent, energy: artist.1, valence }
            }
        }
    };
    (0..count).map(song).collect()
}

/// What would be measured in its file.
fn analysis(song: &Song) -> AudioAnalysis {
    let embedding: Vec<f32> = (0..EMBEDDING)
        .map(|i| 3.0 + song.latent[i % LATENT] * if i % 7 < 3 { 1.0 } else { -0.5 })
        .collect();
    let tag = |i: usize| sigmoid_f32(-2.5 + 0.5 * song.latent[i % LATENT]);
    let tags: Vec<f32> = (0..SOUND_TAGS.len()).map(tag).collect();
    let mut analysis = AudioAnalysis::new(1);
    analysis.set_embedding(&embedding, &tags);
    let loudness = Measurement { value: -12.0 + song.latent[2], confidence: 1.0 };
    analysis.set(Descriptor::Loudness, loudness);
    analysis
}

/// Tracks of which services tell the first `told`, and what was measured in their files.
fn library(songs: &[Song], told: usize) -> (Vec<Track>, Vec<(TrackId, AudioAnalysis)>) {
    let id = |i: usize| TrackId::new(format!("t{i:05}"));
    let track = |(i, song): (usize, &Song)| {
        let mut track = Track::new(id(i), WorkId::new(format!("w{i}")), format!("Song {i}"));
        track.artists = vec![format!("Artist {}", i / 5)];
        if i < told {
            track.features.set(AudioFeature::Energy, song.energy);
            track.features.set(AudioFeature::Valence, song.valence);
        }
        track
    };
    let measured = songs.iter().enumerate().map(|(i, song)| (id(i), analysis(song)));
    (songs.iter().enumerate().map(track).collect(), measured.collect())
}

fn catalogue(songs: &[Song], told: usize) -> Catalogue {
    let (tracks, measured) = library(songs, told);
    Catalogue::from_tracks(tracks).with_analyses(measured)
}

/// The mean absolute error of the energy of the songs of which no service tells.
fn energy_error(catalogue: &Catalogue, songs: &[Song], told: usize) -> f32 {
    let rows = catalogue.rows().skip(told).zip(&songs[told..]);
    let error = |(row, song): (_, &Song)| {
        let energy = catalogue.track(row).features.get(AudioFeature::Energy).unwrap();
        (energy - song.energy).abs()
    };
    let errors: Vec<f32> = rows.map(error).collect();
    errors.iter().sum::<f32>() / errors.len() as f32
}

#[test]
fn what_follows_from_the_sound_is_learned_and_its_error_is_the_one_that_is_stated() {
    let songs = songs(600, &Rule::Sound, 1);
    let catalogue = catalogue(&songs, 300);
    let learned = catalogue.learned_features().unwrap();
    assert_eq!(learned.songs, 300);
    let energy = learned.fit(AudioFeature::Energy).unwrap();
    assert!(energy.is_used(), "{energy:?}");
    assert!(energy.error < 0.5 * energy.mean_error, "{energy:?}");
    assert!(energy.error < energy.estimate_error.unwrap(), "{energy:?}");
    let error = f64::from(energy_error(&catalogue, &songs, 300));
    assert!((error - energy.error).abs() < 0.25 * energy.error, "{error} {energy:?}");

    let valence = learned.fit(AudioFeature::Valence).unwrap();
    assert!(!valence.is_used(), "no sound tells it: {valence:?}");
    let row = catalogue.rows().nth(400).unwrap();
    let words = estimated(catalogue.analysis(row).unwrap());
    let features = catalogue.track(row).features;
    assert_eq!(features.get(AudioFeature::Valence), words.get(AudioFeature::Valence));
    let origin = |feature| catalogue.feature_origin(row, feature);
    assert_eq!(origin(AudioFeature::Energy), Some(FeatureOrigin::Learned));
    assert_eq!(origin(AudioFeature::Valence), Some(FeatureOrigin::Tags));
    assert_eq!(origin(AudioFeature::Loudness), Some(FeatureOrigin::Measured));
    assert_eq!(origin(AudioFeature::Tempo), None);
    let told = catalogue.rows().next().unwrap();
    let origin = catalogue.feature_origin(told, AudioFeature::Energy);
    assert_eq!(origin, Some(FeatureOrigin::Told));
}

#[test]
fn where_nothing_can_be_learned_the_words_stay() {
    // A map as good as the mean is nearer than words that have nothing to do with the truth, and
    // is no knowledge for all that.
    for seed in 0..4 {
        let songs = songs(240, &Rule::Anything, seed);
        let catalogue = catalogue(&songs, 120);
        let learned = catalogue.learned_features().unwrap();
        let used: Vec<_> = learned.fits.iter().filter(|fit| fit.is_used()).collect();
        assert!(used.is_empty(), "{used:?}");
        for row in catalogue.rows().skip(120) {
            let words = estimated(catalogue.analysis(row).unwrap());
            assert_eq!(catalogue.track(row).features, words);
        }
    }
}

#[test]
fn knowing_artists_by_heart_is_no_knowledge_of_others() {
    let catalogue = catalogue(&songs(300, &Rule::Artist, 3), 300);
    let energy = catalogue.learned_features().unwrap().fit(AudioFeature::Energy).unwrap();
    assert!(!energy.is_used(), "{energy:?}");
}

#[test]
fn what_somebody_sets_counts_before_all_else_and_teaches_nothing() {
    let songs = songs(300, &Rule::Sound, 6);
    let (tracks, measured) = library(&songs, 200);
    let mut set = AudioFeatures::MISSING;
    set.set(AudioFeature::Energy, 0.01);
    let ids: Vec<TrackId> = tracks.iter().map(|track| track.id.clone()).collect();
    let overrides: Vec<(TrackId, AudioFeatures)> =
        [0, 250].map(|i: usize| (ids[i].clone(), set)).into();
    let plain = catalogue(&songs, 200);
    let catalogue =
        Catalogue::from_tracks(tracks).with_analyses(measured).with_overrides(&overrides);
    for (id, _) in &overrides {
        let row = catalogue.find(id).unwrap();
        let energy = catalogue.track(row).features.get(AudioFeature::Energy);
        let origin = catalogue.feature_origin(row, AudioFeature::Energy);
        assert_eq!((energy, origin), (Some(0.01), Some(FeatureOrigin::Set)));
        let valence = catalogue.track(row).features.get(AudioFeature::Valence);
        assert_eq!(valence, plain.track(row).features.get(AudioFeature::Valence));
    }
    let fits = |catalogue: &Catalogue| catalogue.learned_features().unwrap().fits.clone();
    assert_eq!(fits(&catalogue), fits(&plain));
}

#[test]
fn too_few_songs_teach_nothing() {
    let songs = songs(FEWEST_SONGS + 40, &Rule::Sound, 4);
    assert!(catalogue(&songs, FEWEST_SONGS - 1).learned_features().is_none());
    assert!(catalogue(&songs, FEWEST_SONGS).learned_features().is_some());
}

#[test]
fn the_same_songs_teach_the_same_in_any_order() {
    let songs = songs(200, &Rule::Sound, 5);
    let first = catalogue(&songs, 150);
    let (mut tracks, mut measured) = library(&songs, 150);
    tracks.reverse();
    measured.reverse();
    let second = Catalogue::from_tracks(tracks).with_analyses(measured);
    for row in first.rows() {
        assert_eq!(first.track(row).features, second.track(row).features);
    }
}

#[test]
fn what_services_leave_out_of_a_track_is_estimated_and_what_they_tell_stays() {
    let songs = songs(40, &Rule::Anything, 9);
    let (mut tracks, measured) = library(&songs, 20);
    let told = tracks[0].features;
    // One of the two that services told of the others is missing, and all of what no service told.
    tracks[1].features = AudioFeatures::MISSING;
    tracks[1].features.set(AudioFeature::Energy, 0.25);
    let bare = Catalogue::from_tracks(tracks.clone());
    let catalogue = Catalogue::from_tracks(tracks).with_analyses(measured);
    let [first, second] = [0, 1].map(|i| catalogue.rows().nth(i).unwrap());
    let words = estimated(catalogue.analysis(second).unwrap());

    let origin = |feature| catalogue.feature_origin(second, feature);
    assert_eq!(catalogue.feature(second, AudioFeature::Energy), Some(0.25));
    assert_eq!(origin(AudioFeature::Energy), Some(FeatureOrigin::Told));
    for (feature, by) in [
        (AudioFeature::Valence, FeatureOrigin::Tags),
        (AudioFeature::Danceability, FeatureOrigin::Tags),
        (AudioFeature::Loudness, FeatureOrigin::Measured),
    ] {
        assert_eq!(catalogue.feature(second, feature), words.get(feature), "{feature:?}");
        assert_eq!(origin(feature), Some(by), "{feature:?}");
        assert!(catalogue.filled_in(second).any(|one| one == feature));
    }
    assert_eq!(origin(AudioFeature::Speechiness), None, "no file tells it");
    assert_eq!(
        catalogue.features(first).get(AudioFeature::Valence),
        told.get(AudioFeature::Valence)
    );
    assert!(
        !catalogue.is_estimated(second) && catalogue.is_estimated(catalogue.rows().last().unwrap())
    );

    // What is compared is what is told: no distance takes an estimate for it.
    assert_eq!(catalogue.track(second).features, bare.track(second).features);
    assert_eq!(catalogue.track(first).features, told);
}

#[test]
fn what_is_set_by_hand_counts_before_what_was_filled_in() {
    let songs = songs(4, &Rule::Anything, 9);
    let (mut tracks, measured) = library(&songs, 1);
    tracks[0].features = AudioFeatures::MISSING;
    tracks[0].features.set(AudioFeature::Energy, 0.25);
    let mut set = AudioFeatures::MISSING;
    set.set(AudioFeature::Valence, 0.75);
    let overrides = [(tracks[0].id.clone(), set)];
    let catalogue =
        Catalogue::from_tracks(tracks).with_analyses(measured).with_overrides(&overrides);
    let row = catalogue.rows().next().unwrap();
    assert_eq!(catalogue.feature(row, AudioFeature::Valence), Some(0.75));
    assert_eq!(catalogue.feature_origin(row, AudioFeature::Valence), Some(FeatureOrigin::Set));
    assert!(catalogue.filled_in(row).all(|feature| feature != AudioFeature::Valence));
}
