//! Last.fm histories as CSV, in the three shapes that the common exporters write:
//!
//! * `lastfm-to-csv`: no header, `artist,album,track,31 Dec 2023 22:15` in UTC; the last cell of the track playing at the time
//!   of the export is blank.
//! * `mainstream.ghan.nl`: `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid`.
//! * `lastfmstats.com`: `Artist;Album;AlbumId;Track;Date#user`, milliseconds since 1970. The user's name in the header goes no
//!   further.
//!
//! Last.fm knows neither how long a track played nor whether it was skipped.

use std::io::BufRead;

use csv::StringRecord;
use jiff::civil::DateTime;
use segue_core::{Listen, Record, Source, Timestamp};

use super::{Format, Head};
use crate::identity::named_track;
use crate::table::values::{self, mbid};
use crate::table::{Delimited, Header, head_records, mbid_id};
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
            Shape::Headless => is_headless(&records, head.text.ends_with('\n')),
            Shape::Ghan(_) | Shape::LastFmStats { .. } => true,
        }
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(first) = table.next(context)?.cloned() else { return Ok(()) };
        let shape = shape_of(&first);
        table.expect_width(first.len());
        if matches!(shape, Shape::Headless) {
            take(&shape, &first, context)?;
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

/// Four cells a row of which the last is a date in at least one row and nothing else in any. The last record at hand may be
/// torn and says nothing, unless the text ends where it does.
fn is_headless(records: &[StringRecord], is_whole: bool) -> bool {
    let whole = match records {
        [whole @ .., _] if !is_whole && records.len() < 8 && !whole.is_empty() => whole,
        all => all,
    };
    let dates = || whole.iter().map(|record| record.get(3).unwrap_or("").trim());
    whole.iter().all(|record| record.len() == 4)
        && dates().any(|date| written_date(date).is_some())
        && dates().all(|date| date.is_empty() || written_date(date).is_some())
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
                let cell = |position| row.get(position).map(str::trim).filter(|text: &&str| !text.is_empty());
                Scrobble { artist: cell(0), album: cell(1), title: cell(2), mbid: None, time: cell(3) }
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
        let nameless = if scrobble.artist.is_some() { DropReason::NoTitle } else { DropReason::NoTrack };
        context.drop_row(nameless);
        return Ok(());
    };
    let at = match scrobble.time.map(time) {
        Some(Some(at)) => at,
        Some(None) => return drop(context, DropReason::BadTime),
        None => return drop(context, DropReason::NowPlaying),
    };
    let recording_mbid = scrobble.mbid.and_then(mbid);
    let id = recording_mbid.as_deref().map(mbid_id);
    let mut track = named_track(id, scrobble.artist.map(str::to_owned).into_iter().collect(), title);
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

fn time(text: &str) -> Option<Timestamp> {
    written_date(text).or_else(|| values::moment(text))
}

/// `31 Dec 2023 22:15`; Last.fm's own pages put a comma behind the year, and so do some exporters.
fn written_date(text: &str) -> Option<Timestamp> {
    let civil = DateTime::strptime("%d %b %Y %H:%M", text.replacen(',', "", 1)).ok()?;
    values::plausible(values::in_utc(civil)?)
}
