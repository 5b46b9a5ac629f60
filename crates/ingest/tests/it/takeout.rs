//! What lies in archives under names that only their language knows, and sentences that only it
//! says.

use segue_core::Source;
use segue_ingest::{FileReport, ImportReport};

use crate::support::{extended_row, read_text, read_zip};

fn watched(before: &str, titles: &[&str], after: &str) -> String {
    let row = |(minute, title): (usize, &&str)| {
        serde_json::json!({
            "header": "YouTube Music",
            "title": format!("{before}{title}{after}"),
            "titleUrl": format!("https://music.youtube.com/watch?v=abcdefghi{minute:02}"),
            "subtitles": [{"name": "Vera - Topic", "url": "https://www.youtube.com/channel/UC1"}],
            "time": format!("2024-03-01T10:{minute:02}:00.000Z"),
        })
    };
    serde_json::to_string_pretty(&titles.iter().enumerate().map(row).collect::<Vec<_>>()).unwrap()
}

const TITLES: [&str; 5] = ["Tide", "Harbour Lights", "Ebb, and flow", "Sand (Live)", "Moorings"];

#[test]
fn titles_come_out_of_sentences_in_any_language() {
    let sentences = [
        ("Watched ", ""),
        ("", " angesehen"),
        ("Je hebt ", " bekeken"),
        ("Ați vizionat ", ""),
        ("Ви переглянули відео ", ""),
        ("Ikusi duzu: ", ""),
        ("", " সিনেমা দেখা"),
        ("لقد شاهدت ", " اليوم"),
        ("", "을(를) 보았습니다"),
        ("«", "» көрілді"),
    ];
    for (before, after) in sentences {
        let (report, memory) = read_text("any.json", &watched(before, &TITLES, after));
        assert_eq!(report.listens, 5);
        let titles: Vec<_> = memory.tracks().iter().map(|track| track.title.clone()).collect();
        assert_eq!(titles, TITLES, "{before}…{after}");
    }
    let (report, _) = read_text("any.json", &watched("Ikusi duzu: ", &TITLES, ""));
    assert_eq!(report.note.as_deref(), Some("titles stand in `Ikusi duzu: …`"));
}

fn of<'r>(report: &'r ImportReport, end: &str) -> &'r FileReport {
    report.files.iter().find(|file| file.path.to_string_lossy().ends_with(end)).unwrap()
}

#[test]
fn entries_of_archives_are_read_by_what_they_hold_and_private_ones_stay_closed() {
    let history = watched("", &TITLES, " angesehen");
    let searches = r#"[{"header":"YouTube","title":"Nach SECRET gesucht","time":"2024-03-01T10:00:00Z",
        "titleUrl":"https://www.youtube.com/results?search_query=SECRET"}]"#;
    let spotify = format!("[{}]", extended_row(1, "Tide", 200_000));
    let secret = "SECRET,track,timestamp\na,b,2024-01-01\n";
    let entries = [
        ("Takeout/YouTube und YouTube Music/Verlauf/Wiedergabeverlauf.json", &history),
        ("Takeout/YouTube und YouTube Music/Verlauf/Suchverlauf.json", &searches.to_owned()),
        ("历史/观看.json", &history),
        ("sconosciuto/trovato.json", &searches.to_owned()),
        ("Kommentare/Kommentare.csv", &secret.to_owned()),
        ("Takeout/YouTube und YouTube Music/Sonstiges/Neues.csv", &secret.to_owned()),
        ("spotify/2014-2018.json", &spotify),
        ("bank.csv", &"name,date,amount\nSECRET,2024-01-01,12\n".to_owned()),
        ("mine.csv", &"artist,track,date\nVera,Tide,1 Jan 2024 10:00\n".to_owned()),
    ];
    let entries: Vec<_> = entries.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (report, memory) = read_zip(&entries);
    assert!(report.files.iter().all(FileReport::adds_up));
    for (end, source, rows) in [
        ("Wiedergabeverlauf.json", Some(Source::YouTubeMusic), 5),
        ("观看.json", Some(Source::YouTubeMusic), 5),
        ("2014-2018.json", Some(Source::SpotifyExtended), 1),
        ("mine.csv", Some(Source::Interactions), 1),
        ("trovato.json", None, 0),
        ("bank.csv", None, 0),
    ] {
        assert_eq!((of(&report, end).source, of(&report, end).rows_read), (source, rows), "{end}");
    }
    for end in ["Suchverlauf.json", "Kommentare.csv", "Neues.csv"] {
        assert_eq!(of(&report, end).note.as_deref(), Some("private: never opened"), "{end}");
    }
    assert!(!format!("{report:?}{:?}", memory.records).contains("SECRET"));
}
