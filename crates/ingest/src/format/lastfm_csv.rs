//! Last.fm histories as CSV, in the three shapes that the common exporters write:
//!
//! * `lastfm-to-csv` and Last.fm Scrubbler: no header, `artist,album,track,31 Dec 2023 22:15` in
//!   UTC; the last cell of the track playing at the time of the export is blank. Dates may be
//!   written otherwise and stand elsewhere, and the album may be missing: [`Headless`].
//! * `mainstream.ghan.nl`: `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid`.
//! * `lastfmstats.com`: `Artist;Album;AlbumId;Track;Date#user`, milliseconds since 1970. The user's
//!   name in the header goes no further.
//!
//! Last.fm knows neither how long a track played nor whether it was skipped.

use std::borrow::Cow;
use std::io::BufRead;

use csv::StringRecord;
use segue_core::{Listen, Record, Source};

use super::{Format, Head};
use crate::identity::named_track;
use crate::table::values::{self, mbid};
use crate::table::{DateForm, Dates, Delimited, Header, head_records, mbid_id, not_blank};
use crate::time::{DateOrder, is_time_of_day, is_unset};
use crate::{Context, DropReason, IngestError};

/// Last.fm histories as CSV.
pub(crate) struct LastFmCsv;

impl Format for LastFmCsv {
    fn source(&self) -> Source {
        Source::LastFm
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let records: Vec<StringRecord> = head_records(head.text).take(8).collect();
        shape_of(&records).is_some()
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(mut shape) = shape_of(&table.records_ahead(8, context)?) else {
            return Err(context.malformed(1, "neither a header nor artist, title and date"));
        };
        if let Shape::Headless(headless) = &mut shape {
            headless.dates = table.form_of_dates(headless.date, Dates::default, context)?;
            table.expect_width(headless.width);
            context.note(headless.to_string());
        } else if let Some(header) = table.next(context)? {
            let width = header.len();
            table.expect_width(width);
        }
        while let Some(row) = table.next(context)? {
            take(&shape, row, context)?;
        }
        Ok(())
    }
}

enum Shape {
    Headless(Headless),
    Ghan(Header),
    LastFmStats { header: Header, date: usize },
}

fn shape_of(records: &[StringRecord]) -> Option<Shape> {
    let header = Header::new(records.first()?);
    if header.has(&["uts", "utc_time", "artist", "track"]) {
        return Some(Shape::Ghan(header));
    }
    match header.beginning_with("date#") {
        Some(date) if header.has(&["artist", "track"]) => Some(Shape::LastFmStats { header, date }),
        _ => Headless::of(records).map(Shape::Headless),
    }
}

/// Where the cells of a table without header stand: artist, album where there is one, and title in
/// front of the date or, if that comes first, behind it.
struct Headless {
    artist: usize,
    album: Option<usize>,
    title: usize,
    date: usize,
    /// The time of day, where it has a column of its own.
    time: Option<usize>,
    dates: DateForm,
    width: usize,
}

impl Headless {
    /// The first column that does for the date. A title may be a date, too, and an artist a time of
    /// day, but not in most rows.
    fn of(records: &[StringRecord]) -> Option<Self> {
        let width = records.first()?.len();
        (0..width).find_map(|date| Self::dated_by(date, records))
    }

    /// Every date is one or blank, the first row and at least half of all are as wide as the table,
    /// and one has a date. Numbers are no dates: they may be anything.
    fn dated_by(date: usize, records: &[StringRecord]) -> Option<Self> {
        let first = records.first()?;
        let has_date =
            |row: &StringRecord| row.len() == first.len() && row.get(date).is_some_and(is_date);
        let is_time = |row: &&StringRecord| row.get(date + 1).is_some_and(is_time_of_day);
        let times = records.iter().filter(is_time).count();
        let time = (times > 0 && times * 2 >= records.len()).then_some(date + 1);
        let texts_from = if date == 0 { time.map_or(1, |time| time + 1) } else { 0 };
        let texts = if date == 0 { first.len() - texts_from.min(first.len()) } else { date };
        let (album, title) = match texts {
            2 => (None, texts_from + 1),
            3 => (Some(texts_from + 1), texts_from + 2),
            _ => return None,
        };
        let found = Self {
            artist: texts_from,
            album,
            title,
            date,
            time,
            dates: DateForm::default(),
            width: first.len(),
        };
        let fits = |row: &&StringRecord| {
            row.len() == found.width && (has_date(row) || row[date].trim().is_empty())
        };
        let is_dated = records.iter().any(has_date) && fits(&first);
        (is_dated && records.iter().filter(fits).count() * 2 >= records.len()).then_some(found)
    }
}

impl std::fmt::Display for Headless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut columns = [
            (Some(self.artist), "artist"),
            (self.album, "album"),
            (Some(self.title), "title"),
            (Some(self.date), "date"),
            (self.time, "time"),
        ];
        columns.sort_unstable();
        f.write_str("no header: read as")?;
        let known = columns.iter().filter(|(at, _)| at.is_some());
        known.enumerate().try_for_each(|(nth, (_, name))| {
            write!(f, "{} {name}", if nth == 0 { "" } else { "," })
        })
    }
}

