//! The same plays, written as each format has them: a function a format, and the table of formats.

use std::io::{Cursor, Write};
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use segue::Timestamp;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use super::Play;

/// A format, and what its files say of a play.
pub(crate) struct Written {
    pub(crate) name: &'static str,
    pub(crate) file: &'static str,
    pub(crate) shape: Shape,
    pub(crate) stamp: Stamp,
    write: fn(&[Play]) -> Vec<u8>,
}

/// How a format writes its rows down, which decides what may change without changing the plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// One JSON document.
    Document,
    /// A JSON object a line.
    Lines,
    /// Delimited text.
    Table,
    /// No text.
    Binary,
}

/// The moment of a play that a format writes down, and how much of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stamp {
    Start,
    End,
    /// The minute in which it began, without seconds.
    StartMinute,
    /// The minute in which it ended, without seconds.
    EndMinute,
    /// Twenty seconds after it began.
    TwentySecondsIn,
    /// The hour in which it began, without minutes.
    StartHour,
    /// The day on which it began, without a time of day.
    Day,
}

impl Stamp {
    /// What the stamp of a play is, as far as it is written down.
    pub(crate) fn of(self, play: &Play) -> Timestamp {
        let start = play.started().as_second();
        let end = play.ended().as_second();
        let whole = |second: i64, unit: i64| second - second % unit;
        Timestamp::from_second(match self {
            Self::Start => start,
            Self::End => end,
            Self::StartMinute => whole(start, 60),
            Self::EndMinute => whole(end, 60),
            Self::TwentySecondsIn => start + 20,
            Self::StartHour => whole(start, 3600),
            Self::Day => whole(start, 86_400),
        })
        .unwrap()
    }
}

impl Written {
    pub(crate) fn bytes(&self, plays: &[Play]) -> Vec<u8> {
        (self.write)(plays)
    }
}

macro_rules! written {
    ($($name:literal, $file:literal, $shape:ident, $stamp:ident, $write:expr;)+) => {
        /// All formats that hold plays.
        pub(crate) const WRITTEN: &[Written] = &[$(Written {
            name: $name,
            file: $file,
            shape: Shape::$shape,
            stamp: Stamp::$stamp,
            write: $write,
        }),+];
    };
}

written! {
    "spotify extended", "Streaming_History_Audio_2024_0.json", Document, End, spotify_extended;
    "spotify account", "StreamingHistory_music_0.json", Document, EndMinute, spotify_account;
    "spotify recent", "recently_played.json", Document, End, spotify_recent;
    "apple activity", "Apple Music Play Activity.csv", Table, Start, apple_activity;
    "apple days", "Apple Music - Play History Daily Tracks.csv", Table, StartHour, apple_days;
    "youtube", "watch-history.json", Document, Start, youtube;
    "listenbrainz lines", "listens.jsonl", Lines, Start, |plays| lines(plays, listenbrainz);
    "listenbrainz array", "me_lb-2024-04-01.json", Document, Start, listenbrainz_array;
    "lastfm json", "recenttracks.json", Document, Start, lastfm_json;
    "lastfm ghan", "lastfm_scrobbles.csv", Table, Start, lastfm_ghan;
    "lastfm-to-csv", "lastfm.csv", Table, StartMinute, lastfm_to_csv;
    "lastfmstats csv", "lastfmstats-me.csv", Table, Start, lastfmstats_csv;
    "lastfmstats json", "lastfmstats-me.json", Document, Start, lastfmstats_json;
    "librefm", "librefm.csv", Table, Start, librefm;
    "maloja", "maloja_export.json", Document, Start, maloja;
    "koito", "koito_export.json", Document, Start, koito;
    "pano", "pano_scrobbles.jsonl", Lines, Start, |plays| lines(plays, pano);
    "rockbox", ".scrobbler.log", Table, Start, rockbox;
    "jellyfin", "playback_report.tsv", Table, TwentySecondsIn, jellyfin;
    "table ,", "history.csv", Table, Start, |plays| table(plays, ',');
    "table tab", "history.tsv", Table, Start, |plays| table(plays, '\t');
    "table ;", "history_2.csv", Table, Start, |plays| table(plays, ';');
    "table of days", "history_days.csv", Table, Day, days;
    "parquet", "history.parquet", Binary, Start, parquet_table;
    "xlsx", "history.xlsx", Binary, Start, workbook;
}

