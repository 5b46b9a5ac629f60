//! The likability model from outside: listeners of three camps, and what it makes of those it never
//! saw.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{AudioFeature, ListenerId, Track, TrackId, WorkId};
use segue_engine::dataset::labels::work_label;
use segue_engine::dataset::profile::liking;
use segue_engine::metrics::auc;
use segue_engine::{Catalogue, Likability, Profile, Scorer, Stance, TrackIdx};
use segue_models::ModelError;
use segue_models::likability::{LikabilityConfig, LikabilityModel, LikabilityScorer};

const TRACKS: usize = 360;
pub(crate) const CAMPS: usize = 3;

/// Track `i` is of camp `i % 3`, which decides how it sounds; every tenth is silent, every eleventh
/// has no artist.
pub(crate) fn catalogue() -> Arc<Catalogue> {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let track = |i: usize| {
        let id = format!("t{i:04}");
        let mut track =
            Track::new(TrackId::new(id.as_str()), WorkId::new(id.as_str()), id.as_str());
        let camp = i % CAMPS;
        if !i.is_multiple_of(11) {
            track.artists = vec![format!("artist {}", i % 30)];
        }
        track.year = Some(1990 + (i % 25) as u16);
        if !i.is_multiple_of(10) {
            let mut set = |feature, centre: f32| {
                track.features.set(feature, centre + rng.random_range(-0.15..0.15))
            };
            set(AudioFeature::Energy, 0.2 + 0.3 * camp as f32);
            set(AudioFeature::Danceability, 0.8 - 0.3 * camp as f32);
            set(AudioFeature::Valence, 0.5);
            track.features.set(AudioFeature::Tempo, rng.random_range(80.0..160.0));
        }
        track
    };
    Arc::new(Catalogue::from_tracks((0..TRACKS).map(track).collect()))
}

/// Likes of one camp.
pub(crate) fn fan(catalogue: &Catalogue, name: &str, camp: usize, likes: usize) -> Profile {
    let mut rng = ChaCha8Rng::seed_from_u64(name.bytes().map(u64::from).sum());
    let row = |_| TrackIdx((rng.random_range(0..TRACKS / CAMPS) * CAMPS + camp) as u32);
    liking(catalogue, ListenerId::new(name), &(0..likes).map(row).collect::<Vec<_>>())
}

/// Likes of camp 0, dislikes of camp 1, each so many.
fn outspoken(catalogue: &Catalogue, likes: usize) -> Profile {
    let rows: Vec<TrackIdx> =
        (0..(CAMPS * likes) as u32).map(TrackIdx).filter(|row| row.0 % 3 != 2).collect();
    let mut interactions = liking(catalogue, ListenerId::new("outspoken"), &rows).interactions;
    for interaction in interactions.iter_mut().filter(|interaction| interaction.track.0 % 3 == 1) {
        interaction.stance = Stance::Dislike;
        interaction.label = work_label(interaction);
    }
    Profile::from_interactions(ListenerId::new("outspoken"), interactions)
}

pub(crate) fn community(catalogue: &Catalogue) -> Vec<Profile> {
    (0..30).map(|i| fan(catalogue, &format!("fan {i:02}"), i % CAMPS, 20)).collect()
}

fn small() -> LikabilityConfig {
    let mut config =
        LikabilityConfig { rows: 4_000, most_episodes: 8, ..LikabilityConfig::default() };
    config.network.architecture.members = 4;
    config.network.architecture.hidden = vec![32, 32];
    config.network.training.epochs = 6;
    config
}

pub(crate) fn fitted(catalogue: &Catalogue, profiles: &[Profile], seed: u64) -> LikabilityModel {
    LikabilityModel::fit(catalogue, profiles, small(), seed, &mut |_| {}).unwrap().0
}

fn score_all(scorer: &LikabilityScorer, profile: &Profile) -> Vec<Likability> {
    let rows: Vec<TrackIdx> = (0..TRACKS as u32).map(TrackIdx).collect();
    scorer.score(profile, &rows)
}

