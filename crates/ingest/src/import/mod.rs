//! The way in: paths become a plan, and the plan is read file by file.

mod archive;
mod entry_name;
mod order;
mod plan;
mod progress;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use segue_core::{ListenerId, Source};

use crate::format::{Format, Formats, Head};
use crate::input::{Utf8Reader, decode_head, read_error, read_head};
use crate::{Context, FileIdentity, FileReport, FileSink, IngestError, Report, SinkError, TableOptions};

pub use progress::{Observer, Progress};

use plan::{Job, Plan};
use progress::{Budget, Meter, Metered};

/// To be raised whenever a format finds other rows in the same content, or numbers them in another way.
const PARSER_VERSION: u32 = 1;

/// What an import needs to know.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Whose history it is.
    pub listener: ListenerId,
    /// What bounds time and memory against hostile input.
    pub limits: Limits,
    /// How tables of tracks and of interactions are read.
    pub tables: TableOptions,
}

impl ImportOptions {
    /// The usual limits, tables as they come.
    pub fn new(listener: ListenerId) -> Self {
        Self { listener, limits: Limits::default(), tables: TableOptions::default() }
    }
}

/// What bounds time and memory against hostile input. Limits on single rows are the formats' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Files in a folder, or entries in an archive.
    pub entries: usize,
    /// Folders within folders.
    pub folder_depth: usize,
    /// Bytes that the entries of one archive may unpack to, all together.
    pub unpacked_bytes: u64,
    /// Bytes that an entry may unpack to for each byte that it takes in the archive. Real exports stay below 30.
    pub unpacked_ratio: u64,
    /// Bytes of an archive inside an archive, which is held in memory.
    pub nested_archive_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 20_000,
            folder_depth: 16,
            unpacked_bytes: 16 << 30,
            unpacked_ratio: 250,
            nested_archive_bytes: 64 << 20,
        }
    }
}

/// Reads files, folders (all that is in them) and zip archives (not unpacked to disk) into `sink`.
///
/// Formats are told apart by content, then by name. A file that cannot be read to its end keeps the rows before that point,
/// is marked `incomplete` in the report, and does not keep the others from being read.
///
/// # Errors
/// [`IngestError::Io`] when a path given cannot be opened at all, [`IngestError::UnknownFormat`] when a path given is itself
/// a file in no known format, [`IngestError::TooLarge`] when a folder or archive has too many files, and
/// [`IngestError::Sink`] when the sink cannot go on.
pub fn import<P: AsRef<Path>>(
    paths: &[P],
    options: &ImportOptions,
    observer: &mut dyn Observer,
    sink: &mut dyn FileSink,
) -> Result<Report, IngestError> {
    let plan = Plan::of(paths, &options.limits)?;
    let meter = Meter::new(plan.total_bytes(), observer);
    let formats = Formats::new(&options.tables);
    let mut import =
        Import { options, formats: &formats, meter, sink, report: Report { files: plan.left_alone } };
    for job in plan.jobs {
        match job {
            Job::File { path, given } => import.file(&path, given)?,
            Job::Archive(archive) => import.archive(archive)?,
        }
    }
    Ok(import.report)
}

/// Reads an archive from elsewhere than a file.
///
/// # Errors
/// As [`import`].
pub(crate) fn import_archive(
    content: impl Read + Seek,
    path: &Path,
    options: &ImportOptions,
    sink: &mut dyn FileSink,
) -> Result<Report, IngestError> {
    let mut zip = archive::open(content, path, &options.limits)?;
    let archive = archive::list_open(&mut zip, path, &options.limits)?;
    let formats = Formats::new(&options.tables);
    let mut nobody = ();
    let meter = Meter::new(archive.declared_bytes(), &mut nobody);
    let mut import = Import { options, formats: &formats, meter, sink, report: Report::default() };
    import.open_archive(&mut zip, archive)?;
    Ok(import.report)
}

struct Import<'a> {
    options: &'a ImportOptions,
    formats: &'a Formats,
    meter: Meter<'a>,
    sink: &'a mut dyn FileSink,
    report: Report,
}

/// A file or entry that is ready to be read.
struct Opened<'r> {
    path: PathBuf,
    size: u64,
    fingerprint: String,
    head: Vec<u8>,
    /// All of it, the head included.
    content: &'r mut dyn Read,
    budget: Budget,
}

