//! A folder of music becomes a catalogue: by tags, else by names; scanned again, it is as it was.

use std::fs;
use std::path::Path;

use segue::{
    Chosen, Error, ImportOptions, Library, MixRequest, ScanOptions, ScanReport, Timestamp, Track,
};
use segue_core::{
    AudioFeature, Descriptor, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, Source,
};
use tempfile::TempDir;

use crate::ann;

/// A tenth of a second of silence as a WAV file, with what it says of itself.
fn sound(tags: &[(&str, &str)]) -> Vec<u8> {
    sound_of(&[0; 800], tags)
}

/// Twelve seconds of clicks, or of a chord, at 8 kHz.
fn music(is_beat: bool) -> Vec<i16> {
    let wave = |i: usize| {
        let seconds = i as f32 / 8_000.0;
        let tone = |hz: f32| (seconds * hz * std::f32::consts::TAU).sin();
        match is_beat {
            true => 0.8 * tone(1_900.0) * (-40.0 * (seconds % 0.5)).exp(),
            false => 0.2 * (tone(220.0) + tone(261.63) + tone(329.63)),
        }
    };
    (0..96_000).map(|i| (wave(i) * 32_767.0) as i16).collect()
}

/// A WAV file.
fn sound_of(samples: &[i16], tags: &[(&str, &str)]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let chunk = |name: &str, content: &[u8]| {
        let mut chunk = name.as_bytes().to_vec();
        chunk.extend((content.len() as u32).to_le_bytes());
        chunk.extend(content);
        chunk.resize(chunk.len().next_multiple_of(2), 0);
        chunk
    };
    let mut format = Vec::new();
    for half in [1_u16, 1, 8_000, 0, 16_000, 0, 2, 16] {
        format.extend(half.to_le_bytes());
    }
    let mut info = b"INFO".to_vec();
    for (name, text) in tags {
        info.extend(chunk(name, &[text.as_bytes(), &[0]].concat()));
    }
    let parts =
        [b"WAVE".to_vec(), chunk("fmt ", &format), chunk("LIST", &info), chunk("data", &data)];
    chunk("RIFF", &parts.concat())
}

struct World {
    folder: TempDir,
    library: Library,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("music/Ride")).unwrap();
        let library = Library::open(folder.path().join("library")).unwrap();
        Self { folder, library }
    }

    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.folder.path().join("music").join(name), content).unwrap();
    }

    fn scan(&mut self) -> ScanReport {
        let music = self.folder.path().join("music");
        let mut heard = Vec::new();
        let options = ScanOptions { listener: Some(ann()), ..ScanOptions::default() };
        let report = self.library.scan(&[music], &options, &mut |progress| heard.push(progress));
        let report = report.unwrap();
        let last = heard.last().unwrap();
        assert_eq!(last.done, last.files);
        report
    }

    fn tracks(&self) -> Vec<Track> {
        self.library.store().tracks().unwrap()
    }
}

const TRAIL: [(&str, &str); 5] = [
    ("INAM", "Vapour Trail"),
    ("IART", "Ride"),
    ("IPRD", "Nowhere"),
    ("IGNR", "Shoegaze"),
    ("ICRD", "1990-10-15"),
];

#[test]
fn files_become_tracks_by_their_tags_and_a_second_scan_reads_nothing() {
    let mut world = World::new();
    world.put("Ride/04.wav", &sound(&TRAIL));
    world.put("Slowdive - Alison.wav", &sound(&[]));
    world.put("cover.jpg", b"no music");
    world.put(".hidden.wav", &sound(&TRAIL));
    let report = world.scan();
    assert_eq!((report.files, report.read, report.named_by_file), (2, 2, 1));
    assert_eq!((report.unreadable, report.duplicates), (0, 0));

    let tracks = world.tracks();
    let trail = tracks.iter().find(|track| track.title == "Vapour Trail").unwrap();
    assert_eq!((trail.artist(), trail.year), (Some("Ride"), Some(1990)));
    assert_eq!(trail.album.as_deref(), Some("Nowhere"));
    assert_eq!((trail.genre.as_deref(), trail.duration_ms()), (Some("Shoegaze"), Some(100)));
    assert!(Path::new(trail.location.as_ref().unwrap()).is_file());
    let alison = tracks.iter().find(|track| track.title == "Alison").unwrap();
    assert_eq!(alison.artist(), Some("Slowdive"));

    let again = world.scan();
    assert_eq!((again.files, again.read, again.unchanged), (2, 0, 2));
    assert_eq!(world.tracks(), tracks);
}

