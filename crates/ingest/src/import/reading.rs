//! Reads what the plan names, each file once for its rows, and some files before that for the
//! names that they tell.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::mem;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use segue_core::{Record, Source};

use super::ImportOptions;
use super::beginning::{Beginning, ROWS};
use super::entry_name::name_in_lower_case;
use super::progress::{Budget, Meter, Metered};
use crate::format::{Companions, Format, Formats, Head, ParquetTable, is_parquet};
use crate::input::{Utf8Reader, decode_head, read_error, read_head};
use crate::namer::Namer;
use crate::table::layout_in;
use crate::{
    Context, FileIdentity, FileReport, FileSink, ImportReport, IngestError, Keeps, Sink, SinkError,
    TableOptions,
};

/// What gzip begins with.
const GZIP: &[u8] = b"\x1f\x8b";
/// What spreadsheets begin with, and other archives of the kind.
const ZIP: &[u8] = b"PK\x03\x04";

/// An import under way.
pub(super) struct ImportRun<'a> {
    pub(super) options: &'a ImportOptions,
    pub(super) meter: Meter<'a>,
    pub(super) pass: Pass<'a>,
    pub(super) report: ImportReport,
    /// The names of tracks, which the files of an export have in common.
    pub(super) namer: Namer,
}

/// The purpose for which files are read.
pub(super) enum Pass<'a> {
    /// To learn which artist has which title, and what numbers stand for.
    Learn(&'a mut Companions),
    /// To hand their rows to the sink.
    Read {
        /// The formats, which read the rows.
        formats: &'a Formats,
        /// The sink that takes the rows.
        sink: &'a mut dyn FileSink,
        /// Which files went on behind their beginning, where no more than that is read.
        cut: Option<HashSet<PathBuf>>,
    },
}

/// A file or entry that is ready to be read.
pub(super) struct Opened<'r> {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) fingerprint: String,
    pub(super) head: Vec<u8>,
    /// All of it, the head included.
    pub(super) content: Content<'r>,
    pub(super) budget: Budget,
    /// Whether its name promises history, or its owner named it. If not, a table has to name both
    /// title and artist to be taken for one of plays or tracks.
    pub(super) is_promising: bool,
}

/// Where the bytes come from.
pub(super) enum Content<'r> {
    File(File),
    Entry(&'r mut dyn Read),
}

