//! Last.fm histories as CSV, in the three shapes that the common exporters write:
//!
//! * `lastfm-to-csv`: no header, `artist,album,track,31 Dec 2023 22:15` in UTC; the last cell of
//!   the track playing at the time of the export is blank.
//! * `mainstream.ghan.nl`: `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid`.
//! * `lastfmstats.com`: `Artist;Album;AlbumId;Track;Date#user`, milliseconds since 1970. The user's
//!   name in the header goes no further.
//!
//! Last.fm knows neither how long a track played nor whether it was skipped.

use std::io::BufRead;

use csv::StringRecord;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use segue_core::{Listen, Record, Source, Timestamp};

use super::{Format, Head};
use crate::identity::named_track;
use crate::table::values::{self, mbid};
use crate::table::{Delimited, Header, head_records, mbid_id};
use crate::time::{is_unset, plausible};
use crate::{Context, DropReason, IngestError};

/// Last.fm histories as CSV.
pub(crate) struct LastFmCsv;

impl Format for LastFmCsv {
    fn source(&self) -> Source {
        Source::LastFm
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        let records: Vec<StringRecord> = head_records(head.text).take(8).collect();
        let Some(first) = records.first() else { return false };
        match shape_of(first) {
            Shape::Headless => is_headless(&records),
            Shape::Ghan(_) | Shape::LastFmStats { .. } => true,
        }
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(first) = table.next(context)?.cloned() else { return Ok(()) };
        let shape = shape_of(&first);
        if let Shape::Headless = shape {
            table.expect_width(4);
            take(&shape, &first, context)?;
        } else {
            table.expect_width(first.len());
        }
        while let Some(row) = table.next(context)? {
            take(&shape, row, context)?;
        }
        Ok(())
    }
}

enum Shape {
    Headless,
    Ghan(Header),
    LastFmStats { header: Header, date: usize },
}

fn shape_of(first: &StringRecord) -> Shape {
    let header = Header::new(first);
    if header.has(&["uts", "utc_time", "artist", "track"]) {
        return Shape::Ghan(header);
    }
    match header.beginning_with("date#") {
        Some(date) if header.has(&["artist", "track"]) => Shape::LastFmStats { header, date },
        _ => Shape::Headless,
    }
}

/// The first row and at least half of all have four cells of which the last is a date or blank, and
/// one has a date.
fn is_headless(records: &[StringRecord]) -> bool {
    let has_date = |row: &&StringRecord| row.get(3).and_then(written_date).is_some();
    let fits = |row: &&StringRecord| row.len() == 4 && (has_date(row) || row[3].trim().is_empty());
    records.first().is_some_and(|row| fits(&row))
        && records.iter().any(|row| has_date(&row))
        && records.iter().filter(fits).count() * 2 >= records.len()
}

/// One row, with `time` still as text.
struct Scrobble<'r> {
    artist: Option<&'r str>,
    album: Option<&'r str>,
    title: Option<&'r str>,
    mbid: Option<&'r str>,
    time: Option<&'r str>,
}

impl Shape {
    fn scrobble<'r>(&self, row: &'r StringRecord) -> Scrobble<'r> {
        match self {
            Self::Headless => {
                let cell = |position| {
                    row.get(position).map(str::trim).filter(|text: &&str| !text.is_empty())
                };
                Scrobble {
                    artist: cell(0),
                    album: cell(1),
                    title: cell(2),
                    mbid: None,
                    time: cell(3),
                }
            }
            Self::Ghan(header) => Scrobble {
                artist: header.cell(row, &["artist"]),
                album: header.cell(row, &["album"]),
                title: header.cell(row, &["track"]),
                mbid: header.cell(row, &["track_mbid"]),
                time: header.cell(row, &["uts", "utc_time"]),
            },
            Self::LastFmStats { header, date } => Scrobble {
                artist: header.cell(row, &["artist"]),
                album: header.cell(row, &["album"]),
                title: header.cell(row, &["track"]),
                mbid: None,
                time: row.get(*date).and_then(values::present),
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
    let at = match scrobble.time.map(|text| (time(text), text)) {
        Some((None, text)) if is_undated(text) => None,
        Some((None, _)) => return drop(context, DropReason::BadTime),
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

fn time(text: &str) -> Option<Timestamp> {
    written_date(text).or_else(|| values::moment(text))
}

/// `31 Dec 2023 22:15`; Last.fm's own pages put a comma behind the year, and so do some exporters.
fn written_date(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%d %b %Y %H:%M", text.trim().replacen(',', "", 1)).ok()?;
    plausible(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::{fixture, read, recognises, try_read};
    use proptest::prelude::*;

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
