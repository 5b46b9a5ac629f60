//! The same plays, written as each format has them: a function a format, and the table of formats.

mod binary;
mod documents;
mod tables;

use segue::Timestamp;

use super::Play;
use binary::{parquet_table, workbook};
use documents::{
    koito, lastfm_json, lastfmstats_json, lines, listenbrainz, listenbrainz_array, maloja, own,
    own_array, pano, spotify_account, spotify_extended, spotify_recent, youtube,
};
use tables::{
    apple_activity, apple_days, days, jellyfin, lastfm_ghan, lastfm_to_csv, lastfmstats_csv,
    librefm, rockbox, table,
};

pub(crate) use binary::zip;

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

    /// Whether a data frame may have written it, which has words for what is missing. Apple's
    /// tables are read as such, too.
    pub(crate) fn is_of_any_origin(&self) -> bool {
        ["table", "parquet", "xlsx", "apple activity"].iter().any(|of| self.name.starts_with(of))
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
    "table json", "history.json", Document, Start, own_array;
    "table json lines", "history.jsonl", Lines, Start, |plays| lines(plays, own);
    "table of days", "history_days.csv", Table, Day, days;
    "parquet", "history.parquet", Binary, Start, parquet_table;
    "xlsx", "history.xlsx", Binary, Start, workbook;
}

fn formatted(at: Timestamp, format: &str) -> String {
    at.strftime(format).to_string()
}

fn mbid(play: &Play) -> String {
    format!("00000000-0000-4000-8000-{:012}", play.song)
}
