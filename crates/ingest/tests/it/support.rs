//! A sink that keeps what it is given, and files to read.

use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use segue_core::{Feedback, Listen, ListenerId, Record, Track};
use segue_ingest::{
    Earlier, FileIdentity, FileReport, FileSink, ImportOptions, ImportReport, IngestError, Sink,
    SinkError, import,
};
use zip::write::SimpleFileOptions;

/// Remembers every record, and what was committed of each content.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) records: Vec<(u64, Record)>,
    pub(crate) begun: Vec<FileIdentity>,
    pub(crate) ended: Vec<FileReport>,
    /// How far an import came before, for every file.
    pub(crate) earlier: Earlier,
    /// Accepts this many records and then gives up.
    pub(crate) fails_after: Option<usize>,
}

impl Sink for Memory {
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError> {
        if self.fails_after.is_some_and(|most| self.records.len() >= most) {
            return Err("the disk is full".into());
        }
        self.records.push((row, record));
        Ok(())
    }
}

impl FileSink for Memory {
    fn begin_file(&mut self, file: &FileIdentity) -> Result<Earlier, SinkError> {
        self.begun.push(file.clone());
        Ok(self.earlier)
    }

    fn end_file(&mut self, report: &mut FileReport) -> Result<(), SinkError> {
        self.ended.push(report.clone());
        Ok(())
    }
}

impl Memory {
    pub(crate) fn listens(&self) -> Vec<&Listen> {
        self.records
            .iter()
            .filter_map(
                |(_, r)| if let Record::Listen { listen, .. } = r { Some(listen) } else { None },
            )
            .collect()
    }

    pub(crate) fn feedback(&self) -> Vec<&Feedback> {
        self.records
            .iter()
            .filter_map(|(_, r)| {
                if let Record::Feedback { feedback, .. } = r { Some(feedback) } else { None }
            })
            .collect()
    }

    pub(crate) fn tracks(&self) -> Vec<&Track> {
        self.records
            .iter()
            .filter_map(|(_, record)| match record {
                Record::Listen { track, .. } | Record::Track(track) => Some(track),
                Record::Feedback { track, .. } => track.as_ref(),
                Record::Friendship { .. } | Record::ArtistTag(_) => None,
            })
            .collect()
    }
}

pub(crate) fn options() -> ImportOptions {
    ImportOptions::new(ListenerId::new("me"))
}

/// Imports a path; every file's account must add up, and its sums must be what the sink saw.
pub(crate) fn try_import(
    path: &Path,
    options: &ImportOptions,
) -> (Result<ImportReport, IngestError>, Memory) {
    let mut memory = Memory::default();
    let result = import(&[path], options, &mut (), &mut memory);
    if let Ok(report) = &result {
        check(report, &memory);
    }
    (result, memory)
}

pub(crate) fn check(report: &ImportReport, memory: &Memory) {
    for file in &report.files {
        assert!(file.adds_up(), "{file:?}");
    }
    let total = report.total();
    let again = if memory.earlier.complete { 0 } else { total.already_imported };
    assert_eq!(memory.records.len() as u64, total.kept() - total.summed + total.beside + again);
    assert_eq!(memory.begun.len(), memory.ended.len());
}

pub(crate) fn read(path: &Path) -> (ImportReport, Memory) {
    let (result, memory) = try_import(path, &options());
    (result.unwrap(), memory)
}

/// Imports a text as a file of that name; there must be one account.
pub(crate) fn read_text(name: &str, text: &str) -> (FileReport, Memory) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let (mut report, memory) = read(&path);
    assert_eq!(report.files.len(), 1);
    (report.files.remove(0), memory)
}

/// A zip archive in memory.
pub(crate) fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn read_zip(entries: &[(&str, &[u8])]) -> (ImportReport, Memory) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my_export.zip");
    std::fs::write(&path, zip(entries)).unwrap();
    read(&path)
}

/// A row of the extended history.
pub(crate) fn extended_row(minute: u32, title: &str, ms_played: u32) -> String {
    let (hour, of_hour) = (minute / 60 % 24, minute % 60);
    [
        &format!(r#"{{"ts":"2023-05-01T{hour:02}:{of_hour:02}:00Z","username":"PRIVATE","#),
        &format!(r#""platform":"ios","ms_played":{ms_played},"conn_country":"PRIVATE","#),
        "\n",
        &format!(r#""ip_addr":"PRIVATE","master_metadata_track_name":"{title}","#),
        r#""master_metadata_album_artist_name":"The Artist","#,
        "\n",
        r#""master_metadata_album_album_name":"Album","#,
        &format!(r#""spotify_track_uri":"spotify:track:{minute:022}","episode_name":null,"#),
        "\n",
        r#""reason_start":"trackdone","reason_end":"fwdbtn","shuffle":true,"skipped":null,"#,
        r#""offline":false,"offline_timestamp":0,"#,
        "\n",
        r#""incognito_mode":false,"user_agent_decrypted":"PRIVATE"}"#,
    ]
    .concat()
}

pub(crate) fn extended(rows: u32) -> String {
    let rows: Vec<String> =
        (0..rows).map(|i| extended_row(i, &format!("Song {i}"), 1000 * i)).collect();
    format!("[{}]", rows.join(","))
}

/// A folder of real data, or `None` with a message where there is none.
pub(crate) fn real_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: no real data at {}", path.display());
        return None;
    }
    Some(path)
}