#[test]
fn what_was_played_elsewhere_is_the_same_song_here() {
    let mut world = World::new();
    let export = world.folder.path().join("plays.csv");
    let rows = "track_id,track_name,artist_name,played_at\n\
                1,Vapour Trail,Ride,2026-01-01T10:00:00Z\n2,Alison,Slowdive,2026-01-01T11:00:00Z\n";
    fs::write(&export, rows).unwrap();
    world.library.import(&[export], &ImportOptions::new(ann()), &mut ()).unwrap();
    world.put("a.wav", &sound(&TRAIL));
    let report = world.scan();
    assert_eq!((report.played, report.played_here), (2, 1));
    let works: std::collections::BTreeSet<_> =
        world.tracks().into_iter().map(|track| track.work).collect();
    assert_eq!(works.len(), 2, "the file is no third song");
}

#[test]
fn files_that_moved_changed_or_went_are_told_and_a_track_is_where_its_file_is() {
    let mut world = World::new();
    world.put("a.wav", &sound(&TRAIL));
    world.put("b.wav", &sound(&TRAIL));
    assert_eq!(world.scan().duplicates, 1);
    let music = world.folder.path().join("music").canonicalize().unwrap();
    fs::rename(music.join("a.wav"), music.join("Ride/c.wav")).unwrap();
    fs::remove_file(music.join("b.wav")).unwrap();
    let moved = world.scan();
    assert_eq!((moved.files, moved.read, moved.gone, moved.duplicates), (1, 1, 2, 0));
    let tracks = world.tracks();
    assert_eq!(tracks.len(), 1);
    assert_eq!(tracks[0].location.as_deref(), music.join("Ride/c.wav").to_str());

    world.put("Ride/c.wav", &sound(&[("INAM", "Taste"), ("IART", "Ride")]));
    let changed = world.scan();
    assert_eq!((changed.read, changed.gone), (1, 0));
    let titles = |world: &World| -> Vec<String> {
        world.tracks().into_iter().map(|track| track.title).collect()
    };
    assert_eq!(titles(&world), ["Taste"], "nothing but the file mentioned the other");
    let taste = world.tracks().remove(0).id;
    let liked = FeedbackTarget::Track(taste);
    let feedback = Feedback {
        listener: ann(),
        target: liked,
        kind: FeedbackKind::Like,
        at: Some(Timestamp::now()),
        source: Source::Segue,
    };
    world.library.store_mut().append_feedback(&[feedback]).unwrap();
    world.put("d.wav", &sound(&TRAIL));
    fs::remove_dir_all(music.join("Ride")).unwrap();
    assert_eq!(world.scan().gone, 1);
    let taste = world.tracks().into_iter().find(|track| track.title == "Taste").unwrap();
    assert_eq!(taste.location, None, "it stays known, and is nowhere");

    fs::rename(&music, music.with_file_name("away")).unwrap();
    fs::create_dir(&music).unwrap();
    let empty = world.scan();
    assert_eq!((empty.gone, empty.unreadable), (0, 1), "as where a disk is not there");
    fs::remove_dir(&music).unwrap();
    fs::rename(music.with_file_name("away"), &music).unwrap();
    assert_eq!(world.library.drop_music(&[music]).unwrap(), 1);
    assert_eq!(titles(&world), ["Taste"], "nothing mentioned the other");
    assert!(world.library.store().music_folders().unwrap().is_empty());
}

