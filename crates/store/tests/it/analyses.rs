//! What was measured in files of music stays with their tracks.

use segue_core::{AudioAnalysis, Descriptor, Measurement, TrackId};
use segue_store::{AnalysedFile, SoundFile, Store};

use crate::fixtures::track;

fn analysed(path: &str, sound: u8, version: u32, bpm: f32) -> AnalysedFile {
    let mut analysis = AudioAnalysis::new(version);
    analysis.set(Descriptor::Tempo, Measurement { value: bpm, confidence: 1.0 });
    AnalysedFile { path: path.to_owned(), sound: [sound; 16], analysis, print: vec![1, u32::MAX] }
}

fn file(path: &str, modified_us: i64) -> SoundFile {
    SoundFile { path: path.to_owned(), size: 1, modified_us }
}

fn versions(store: &Store) -> Vec<(String, Option<u32>)> {
    let files = store.sound_files().unwrap().into_iter();
    files.map(|known| (known.file.path, known.analysed)).collect()
}

#[test]
fn an_analysis_is_of_the_track_that_its_file_is() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store
        .take_in_sound_files(&[(file("/a", 1), track("one")), (file("/b", 1), track("two"))])
        .unwrap();
    store.take_in_analyses(&[analysed("/a", 1, 1, 90.0), analysed("/gone", 2, 1, 120.0)]).unwrap();
    assert_eq!(versions(&store), [("/a".to_owned(), Some(1)), ("/b".to_owned(), None)]);
    let analyses = store.analyses(1).unwrap();
    assert_eq!(analyses.len(), 1);
    assert_eq!(analyses[0].0, TrackId::new("one"));
    assert_eq!(analyses[0].1.value(Descriptor::Tempo), Some(90.0));
    assert_eq!(store.prints().unwrap(), [(TrackId::new("one"), vec![1, u32::MAX])]);
    assert_eq!(store.status().unwrap().tracks_analysed, 1);

    // Measured anew by a later version, it is one analysis still.
    store.take_in_analyses(&[analysed("/a", 1, 2, 180.0)]).unwrap();
    assert_eq!(store.analyses(2).unwrap()[0].1.value(Descriptor::Tempo), Some(180.0));
    assert_eq!(store.analysis_of_sound(&[1; 16]).unwrap().unwrap().0.version, 2);
    assert_eq!(store.analysis_of_sound(&[9; 16]).unwrap(), None);
}

#[test]
fn a_file_that_changed_is_to_be_measured_again_and_a_dropped_folder_leaves_nothing() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store.add_music_folder("/").unwrap();
    store.take_in_sound_files(&[(file("/a", 1), track("one"))]).unwrap();
    store.take_in_analyses(&[analysed("/a", 1, 1, 90.0)]).unwrap();
    store.take_in_sound_files(&[(file("/a", 2), track("one"))]).unwrap();
    assert_eq!(versions(&store), [("/a".to_owned(), None)]);
    // What was known of the track is known until then.
    assert_eq!(store.analyses(1).unwrap().len(), 1);
    store.drop_music_folder("/").unwrap();
    assert!(store.analyses(1).unwrap().is_empty() && store.tracks().unwrap().is_empty());
}

#[test]
fn analyses_of_two_versions_are_not_taken_together() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let files = ["/a", "/b", "/c"];
    let tracks = ["one", "two", "one"];
    let entries: Vec<_> = files.iter().zip(tracks).map(|(f, t)| (file(f, 1), track(t))).collect();
    store.take_in_sound_files(&entries).unwrap();
    let old = [analysed("/a", 1, 1, 90.0), analysed("/b", 2, 1, 100.0)];
    store.take_in_analyses(&old).unwrap();
    store.take_in_analyses(&[analysed("/c", 3, 2, 110.0)]).unwrap();
    let tempos = |version| -> Vec<(String, Option<f32>)> {
        let analyses = store.analyses(version).unwrap().into_iter();
        analyses.map(|(id, found)| (id.to_string(), found.value(Descriptor::Tempo))).collect()
    };
    assert_eq!(tempos(1), [("one".to_owned(), Some(90.0)), ("two".to_owned(), Some(100.0))]);
    assert_eq!(tempos(2), [("one".to_owned(), Some(110.0))], "by the file that was measured anew");
    assert!(tempos(3).is_empty());
}

#[test]
fn a_file_that_cannot_be_decoded_is_known_as_such_until_it_changes() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store
        .take_in_sound_files(&[(file("/a", 1), track("one")), (file("/b", 1), track("two"))])
        .unwrap();
    store.note_undecodable(&["/a".to_owned(), "/gone".to_owned()], 3).unwrap();
    let noted = |store: &Store| -> Vec<Option<u32>> {
        store.sound_files().unwrap().into_iter().map(|known| known.undecodable).collect()
    };
    assert_eq!(noted(&store), [Some(3), None]);
    store.take_in_sound_files(&[(file("/a", 2), track("one"))]).unwrap();
    assert_eq!(noted(&store), [None, None]);
}
