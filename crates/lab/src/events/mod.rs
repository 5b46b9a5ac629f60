//! Who interacted with what, read fast: the tables of recommender research and of data warehouses,
//! tens of millions of rows, where a row is a listener, an item, and perhaps a weight and a time.
//!
//! Beside [`import`](segue_ingest::import()), which settles identities and keeps what can be kept
//! of an export, this path takes names as they are and borrows them: no allocation a row. Rows that
//! are not shaped as their format asks are counted and the first is named; nothing is stored.

mod delimited;
mod features;
mod lines;
mod parquet;

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result};
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::{Interactions, Seconds};
use serde::Serialize;

use segue_ingest::parts::{
    Utf8Reader, decode_head, epoch_second, head_records, is_parquet, moment, plain_name, read_head,
};
use segue_ingest::{IngestError, SinkError};

use crate::progress::Progress;

pub use features::{Features, read_features};

/// One event, borrowed from the line it was read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventRow<'a> {
    /// Whose.
    pub listener: &'a str,
    /// With what.
    pub item: &'a str,
    /// When, in seconds since 1970 UTC or in whatever unit orders the file.
    pub second: Option<i64>,
    /// How much: a rating, a number of plays.
    pub weight: Option<f32>,
}

/// How a file of events is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EventFormat {
    /// `listener item [rating] [timestamp]` separated by blanks or tabs, without a header.
    Text,
    /// RecBole's atomic files: tab-separated under `name:type` headers.
    Inter,
    /// Comma-, semicolon- or tab-separated under a header.
    Csv,
    /// Parquet.
    Parquet,
    /// A listener and then all their items, oldest first, one listener a line.
    Sequences,
}

impl EventFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Text, Self::Inter, Self::Csv, Self::Parquet, Self::Sequences];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Inter => "inter",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Sequences => "sequences",
        }
    }
}

impl fmt::Display for EventFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EventFormat {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            format!("no format `{name}`; there are {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// Names of columns, where the usual ones do not do.
#[derive(Clone, Debug, Default)]
pub struct EventColumns {
    /// Column of the listener.
    pub listener: Option<String>,
    /// Column of the item.
    pub item: Option<String>,
    /// Column of the time.
    pub time: Option<String>,
    /// Column of the weight.
    pub weight: Option<String>,
}

/// A file of events, and how to read it.
#[derive(Clone, Debug)]
pub struct EventFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// Its layout; `None` where its content is to tell.
    pub format: Option<EventFormat>,
    /// Names of its columns, where the usual ones do not do.
    pub columns: EventColumns,
}

impl EventFile<'_> {
    /// Reads all of it into memory, sorted by listener, with names turned into dense rows.
    ///
    /// Rows that are no event are left out, and `progress` is told how many.
    ///
    /// # Errors
    /// If the file cannot be read, or nothing is left of it once rare listeners and items are gone.
    pub fn interactions(&self, core: KCore, progress: &dyn Progress) -> Result<Interactions> {
        const SHOWN: usize = 100_000;
        progress.begin(None, "reading");
        let mut builder = InteractionsBuilder::default();
        let report = read_events(self.path, self.format, &self.columns, &mut |event| {
            builder.push(event.listener, event.item, event.second.map(Seconds), event.weight)?;
            if builder.events().is_multiple_of(SHOWN) {
                progress.advance(SHOWN as u64);
            }
            Ok(())
        })?;
        progress.end();
        if let Some(line) = report.first_dropped {
            progress.say(&format!(
                "{} of {} rows in `{}` are no event and were left out, the first in line {line}",
                report.dropped,
                report.rows,
                self.path.display()
            ));
        }
        if report.unweighted > 0 {
            progress.say(&format!(
                "{} of {} rows in `{}` have no weight, so all count alike",
                report.unweighted,
                report.rows,
                self.path.display()
            ));
        }
        builder.build(core).with_context(|| format!("cannot use `{}`", self.path.display()))
    }
}

/// What was read: `rows = events + dropped`.
#[derive(Clone, Debug, Serialize)]
pub struct EventReport {
    /// The layout it was read in.
    pub format: EventFormat,
    /// Rows read; of sequences, events and unusable lines.
    pub rows: u64,
    /// Events handed on.
    pub events: u64,
    /// Rows that are no event.
    pub dropped: u64,
    /// Line of the first of them, or its row where there are no lines.
    pub first_dropped: Option<u64>,
    /// Events without a weight in a table that has a column of weights. One is enough for the
    /// weights of the table to be left aside.
    pub unweighted: u64,
}

