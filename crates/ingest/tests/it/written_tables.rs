//! Tables as people and exporters really write them: quotes that do not close, dates in every
//! spelling, headers that are not in the first line.

use segue_core::FeedbackKind;
use segue_ingest::DropReason;

use crate::support::{Memory, options, read_text, read_zip, try_import};

/// Titles and times of the plays in a table.
fn plays(text: &str) -> Vec<(String, String)> {
    let (_, memory) = read_text("t.csv", text);
    let times = memory.listens().into_iter().map(|listen| listen.at.unwrap().to_string());
    memory.tracks().into_iter().map(|track| track.title.clone()).zip(times).collect()
}

fn scrobbles(open_quotes: &[usize], rows: usize) -> String {
    let row = |i: usize| {
        let quote = if open_quotes.contains(&i) { "\"" } else { "" };
        format!("Vera,Harbour,{quote}Tide {i},{:02} Mar 2022 {:02}:00\n", 1 + i / 24, i % 24)
    };
    (0..rows).map(row).collect()
}

#[test]
fn open_quotes_cost_no_row_in_any_delimited_table() {
    for open in [&[7][..], &[7, 8], &[7, 31, 60], &[99]] {
        let headless = scrobbles(open, 100);
        let with_header = format!("artist,album,track,date\n{headless}");
        let semicolons = with_header.replace(',', ";");
        let tabs = with_header.replace(',', "\t");
        let old_lines = headless.replace('\n', "\r");
        for text in [headless, with_header, semicolons, tabs, old_lines] {
            let (report, memory) = read_text("t.csv", &text);
            assert_eq!((report.rows_read, report.listens), (100, 100), "{open:?} {text:.60}");
            let quoted = format!("\"Tide {}", open[0]);
            assert_eq!(memory.tracks()[open[0]].title, quoted);
            let line = open[0] + 1 + usize::from(text.starts_with("artist"));
            let note = report.note.unwrap();
            assert!(note.contains(&format!("line {line} opens a quote")), "{note}");
            assert!(note.contains(&format!("({} such in all)", open.len())), "{note}");
        }
    }
}

#[test]
fn a_title_of_two_lines_is_one_row() {
    let text = "artist,track,date\nVera,\"Tide\nand ebb\",2022-03-01 10:00\nVera,Sand,2022-03-02\n";
    let (report, memory) = read_text("t.csv", text);
    assert_eq!((report.rows_read, report.note), (2, None));
    assert_eq!(memory.tracks()[0].title, "Tide\nand ebb");
}

#[test]
fn dates_are_read_as_people_write_them_with_and_without_header() {
    let written = [
        ("28/02/2022 08:30", "2022-02-28T08:30:00Z"),
        ("28.02.2022 08:30:00", "2022-02-28T08:30:00Z"),
        ("28 Feb 2022 08:30", "2022-02-28T08:30:00Z"),
        ("\"28 Feb 2022, 08:30\"", "2022-02-28T08:30:00Z"),
        ("2/28/2022 8:30 PM", "2022-02-28T20:30:00Z"),
        ("\"February 28, 2022 8:30 AM\"", "2022-02-28T08:30:00Z"),
        ("28/02/2022 08:30:00 +02:00", "2022-02-28T06:30:00Z"),
        ("28-Feb-2022", "2022-02-28T00:00:00Z"),
        ("28. Februar 2022 um 08:30", "2022-02-28T08:30:00Z"),
    ];
    for (date, at) in written {
        let row = format!("Vera,Harbour,Tide,{date}\n");
        let expected = [("Tide".to_owned(), at.to_owned())];
        assert_eq!(plays(&row), expected, "{date}");
        for name in ["Date", "Timestamp", "RawDateTime", "Played At", "Date (UTC)"] {
            assert_eq!(plays(&format!("Artist,Album,Song,{name}\n{row}")), expected, "{date}");
        }
    }
}

