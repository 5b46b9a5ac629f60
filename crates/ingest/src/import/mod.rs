//! The entry point: paths become a plan, and the plan is read file by file.

mod archive;
mod beginning;
mod entry_name;
mod order;
mod plan;
mod progress;
mod reading;
mod workbook;

use std::collections::HashSet;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use segue_core::ListenerId;

use crate::format::{Companions, Formats, TagNames};
use crate::input::HEAD_BYTES;
use crate::namer::Namer;
use crate::{FileSink, ImportReport, IngestError, Keeps, TableOptions};

pub use progress::{ImportProgress, Observer};

use plan::{ImportPlan, Job};
use progress::{Budget, Meter};
use reading::{Content, ImportRun, Opened, Pass};

/// What an import needs to know besides the files: whose they are, how far to trust them, and how
/// to read tables.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The listener whose history it is. Tables that name their own listeners override it row by
    /// row.
    pub listener: ListenerId,
    /// What bounds time and memory against hostile input. The default fits every real export.
    pub limits: ImportLimits,
    /// How tables of tracks and of interactions are read, where the table itself leaves it open.
    pub tables: TableOptions,
    /// Whether a path in no known format, or too damaged to be opened, is left alone as a file in a
    /// folder is, and the report says why. Otherwise it ends the import.
    pub leaves_unreadable: bool,
    /// Which rows are kept. The report counts those that are refused.
    pub keeps: Keeps,
}

impl ImportOptions {
    /// Options for a listener with the usual limits, and tables read as they are.
    pub fn new(listener: ListenerId) -> Self {
        Self {
            listener,
            limits: ImportLimits::default(),
            tables: TableOptions::default(),
            leaves_unreadable: false,
            keeps: Keeps::Everything,
        }
    }
}

/// What bounds time and memory against hostile input. Too many files end the import with
/// [`IngestError::TooLarge`]; too many bytes end the reading of that file, and its report says so.
/// Limits on single rows belong to the formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportLimits {
    /// Most files in a folder, subfolders included, or entries in an archive.
    pub entries: usize,
    /// Most levels of folders within folders. Links are never followed.
    pub folder_depth: usize,
    /// Most bytes that the entries of one archive may unpack to, all together.
    pub unpacked_bytes: u64,
    /// Most bytes that an entry may unpack to for each byte that it takes in the archive. Real
    /// exports stay below 30.
    pub unpacked_ratio: u64,
    /// Most bytes of an archive inside an archive, because the inner one is held in memory.
    pub nested_archive_bytes: u64,
    /// Most rows of one file. A file of a few kilobytes can hold a thousand million.
    pub rows: u64,
}

impl Default for ImportLimits {
    fn default() -> Self {
        Self {
            entries: 20_000,
            folder_depth: 16,
            unpacked_bytes: 16 << 30,
            unpacked_ratio: 250,
            nested_archive_bytes: 64 << 20,
            rows: 1_000_000_000,
        }
    }
}

/// Reads files, folders (all that is in them) and zip archives (not unpacked to disk) into `sink`.
///
/// Formats are told apart by content, then by name. A file that cannot be read to its end keeps the
/// rows before that point, is marked `incomplete` in the report, and does not keep the others from
/// being read.
///
/// ```
/// use segue_core::{ListenerId, Record};
/// use segue_ingest::{
///     Earlier, FileIdentity, FileReport, FileSink, ImportOptions, Sink, SinkError, import,
/// };
///
/// /// Counts what it is given. A store would keep it.
/// #[derive(Default)]
/// struct Counter(u64);
///
/// impl Sink for Counter {
///     fn accept(&mut self, _row: u64, _record: Record) -> Result<(), SinkError> {
///         self.0 += 1;
///         Ok(())
///     }
/// }
///
/// impl FileSink for Counter {
///     fn begin_file(&mut self, _file: &FileIdentity) -> Result<Earlier, SinkError> {
///         Ok(Earlier::default())
///     }
///
///     fn end_file(&mut self, _report: &mut FileReport) -> Result<(), SinkError> {
///         Ok(())
///     }
/// }
///
/// let folder = tempfile::tempdir()?;
/// let rows = "user_id,track_id,timestamp\nann,a,2024-01-01T00:00:00Z\nann,,\n";
/// std::fs::write(folder.path().join("interactions.csv"), rows)?;
/// let mut counter = Counter::default();
/// let options = ImportOptions::new(ListenerId::new("ann"));
/// let report = import(&[folder.path()], &options, &mut (), &mut counter)?;
/// let total = report.total();
/// assert!(total.adds_up());
/// assert_eq!(total.rows_read, 2);
/// assert_eq!((total.listens, counter.0), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`IngestError::Io`] when a path given cannot be opened at all, [`IngestError::UnknownFormat`]
/// when a path given is itself a file in no known format, [`IngestError::TooLarge`] when a folder
/// or archive has too many files, and [`IngestError::Sink`] when the sink cannot go on.
pub fn import<P: AsRef<Path>>(
    paths: &[P],
    options: &ImportOptions,
    observer: &mut dyn Observer,
    sink: &mut dyn FileSink,
) -> Result<ImportReport, IngestError> {
    read(paths, options, observer, (sink, None)).map(|(report, _)| report)
}