/// Takes the events of a file, one after the other.
pub type EventSink<'a> = dyn FnMut(EventRow<'_>) -> Result<(), SinkError> + 'a;

/// Reads a file of events; without a format, its content tells.
///
/// ```
/// use segue_lab::events::{EventColumns, EventFormat, read_events};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("plays.csv");
/// std::fs::write(&path, "user,track,timestamp\nann,x,1700000000\nben,y,soon\n")?;
/// let mut plays = Vec::new();
/// let report = read_events(&path, None, &EventColumns::default(), &mut |event| {
///     plays.push((event.listener.to_owned(), event.item.to_owned()));
///     Ok(())
/// })?;
/// assert_eq!(plays, [("ann".to_owned(), "x".to_owned())]);
/// assert_eq!(report.format, EventFormat::Csv);
/// assert_eq!((report.dropped, report.first_dropped), (1, Some(3)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IngestError::UnknownFormat`] where no format fits, [`IngestError::Malformed`] where a column
/// is missing or the file is damaged, [`IngestError::Io`] where it cannot be read,
/// [`IngestError::Sink`] when the sink refuses.
pub fn read_events(
    path: &Path,
    format: Option<EventFormat>,
    columns: &EventColumns,
    sink: &mut EventSink<'_>,
) -> Result<EventReport, IngestError> {
    let failed = |source| IngestError::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let head = read_head(&mut file).map_err(failed)?;
    file.rewind().map_err(failed)?;
    let format = match format {
        Some(format) => format,
        None => recognise(path, &head, columns)?,
    };
    let mut account = Account::new(path, format, sink);
    if format == EventFormat::Parquet {
        parquet::read(file, columns, &mut account)?;
    } else {
        let text = Utf8Reader::new(&head, BufReader::with_capacity(1 << 18, file));
        read_text(text, columns, &mut account)?;
    }
    Ok(account.report)
}

fn read_text(
    mut text: impl std::io::BufRead,
    columns: &EventColumns,
    account: &mut Account<'_>,
) -> Result<(), IngestError> {
    match account.report.format {
        EventFormat::Text => lines::read_pairs(&mut text, account),
        EventFormat::Sequences => lines::read_sequences(&mut text, account),
        EventFormat::Inter => delimited::read(text, Some(b'\t'), columns, account),
        _ => delimited::read(text, None, columns, account),
    }
}

/// Reads any text as any format, for fuzzing.
pub(crate) fn read_any(format: EventFormat, content: &[u8]) -> Result<EventReport, IngestError> {
    let mut events = 0;
    let mut sink = |_: EventRow<'_>| {
        events += 1;
        Ok(())
    };
    let mut account = Account::new(Path::new("fuzz"), format, &mut sink);
    read_text(Utf8Reader::new(content, content), &EventColumns::default(), &mut account)?;
    let report = account.report;
    assert_eq!((report.rows, report.events), (report.events + report.dropped, events));
    Ok(report)
}

/// Lines looked at to tell pairs from sequences.
const LINES_LOOKED_AT: usize = 50;

fn recognise(path: &Path, head: &[u8], columns: &EventColumns) -> Result<EventFormat, IngestError> {
    if is_parquet(head) {
        return Ok(EventFormat::Parquet);
    }
    let text = decode_head(head);
    let first = text.lines().next().unwrap_or("");
    if first.contains('\t') && first.split('\t').all(|name| name.contains(':')) {
        return Ok(EventFormat::Inter);
    }
    if let Some(names) = head_records(&text).next()
        && Places::find(names.iter(), columns).is_ok()
    {
        return Ok(EventFormat::Csv);
    }
    // The last line may be torn.
    let whole = text.rfind('\n').map_or(&text[..], |end| &text[..end]);
    let widths: Vec<usize> =
        whole.lines().take(LINES_LOOKED_AT).map(|line| lines::fields(line).count()).collect();
    match (widths.iter().min(), widths.iter().max()) {
        (Some(&fewest), Some(&most)) if fewest == most && (2..=4).contains(&most) => {
            Ok(EventFormat::Text)
        }
        (Some(&fewest), Some(&most)) if fewest >= 1 && most > 2 && !first.contains(',') => {
            Ok(EventFormat::Sequences)
        }
        _ => Err(IngestError::UnknownFormat {
            path: path.to_owned(),
            found: format!(
                "it begins with `{}`",
                text.chars().take(40).filter(|c| !c.is_control()).collect::<String>()
            ),
        }),
    }
}