#[test]
fn the_whole_column_decides_which_of_day_and_month_comes_first() {
    let rows = |dates: &[&str]| {
        let rows = dates.iter().map(|date| format!("Vera,Tide,{date}\n"));
        format!("artist,track,date\n{}", rows.collect::<String>())
    };
    let first = |text: &str| plays(text)[0].1.clone();
    let open = ["03/04/2022"; 500];
    for (last, at) in [("28/04/2022", "2022-04-03"), ("04/28/2022", "2022-03-04")] {
        let dates = [&open[..], &[last]].concat();
        let text = rows(&dates);
        assert_eq!(first(&text), format!("{at}T00:00:00Z"));
        let (report, _) = read_text("t.csv", &text);
        assert_eq!(report.listens, 501);
        assert!(report.note.unwrap().contains(&format!("as in `{last}`")));
        let backwards: Vec<&str> = dates.iter().rev().copied().collect();
        let (_, memory) = read_text("t.csv", &rows(&backwards));
        assert_eq!(memory.listens()[1].at.unwrap().to_string(), format!("{at}T00:00:00Z"));
    }
    let (report, _) = read_text("t.csv", &rows(&open));
    assert!(report.note.unwrap().contains("read day first, as none of them tells"));
    // In order only if the month comes first.
    assert_eq!(first(&rows(&["03/04/2022", "03/05/2022", "04/01/2022"])), "2022-03-04T00:00:00Z");
}

#[test]
fn dates_of_the_other_order_are_dropped_and_shown() {
    let text = "artist,track,date\nV,T,28/02/2022\nV,T,27/02/2022\nV,T,02/26/2022\nV,T,soon\n";
    let (report, _) = read_text("t.csv", text);
    assert_eq!((report.listens, report.dropped[&DropReason::BadTime]), (2, 2));
    let note = report.note.unwrap();
    assert!(note.contains("as in `02/26/2022`") && note.contains("row 3"), "{note}");
}

#[test]
fn a_date_and_a_time_of_day_in_two_columns_are_one_moment() {
    let expected = [("Tide".to_owned(), "2022-02-28T20:30:00Z".to_owned())];
    for text in [
        "Artist,Track,Date,Time\nVera,Tide,28 Feb 2022,20:30\n",
        "Artist,Track,Time,Date\nVera,Tide,8:30 PM,28/02/2022\n",
        "Date;Time;Artist;Track\n28.02.2022;20:30:00;Vera;Tide\n",
        "Vera,Harbour,Tide,28 Feb 2022,20:30\n",
        "Vera,Tide,2022-02-28,20:30\n",
    ] {
        assert_eq!(plays(text), expected, "{text}");
    }
}

/// Artists, titles and times of what was liked in a table.
fn liked(text: &str) -> Vec<(Vec<String>, String, Option<String>)> {
    let mut options = options();
    options.tables.mark = Some(FeedbackKind::Like);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("liked.csv");
    std::fs::write(&path, text).unwrap();
    let (report, memory) = try_import(&path, &options);
    assert!(report.unwrap().files.iter().all(|file| file.adds_up()));
    let times = memory.feedback().into_iter().map(|said| said.at.map(|at| at.to_string()));
    let tracks = memory.tracks().into_iter().zip(times);
    tracks.map(|(track, at)| (track.artists.clone(), track.title.clone(), at)).collect()
}

#[test]
fn a_table_that_names_tracks_is_liked_where_a_person_says_so() {
    let tide = |at: Option<&str>| {
        vec![(vec!["Vera".to_owned()], "Tide".to_owned(), at.map(str::to_owned))]
    };
    for text in [
        "Title,Artist\nTide,Vera\n",
        "TITLE, ARTIST\n\"Tide\", \"Vera\"\n",
        "sep=;\nArtist;Title\nVera;Tide\n",
        "\u{feff}sep=|\r\nArtist|Title\r\nVera|Tide\r\n",
        "Artist|Title|Album\nVera|Tide|Harbour\n",
        "\n\nArtist,Title\nVera,Tide\n",
        "# exported today, by me\nArtist,Title\nVera,Tide\n",
        "My songs\nMade on,2024\n\nArtist Name(s),Track Name,ISRC\nVera,Tide,USUM71921001\n",
        "Track name,Artist name,Album,Playlist name,Type,ISRC\nTide,Vera,,Abend,Playlist,\n",
    ] {
        assert_eq!(liked(text), tide(None), "{text}");
    }
    let at = Some("2024-01-31T00:00:00Z");
    let shazam = "Shazam Library\nIndex,TagTime,Title,Artist,URL\n1,2024-01-31,Tide,Vera,x\n";
    assert_eq!(liked(shazam), tide(at));
    let added = "Track URI,Track Name,Artist Name(s),Added At\n,Tide,Vera,31/01/2024\n";
    assert_eq!(liked(added), tide(at));
    for ids in ["ISRC\nUSUM71921001\n", "Track URI\nspotify:track:7dTxqsaFGHOXwtzHINjfHv\n"] {
        assert_eq!(liked(ids).len(), 1, "{ids}");
    }
}