impl ImportRun<'_> {
    /// Whether this pass skips a file of that name.
    pub(super) fn passes_over(&self, path: &Path) -> bool {
        match &self.pass {
            Pass::Read { .. } => false,
            Pass::Learn(learnt) => {
                let name = name_in_lower_case(path);
                let is_apples =
                    ["library tracks", "daily tracks"].iter().any(|part| name.contains(part));
                !is_apples && !learnt.tags.wants(&name)
            }
        }
    }

    /// Reads one file; `given` says that the user named it, and not the folder it is in.
    pub(super) fn file(&mut self, path: &Path, given: bool) -> Result<(), IngestError> {
        if self.passes_over(path) {
            return Ok(());
        }
        let leaves = |error: &IngestError| match error {
            IngestError::Sink { .. } => false,
            error if error.is_of_the_system() => !given,
            _ => !given || self.options.leaves_unreadable,
        };
        match self.try_file(path) {
            Err(error) if leaves(&error) => {
                self.report.files.push(FileReport::unreadable(path.to_owned(), &error));
                Ok(())
            }
            result => result,
        }
    }

    /// Whether files are looked at and not read to their end, so that what stands for all of their
    /// content is of no use.
    fn reads_beginnings(&self) -> bool {
        matches!(self.pass, Pass::Read { cut: Some(_), .. })
    }

    fn try_file(&mut self, path: &Path) -> Result<(), IngestError> {
        let io_error = |source| IngestError::Io { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(io_error)?;
        let size = file.metadata().map_err(io_error)?.len();
        let mut hasher = blake3::Hasher::new();
        if !self.reads_beginnings() {
            hasher.update_reader(&mut file).map_err(io_error)?;
            file.seek(SeekFrom::Start(0)).map_err(io_error)?;
        }
        let head = read_head(&mut file).map_err(io_error)?;
        file.seek(SeekFrom::Start(0)).map_err(io_error)?;
        let opened = Opened {
            path: path.to_owned(),
            size,
            fingerprint: hasher.finalize().to_hex().to_string(),
            head,
            content: Content::File(file),
            budget: Budget::unlimited(),
            is_promising: true,
        };
        if is_gzip(&opened.head) {
            let budget = Budget::of_packed(size, &self.options.limits);
            return self.gzip(Opened { budget, ..opened });
        }
        self.read(opened)
    }

    /// Reads what is packed with gzip, within its budget. What that holds is not unpacked again.
    pub(super) fn gzip(&mut self, packed: Opened<'_>) -> Result<(), IngestError> {
        let Opened { path, size, fingerprint, mut content, budget, is_promising, .. } = packed;
        // Parts that unpack to nothing take time, too.
        let bytes = content.reader().take(budget.bytes);
        let mut content = MultiGzDecoder::new(BufReader::new(bytes));
        let head = read_head(&mut content).map_err(|error| read_error(error, &path, 1))?;
        if head.get(257..262) == Some(b"ustar") {
            let found = "it is a packed tar archive: unpack it and name the folder".to_owned();
            return Err(IngestError::UnknownFormat { path, found });
        }
        self.read(Opened {
            path,
            size,
            fingerprint,
            content: Content::Entry(&mut Cursor::new(head.clone()).chain(content)),
            head,
            budget,
            is_promising,
        })
    }

    /// Finds the format and reads. The only errors here are a sink that gives up and content in no
    /// known format.
    pub(super) fn read(&mut self, opened: Opened<'_>) -> Result<(), IngestError> {
        let formats = match &mut self.pass {
            Pass::Learn(learnt) => return learn(learnt, self.options, &mut self.meter, opened),
            Pass::Read { formats, .. } => *formats,
        };
        if is_parquet(&opened.head) {
            return self.read_parquet(opened);
        }
        if opened.head.starts_with(ZIP) {
            return self.workbook(opened);
        }
        let text = decode_head(&opened.head);
        let name = name_in_lower_case(&opened.path);
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        if matches!(text.trim(), "" | "[]" | "{}") {
            self.report.files.push(FileReport::left_alone(opened.path, "holds no rows"));
            return Ok(());
        }
        if formats.explains(&opened.path) {
            let why = "names of artists or tags, for the tags of artists";
            self.report.files.push(FileReport::left_alone(opened.path, why));
            return Ok(());
        }
        let found = formats.detect(&Head { text: &text, name });
        let Some(format) =
            found.filter(|format| opened.is_promising || is_unmistakable(*format, &text))
        else {
            return Err(IngestError::UnknownFormat { path: opened.path, found: found_in(&text) });
        };
        drop(text);
        self.read_as(format, opened)
    }

    fn read_as(&mut self, format: &dyn Format, opened: Opened<'_>) -> Result<(), IngestError> {
        let Opened { path, size, fingerprint, head, mut content, budget, .. } = opened;
        let parser = parser(format.source(), self.options);
        let identity =
            FileIdentity { path: path.clone(), size, fingerprint, source: format.source(), parser };
        let mut input = decoded(&head, content.reader(), &path, budget, &mut self.meter);
        drop(head);
        let Pass::Read { sink, cut, .. } = &mut self.pass else { return Ok(()) };
        let report = account(&identity, self.options, &mut self.namer, *sink, |context| {
            let result = match cut {
                Some(cut) => {
                    look(&mut input, context, cut, |input, context| format.read(input, context))
                }
                None => format.read(&mut input, context),
            };
            (result, input.note())
        })?;
        self.report.files.push(report);
        Ok(())
    }

    fn read_parquet(&mut self, opened: Opened<'_>) -> Result<(), IngestError> {
        let Opened { path, size, fingerprint, content, budget, .. } = opened;
        let tables = &self.options.tables;
        // What comes out of an archive is counted as it is unpacked.
        let size_on_disk = if matches!(content, Content::File(_)) { size } else { 0 };
        let table = match content {
            Content::File(file) => ParquetTable::open(file, &path, tables)?,
            Content::Entry(entry) => {
                let mut entry = Metered::new(entry, &path, budget, &mut self.meter);
                ParquetTable::open_entry(&mut entry, &path, tables).map_err(with_limit)?
            }
        };
        let Some(table) = table else {
            let found = "it is Parquet with columns that mean nothing here".to_owned();
            return Err(IngestError::UnknownFormat { path, found });
        };
        let parser = parser(table.source(), self.options);
        let identity = FileIdentity { path, size, fingerprint, source: table.source(), parser };
        let Pass::Read { sink, cut, .. } = &mut self.pass else { return Ok(()) };
        let (meter, mut row) = (&mut self.meter, 0);
        let mut row_read = || {
            row += 1;
            meter.count_row(&identity.path, row, table.declared_rows(), size_on_disk);
        };
        let report = account(&identity, self.options, &mut self.namer, *sink, |context| {
            let mut read = |context: &mut Context<'_>| table.read(context, &mut row_read);
            let result = match cut {
                Some(cut) => look(&mut io::empty(), context, cut, |_, context| read(context)),
                None => read(context),
            };
            (result, None)
        })?;
        self.report.files.push(report);
        Ok(())
    }
}

