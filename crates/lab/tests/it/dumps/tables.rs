//! Tables of names and of features.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use segue_lab::world_dumps::{FeatureTable, write_features};
use segue_world::dump::{
    DumpDropReason, FeatureRow, Mbid, TableReport, read_canonical, read_features, read_redirects,
};
use tempfile::TempDir;

use super::support::{canonical, packed, tar_of, world};

const HALO: &str = "899a043d-67bc-420c-85ea-6fee705baeb3";

fn file(folder: &TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn adds_up(report: &TableReport) {
    assert_eq!(report.rows, report.kept + report.dropped.values().sum::<u64>());
}

/// Identifier, artist, title, artists and score of each row.
type Names = (String, String, String, String, u64);

fn names(path: &Path) -> segue_world::Result<(Vec<Names>, TableReport)> {
    let mut names = Vec::new();
    let report = read_canonical(path, &mut |row| {
        let (artist, title) = (row.artist.to_owned(), row.title.to_owned());
        names.push((row.recording.to_string(), artist, title, row.artists.to_owned(), row.score));
        Ok(())
    })?;
    adds_up(&report);
    assert_eq!(report.kept, names.len() as u64);
    Ok((names, report))
}

#[test]
fn canonical_names_are_those_that_were_planted() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "canonical.tar.zst", &canonical(&world()));
    let (names, report) = names(&path).unwrap();
    assert_eq!((names.len(), report.rows), (400, 400));
    for (number, (mbid, artist, title, artists, _)) in (0..).zip(&names) {
        let planted = world().recording(number);
        assert_eq!((mbid, artist, title), (&planted.mbid, &planted.artist, &planted.title));
        assert_eq!(*artists, planted.artists.join(","));
    }
    assert!(names.iter().any(|row| row.3.contains(',')), "some have two artists");
}

#[test]
fn redirects_lead_from_versions_to_recordings() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "canonical.tar.zst", &canonical(&world()));
    let mut redirects = Vec::new();
    let report = read_redirects(&path, &mut |redirect| {
        redirects.push((redirect.from.to_string(), redirect.to.to_string()));
        Ok(())
    });
    let planted = (0..400).map(|number| world().recording(number));
    let expected: Vec<_> = planted.filter_map(|r| Some((r.version?, r.mbid))).collect();
    assert_eq!(redirects, expected);
    assert_eq!(report.unwrap().kept, expected.len() as u64);
}

#[test]
fn tables_are_read_by_themselves_and_by_their_columns() {
    let table = format!(
        "\u{feff}score,recording_name,artist_mbids,recording_mbid,artist_credit_name\n\
         7,\"Say \"\"Halo\"\", twice\n(live)\",{HALO},{HALO},Beyoncé\n"
    );
    let folder = TempDir::new().unwrap();
    let contents = [table.as_bytes().to_vec(), packed(table.as_bytes())];
    for content in contents {
        let (names, _) = names(&file(&folder, "any", &content)).unwrap();
        let title = "Say \"Halo\", twice\n(live)".to_owned();
        assert_eq!(names, [(HALO.to_owned(), "Beyoncé".to_owned(), title, HALO.to_owned(), 7)]);
    }
}

#[test]
fn rows_of_names_that_say_too_little_are_dropped_by_reason() {
    let mut table =
        b"recording_mbid,artist_credit_name,recording_name,artist_mbids,score\n".to_vec();
    for row in [
        format!("{HALO},A,B,,1"),
        "none,A,B,,1".to_owned(),
        format!("{HALO},,B,,1"),
        format!("{HALO},A, ,,1"),
        format!("{HALO},A,B,,high"),
        format!("{HALO},A,B"),
        format!("{HALO},A,B,,1,more"),
    ] {
        table.extend(row.bytes().chain(*b"\n"));
    }
    table.extend(HALO.bytes().chain(*b",\xff,B,,1\n"));
    let folder = TempDir::new().unwrap();
    let (names, report) = names(&file(&folder, "names.csv", &table)).unwrap();
    assert_eq!((names.len(), report.rows), (1, 8));
    let dropped: Vec<_> = report.dropped.into_iter().collect();
    let expected = [
        (DumpDropReason::NoArtist, 1),
        (DumpDropReason::NoTitle, 1),
        (DumpDropReason::NoIdentifier, 1),
        (DumpDropReason::NotText, 1),
        (DumpDropReason::Unreadable, 3),
    ];
    assert_eq!(dropped, expected);
}

#[test]
fn a_table_that_is_not_all_there_is_an_error() {
    let folder = TempDir::new().unwrap();
    let dump = canonical(&world());
    let cut = names(&file(&folder, "cut.tar.zst", &dump[..dump.len() / 2])).unwrap_err();
    assert!(cut.to_string().contains("damaged or cut off"), "{cut}");
    let tar = zstd::decode_all(&dump[..]).unwrap();
    let cut = names(&file(&folder, "cut.tar", &tar[..tar.len() / 2])).unwrap_err();
    assert!(cut.to_string().contains("download the rest"), "{cut}");
    let other = names(&file(&folder, "other.csv", b"a,b\n1,2\n")).unwrap_err();
    assert!(other.to_string().contains("canonical_musicbrainz_data.csv"), "{other}");
}