/// A document with the plays as rows.
fn document(
    plays: &[Play],
    row: impl Fn(&Play) -> Value,
    around: fn(Vec<Value>) -> Value,
) -> Vec<u8> {
    serde_json::to_vec_pretty(&around(plays.iter().map(row).collect())).unwrap()
}

fn lines(plays: &[Play], row: fn(&Play) -> Value) -> Vec<u8> {
    plays.iter().map(|play| format!("{}\n", row(play))).collect::<String>().into_bytes()
}

/// Delimited text; cells that need quotes get them.
fn delimited(
    header: &str,
    plays: &[Play],
    by: char,
    cells: impl Fn(&Play) -> Vec<String>,
) -> Vec<u8> {
    let quoted = |cell: String| match cell.contains([by, '"']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell,
    };
    let row = |play: &Play| {
        let cells: Vec<_> = cells(play).into_iter().map(quoted).collect();
        cells.join(&by.to_string()) + "\n"
    };
    (header.to_owned() + &plays.iter().map(row).collect::<String>()).into_bytes()
}

fn formatted(at: Timestamp, format: &str) -> String {
    at.strftime(format).to_string()
}

fn spotify_uri(play: &Play) -> String {
    format!("spotify:track:{:0>22}", play.song)
}

fn mbid(play: &Play) -> String {
    format!("00000000-0000-4000-8000-{:012}", play.song)
}

fn spotify_extended(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "ts": play.ended().to_string(),
            "platform": "ios",
            "ms_played": play.heard_ms(),
            "master_metadata_track_name": play.title,
            "master_metadata_album_artist_name": play.artist,
            "master_metadata_album_album_name": play.album(),
            "spotify_track_uri": spotify_uri(play),
            "reason_start": "clickrow",
            "reason_end": "trackdone",
            "shuffle": false,
        })
    };
    document(plays, row, Value::Array)
}

fn spotify_account(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "endTime": formatted(play.ended(), "%Y-%m-%d %H:%M"),
            "artistName": play.artist,
            "trackName": play.title,
            "msPlayed": play.heard_ms(),
        })
    };
    document(plays, row, Value::Array)
}

fn spotify_recent(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "track": {
                "name": play.title,
                "uri": spotify_uri(play),
                "artists": [{"name": play.artist}],
                "album": {"name": play.album(), "release_date": "2019-05-01"},
                "duration_ms": play.length_ms(),
            },
            "played_at": play.ended().to_string(),
        })
    };
    document(plays, row, |rows| json!({ "items": rows }))
}

fn apple_activity(plays: &[Play]) -> Vec<u8> {
    let header = "Artist Name,Container Type,End Reason Type,Event End Timestamp,Event Start \
                  Timestamp,Event Type,Media Duration In Milliseconds,Play Duration \
                  Milliseconds,Song Name,Album Name\n";
    delimited(header, plays, ',', |play| {
        vec![
            play.artist.to_owned(),
            "ALBUM".to_owned(),
            "NATURAL_END_OF_TRACK".to_owned(),
            play.ended().to_string(),
            play.started().to_string(),
            "PLAY_END".to_owned(),
            play.length_ms().to_string(),
            play.heard_ms().to_string(),
            play.title.to_owned(),
            play.album(),
        ]
    })
}

fn apple_days(plays: &[Play]) -> Vec<u8> {
    let header = "Track Identifier,Date Played,Hours,Play Duration Milliseconds,Play Count,Track \
                  Description\n";
    delimited(header, plays, ',', |play| {
        vec![
            play.song.to_string(),
            formatted(play.started(), "%Y%m%d"),
            formatted(play.started(), "%H"),
            play.heard_ms().to_string(),
            "1".to_owned(),
            format!("{} - {}", play.artist, play.title),
        ]
    })
}