/// Reads the beginning of each file, and returns with the report which of them go on behind that.
///
/// # Errors
/// As [`import`].
pub(crate) fn import_beginnings<P: AsRef<Path>>(
    paths: &[P],
    options: &ImportOptions,
    sink: &mut dyn FileSink,
) -> Result<(ImportReport, HashSet<PathBuf>), IngestError> {
    let read = read(paths, options, &mut (), (sink, Some(HashSet::new())));
    read.map(|(report, cut)| (report, cut.unwrap_or_default()))
}

/// What takes the rows, and which files were left at their beginning, if only that is read.
type Reading<'a> = (&'a mut dyn FileSink, Option<HashSet<PathBuf>>);

fn read<P: AsRef<Path>>(
    paths: &[P],
    options: &ImportOptions,
    observer: &mut dyn Observer,
    (sink, cut): Reading<'_>,
) -> Result<(ImportReport, Option<HashSet<PathBuf>>), IngestError> {
    let plan = ImportPlan::of(paths, options)?;
    let formats = Formats::new(&options.tables, learn(&plan.jobs, options));
    let meter = Meter::new(plan.total_bytes(), observer);
    let report = ImportReport { files: plan.left_alone };
    let pass = Pass::Read { formats: &formats, sink, cut };
    let mut import = ImportRun { options, meter, pass, report, namer: Namer::default() };
    for job in &plan.jobs {
        import.job(job)?;
    }
    let cut = match import.pass {
        Pass::Read { cut, .. } => cut,
        Pass::Learn(_) => None,
    };
    Ok((import.report, cut))
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
) -> Result<ImportReport, IngestError> {
    let mut zip = archive::open(content, path, &options.limits)?;
    let archive = archive::list_open(&mut zip, path, &options.limits)?;
    let formats = Formats::new(&options.tables, Companions::default());
    let mut nobody = ();
    let meter = Meter::new(archive.declared_bytes(), &mut nobody);
    let mut import = ImportRun {
        namer: Namer::default(),
        options,
        meter,
        pass: Pass::Read { formats: &formats, sink, cut: None },
        report: ImportReport::default(),
    };
    import.open_archive(&mut zip, &archive)?;
    Ok(import.report)
}

/// Reads content from elsewhere than a file: Parquet, a spreadsheet or text.
///
/// # Errors
/// As [`import`].
pub(crate) fn import_content(
    content: &[u8],
    path: &Path,
    options: &ImportOptions,
    sink: &mut dyn FileSink,
) -> Result<ImportReport, IngestError> {
    let size = content.len() as u64;
    let formats = Formats::new(&options.tables, Companions::default());
    let mut nobody = ();
    let mut import = ImportRun {
        namer: Namer::default(),
        options,
        meter: Meter::new(size, &mut nobody),
        pass: Pass::Read { formats: &formats, sink, cut: None },
        report: ImportReport::default(),
    };
    import.read(Opened {
        path: path.to_owned(),
        size,
        fingerprint: String::new(),
        head: content[..content.len().min(HEAD_BYTES)].to_vec(),
        content: Content::Entry(&mut &content[..]),
        budget: Budget::of_packed(size, &options.limits),
        is_promising: true,
    })?;
    Ok(import.report)
}

/// Apple's plays name no artists, and HetRec's tags are numbers; other files beside them tell, and
/// are read for that first.
fn learn(jobs: &[Job], options: &ImportOptions) -> Companions {
    let mut companions = Companions::default();
    companions.artists.beside_activity = jobs.iter().any(|job| job.holds("play activity"));
    companions.tags.are_wanted = jobs.iter().any(|job| job.holds(TagNames::OF_NUMBERS));
    let mut nobody = ();
    let meter = Meter::new(0, &mut nobody);
    let mut import = ImportRun {
        namer: Namer::default(),
        options,
        meter,
        pass: Pass::Learn(&mut companions),
        report: ImportReport::default(),
    };
    for job in jobs {
        // What cannot be read is reported when it is read for its rows.
        let _ = import.job(job);
    }
    companions
}

impl ImportRun<'_> {
    /// Reads one thing of the plan.
    fn job(&mut self, job: &Job) -> Result<(), IngestError> {
        match job {
            Job::File { path, given } => self.file(path, *given),
            Job::Archive(archive) => self.archive(archive),
        }
    }
}