#[test]
fn a_quote_that_does_not_close_takes_no_more_than_a_row_may() {
    let mut table = format!(
        "recording_mbid,artist_credit_name,recording_name,artist_mbids,score\n{HALO},\"A,B,,1\n"
    );
    table += &format!("{HALO},A,B,,1\n").repeat(100_000);
    let folder = TempDir::new().unwrap();
    let error = names(&file(&folder, "names.csv", table.as_bytes())).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    assert!(error.to_string().contains("does a quote not close?"), "{error}");
}

fn features(path: &Path) -> (Vec<(String, String)>, TableReport) {
    let mut rows = Vec::new();
    let report =
        read_features(path, &Arc::default(), &mut |recording: Mbid, row: FeatureRow<'_>| {
            let (key, scale) = (row.key.unwrap_or("-"), row.scale.unwrap_or("-"));
            let row = format!(
                "{:?} {:?} {:?} {key} {scale}",
                row.average_loudness, row.bpm, row.danceability
            );
            rows.push((recording.to_string(), row));
            Ok(())
        });
    let report = report.unwrap();
    adds_up(&report);
    (rows, report)
}

#[test]
fn features_of_all_tables_are_read_and_empty_ones_dropped() {
    let low = format!(
        "mbid,submission_offset,average_loudness,dynamic_complexity,mfcc_zero_mean\n\
         {HALO},0,0.81,3.5,-700\n{HALO},1,nan,,\n{HALO},2,loud,1,1\n"
    );
    let rhythm = format!(
        "mbid,submission_offset,bpm,bpm_histogram_first_peak_bpm_mean,danceability,onset_rate\n\
         {HALO},0,120.5,120,1.2,3\n"
    );
    let tonal = format!(
        "mbid,submission_offset,key_key,key_scale,tuning_frequency,\
         tuning_equal_tempered_deviation\n\
         {HALO},0,C#,minor,440,0.1\nnone,0,C#,minor,440,0.1\n"
    );
    let tables =
        [("f/low.csv", low.as_bytes()), ("r.csv", rhythm.as_bytes()), ("t", tonal.as_bytes())];
    let tar = tar_of(&[&tables[..], &[("COPYING", b"CC0")]].concat());
    let folder = TempDir::new().unwrap();
    for content in [packed(&tar), tar] {
        let (rows, report) = features(&file(&folder, "features", &content));
        let rows: Vec<_> = rows.iter().map(|(_, row)| row.as_str()).collect();
        let expected = [
            "Some(0.81) None None - -",
            "None Some(120.5) Some(1.2) - -",
            "None None None C# minor",
        ];
        assert_eq!(rows, expected);
        let dropped: Vec<_> = report.dropped.into_iter().collect();
        let expected = [
            (DumpDropReason::NoIdentifier, 1),
            (DumpDropReason::NoValue, 1),
            (DumpDropReason::Unreadable, 1),
        ];
        assert_eq!(dropped, expected);
    }
}

#[test]
fn made_up_features_are_those_of_their_communities() {
    let folder = TempDir::new().unwrap();
    for (table, name) in [
        (FeatureTable::LowLevel, "lowlevel"),
        (FeatureTable::Rhythm, "rhythm"),
        (FeatureTable::Tonal, "tonal"),
    ] {
        let mut dump = Vec::new();
        write_features(&world(), table, &mut dump).unwrap();
        file(&folder, name, &dump);
    }
    let mut tempos = BTreeMap::new();
    let (mut loud, mut keys) = (0u64, 0u64);
    let report = read_features(folder.path(), &Arc::default(), &mut |recording, row| {
        loud += u64::from(row.average_loudness.is_some());
        keys += u64::from(row.key.is_some() && row.scale.is_some());
        if let Some(bpm) = row.bpm {
            tempos.entry(recording).or_insert(bpm);
        }
        Ok(())
    });
    let report = report.unwrap();
    assert_eq!((report.kept, report.rows), (3 * loud, 3 * keys));
    assert!((150..320).contains(&tempos.len()), "{}", tempos.len());
    for number in 0..400 {
        let recording = world().recording(number);
        let Some(bpm) = tempos.get(&recording.mbid.parse::<Mbid>().unwrap()) else { continue };
        let expected = 75.0 + 12.0 * recording.community as f32;
        assert!((bpm - expected).abs() < 12.0, "{bpm} where {expected} is played");
    }
}

#[test]
fn documents_are_rows_by_their_names() {
    let high = br#"{"highlevel":{"mood_sad":{"all":{"sad":0.75,"not_sad":0.25}},"timbre":{}}}"#;
    let name = format!("highlevel/89/9/{HALO}-3.json");
    let tar =
        tar_of(&[(&name, high), (&name, b"{}"), (&name, b"{\"rhythm\":7}"), ("a.json", high)]);
    let folder = TempDir::new().unwrap();
    let mut sad = Vec::new();
    let path = file(&folder, "high.tar.zst", &packed(&tar));
    let report = read_features(&path, &Arc::default(), &mut |recording, row| {
        sad.push((recording.to_string(), row.probability_sad, row.probability_bright));
        Ok(())
    });
    assert_eq!(sad, [(HALO.to_owned(), Some(0.75), None)]);
    let dropped = report.unwrap().dropped;
    assert_eq!(
        dropped.into_keys().collect::<Vec<_>>(),
        [DumpDropReason::NoValue, DumpDropReason::Unreadable]
    );
}