#[test]
fn without_a_person_saying_so_such_a_table_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("songs.csv");
    std::fs::write(&path, "Title,Artist\nTide,Vera\n").unwrap();
    let (result, _) = try_import(&path, &options());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("--mark liked"), "{message}");
    std::fs::write(&path, b"\x1f\x8b\x08\0\0\0\0\0\x02\x03\x01\x02").unwrap();
    let message = try_import(&path, &options()).0.unwrap_err().to_string();
    assert!(message.is_ascii() && !message.contains("\\u{"), "{message}");
}

#[test]
fn ids_beside_them_tell_how_many_artists_a_cell_holds() {
    let row = |ids: &str, artists: &str| {
        let text = format!(
            "Track Name,Artist IDs,Artist Name(s),Genres,Energy\nTide,\"{ids}\",\"{artists}\",\
             \"shanty, sea rock\",0.5\n"
        );
        let (_, memory) = read_text("t.csv", &text);
        let track = memory.tracks()[0];
        assert_eq!(track.genre.as_deref(), Some("shanty"));
        track.artists.clone()
    };
    assert_eq!(row("a1,a2", "Vera,Olav"), ["Vera", "Olav"]);
    assert_eq!(row("a1, a2, a3", "Vera, Olav, Ada"), ["Vera", "Olav", "Ada"]);
    assert_eq!(row("a1", "Tyler, The Creator"), ["Tyler, The Creator"]);
    assert_eq!(row("a1,a2", "Tyler, The Creator,Vera"), ["Tyler, The Creator", "Vera"]);
}

#[test]
fn columns_of_services_are_understood_and_the_others_named() {
    let deezer = "Song Title,Artist,ISRC,Album Title,IP Address,Listening Time,Platform Name,\
                  Platform Model,Date\n\
                  Tide,Vera,DEA621900001,Harbour,203.0.113.5,4,android,Pixel,2024-01-05 10:00:00\n";
    let amazon = "timestamp,asin,title,artistName,albumName,consumptionDurationInSeconds\n\
                  2024-01-05T10:00:00Z,B000TEST01,Tide,Vera,Harbour,4\n";
    let tidal = "entry_date,track_title,artist_name,album_title,stream_duration_ms\n\
                 2024-01-05 10:00:00,Tide,Vera,Harbour,4000\n";
    for text in [deezer, amazon, tidal] {
        let (report, memory) = read_text("t.csv", text);
        assert_eq!(report.note, None, "{text}");
        let (listen, track) = (memory.listens()[0], memory.tracks()[0]);
        assert_eq!(listen.at.unwrap().to_string(), "2024-01-05T10:00:00Z");
        assert_eq!(listen.ms_played, Some(4000));
        assert_eq!((track.title.as_str(), track.album.as_deref()), ("Tide", Some("Harbour")));
        assert!(!format!("{:?}", memory.records).contains("203.0.113.5"));
    }
    let (report, _) =
        read_text("t.csv", "artist,track,date,Time Listened,Foo\nV,T,2024-01-05,3,4\n");
    assert_eq!(report.note.as_deref(), Some("columns not read: `Time Listened`"));
}

#[test]
fn a_file_packed_by_itself_is_read_like_the_file() {
    use std::io::Write;
    let pack = |content: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(content).unwrap();
        packer.finish().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plays.csv.gz");
    std::fs::write(&path, pack(scrobbles(&[3], 50).as_bytes())).unwrap();
    for place in [path.as_path(), folder.path()] {
        let (report, memory) = try_import(place, &options());
        assert_eq!(report.unwrap().files[0].listens, 50);
        assert_eq!(memory.tracks()[3].title, "\"Tide 3");
    }
    let (report, memory) = read_zip(&[("mine/plays.csv.gz", &std::fs::read(&path).unwrap())]);
    assert_eq!((report.files[0].listens, memory.tracks().len()), (50, 50));
    let bomb = format!("artist,track,date\n{}", "V,T,2024-01-05\n".repeat(3 << 20));
    let bomb = pack(bomb.as_bytes());
    std::fs::write(&path, &bomb).unwrap();
    let by_itself = try_import(&path, &options()).0.unwrap();
    let in_archive = read_zip(&[("plays.csv.gz", &bomb)]).0;
    for (report, limit) in
        [(by_itself, "what the file unpacks to"), (in_archive, "what the entry unpacks to")]
    {
        let file = &report.files[0];
        assert!(file.incomplete && file.listens < 3 << 20);
        assert!(file.note.as_ref().unwrap().contains(limit), "{:?}", file.note);
    }
}