#[test]
fn what_cannot_be_read_is_named_and_costs_nothing_else() {
    let mut world = World::new();
    world.put("good.wav", &sound(&TRAIL));
    world.put("empty.mp3", b"");
    world.put("page.flac", b"<html>not found</html>");
    world.put("cut.wav", &sound(&TRAIL)[..30]);
    let report = world.scan();
    assert_eq!(report.read + report.unreadable, report.files);
    let named: Vec<String> = report
        .problems
        .iter()
        .map(|one| one.path.file_name().unwrap().to_string_lossy().into())
        .collect();
    assert!(named.contains(&"page.flac".to_owned()), "{report:?}");
    assert!(world.tracks().iter().any(|track| track.title == "Vapour Trail"));

    let nowhere = world.folder.path().join("nowhere");
    let error = world.library.scan(&[nowhere], &ScanOptions::default(), &mut |_| {}).unwrap_err();
    assert!(matches!(error, Error::NoMusicFolder(_)), "{error}");
}

#[test]
fn how_files_sound_is_measured_once_whatever_becomes_of_names_and_tags() {
    let mut world = World::new();
    world.put("a.wav", &sound_of(&music(true), &TRAIL));
    world.put("b.wav", &sound_of(&music(false), &[("INAM", "Chord"), ("IART", "Ride")]));
    let report = world.scan();
    assert_eq!((report.analysed, report.unanalysed), (2, 0));
    let catalogue = segue::catalogue(world.library.store()).unwrap();
    let row = |title: &str| {
        let mut rows = catalogue.rows();
        rows.find(|row| catalogue.track(*row).title == title).unwrap()
    };
    let analysis = catalogue.analysis(row("Vapour Trail")).unwrap();
    let tempo = analysis.value(Descriptor::Tempo).unwrap();
    assert!((tempo - 120.0).abs() < 1.0, "{tempo}");
    assert!(catalogue.is_estimated(row("Chord")));
    assert_eq!(catalogue.track(row("Chord")).features.get(AudioFeature::Mode), Some(0.0));

    // Moved and tagged anew, and a copy.
    let music_folder = world.folder.path().join("music");
    fs::remove_file(music_folder.join("a.wav")).unwrap();
    world.put("Ride/c.wav", &sound_of(&music(true), &[("INAM", "Taste"), ("IART", "Ride")]));
    world.put("Ride/d.wav", &sound_of(&music(false), &[("INAM", "Chord"), ("IART", "Ride")]));
    let again = world.scan();
    assert_eq!((again.read, again.analysed, again.unanalysed), (2, 0, 0));
    let catalogue = segue::catalogue(world.library.store()).unwrap();
    let titles: Vec<&str> =
        catalogue.rows().map(|row| catalogue.track(row).title.as_str()).collect();
    assert_eq!(titles.len(), 2, "what only a file brought went with it: {titles:?}");
    let taste = catalogue.rows().find(|row| catalogue.track(*row).title == "Taste").unwrap();
    let moved = catalogue.analysis(taste).unwrap().value(Descriptor::Tempo);
    assert_eq!(moved, Some(tempo));
}

#[test]
fn a_file_that_cannot_be_decoded_is_tried_again_only_once_it_changes() {
    let mut world = World::new();
    world.put("a.wav", &sound_of(&[], &TRAIL));
    world.put("b.wav", &sound_of(&music(false), &[("INAM", "Chord"), ("IART", "Ride")]));
    let tried = world.scan();
    assert_eq!((tried.undecodable, tried.problems.len(), tried.analysed), (1, 1, 1), "{tried:?}");
    let again = world.scan();
    assert_eq!((again.undecodable, again.problems.len(), again.unanalysed), (1, 1, 1), "{again:?}");
    assert!(again.problems[0].why.contains("has not changed since"), "it was not tried again");
    world.put("a.wav", &sound_of(&music(true), &TRAIL));
    let mended = world.scan();
    assert_eq!((mended.undecodable, mended.analysed, mended.unanalysed), (0, 1, 0), "{mended:?}");
}

