//! Files as they were published, where this machine has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use segue_world::dump::read_features;

use super::support::{listens, read};

/// The folder of a public data set, if it is there.
pub(super) fn sample(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: there is no `{}`", path.display());
    }
    path.exists().then_some(path)
}

#[test]
fn files_of_listenbrainz_are_read_whole() {
    let Some(folder) = sample("listenbrainz_dump") else { return };
    let members = read(&folder);
    let rows: Vec<_> = members.iter().map(|m| (m.name(), m.report.rows)).collect();
    let expected = [
        ("fresh.parquet", 13),
        ("full0.parquet", 4),
        ("full1.parquet", 3),
        ("full2.parquet", 10),
        ("full3.parquet", 18),
        ("full4.parquet", 14),
        ("full5.parquet", 10),
        ("full6.parquet", 9),
        ("inc2.parquet", 9),
        ("inc3.parquet", 8),
        ("rec.parquet", 30),
    ];
    assert_eq!(rows, expected);
    assert!(members.iter().all(|m| m.report.broken.is_none() && m.report.dropped.is_empty()));
    let first = &members[0].listens[0];
    assert_eq!((first.user, first.at_s), (2, 1_628_412_478));
    assert_eq!((first.artist.as_str(), first.title.as_str()), ("Halsey", "New Americana"));
    let recording = first.recording.map(|mbid| mbid.to_string());
    assert_eq!(recording.as_deref(), Some("b368b207-a6fa-42bc-ad6e-c70d006d846a"));
    let unknown = listens(&members).iter().filter(|listen| listen.recording.is_none()).count();
    assert_eq!(unknown, UNKNOWN_RECORDINGS);
}

/// As pyarrow counts empty cells of `recording_mbid`.
const UNKNOWN_RECORDINGS: usize = 22;

#[test]
fn documents_of_acousticbrainz_are_read() {
    let Some(folder) = sample("acousticbrainz") else { return };
    let mut rows = Vec::new();
    let report = read_features(&folder, &Arc::default(), &mut |recording, row| {
        rows.push((
            recording.to_string(),
            row.bpm.is_some() && row.key.is_some() && row.average_loudness.is_some(),
            row.probability_relaxed,
        ));
        Ok(())
    });
    let first = "0dad432b-16cc-4bf0-8961-fd31d124b01b".to_owned();
    let second = "e8afe383-1478-497e-90b1-7885c7f37f6e".to_owned();
    let expected =
        [(first.clone(), true, None), (first, false, Some(0.995_198_7)), (second, true, None)];
    assert_eq!(rows, expected);
    assert_eq!(report.unwrap().rows, 3);
}