/// Whether a file with this beginning is packed with gzip.
pub(super) fn is_gzip(beginning: &[u8]) -> bool {
    beginning.starts_with(GZIP)
}

impl Content<'_> {
    /// The bytes from the beginning.
    fn reader(&mut self) -> Box<dyn Read + '_> {
        match self {
            Self::File(file) => Box::new(BufReader::new(file)),
            Self::Entry(entry) => Box::new(entry),
        }
    }
}

/// Whether the content of a file whose name says nothing is of this format without doubt. Tables of
/// anything may have a column of names and one of times.
fn is_unmistakable(format: &dyn Format, text: &str) -> bool {
    match format.source() {
        Source::Interactions | Source::Catalogue => layout_in(text, None).names_songs(),
        Source::Friends => false,
        _ => true,
    }
}

/// What is in a file of no known format, for its owner.
fn found_in(text: &str) -> String {
    if text.chars().take(512).any(|c| c == '\0') {
        return "it holds no text".to_owned();
    }
    let beginning: String =
        text.trim_start().chars().take(40).flat_map(char::escape_debug).collect();
    let layout = layout_in(text, None);
    let hint = match layout.identifies_tracks() {
        true => {
            "; it names tracks, but not when they were played or what was thought of them \
             (`--mark liked` takes them as liked)"
        }
        false => "",
    };
    format!("it begins with `{beginning}`{hint}")
}

fn decoded<'r, 'o>(
    head: &[u8],
    content: Box<dyn Read + 'r>,
    path: &Path,
    budget: Budget,
    meter: &'r mut Meter<'o>,
) -> Utf8Reader<Metered<'r, 'o, Box<dyn Read + 'r>>> {
    Utf8Reader::new(head, Metered::new(content, path, budget, meter))
}

/// What decides which rows come out of a content, and how they are numbered.
fn parser(source: Source, ImportOptions { tables, keeps, .. }: &ImportOptions) -> String {
    let mut parser = format!("{source:?}/{}", source.info().parser);
    let is_table = matches!(source, Source::Interactions | Source::Catalogue | Source::Friends);
    if is_table && *tables != TableOptions::default() {
        parser.push_str(&format!(" {tables:?}"));
    }
    // What was refused once is read when somebody brings it who may.
    if *keeps != Keeps::Everything {
        parser.push_str(&format!(" {keeps:?}"));
    }
    parser
}

