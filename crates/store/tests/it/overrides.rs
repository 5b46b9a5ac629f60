//! Features that somebody set by hand.

use rusqlite::Connection;
use segue_core::{AudioFeature, AudioFeatures, TrackId};
use segue_store::{SoundFile, Store, StoreError};

use crate::fixtures::track;

fn features(values: &[(AudioFeature, f32)]) -> AudioFeatures {
    let mut features = AudioFeatures::MISSING;
    for (feature, value) in values {
        assert!(features.set(*feature, *value));
    }
    features
}

#[test]
fn what_is_set_replaces_what_was_set_and_can_be_taken_back() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let mut song = track("song");
    song.features.set(AudioFeature::Energy, 0.9);
    store.add_tracks(&[song.clone(), track("other")]).unwrap();
    let marks = store.marks().unwrap();
    let calm = features(&[(AudioFeature::Energy, 0.2), (AudioFeature::Tempo, 174.0)]);
    store.override_features(&song.id, &calm).unwrap();
    assert_ne!(store.marks().unwrap(), marks, "servers hear of it");
    assert_eq!(store.overrides().unwrap(), [(song.id.clone(), calm)]);
    assert_eq!(store.overrides_of(&song.id).unwrap(), calm);
    let told = store.track(&song.id).unwrap().unwrap().features;
    assert_eq!(told.get(AudioFeature::Energy), Some(0.9), "what is told stays beside it");

    let slow = features(&[(AudioFeature::Tempo, 87.0)]);
    store.override_features(&song.id, &slow).unwrap();
    assert_eq!(store.overrides_of(&song.id).unwrap(), slow);
    store.override_features(&song.id, &AudioFeatures::MISSING).unwrap();
    assert!(store.overrides().unwrap().is_empty());
    let unknown = store.override_features(&TrackId::new("nowhere"), &slow);
    assert!(matches!(unknown, Err(StoreError::UnknownTrack(_))), "{unknown:?}");
    assert!(store.check().problems.is_empty());
}

#[test]
fn a_backup_has_what_was_set_and_a_track_takes_it_along_when_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("library")).unwrap();
    store.add_music_folder("/").unwrap();
    let file = SoundFile { path: "/a".to_owned(), size: 1, modified_us: 1 };
    store.take_in_sound_files(&[(file, track("song"))]).unwrap();
    let set = features(&[(AudioFeature::Mode, 0.0)]);
    store.override_features(&track("song").id, &set).unwrap();
    store.backup(&folder.path().join("copy")).unwrap();
    store.drop_music_folder("/").unwrap();
    assert!(store.overrides().unwrap().is_empty());
    let copy = Store::open(&folder.path().join("copy")).unwrap();
    assert_eq!(copy.overrides().unwrap(), [(track("song").id, set)]);
}

#[test]
fn what_was_set_goes_along_with_a_file_whose_tags_name_another_song_now() {
    let mut store = Store::open_in_memory().unwrap();
    let file = SoundFile { path: "/a".to_owned(), size: 1, modified_us: 1 };
    store.take_in_sound_files(&[(file.clone(), track("sogn"))]).unwrap();
    let set = features(&[(AudioFeature::Energy, 0.2)]);
    store.override_features(&track("sogn").id, &set).unwrap();
    store.take_in_sound_files(&[(file, track("song"))]).unwrap();
    assert_eq!(store.overrides().unwrap(), [(track("song").id, set)]);
}

#[test]
fn a_store_from_before_there_were_overrides_opens_with_all_that_it_held() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store.add_tracks(&[track("song")]).unwrap();
    drop(store);
    let database = Connection::open(library.path().join(Store::DATABASE)).unwrap();
    database
        .execute_batch(
            "DROP TABLE overrides; DROP TABLE overridden; DROP TABLE artist_tags; \
         DROP TABLE completed; \
         ALTER TABLE sound_files DROP COLUMN undecodable; ALTER TABLE models DROP COLUMN log_end",
        )
        .unwrap();
    database.pragma_update(None, "user_version", 21).unwrap();
    drop(database);
    let mut store = Store::open(library.path()).unwrap();
    assert_eq!(store.tracks().unwrap().len(), 1);
    let set = features(&[(AudioFeature::Valence, 0.5)]);
    store.override_features(&track("song").id, &set).unwrap();
    assert_eq!(store.overrides().unwrap().len(), 1);
}