fn is_date(text: &str) -> bool {
    values::number(text.trim()).is_none()
        && [DateOrder::DayFirst, DateOrder::MonthFirst]
            .into_iter()
            .any(|order| values::moment_in(text, order).is_some())
}

/// One row, with `time` still as text.
struct Scrobble<'r> {
    artist: Option<&'r str>,
    album: Option<&'r str>,
    title: Option<&'r str>,
    mbid: Option<&'r str>,
    time: Option<Cow<'r, str>>,
}

impl Shape {
    fn scrobble<'r>(&self, row: &'r StringRecord) -> Scrobble<'r> {
        match self {
            Self::Headless(headless) => {
                let cell = |at: usize| row.get(at).and_then(not_blank);
                let date = cell(headless.date);
                Scrobble {
                    artist: cell(headless.artist),
                    album: headless.album.and_then(cell),
                    title: cell(headless.title),
                    mbid: None,
                    time: match headless.time.and_then(cell) {
                        Some(time) => date.map(|date| Cow::Owned(format!("{date} {time}"))),
                        None => date.map(Cow::Borrowed),
                    },
                }
            }
            Self::Ghan(header) => Scrobble {
                artist: header.text(row, &["artist"]),
                album: header.text(row, &["album"]),
                title: header.text(row, &["track"]),
                mbid: header.cell(row, &["track_mbid"]),
                time: header.cell(row, &["uts", "utc_time"]).map(Cow::Borrowed),
            },
            Self::LastFmStats { header, date } => Scrobble {
                artist: header.text(row, &["artist"]),
                album: header.text(row, &["album"]),
                title: header.text(row, &["track"]),
                mbid: None,
                time: row.get(*date).and_then(values::present).map(Cow::Borrowed),
            },
        }
    }
}

fn take(shape: &Shape, row: &StringRecord, context: &mut Context<'_>) -> Result<(), IngestError> {
    let scrobble = shape.scrobble(row);
    let Some(title) = scrobble.title else {
        let nameless =
            if scrobble.artist.is_some() { DropReason::NoTitle } else { DropReason::NoTrack };
        context.drop_row(nameless);
        return Ok(());
    };
    let dates = match shape {
        Shape::Headless(headless) => headless.dates,
        Shape::Ghan(_) | Shape::LastFmStats { .. } => DateForm::default(),
    };
    let at = match scrobble.time.as_deref().map(|text| (dates.moment(text), text)) {
        Some((_, text)) if is_undated(text) => None,
        Some((None, text)) => {
            context.drop_time(Some(text));
            return Ok(());
        }
        Some((at, _)) => at,
        None => return drop(context, DropReason::NowPlaying),
    };
    let recording_mbid = scrobble.mbid.and_then(mbid);
    let id = recording_mbid.as_deref().map(mbid_id);
    let mut track =
        named_track(id, scrobble.artist.map(str::to_owned).into_iter().collect(), title);
    track.album = scrobble.album.map(str::to_owned);
    if recording_mbid.is_none() && scrobble.mbid.is_some() {
        context.unusable("track_mbid");
    }
    track.recording_mbid = recording_mbid;
    let listen = Listen::new(context.listener().clone(), track.id.clone(), at, Source::LastFm);
    context.keep(Record::Listen { listen, track })
}

fn drop(context: &mut Context<'_>, reason: DropReason) -> Result<(), IngestError> {
    context.drop_row(reason);
    Ok(())
}