#[test]
fn a_folder_of_music_alone_gives_a_listener_and_a_mix() {
    let mut world = World::new();
    world.put("Ride/a.wav", &sound_of(&music(true), &TRAIL));
    world.put("Ride/b.wav", &sound_of(&music(false), &[("INAM", "Chord")]));
    let music_folder = world.folder.path().join("music");
    let options = ScanOptions { analyse: false, ..ScanOptions::default() };
    let report = world.library.scan(&[music_folder], &options, &mut |_| {}).unwrap();
    let me = report.new_listener.unwrap();
    assert_eq!((report.unanalysed, world.library.listener(None).unwrap()), (2, me.clone()));
    let mix = |world: &mut World| {
        let snapshot = world.library.snapshot().unwrap();
        let profile = snapshot.profile(world.library.store(), &me).unwrap();
        let mix = snapshot.mix(&profile, &MixRequest::new(Timestamp::now())).unwrap();
        assert_eq!(snapshot.fallback, None);
        mix.slate.picks.len()
    };
    assert_eq!(mix(&mut world), 2);
    let report = world.scan();
    assert_eq!((report.analysed, report.new_listener), (2, None));
    let snapshot = world.library.snapshot().unwrap();
    let request = MixRequest::new(Timestamp::now());
    let fast = snapshot.prompted("faster than 110 bpm", request, Chosen::default()).unwrap();
    assert_eq!(fast.request.within.unwrap().len(), 1);
    assert!(fast.reading.notes.iter().any(|note| note.contains("estimated from their files")));
    // What is played is no end of mixes, however little there is to learn from yet.
    let played = Listen {
        ms_played: Some(12_000),
        end_reason: EndReason::Finished,
        ..Listen::new(me.clone(), world.tracks()[0].id.clone(), Timestamp::now(), Source::Segue)
    };
    world.library.store_mut().append_listens(&[played]).unwrap();
    assert!(mix(&mut world) > 0);
    // An artist that no tag names is by the folder.
    assert!(world.tracks().iter().all(|track| track.artist() == Some("Ride")));
}

#[test]
fn a_disk_that_is_not_there_takes_nothing_with_it_and_what_is_gone_goes() {
    let mut world = World::new();
    let music = world.folder.path().join("music").canonicalize().unwrap();
    fs::create_dir_all(music.join("usb/Ride")).unwrap();
    world.put("here.wav", &sound(&TRAIL));
    world.put("usb/Ride/there.wav", &sound(&[("INAM", "Taste"), ("IART", "Ride")]));
    world.put("usb/Ride/cut.wav", &sound(&[("INAM", "Dreams"), ("IART", "Ride")]));
    assert_eq!(world.scan().files, 3);

    // Unplugged: the folder that it was at is there and empty.
    fs::rename(music.join("usb"), world.folder.path().join("away")).unwrap();
    fs::create_dir(music.join("usb")).unwrap();
    let unplugged = world.scan();
    assert_eq!((unplugged.files, unplugged.gone, unplugged.unreadable), (1, 0, 1));
    assert_eq!(world.tracks().len(), 3);
    fs::remove_dir(music.join("usb")).unwrap();
    fs::rename(world.folder.path().join("away"), music.join("usb")).unwrap();
    assert_eq!(world.scan().gone, 0);

    // One file is gone, and a scan that reads tags only says so and forgets the song.
    fs::remove_file(music.join("usb/Ride/cut.wav")).unwrap();
    let options = ScanOptions { analyse: false, ..ScanOptions::default() };
    let report = world.library.scan(&[music], &options, &mut |_| {}).unwrap();
    assert_eq!(report.gone, 1);
    world.scan();
    assert_eq!(world.tracks().len(), 2);
}
