//! Export files as services and their users' tools really wrote them, where they are at hand.
//! Counts were taken with a separate script over the same files.

use std::path::Path;

use segue_core::Source;
use segue_ingest::FileReport;

use crate::support::{read, real_data};

fn account(folder: &Path, name: &str) -> FileReport {
    let (mut report, _) = read(&folder.join(name));
    report.files.retain(|file| file.source.is_some());
    assert_eq!(report.files.len(), 1, "{name}");
    report.files.remove(0)
}

#[test]
fn real_exports_are_read_completely() {
    let Some(folder) = real_data("export_fixtures") else { return };
    use Source::*;
    for (name, source, rows, listens, feedback) in [
        ("listenbrainz/spotify_streaming_2023.json", SpotifyExtended, 5, 5, 0),
        ("listenbrainz/spotify_streaming_endsong_0.json", SpotifyExtended, 5, 5, 0),
        ("listenbrainz/spotify_skipped_tracks.json", SpotifyExtended, 15, 15, 0),
        ("koito/Streaming_History_Audio_spotify_import_test.json", SpotifyExtended, 39, 39, 0),
        ("listenbrainz/spotify_recently_played_submitted.json", SpotifyRecentlyPlayed, 1, 1, 0),
        ("listenbrainz/listenbrainz_listens.jsonl", ListenBrainz, 2, 2, 0),
        ("koito/listenbrainz_shoko1_123456789.zip", ListenBrainz, 19, 19, 0),
        ("koito/listenbrainz_shoko1_1749780844.zip", ListenBrainz, 5, 5, 0),
        ("koito/recenttracks-shoko2-1749776100.json", LastFm, 10, 10, 0),
        ("listenbrainz/lastfm_loved_tracks_1.json", LastFm, 5, 0, 5),
        ("listenbrainz/maloja.json", Maloja, 2, 2, 0),
        ("koito/maloja_import_test.json", Maloja, 38, 38, 0),
        ("koito/koito_export_test.json", Koito, 13, 13, 0),
        ("listenbrainz/librefm.csv", LibreFm, 3, 3, 0),
        ("listenbrainz/.scrobbler.log", Rockbox, 4, 4, 0),
        ("listenbrainz/panoscrobbler.jsonl", PanoScrobbler, 2, 2, 0),
    ] {
        let report = account(&folder, name);
        let found = (report.source, report.rows_read, report.listens, report.feedback);
        assert_eq!(found, (Some(source), rows, listens, feedback), "{name}: {report:?}");
        assert!(!report.incomplete, "{name}");
    }
}

#[test]
fn a_folder_of_exports_of_all_kinds_is_read_in_one_go() {
    let Some(folder) = real_data("export_fixtures") else { return };
    let (report, _) = read(&folder);
    let total = report.total();
    assert_eq!((total.rows_read, total.listens, total.feedback), (168, 163, 5));
    assert!(!total.incomplete);
}

#[test]
fn every_fixture_of_our_own_is_read_to_its_end() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (report, _) = read(&folder);
    assert!(report.files.len() > 25);
    for file in &report.files {
        assert!(file.source.is_some() && !file.incomplete && file.rows_read > 0, "{file:?}");
    }
}
