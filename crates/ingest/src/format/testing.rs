//! What the tests of every format need: a sink that keeps what it is given, and real data where
//! there is any.

use std::path::{Path, PathBuf};

use segue_core::{Feedback, Listen, ListenerId, Record, Track};

use super::{Format, Head};
use crate::{Context, FileReport, IngestError, Sink, SinkError};

/// Keeps every record, with the row that it came from.
#[derive(Default)]
pub(crate) struct KeptRecords(pub(crate) Vec<(u64, Record)>);

impl Sink for KeptRecords {
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError> {
        self.0.push((row, record));
        Ok(())
    }
}

impl KeptRecords {
    pub(crate) fn listens(&self) -> Vec<&Listen> {
        let mut listens = Vec::new();
        for (_, record) in &self.0 {
            if let Record::Listen { listen, .. } = record {
                listens.push(listen);
            }
        }
        listens
    }

    pub(crate) fn feedback(&self) -> Vec<&Feedback> {
        let mut said = Vec::new();
        for (_, record) in &self.0 {
            if let Record::Feedback { feedback, .. } = record {
                said.push(feedback);
            }
        }
        said
    }

    /// The tracks of all records, whatever their kind.
    pub(crate) fn tracks(&self) -> Vec<&Track> {
        self.0
            .iter()
            .filter_map(|(_, record)| match record {
                Record::Listen { track, .. } | Record::Track(track) => Some(track),
                Record::Feedback { track, .. } => track.as_ref(),
                Record::Friendship { .. } | Record::ArtistTag(_) => None,
            })
            .collect()
    }
}

/// Reads a text as a format; the report must add up.
pub(crate) fn try_read(
    format: &dyn Format,
    text: &str,
) -> (Result<FileReport, IngestError>, KeptRecords) {
    let mut records = KeptRecords::default();
    let mut context =
        Context::new(Path::new("test"), format.source(), ListenerId::new("me"), &mut records);
    let mut input = text.as_bytes();
    let result = format.read(&mut input, &mut context);
    let report = context.finish();
    assert!(report.adds_up(), "{report:?}");
    (result.map(|()| report), records)
}

/// Reads a text that must be readable.
pub(crate) fn read(format: &dyn Format, text: &str) -> (FileReport, KeptRecords) {
    let (result, records) = try_read(format, text);
    (result.unwrap(), records)
}

/// Whether a format takes a text for its own.
pub(crate) fn recognises(format: &dyn Format, text: &str) -> bool {
    format.recognises(&Head { text, name: "test.csv" })
}

/// A fixture of this crate.
pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Real data, or `None` with a message where it is missing.
pub(crate) fn real_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    let there = path.exists();
    if !there {
        println!("skipped: no real data at {}", path.display());
    }
    there.then_some(path)
}

/// The text of a file of real data.
pub(crate) fn real_text(name: &str) -> Option<String> {
    Some(std::fs::read_to_string(real_data(name)?).unwrap())
}