/// Keeps the account of a file while `read` reads it and returns what else is worth a note. Only a
/// sink that gives up is an error; what ends the file early is noted in the account.
fn account(
    identity: &FileIdentity,
    options: &ImportOptions,
    namer: &mut Namer,
    sink: &mut dyn FileSink,
    read: impl FnOnce(&mut Context<'_>) -> (Result<(), IngestError>, Option<String>),
) -> Result<FileReport, IngestError> {
    let path = &identity.path;
    let sink_error = |source: SinkError| IngestError::Sink { path: path.clone(), source };
    let earlier = sink.begin_file(identity).map_err(sink_error)?;
    if earlier.complete {
        let mut report = FileReport::imported_before(path.clone(), identity.source, earlier.rows);
        sink.end_file(&mut report).map_err(sink_error)?;
        return Ok(report);
    }
    let mut context = Context::new(path, identity.source, options.listener.clone(), sink);
    context.resume_after(earlier.rows);
    context.limit_rows(options.limits.rows);
    context.keep_only(options.keeps);
    // Files of an export name the same songs.
    mem::swap(namer, &mut context.namer);
    let (result, note) = read(&mut context);
    mem::swap(namer, &mut context.namer);
    let mut report = context.finish();
    debug_assert!(report.adds_up(), "{report:?}");
    if let Some(note) = note {
        report.add_note(note);
    }
    match result {
        Err(error @ IngestError::Sink { .. }) => return Err(error),
        Err(error) => {
            report.incomplete = true;
            report.add_note(with_limit(error).in_a_line());
        }
        Ok(()) => {}
    }
    sink.end_file(&mut report).map_err(sink_error)?;
    Ok(report)
}

/// Reads the beginning of a file, and notes in `cut` whether it goes on behind that: then it is no
/// fault of the file that the reading broke off.
fn look(
    input: &mut dyn BufRead,
    context: &mut Context<'_>,
    cut: &mut HashSet<PathBuf>,
    read: impl FnOnce(&mut dyn BufRead, &mut Context<'_>) -> Result<(), IngestError>,
) -> Result<(), IngestError> {
    context.limit_rows(ROWS);
    let mut beginning = Beginning::of(input);
    let result = read(&mut beginning, context);
    if !beginning.is_cut() && !context.is_full() {
        return result;
    }
    cut.insert(context.path().to_owned());
    match result {
        Err(error @ IngestError::Sink { .. }) => Err(error),
        _ => Ok(()),
    }
}

/// Reads a file for the names that it tells.
fn learn(
    learnt: &mut Companions,
    options: &ImportOptions,
    meter: &mut Meter<'_>,
    mut opened: Opened<'_>,
) -> Result<(), IngestError> {
    /// Takes nothing: learning keeps no row.
    struct Nobody;
    impl Sink for Nobody {
        fn accept(&mut self, _: u64, _: Record) -> Result<(), SinkError> {
            Ok(())
        }
    }
    let mut nobody = Nobody;
    let is_of_tags = learnt.tags.wants(&name_in_lower_case(&opened.path));
    let source = if is_of_tags { Source::ArtistTags } else { Source::AppleMusic };
    let mut context = Context::new(&opened.path, source, options.listener.clone(), &mut nobody);
    let mut input =
        decoded(&opened.head, opened.content.reader(), &opened.path, opened.budget, meter);
    match is_of_tags {
        true => learnt.tags.learn_from(&mut input, &mut context),
        false => learnt.artists.learn_from(&mut input, &mut context),
    }
}

/// An input error that a format passed on as it came may stand for a limit.
fn with_limit(error: IngestError) -> IngestError {
    match error {
        IngestError::Io { path, source } => read_error(source, &path, 0),
        error => error,
    }
}
