//! Folders and archives: what is opened, in which order, and what is left alone.

use std::fs;
use std::path::Path;

use segue_core::Record;
use segue_ingest::{ImportProgress, import};

use crate::support::{Memory, check, extended, extended_row, options, read, read_zip, zip};

fn one_row(minute: u32) -> Vec<u8> {
    format!("[{}]", extended_row(minute, "Song", 1)).into_bytes()
}

#[test]
fn parts_are_read_by_their_index_and_private_entries_never() {
    let (second, first) = (one_row(2), one_row(1));
    let (report, memory) = read_zip(&[
        ("Spotify Extended Streaming History/Streaming_History_Audio_2020_5.json", &second),
        ("Spotify Extended Streaming History/Streaming_History_Audio_2020-2021_4.json", &first),
        ("Spotify Account Data/Userdata.json", b"{\"email\":\"x\"}"),
        ("Spotify Account Data/Payments.json", b"{}"),
        ("__MACOSX/Spotify Account Data/._endsong_0.json", b"junk"),
        ("Spotify Extended Streaming History/ReadMeFirst.pdf", b"%PDF"),
        ("letters.json", b"{}"),
    ]);
    let minutes: Vec<_> = memory
        .listens()
        .iter()
        .map(|listen| listen.at.unwrap().to_string()[14..16].to_owned())
        .collect();
    assert_eq!(minutes, ["01", "02"]);
    let left_alone: Vec<_> = report
        .files
        .iter()
        .filter(|file| file.source.is_none())
        .map(|file| file.path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(left_alone, ["Userdata.json", "Payments.json", "letters.json"]);
}

#[test]
fn names_that_lead_outside_are_reported_and_not_opened() {
    let row = one_row(1);
    let (report, memory) = read_zip(&[
        ("../../endsong_0.json", &row),
        ("/endsong_1.json", &row),
        ("MyData/endsong_2.json", &row),
    ]);
    assert_eq!(memory.listens().len(), 1);
    let outside = report
        .files
        .iter()
        .filter(|file| file.note.as_ref().is_some_and(|note| note.contains("outside")))
        .count();
    assert_eq!(outside, 2);
}

#[test]
fn archives_in_archives_are_read_one_level_deep() {
    let row = one_row(1);
    let inner = zip(&[("MyData/endsong_0.json", &row)]);
    let innermost = zip(&[("more.zip", &inner)]);
    let (report, memory) = read_zip(&[("a.zip", &inner), ("b.zip", &innermost)]);
    assert_eq!(memory.listens().len(), 1);
    assert!(report.files.iter().any(|file| file.path.ends_with("a.zip/MyData/endsong_0.json")));
    assert!(
        report
            .files
            .iter()
            .any(|file| file.path.ends_with("b.zip/more.zip") && file.source.is_none())
    );
}

#[test]
fn a_folder_an_archive_and_single_files_hold_the_same_rows() {
    let (a, b) = (extended(50).into_bytes(), one_row(1000));
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("MyData/deeper");
    fs::create_dir_all(&inside).unwrap();
    fs::write(inside.join("endsong_0.json"), &a).unwrap();
    fs::write(inside.join("endsong_1.json"), &b).unwrap();
    fs::write(inside.join("notes.md"), "no data").unwrap();
    fs::write(inside.join("shopping.json"), "{\"milk\":1}").unwrap();

    let records = |memory: Memory| {
        memory.records.into_iter().map(|(_, record)| record).collect::<Vec<Record>>()
    };
    let (report, in_folder) = read(folder.path());
    assert_eq!(report.files.len(), 3);
    let shopping = report.files.iter().find(|file| file.path.ends_with("shopping.json")).unwrap();
    assert!(shopping.note.as_ref().unwrap().contains("no format"));
    let (_, in_archive) = read_zip(&[("MyData/endsong_1.json", &b), ("MyData/endsong_0.json", &a)]);
    let mut files = Memory::default();
    let paths = [inside.join("endsong_0.json"), inside.join("endsong_1.json")];
    let report = import(&paths, &options(), &mut (), &mut files).unwrap();
    check(&report, &files);
    let expected = records(files);
    assert_eq!(records(in_folder), expected);
    assert_eq!(records(in_archive), expected);
}

#[test]
fn progress_ends_at_the_total() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    let content = extended(5000).into_bytes();
    fs::write(&path, zip(&[("endsong_0.json", &content), ("endsong_1.json", &content)])).unwrap();
    let mut seen = Vec::new();
    let mut observer =
        |progress: ImportProgress<'_>| seen.push((progress.bytes_read, progress.bytes_total));
    import(&[&path], &options(), &mut observer, &mut Memory::default()).unwrap();
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert!(seen.iter().all(|&(_, total)| total == 2 * content.len() as u64));
    assert!(seen.len() > 3);
}

#[test]
fn unknown_files_are_errors_only_when_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    fs::write(&path, "\u{1b}[31m what is this").unwrap();
    let error = import(&[&path], &options(), &mut (), &mut Memory::default()).unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains("x.json")
            && message.contains("what is this")
            && !message.contains('\u{1b}'),
        "{message}"
    );
    let (report, _) = read(folder.path());
    assert!(!report.files[0].incomplete && report.files[0].source.is_none());
    assert!(
        import(&[Path::new("no such file")], &options(), &mut (), &mut Memory::default()).is_err()
    );
}

#[test]
fn empty_files_hold_no_rows() {
    let (report, _) =
        read_zip(&[("StreamingHistory_podcast_0.json", b"[]"), ("listens/2024/1.jsonl", b"")]);
    assert!(
        report
            .files
            .iter()
            .all(|file| file.note.as_deref() == Some("holds no rows") && !file.incomplete)
    );
}

#[test]
fn apple_plays_get_their_artists_from_the_files_beside_them() {
    let plays = "Event Type,Song Name,Event Start Timestamp,Event End Timestamp,\
        Play Duration Milliseconds,Media Duration In Milliseconds\n\
        PLAY_END,Third Song,2024-01-01T00:00:00Z,2024-01-01T00:03:00Z,180000,180000\n";
    let daily = "Track Description,Date Played,Hours,Play Duration Milliseconds,Media type,\
        End Reason Type,Play Count,Skip Count\n\
        Nina Nova - Third Song,20240101,1,180000,AUDIO,NATURAL_END_OF_TRACK,1,0\n";
    let inner = zip(&[("Apple Music - Play History Daily Tracks.csv", daily.as_bytes())]);
    // The plays come first, and the other file is in an archive of its own.
    let (report, memory) = read_zip(&[
        ("Apple Music Activity/Apple Music Play Activity.csv", plays.as_bytes()),
        ("Apple Music Activity/more.zip", &inner),
    ]);
    assert_eq!(report.files[0].listens, 1, "{report:?}");
    assert_eq!(memory.tracks()[0].artists, ["Nina Nova"]);
}