fn youtube(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "header": "YouTube Music",
            "title": format!("Watched {}", play.title),
            "titleUrl": format!("https://music.youtube.com/watch?v={:0>11}", play.song),
            "subtitles": [{"name": format!("{} - Topic", play.artist)}],
            "time": formatted(play.started(), "%Y-%m-%dT%H:%M:%S.000Z"),
            "products": ["YouTube"],
        })
    };
    document(plays, row, Value::Array)
}

fn listenbrainz(play: &Play) -> Value {
    json!({
        "listened_at": play.started().as_second(),
        "track_metadata": {
            "artist_name": play.artist,
            "track_name": play.title,
            "release_name": play.album(),
            "additional_info": {"duration_ms": play.length_ms()},
            "mbid_mapping": {"recording_mbid": mbid(play)},
        },
    })
}

fn listenbrainz_array(plays: &[Play]) -> Vec<u8> {
    document(plays, listenbrainz, Value::Array)
}

fn lastfm_json(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "artist": {"mbid": "", "#text": play.artist},
            "album": {"mbid": "", "#text": play.album()},
            "name": play.title,
            "mbid": mbid(play),
            "date": {
                "uts": play.started().as_second().to_string(),
                "#text": formatted(play.started(), "%d %b %Y, %H:%M"),
            },
        })
    };
    document(plays, row, |rows| json!([{ "track": rows }]))
}

fn lastfm_ghan(plays: &[Play]) -> Vec<u8> {
    let header = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n";
    delimited(header, plays, ',', |play| {
        vec![
            play.started().as_second().to_string(),
            formatted(play.started(), "%d %b %Y, %H:%M"),
            play.artist.to_owned(),
            String::new(),
            play.album(),
            String::new(),
            play.title.to_owned(),
            mbid(play),
        ]
    })
}

fn lastfm_to_csv(plays: &[Play]) -> Vec<u8> {
    delimited("", plays, ',', |play| {
        let at = formatted(play.started(), "%d %b %Y %H:%M");
        vec![play.artist.to_owned(), play.album(), play.title.to_owned(), at]
    })
}

fn lastfmstats_csv(plays: &[Play]) -> Vec<u8> {
    delimited("Artist;Album;AlbumId;Track;Date#me\n", plays, ';', |play| {
        let at = play.started().as_millisecond().to_string();
        vec![play.artist.to_owned(), play.album(), String::new(), play.title.to_owned(), at]
    })
}

fn lastfmstats_json(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "track": play.title,
            "artist": play.artist,
            "album": play.album(),
            "albumId": "",
            "date": play.started().as_millisecond(),
        })
    };
    document(plays, row, |rows| json!({ "username": "me", "scrobbles": rows }))
}

fn librefm(plays: &[Play]) -> Vec<u8> {
    let header = "# Data export from Libre.fm,,,\nTime,Artist,Track,Album\n";
    delimited(header, plays, ',', |play| {
        let at = play.started().as_second().to_string();
        vec![at, play.artist.to_owned(), play.title.to_owned(), play.album()]
    })
}

fn maloja(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        json!({
            "time": play.started().as_second(),
            "track": {
                "artists": [play.artist],
                "title": play.title,
                "album": {"albumtitle": play.album(), "artists": [play.artist]},
                "length": play.length_s,
            },
            "duration": null,
            "origin": "client:x",
        })
    };
    document(plays, row, |rows| json!({ "maloja": {"export_time": 1}, "scrobbles": rows }))
}

fn koito(plays: &[Play]) -> Vec<u8> {
    let named =
        |name: &str| json!({"is_primary": true, "aliases": [{"alias": name, "is_primary": true}]});
    let row = |play: &Play| {
        json!({
            "listened_at": play.started().to_string(),
            "track": {
                "mbid": null,
                "duration": play.length_s,
                "aliases": [{"alias": play.title, "is_primary": true}],
            },
            "album": named(&play.album()),
            "artists": [named(play.artist)],
        })
    };
    document(plays, row, |rows| json!({ "version": "1", "user": "me", "listens": rows }))
}

fn pano(play: &Play) -> Value {
    json!({
        "timeMs": play.started().as_millisecond(),
        "artist": play.artist,
        "track": play.title,
        "album": play.album(),
        "durationMs": play.length_ms(),
        "event": "scrobble",
    })
}