/// Whether the scrobble is one of those that Last.fm took from a library without knowing when they
/// were: it dates them to the first seconds of 1970.
fn is_undated(text: &str) -> bool {
    values::number(text).is_some_and(is_unset) || text.starts_with("01 Jan 1970")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{fixture, read, recognises, try_read};
    use proptest::prelude::*;
    use segue_core::Timestamp;

    fn plays(name: &str) -> Vec<(String, String, Option<String>, String)> {
        let (_, records) = read(&LastFmCsv, &fixture(name));
        let tracks = records.tracks().into_iter().cloned().collect::<Vec<_>>();
        let times = records
            .listens()
            .into_iter()
            .map(|listen| listen.at.map(|at| at.to_string()).unwrap_or_default())
            .collect::<Vec<_>>();
        tracks
            .into_iter()
            .zip(times)
            .map(|(t, at)| (t.artists.join("+"), t.title, t.album, at))
            .collect()
    }

    fn play(
        artist: &str,
        title: &str,
        album: &str,
        at: &str,
    ) -> (String, String, Option<String>, String) {
        let album = Some(album.to_owned()).filter(|album| !album.is_empty());
        (artist.to_owned(), title.to_owned(), album, at.to_owned())
    }

    fn dropped(name: &str) -> Vec<(DropReason, u64)> {
        read(&LastFmCsv, &fixture(name)).0.dropped.into_iter().collect()
    }

    #[test]
    fn a_file_without_header_is_known_by_its_dates() {
        assert!(recognises(&LastFmCsv, &fixture("lastfm_to_csv.csv")));
        let expected = [
            play("Earth, Wind & Fire", "September", "", "2023-09-21T20:15:00Z"),
            play("Nina", "Feeling Good", "Nina Sings", "2023-09-22T08:01:00Z"),
        ];
        assert_eq!(plays("lastfm_to_csv.csv"), expected);
        let reasons = [
            (DropReason::NoTitle, 1),
            (DropReason::BadTime, 1),
            (DropReason::NowPlaying, 1),
            (DropReason::Malformed, 1),
        ];
        assert_eq!(dropped("lastfm_to_csv.csv"), reasons);
    }

    #[test]
    fn the_columns_of_ghan_are_read_by_name() {
        assert!(recognises(&LastFmCsv, &fixture("lastfm_ghan.csv")));
        let expected = [
            play("Anna Ash", "First \"Song\"", "Leaves", "2024-01-01T00:00:00Z"),
            play("Anna Ash", "Second Song", "", "2024-01-01T00:05:00Z"),
            play("Anna Ash", "Third Song", "", "2024-01-01T00:10:00Z"),
            play("Anna Ash", "Clock Unset", "Leaves", ""),
        ];
        assert_eq!(plays("lastfm_ghan.csv"), expected);
        let reasons = [(DropReason::NoTrack, 1), (DropReason::NowPlaying, 1)];
        assert_eq!(dropped("lastfm_ghan.csv"), reasons);
        let (report, records) = read(&LastFmCsv, &fixture("lastfm_ghan.csv"));
        assert_eq!(records.tracks()[0].id.as_str(), "mbid:d5e4fb56-e457-4684-aa31-63ce70ee5a8c");
        assert!(records.tracks()[2].id.as_str().starts_with("name:"));
        assert_eq!(report.unusable_values["track_mbid"], 1);
    }

    #[test]
    fn the_user_in_the_header_of_lastfmstats_goes_no_further() {
        assert!(recognises(&LastFmCsv, &fixture("lastfmstats.csv")));
        let expected = [
            play("Anna Ash", "First; Song", "Leaves", "2024-01-01T00:00:00Z"),
            play("Anna Ash", "Second Song", "", "2024-01-01T00:05:00Z"),
        ];
        assert_eq!(plays("lastfmstats.csv"), expected);
        assert_eq!(dropped("lastfmstats.csv"), [(DropReason::BadTime, 1)]);
        let (report, records) = read(&LastFmCsv, &fixture("lastfmstats.csv"));
        assert!(!format!("{report:?}{:?}", records.0).contains("somebody"));
    }

    #[test]
    fn tables_with_another_header_are_not_of_lastfm() {
        for text in [
            "",
            "artist,album,track,date\na,b,c,21 Sep 2023 20:15\n",
            "a,b,c,d\ne,f,g,h\n",
            "a,b,c\n",
            "one line of prose\n",
            ",,,\n",
        ] {
            assert!(!recognises(&LastFmCsv, text), "{text}");
        }
        assert!(recognises(&LastFmCsv, "Cher,Believe,Believe,21 Sep 2023 20:15"), "a single play");
    }

    #[test]
    fn titles_that_are_dates_and_artists_that_are_times_do_not_hide_the_format() {
        let text = "Ash,Leaves,Tide,21 Sep 2023 20:15\nAsh,Leaves,2024-01-01,21 Sep 2023 20:19\n";
        let (report, records) = read(&LastFmCsv, text);
        assert_eq!((report.listens, records.tracks()[1].title.as_str()), (2, "2024-01-01"));
        let text = "21 Sep 2023 20:15,Ash,Tide\n21 Sep 2023 20:19,12:30,Sand\n\
                    21 Sep 2023 20:23,Ash,Sand\n";
        let (report, records) = read(&LastFmCsv, text);
        assert_eq!((report.listens, records.tracks()[1].artists[0].as_str()), (3, "12:30"));
    }

    #[test]
    fn a_torn_last_line_does_not_hide_the_format() {
        let text = "Cher,Believe,Believe,21 Sep 2023 20:15\nCher,Believe,Bel";
        assert!(recognises(&LastFmCsv, text));
        let (report, _) = read(&LastFmCsv, text);
        assert_eq!((report.listens, report.dropped[&DropReason::Malformed]), (1, 1));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_adds_up(
            text in "(uts,utc_time,artist,track\n|Artist;Track;Date#x\n|)\
                     ([\\PC\",;\n]{0,20},?){0,40}",
        ) {
            let _ = recognises(&LastFmCsv, &text);
            let _ = try_read(&LastFmCsv, &text);
        }

        #[test]
        fn every_minute_survives_its_spelling(minute in 13_148_640i64..68_374_080) {
            let at = Timestamp::from_second(minute * 60).unwrap();
            let text = at.strftime("a,b,c,%d %b %Y %H:%M\n").to_string();
            let (_, records) = read(&LastFmCsv, &text);
            prop_assert_eq!(records.listens()[0].at, Some(at));
        }
    }
}