/// Counts rows on their way to the sink.
struct Account<'a> {
    path: &'a Path,
    report: EventReport,
    sink: &'a mut EventSink<'a>,
}

impl<'a> Account<'a> {
    fn new(path: &'a Path, format: EventFormat, sink: &'a mut EventSink<'a>) -> Self {
        let (rows, events, dropped, unweighted) = Default::default();
        let report = EventReport { format, rows, events, dropped, first_dropped: None, unweighted };
        Self { path, report, sink }
    }

    fn accept(&mut self, event: EventRow<'_>) -> Result<(), IngestError> {
        self.report.rows += 1;
        self.report.events += 1;
        (self.sink)(event)
            .map_err(|source| IngestError::Sink { path: self.path.to_owned(), source })
    }

    /// Accepts an event of a table with these columns.
    fn accept_of(&mut self, event: EventRow<'_>, places: &Places) -> Result<(), IngestError> {
        self.report.unweighted += u64::from(places.weight.is_some() && event.weight.is_none());
        self.accept(event)
    }

    fn drop_row(&mut self, line: u64) {
        self.report.rows += 1;
        self.report.dropped += 1;
        self.report.first_dropped.get_or_insert(line);
    }
}

/// Which columns hold what.
#[derive(Clone, Copy, Debug)]
struct Places {
    listener: usize,
    item: usize,
    time: Option<usize>,
    weight: Option<usize>,
}

const LISTENER: &[&str] = &["listener", "listenerid", "userid", "user", "uid", "reviewerid"];
const ITEM: &[&str] = &[
    "item", "itemid", "trackid", "trackuri", "uri", "track", "songid", "artistid", "asin",
    "movieid", "friendid", "friend", "id",
];
const TIME: &[&str] =
    &["timestamp", "time", "playedat", "listenedat", "ts", "uts", "datetime", "date"];
const WEIGHT: &[&str] = &["weight", "rating", "plays", "playcount", "count", "msplayed"];

impl Places {
    /// Finds the columns by name; what follows a colon is a type.
    fn find<'n>(
        names: impl Iterator<Item = &'n str>,
        columns: &EventColumns,
    ) -> Result<Self, String> {
        let names: Vec<&str> = names
            .map(|name| name.trim().split(':').next().expect("a split has a first part"))
            .collect();
        let find = |wanted: &Option<String>, usual: &[&str], what: &str| match wanted {
            Some(wanted) => {
                let found = names.iter().position(|name| name.eq_ignore_ascii_case(wanted));
                found
                    .map(Some)
                    .ok_or_else(|| format!("no column `{wanted}`, there are {}", names.join(", ")))
            }
            None => {
                let known = |usual: &&str| names.iter().position(|name| plain_name(name) == *usual);
                let found = usual.iter().find_map(known);
                if found.is_none() && !what.is_empty() {
                    return Err(format!(
                        "no column for the {what} among {}; name it",
                        names.join(", ")
                    ));
                }
                Ok(found)
            }
        };
        Ok(Self {
            listener: find(&columns.listener, LISTENER, "listener")?.expect("missing is an error"),
            item: find(&columns.item, ITEM, "item")?.expect("missing is an error"),
            time: find(&columns.time, TIME, "")?,
            weight: find(&columns.weight, WEIGHT, "")?,
        })
    }
}

/// A time as tables write it, by the same reading as an import: a number in any unit since 1970
/// ([`epoch_second`]) or a date. Smaller numbers than such count as they are.
fn parse_second(text: &str) -> Option<i64> {
    match text.parse::<f64>() {
        Ok(number) => number.is_finite().then(|| epoch_second(number).floor() as i64),
        Err(_) => moment(text).map(|moment| moment.as_second()),
    }
}

fn parse_weight(text: &str) -> Option<f32> {
    text.parse().ok().filter(|weight: &f32| weight.is_finite())
}