fn rockbox(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        let (artist, album, title) = (play.artist, play.album(), play.title);
        let (length_s, at) = (play.length_s, play.started().as_second());
        format!("{artist}\t{album}\t{title}\t1\t{length_s}\tL\t{at}\t\n")
    };
    let header = "#AUDIOSCROBBLER/1.1\n#TZ/UTC\n#CLIENT/Rockbox\n".to_owned();
    (header + &plays.iter().map(row).collect::<String>()).into_bytes()
}

fn jellyfin(plays: &[Play]) -> Vec<u8> {
    let row = |play: &Play| {
        let at = formatted(Stamp::TwentySecondsIn.of(play), "%Y-%m-%d %H:%M:%S.0000000");
        let (artist, title, album, heard_s) = (play.artist, play.title, play.album(), play.heard_s);
        let (user, item) = ("a".repeat(32), format!("{:032x}", play.song));
        format!(
            "{at}\t{user}\t{item}\tAudio\t{artist} - {title} ({album})\tDirectPlay\tWeb\tx\t\
             {heard_s}\n"
        )
    };
    plays.iter().map(row).collect::<String>().into_bytes()
}

fn table(plays: &[Play], by: char) -> Vec<u8> {
    let header = "artist_name,track_name,album_name,played_at,ms_played\n";
    delimited(&header.replace(',', &by.to_string()), plays, by, |play| {
        vec![
            play.artist.to_owned(),
            play.title.to_owned(),
            play.album(),
            play.started().to_string(),
            play.heard_ms().to_string(),
        ]
    })
}

fn days(plays: &[Play]) -> Vec<u8> {
    delimited("artist,title,date\n", plays, ',', |play| {
        let day = formatted(play.started(), "%Y-%m-%d");
        vec![play.artist.to_owned(), play.title.to_owned(), day]
    })
}

fn parquet_table(plays: &[Play]) -> Vec<u8> {
    let schema = "message plays {
        required binary artist_name (UTF8);
        required binary track_name (UTF8);
        required int64 played_at (TIMESTAMP(MILLIS,true));
        required int64 ms_played;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = Vec::new();
    let properties = Arc::new(WriterProperties::default());
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for text in [|play: &Play| play.artist, |play: &Play| play.title] {
        let values: Vec<ByteArray> = plays.iter().map(|play| text(play).into()).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    for number in [|play: &Play| play.started().as_millisecond(), |play: &Play| play.heard_ms()] {
        let values: Vec<i64> = plays.iter().map(number).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&values, None, None).unwrap();
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    file
}

fn workbook(plays: &[Play]) -> Vec<u8> {
    let text = |text: &str| {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>")
    };
    let header: String = ["artist_name", "track_name", "played_at", "ms_played"].map(text).concat();
    let row = |play: &Play| {
        // Days since the beginning of 1900, as spreadsheets count them.
        let days = play.started().as_second() as f64 / 86_400.0 + 25_569.0;
        let (artist, title) = (text(play.artist), text(play.title));
        let ms = play.heard_ms();
        format!("<row>{artist}{title}<c s=\"1\"><v>{days:.9}</v></c><c><v>{ms}</v></c></row>")
    };
    let rows: String = plays.iter().map(row).collect();
    let sheet = format!("<worksheet><sheetData><row>{header}</row>{rows}</sheetData></worksheet>");
    zip(&[
        (
            "_rels/.rels",
            "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/\
             officeDocument/2006/relationships/officeDocument\" Target=\"xl/workbook.xml\"/>\
             </Relationships>"
                .as_bytes(),
        ),
        (
            "xl/workbook.xml",
            "<workbook xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/\
             relationships\"><sheets><sheet name=\"Plays\" sheetId=\"1\" r:id=\"rId1\"/></sheets>\
             </workbook>"
                .as_bytes(),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            "<Relationships><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/\
             officeDocument/2006/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
             </Relationships>"
                .as_bytes(),
        ),
        (
            "xl/styles.xml",
            "<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></styleSheet>"
                .as_bytes(),
        ),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}

/// A zip archive.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
