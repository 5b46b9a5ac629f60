//! Tables through the public interface: each is recognised among all formats, and the files of one
//! export know of each other.

use std::fs;
use std::path::{Path, PathBuf};

use segue_core::Source;
use segue_ingest::DropReason;

use crate::support::{options, read, read_text, read_zip, real_data, try_import};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

#[test]
fn each_table_is_recognised_among_all_formats() {
    let expected = [
        ("apple_daily_tracks.csv", Source::AppleMusic, 5),
        ("apple_favorites.csv", Source::AppleMusic, 5),
        ("apple_library.json", Source::AppleMusic, 5),
        ("apple_play_activity.csv", Source::AppleMusic, 9),
        ("catalogue.csv", Source::Catalogue, 9),
        ("catalogue.json", Source::Catalogue, 4),
        ("catalogue.parquet", Source::Catalogue, 2),
        ("interactions.csv", Source::Interactions, 9),
        ("interactions.parquet", Source::Interactions, 3),
        ("lastfm_ghan.csv", Source::LastFm, 6),
        ("lastfm_to_csv.csv", Source::LastFm, 6),
        ("lastfmstats.csv", Source::LastFm, 3),
        ("librefm.csv", Source::LibreFm, 6),
        ("librefm_utf7.csv", Source::LibreFm, 2),
        ("scrobbler.log", Source::Rockbox, 6),
    ];
    for (name, source, rows) in expected {
        let (report, _) = read(&fixture(name));
        let file = &report.files[0];
        assert_eq!(
            (file.source, file.rows_read, file.incomplete),
            (Some(source), rows, false),
            "{name}"
        );
    }
}

#[test]
fn apples_plays_take_their_artists_from_the_other_files_and_count_once() {
    let files = [
        ("Apple Music Activity/Apple Music Play Activity.csv", "apple_play_activity.csv"),
        (
            "Apple Music Activity/Apple Music - Play History Daily Tracks.csv",
            "apple_daily_tracks.csv",
        ),
        ("Apple Music Activity/Apple Music Library Tracks.json", "apple_library.json"),
        ("Apple Music Activity/Apple Music - Favorites.csv", "apple_favorites.csv"),
    ];
    let contents: Vec<_> = files.iter().map(|(_, name)| fs::read(fixture(name)).unwrap()).collect();
    let entries: Vec<_> =
        files.iter().zip(&contents).map(|((path, _), content)| (*path, &content[..])).collect();
    let (report, memory) = read_zip(&entries);
    let total = report.total();
    assert_eq!((total.listens, total.feedback), (5, 5));
    assert_eq!(total.dropped[&DropReason::ElsewhereInExport], 5);
    let titles_of = |artist: &str| {
        let by_artist = memory.tracks().into_iter().filter(|track| track.artist() == Some(artist));
        by_artist.map(|track| track.title.clone()).collect::<Vec<_>>()
    };
    assert!(
        titles_of("Ben Birch").contains(&"Second Song".to_owned()),
        "the album that it was played from says so"
    );
}

#[test]
fn parquet_is_read_from_an_archive_too() {
    let content = fs::read(fixture("interactions.parquet")).unwrap();
    let (report, memory) = read_zip(&[("interactions.parquet", &content)]);
    assert_eq!((report.files[0].source, memory.listens().len()), (Some(Source::Interactions), 3));
}

#[test]
fn real_tables_are_recognised_and_read_whole() {
    let tables = [
        ("spotify_song_attributes_10k", Source::Interactions, 5040, 4765),
        ("tidytuesday_spotify_songs", Source::Catalogue, 32_833, 32_833),
        ("spotify_hits_decades", Source::Catalogue, 41_106, 41_106),
        ("export_fixtures/listenbrainz/librefm.csv", Source::LibreFm, 3, 3),
        ("export_fixtures/listenbrainz/.scrobbler.log", Source::Rockbox, 4, 4),
    ];
    for (name, source, rows, kept) in tables {
        let Some(path) = real_data(name) else { return };
        let (report, _) = read(&path);
        let total = report.total();
        assert_eq!((total.rows_read, total.kept()), (rows, kept), "{name}");
        assert!(report.files.iter().all(|file| file.source == Some(source)), "{name}");
    }
}

#[test]
fn tables_of_plays_are_read_from_json_as_from_csv() {
    let csv = "artist,title,timestamp,ms_played\n\"Vera\",\"Tide, \"\"low\"\"\",1700000000,180000\n\
               Vera,Ebb,1700000300,\nMüd,Ebb,1700000600,200000\n";
    let rows = [
        r#"{"artist":"Vera","title":"Tide, \"low\"","timestamp":1700000000,"ms_played":180000}"#,
        r#"{"timestamp":1700000300,"title":"Ebb","artist":"Vera","ms_played":null}"#,
        r#"{"artist":{"name":"M\u00fcd"},"title":"Ebb","timestamp":1700000600,"ms_played":200000}"#,
    ];
    let (_, expected) = read_text("plays.csv", csv);
    assert_eq!(expected.records.len(), 3);
    for text in [
        format!("[{}]", rows.join(",\n")),
        format!(" [ \n {} ] ", rows.join(" , ")),
        rows.join("\n"),
        format!(r#"{{"plays": [{}]}}"#, rows.join(",")),
        format!("{{\n\"history\":\n[{}]\n}}", rows.join(",")),
    ] {
        let (report, memory) = read_text("plays.json", &text);
        assert_eq!(report.source, Some(Source::Interactions), "{text}");
        assert_eq!(memory.records, expected.records, "{text}");
    }
}

#[test]
fn json_that_names_no_track_or_says_nothing_of_plays_is_no_table_of_plays() {
    let folder = tempfile::tempdir().unwrap();
    for text in [
        r#"[{"title":"Tide","artist":"Vera"}]"#,
        r#"[{"timestamp":1700000000,"message":"started"}]"#,
        r#"{"timestamp":1700000000,"users":[{"title":"Dr","artist":false}]}"#,
        r#"["title","artist","timestamp"]"#,
        r#"[[1,2],[3,4]]"#,
    ] {
        let path = folder.path().join("data.json");
        std::fs::write(&path, text).unwrap();
        assert!(try_import(&path, &options()).0.is_err(), "{text}");
    }
    let sound = r#"[{"title":"Tide","artist":"Vera","energy":0.5,"tempo":120}]"#;
    assert_eq!(read_text("tracks.json", sound).0.source, Some(Source::Catalogue));
}
