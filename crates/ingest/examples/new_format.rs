//! A foreign format, made up: the log of a jukebox, read into Segue's types.
//!
//! `cargo run -p segue-ingest --example new_format`
//!
//! ```text
//! 2026-03-01T20:15:00Z|The Dots|Slow Rain|183
//! ```
//!
//! An importer is total: dirty data is no error. It hands each row to the [`Context`] exactly once,
//! to be kept or dropped for a reason, and the context keeps the account. Whose rows they are and
//! what becomes of them is not its concern: records go to a [`Sink`].
//!
//! Read so, a file goes to any sink. For `segue import` to know the format by itself, three places
//! change:
//!
//! 1. `crates/core/src/source.rs`: an entry in the table, with the name, a free code, hints by
//!    which archives are searched, and how a listener comes by the file.
//! 2. `crates/ingest/src/format/jukebox.rs`: a type that implements `Format`. `source` names the
//!    entry, `recognises` looks at the first 64 KiB, and `read` is the function [`read`] below.
//! 3. `crates/ingest/src/format/mod.rs`: the module, and a line in the list `Formats::new`, before
//!    every format that would take the file for its own.
//!
//! Then a fixture and a test that its report adds up.
#![allow(clippy::print_stdout, reason = "an example, run by hand")]

use std::error::Error;
use std::io::BufRead;
use std::path::Path;

use segue_core::{AudioFeature, Listen, ListenerId, Record, Source, Track};
use segue_ingest::identity::{track_id_from_names, work_of};
use segue_ingest::parts::parse_time;
use segue_ingest::{Context, DropReason, IngestError, Sink, SinkError};

const LOG: &str = "\
2026-03-01T20:15:00Z|The Dots|Slow Rain|183
2026-03-01T20:19:00Z|The Dots|Slow Rain (Live)|240
yesterday|Dashes|Fast|120
2026-03-01T20:24:00Z|Dashes||120
2026-03-01T20:30:00Z|Dashes|Fast|a while
closing time
";

/// What a jukebox writes has no code of its own yet; rows of a table of interactions come nearest.
const SOURCE: Source = Source::Interactions;

/// Reads to the end: what the `read` of a `Format` does.
fn read(input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
    for (number, line) in (1..).zip(input.lines()) {
        // Only what cannot be read at all is an error, and it names the line.
        let line = line.map_err(|error| context.malformed(number, error.to_string()))?;
        match row(&line) {
            Ok((at, artist, title, seconds)) => keep(context, at, [artist, title], seconds)?,
            Err(reason) => context.drop_row(reason),
        }
    }
    Ok(())
}

/// The fields of a row, or why it is dropped. The played time is looked at later: a row is worth
/// keeping without.
fn row(line: &str) -> Result<(segue_core::Timestamp, &str, &str, &str), DropReason> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [at, artist, title, seconds] = fields[..] else { return Err(DropReason::Malformed) };
    if title.is_empty() {
        return Err(DropReason::NoTitle);
    }
    Ok((parse_time(at).ok_or(DropReason::BadTime)?, artist, title, seconds))
}

fn keep(
    context: &mut Context<'_>,
    at: segue_core::Timestamp,
    [artist, title]: [&str; 2],
    seconds: &str,
) -> Result<(), IngestError> {
    // A track without an identifier is known by its names; a live version is another track of the
    // same work.
    let (work, version) = work_of(Some(artist), title);
    let track = Track::new(track_id_from_names(Some(artist), title), work, title);
    let mut track = Track { artists: vec![artist.to_owned()], version, ..track };

    // The jukebox plays to the end, so the length of the play is that of the song. A value that
    // cannot be used is counted and never guessed.
    let mut listen = Listen::new(context.listener().clone(), track.id.clone(), at, SOURCE);
    match seconds.parse::<u32>() {
        Ok(seconds) => {
            listen.ms_played = Some(seconds.saturating_mul(1000));
            track.features.set(AudioFeature::DurationMs, seconds as f32 * 1000.0);
        }
        Err(_) => context.unusable("seconds"),
    }
    context.keep(Record::Listen { listen, track })
}

/// A sink that shows what it gets. That of a library is `segue::StoreSink`.
struct Shown;

impl Sink for Shown {
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError> {
        if let Record::Listen { listen, track } = record {
            println!("row {row}: {} ({}), {:?} ms", track.title, track.id, listen.ms_played);
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut sink = Shown;
    let mut context =
        Context::new(Path::new("jukebox.log"), SOURCE, ListenerId::new("ann"), &mut sink);
    read(&mut LOG.as_bytes(), &mut context)?;
    let report = context.finish();
    println!("{} rows read, {} kept", report.rows_read, report.listens);
    println!("dropped: {:?}, unusable values: {:?}", report.dropped, report.unusable_values);
    assert!(report.adds_up(), "every row was kept or dropped once");
    Ok(())
}