impl Import<'_> {
    /// Reads one file; `given` says that the user named it, and not the folder it is in.
    fn file(&mut self, path: &Path, given: bool) -> Result<(), IngestError> {
        match self.try_file(path) {
            Err(error @ IngestError::UnknownFormat { .. }) if !given => {
                self.report.files.push(FileReport::left_alone(path.to_owned(), reason(&error)));
                Ok(())
            }
            Err(error @ IngestError::Io { .. }) if !given => {
                let mut report = FileReport::left_alone(path.to_owned(), reason(&error));
                report.incomplete = true;
                self.report.files.push(report);
                Ok(())
            }
            result => result,
        }
    }

    fn try_file(&mut self, path: &Path) -> Result<(), IngestError> {
        let io_error = |source| IngestError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io_error)?;
        let size = file.metadata().map_err(io_error)?.len();
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&mut file).map_err(io_error)?;
        file.seek(SeekFrom::Start(0)).map_err(io_error)?;
        let head = read_head(&mut file).map_err(io_error)?;
        file.seek(SeekFrom::Start(0)).map_err(io_error)?;
        self.read(Opened {
            path: path.to_owned(),
            size,
            fingerprint: hasher.finalize().to_hex().to_string(),
            head,
            content: &mut BufReader::new(file),
            budget: Budget::unlimited(),
        })
    }

    /// Finds the format and reads. Only a sink that gives up and content that nobody knows are errors here.
    fn read(&mut self, opened: Opened<'_>) -> Result<(), IngestError> {
        let text = decode_head(&opened.head);
        let name =
            opened.path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if matches!(text.trim(), "" | "[]" | "{}") {
            self.report.files.push(FileReport::left_alone(opened.path, "holds no rows"));
            return Ok(());
        }
        let Some(format) = self.formats.detect(&Head { text: &text, name: &name }) else {
            let beginning = text.trim_start().chars().take(40).flat_map(char::escape_debug).collect();
            return Err(IngestError::UnknownFormat { path: opened.path, beginning });
        };
        drop(text);
        self.read_as(format, opened)
    }

    fn read_as(&mut self, format: &dyn Format, opened: Opened<'_>) -> Result<(), IngestError> {
        let Opened { path, size, fingerprint, head, content, budget } = opened;
        let source = format.source();
        let sink_error = |source: SinkError| IngestError::Sink { path: path.clone(), source };
        let identity =
            FileIdentity { path: path.clone(), size, fingerprint, source, parser: self.parser(source) };
        let committed = self.sink.begin_file(&identity).map_err(sink_error)?;

        let metered = Metered::new(content, &path, budget, &mut self.meter);
        let mut input = Utf8Reader::new(&head, metered);
        drop(head);
        let mut context = Context::new(&path, source, self.options.listener.clone(), self.sink);
        context.resume_after(committed);
        let result = format.read(&mut input, &mut context);
        let mut report = context.finish();
        debug_assert!(report.adds_up(), "{report:?}");
        if let Some(note) = input.note() {
            report.add_note(note);
        }
        if let Err(error) = result {
            if matches!(error, IngestError::Sink { .. }) {
                return Err(error);
            }
            report.incomplete = true;
            report.add_note(reason(&with_limit(error)));
        }
        self.sink.end_file(&mut report).map_err(sink_error)?;
        self.report.files.push(report);
        Ok(())
    }
}

impl Import<'_> {
    /// What decides which rows come out of a content, and how they are numbered.
    fn parser(&self, source: Source) -> String {
        let tables = &self.options.tables;
        match source {
            Source::Interactions | Source::Catalogue if *tables != TableOptions::default() => {
                format!("{source:?}/{PARSER_VERSION} {tables:?}")
            }
            _ => format!("{source:?}/{PARSER_VERSION}"),
        }
    }
}

/// An input error that a format passed on as it came may stand for a limit.
fn with_limit(error: IngestError) -> IngestError {
    match error {
        IngestError::Io { path, source } => read_error(source, &path, 0),
        error => error,
    }
}

/// An error with what caused it, in a line.
fn reason(error: &IngestError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