/// How well tracks of a camp are told from all others, among tracks that the profile does not hold.
fn auc_for_camp(
    catalogue: &Catalogue,
    scorer: &LikabilityScorer,
    profile: &Profile,
    camp: u32,
) -> f64 {
    let rows: Vec<TrackIdx> = catalogue
        .rows()
        .filter(|&row| profile.interaction(catalogue.work(row)).is_none())
        .collect();
    let labels: Vec<bool> = rows.iter().map(|row| row.0 % 3 == camp).collect();
    let scores: Vec<f64> =
        scorer.score(profile, &rows).iter().map(|score| f64::from(score.mean)).collect();
    auc(&labels, &scores).unwrap()
}

#[test]
fn a_few_likes_tell_a_new_listener_from_others_without_training() {
    let catalogue = catalogue();
    let (model, report) =
        LikabilityModel::fit(&catalogue, &community(&catalogue), small(), 1, &mut |_| {}).unwrap();
    assert!(report.held_out.unwrap().auc.unwrap() > 0.7, "{report:?}");
    assert_eq!(model.card().split, "listeners");
    let scorer = model.scorer(&catalogue);
    for camp in 0..CAMPS {
        let newcomer = fan(&catalogue, "newcomer", camp, 5);
        let reached = auc_for_camp(&catalogue, &scorer, &newcomer, camp as u32);
        assert!(reached > 0.85, "camp {camp}: {reached}");
    }
}

#[test]
fn so_many_rows_are_learned_from_however_many_listeners_there_are() {
    let catalogue = catalogue();
    let learned = |listeners: usize| {
        let fans: Vec<Profile> = (0..listeners)
            .map(|i| fan(&catalogue, &format!("fan {i:03}"), i % CAMPS, 20))
            .collect();
        let config = LikabilityConfig { rows: 600, ..small() };
        let (model, report) =
            LikabilityModel::fit(&catalogue, &fans, config, 1, &mut |_| {}).unwrap();
        assert_eq!(model.card().data.listeners, listeners);
        report.rows
    };
    let rows = [30, 120, 480].map(learned);
    assert!(rows.iter().all(|rows| (300..800).contains(rows)), "{rows:?}");
}

#[test]
fn one_listener_alone_is_learned_from_likes_and_dislikes() {
    let catalogue = catalogue();
    let listener = outspoken(&catalogue, 60);
    let model = fitted(&catalogue, std::slice::from_ref(&listener), 2);
    assert_eq!(model.card().split, "labels");
    assert_eq!((model.card().data.likes, model.card().data.dislikes), (60, 60));
    let scorer = model.scorer(&catalogue);
    let rows: Vec<TrackIdx> =
        (200..TRACKS as u32).map(TrackIdx).filter(|row| row.0 % 3 != 2).collect();
    let labels: Vec<bool> = rows.iter().map(|row| row.0 % 3 == 0).collect();
    let scores: Vec<f64> =
        scorer.score(&listener, &rows).iter().map(|score| f64::from(score.mean)).collect();
    assert!(auc(&labels, &scores).unwrap() > 0.85);
}

#[test]
fn every_track_gets_a_probability_whatever_is_missing() {
    let catalogue = catalogue();
    let scorer = fitted(&catalogue, &community(&catalogue), 3).scorer(&catalogue);
    let nobody = Profile::empty(ListenerId::new("nobody"));
    for profile in [nobody, fan(&catalogue, "newcomer", 1, 3), outspoken(&catalogue, 10)] {
        for (row, score) in score_all(&scorer, &profile).iter().enumerate() {
            assert!(score.mean > 0.0 && score.mean < 1.0, "row {row}: {score:?}");
            assert!(score.uncertainty >= 0.0 && score.uncertainty <= 0.5, "row {row}: {score:?}");
        }
    }
}

