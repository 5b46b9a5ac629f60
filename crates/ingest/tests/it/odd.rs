//! Files with what goes wrong in real ones, a few rows each: how many are read, and why the others
//! are not.

use std::path::Path;

use segue_ingest::DropReason::{
    self, BadTime, Malformed, NoTitle, NoTrack, NotAPlay, NowPlaying, Podcast, Video,
};

use crate::support::read;

/// The file, its plays, its statements of what somebody likes, and its other rows by reason.
type Odd = (&'static str, u64, u64, &'static [(DropReason, u64)]);

const FILES: [Odd; 12] = [
    (
        "spotify/Streaming_History_Audio_2024_odd.json",
        4,
        0,
        &[(Podcast, 1), (NoTrack, 1), (BadTime, 2)],
    ),
    ("listenbrainz/odd.jsonl", 3, 0, &[(NoTrack, 1), (NoTitle, 2), (BadTime, 1), (Malformed, 2)]),
    ("lastfm/odd_ghan.csv", 4, 0, &[(NoTitle, 1), (BadTime, 1), (NowPlaying, 1), (Malformed, 1)]),
    ("rockbox/.scrobbler.log", 4, 0, &[(NoTitle, 1), (BadTime, 1), (Malformed, 1)]),
    ("apple/Apple Music Play Activity.csv", 3, 0, &[(NoTitle, 1), (BadTime, 1), (NotAPlay, 3)]),
    ("youtube/watch-history.json", 3, 0, &[(Video, 1), (NoTrack, 1), (NoTitle, 1), (BadTime, 1)]),
    (
        "jellyfin/playback_report.tsv",
        3,
        0,
        &[(Video, 1), (NoTrack, 1), (BadTime, 1), (Malformed, 1)],
    ),
    ("librefm/librefm.csv", 3, 0, &[(NoTitle, 1), (BadTime, 1), (Malformed, 1)]),
    (
        "maloja/maloja_export.json",
        2,
        0,
        &[(NoTrack, 1), (NoTitle, 1), (BadTime, 1), (Malformed, 1)],
    ),
    ("koito/koito_export.json", 2, 0, &[(NoTrack, 1), (NoTitle, 1), (BadTime, 1)]),
    ("pano/scrobbles.jsonl", 3, 2, &[(NoTitle, 1), (BadTime, 1), (Malformed, 1)]),
    ("tables/history.csv", 4, 0, &[(NoTitle, 1), (BadTime, 1), (Malformed, 3)]),
];

#[test]
fn every_row_of_an_odd_file_is_accounted_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/odd");
    for (file, listens, feedback, dropped) in FILES {
        let (report, _) = read(&folder.join(file));
        let report = &report.files[0];
        assert_eq!((report.listens, report.feedback), (listens, feedback), "{file}");
        let found: Vec<_> = report.dropped.iter().map(|(&reason, &rows)| (reason, rows)).collect();
        assert_eq!(found, dropped, "{file}");
        assert!(!report.incomplete, "{file}");
    }
}