#[test]
fn a_file_is_explained_before_it_is_imported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "My plays\nArtist,Track,Date,Mood time\nVera,Tide,28/02/2022,9\n")
        .unwrap();
    let explained = segue_ingest::explain(&[&path], &options()).unwrap().remove(0);
    let columns = explained.report.columns.iter();
    let columns: Vec<_> = columns.map(|column| (column.name.as_str(), column.meaning)).collect();
    let expected = [
        ("Artist", Some("artist")),
        ("Track", Some("title")),
        ("Date", Some("time of the play")),
        ("Mood time", None),
    ];
    assert_eq!(columns, expected);
    assert_eq!((explained.report.listens, explained.records.len()), (1, 1));
    let note = explained.report.note.unwrap();
    for part in ["`Mood time`", "header is in line 2", "day first, as in `28/02/2022`"] {
        assert!(note.contains(part), "{note}");
    }
    assert!(segue_ingest::explain(&[folder.path().join("none")], &options()).is_err());
}

#[test]
fn by_their_beginnings_files_are_explained_whatever_their_size() {
    let folder = tempfile::tempdir().unwrap();
    let row =
        r#"{"ts": "2024-01-05T10:00:00Z", "ms_played": 9, "master_metadata_track_name": "T"}"#;
    let plays = |count: usize| format!("[{}]", vec![row; count].join(","));
    let table = format!("artist,track,date\n{}", "Vera,Tide,2024-01-05\n".repeat(300_000));
    let files = [
        ("0.csv", table.as_str(), 2_000, true),
        ("1.json", &plays(50_000), 2_000, true),
        ("2.json", &plays(3), 3, false),
        ("3.json", &plays(3)[..100], 1, false),
        ("4.txt", "milk, bread, jam", 0, false),
        ("5.zip", "PK\u{3}\u{4} no archive", 0, false),
    ];
    let paths: Vec<_> = files.iter().map(|(name, ..)| folder.path().join(name)).collect();
    for (path, (_, content, ..)) in paths.iter().zip(files) {
        std::fs::write(path, content).unwrap();
    }
    assert!(segue_ingest::explain_beginnings(&paths, &options()).is_err(), "as an import does");
    let options = segue_ingest::ImportOptions { leaves_unreadable: true, ..options() };
    let explained = segue_ingest::explain_beginnings(&paths, &options).unwrap();
    for (name, _, rows, goes_on) in files {
        let explanation = explained.iter().find(|file| file.report.path.ends_with(name)).unwrap();
        let report = &explanation.report;
        assert_eq!((report.listens, explanation.goes_on), (rows, goes_on), "{name}: {report:?}");
        assert_eq!(explanation.records.len() as u64, rows.min(5));
        let is_whole = ["0.csv", "1.json", "2.json"].contains(&name);
        assert_eq!(
            report.note.is_none(),
            is_whole,
            "what ends there by itself is no fault: {name}"
        );
    }
    let report = segue_ingest::import(&paths, &options, &mut (), &mut Memory::default()).unwrap();
    let listens: Vec<_> = report.files.iter().map(|file| file.listens).collect();
    assert_eq!(listens, [0, 300_000, 50_000, 3, 1, 0], "and an import leaves them alone as well");
}

#[test]
fn times_of_day_without_a_colon_are_times_and_a_blank_one_leaves_a_day() {
    use segue_core::Moment::{Day, Started};
    let text = "artist,track,date,time\nVera,Tide,01.02.2024,22h15\nVera,Ebb,02.02.2024,\n\
                Vera,Flow,13.02.2024,11 PM\n";
    let (report, memory) = read_text("t.csv", text);
    assert_eq!(report.listens, 3);
    let times: Vec<_> =
        memory.listens().iter().map(|l| (l.at.unwrap().to_string(), l.moment)).collect();
    let expected = [
        ("2024-02-01T22:15:00Z", Started),
        ("2024-02-02T00:00:00Z", Day),
        ("2024-02-13T23:00:00Z", Started),
    ];
    assert_eq!(times, expected.map(|(time, moment)| (time.to_owned(), moment)));
}