#[test]
fn a_score_depends_on_nothing_but_listener_and_track() {
    let catalogue = catalogue();
    let scorer = fitted(&catalogue, &community(&catalogue), 4).scorer(&catalogue);
    let profile = fan(&catalogue, "newcomer", 2, 8);
    let together = score_all(&scorer, &profile);
    for row in [0u32, 10, 11, 200, 359] {
        let alone = scorer.score(&profile, &[TrackIdx(row)])[0];
        assert!((alone.mean - together[row as usize].mean).abs() < 1e-5, "row {row}");
    }
}

#[test]
fn saved_and_loaded_the_scores_and_the_version_are_the_same() {
    let catalogue = catalogue();
    let model = fitted(&catalogue, &community(&catalogue), 5);
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let loaded = LikabilityModel::load(folder.path()).unwrap();
    assert_eq!(loaded.version(), model.version());
    assert_eq!(loaded.card(), model.card());
    let profile = fan(&catalogue, "newcomer", 0, 6);
    let scores = |model: LikabilityModel| score_all(&model.scorer(&catalogue), &profile);
    assert_eq!(scores(loaded), scores(model));
}

#[test]
fn a_damaged_file_is_named() {
    let catalogue = catalogue();
    let model = fitted(&catalogue, &community(&catalogue), 5);
    let (weights, card) = model.to_bytes();
    let cut = LikabilityModel::from_bytes(&weights[..weights.len() / 2], &card);
    assert!(matches!(
        cut,
        Err(ModelError::Damaged { path, .. }) if path.ends_with("weights.safetensors")
    ));
    let text = String::from_utf8(card).unwrap().replace("\"sound_wide\"", "\"sound_broad\"");
    let renamed = LikabilityModel::from_bytes(&weights, text.as_bytes());
    assert!(
        matches!(renamed, Err(ModelError::Damaged { path, .. }) if path.ends_with("card.json"))
    );
}

#[test]
fn the_same_seed_gives_the_same_model_on_one_thread_or_many() {
    let catalogue = catalogue();
    let profiles = community(&catalogue);
    let version = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fitted(&catalogue, &profiles, seed).version().to_owned())
    };
    let once = version(1, 6);
    assert_eq!(version(3, 6), once);
    assert_ne!(version(3, 7), once);
}

#[test]
fn the_order_of_profiles_does_not_matter() {
    let catalogue = catalogue();
    let mut profiles = community(&catalogue);
    let forwards = fitted(&catalogue, &profiles, 8);
    profiles.reverse();
    assert_eq!(fitted(&catalogue, &profiles, 8).version(), forwards.version());
}

#[test]
fn nobody_who_ever_said_anything_is_an_error() {
    let catalogue = catalogue();
    let silent = [Profile::empty(ListenerId::new("nobody"))];
    let fitted = LikabilityModel::fit(&catalogue, &silent, small(), 9, &mut |_| {});
    assert!(matches!(fitted, Err(ModelError::TooFewRows { liked: 0, disliked: 0, .. })));
}

#[test]
fn a_model_serves_a_catalogue_it_was_not_fitted_on() {
    let catalogue = catalogue();
    let model = fitted(&catalogue, &community(&catalogue), 10);
    let half: Vec<Track> =
        catalogue.rows().skip(1).step_by(2).map(|row| catalogue.track(row).clone()).collect();
    let half = Arc::new(Catalogue::from_tracks(half));
    let likes: Vec<TrackIdx> = half
        .rows()
        .filter(|&row| catalogue.find(&half.track(row).id).unwrap().0 % 3 == 1)
        .take(6)
        .collect();
    let profile = liking(&half, ListenerId::new("newcomer"), &likes);
    let rows: Vec<TrackIdx> = half.rows().filter(|row| !likes.contains(row)).collect();
    let labels: Vec<bool> =
        rows.iter().map(|&row| catalogue.find(&half.track(row).id).unwrap().0 % 3 == 1).collect();
    let scores: Vec<f64> = model
        .scorer(&half)
        .score(&profile, &rows)
        .iter()
        .map(|score| f64::from(score.mean))
        .collect();
    assert!(auc(&labels, &scores).unwrap() > 0.85);
}
