//! Which files there are to read, in which order, and how many bytes that will be.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive::{Archive, list, list_open, open_file};
use super::entry_name::{NameVerdict, is_named, judge_file};
use super::order::by_name;
use super::workbook::is_workbook;
use super::{ImportLimits, ImportOptions};
use crate::{FileReport, IngestError};

/// One thing to read.
pub(super) enum Job {
    File {
        path: PathBuf,
        /// Whether the user named this file, and not a folder above it.
        given: bool,
    },
    Archive(Archive),
}

impl Job {
    /// Whether there is a file whose name contains `part`, which is lower case.
    pub(super) fn holds(&self, part: &str) -> bool {
        match self {
            Self::File { path, .. } => is_named(path, part),
            Self::Archive(archive) => archive.holds(part),
        }
    }
}

/// Everything to read.
#[derive(Default)]
pub(super) struct ImportPlan {
    pub(super) jobs: Vec<Job>,
    pub(super) left_alone: Vec<FileReport>,
    file_bytes: u64,
}

impl ImportPlan {
    pub(super) fn of<P: AsRef<Path>>(
        paths: &[P],
        options: &ImportOptions,
    ) -> Result<Self, IngestError> {
        let mut plan = Self::default();
        for path in paths {
            match plan.add(path.as_ref(), options) {
                Err(error) if options.leaves_unreadable && !error.is_of_the_system() => {
                    plan.left_alone.push(FileReport::unreadable(path.as_ref().to_owned(), &error));
                }
                added => added?,
            }
        }
        Ok(plan)
    }

    /// Adds a path that was given.
    fn add(&mut self, path: &Path, options: &ImportOptions) -> Result<(), IngestError> {
        let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
        if metadata.is_dir() {
            return self.add_folder(path, &options.limits);
        }
        if let Some(archive) = archive_at(path, &options.limits)? {
            self.jobs.push(Job::Archive(archive));
            return Ok(());
        }
        self.file_bytes += metadata.len();
        self.jobs.push(Job::File { path: path.to_owned(), given: true });
        Ok(())
    }

    pub(super) fn total_bytes(&self) -> u64 {
        let archives = self.jobs.iter().map(|job| match job {
            Job::File { .. } => 0,
            Job::Archive(archive) => archive.declared_bytes(),
        });
        archives.fold(self.file_bytes, u64::saturating_add)
    }

    fn add_folder(&mut self, folder: &Path, limits: &ImportLimits) -> Result<(), IngestError> {
        let mut files = Vec::new();
        collect(folder, limits.folder_depth, limits, &mut files)?;
        files.sort_by(|a, b| by_name(a, b));
        for path in files {
            let shown = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            match judge_file(&shown) {
                NameVerdict::Ignore => {}
                NameVerdict::LeaveAlone(why) => {
                    self.left_alone.push(FileReport::left_alone(path, why))
                }
                NameVerdict::Archive => match list(&path, limits) {
                    Ok(archive) => self.jobs.push(Job::Archive(archive)),
                    Err(error) => self.left_alone.push(FileReport::unreadable(path, &error)),
                },
                NameVerdict::Open | NameVerdict::Look => {
                    self.file_bytes += fs::metadata(&path).map_or(0, |metadata| metadata.len());
                    self.jobs.push(Job::File { path, given: false });
                }
            }
        }
        Ok(())
    }
}

fn io_error(path: &Path, source: std::io::Error) -> IngestError {
    IngestError::Io { path: path.to_owned(), source }
}

/// Collects regular files; links are not followed, so that no folder is visited twice.
fn collect(
    folder: &Path,
    depth: usize,
    limits: &ImportLimits,
    files: &mut Vec<PathBuf>,
) -> Result<(), IngestError> {
    for entry in fs::read_dir(folder).map_err(|source| io_error(folder, source))? {
        let entry = entry.map_err(|source| io_error(folder, source))?;
        let kind = entry.file_type().map_err(|source| io_error(&entry.path(), source))?;
        if kind.is_dir() && entry.file_name() != OsStr::new("__MACOSX") {
            if depth == 0 {
                return Err(too_many(folder, "the depth of folders", limits.folder_depth));
            }
            collect(&entry.path(), depth - 1, limits, files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
        if files.len() > limits.entries {
            return Err(too_many(folder, "the number of files", limits.entries));
        }
    }
    Ok(())
}

fn too_many(folder: &Path, what: &'static str, limit: usize) -> IngestError {
    IngestError::TooLarge { path: folder.to_owned(), line: 0, what, limit: limit.to_string() }
}

/// Lists the archive that a file is, if it is one. A workbook is read as a file.
fn archive_at(path: &Path, limits: &ImportLimits) -> Result<Option<Archive>, IngestError> {
    if !is_archive(path)? {
        return Ok(None);
    }
    let mut zip = open_file(path, limits)?;
    if is_workbook(&zip) {
        return Ok(None);
    }
    list_open(&mut zip, path, limits).map(Some)
}

/// Zip archives are known by their content: browsers and people rename them.
fn is_archive(path: &Path) -> Result<bool, IngestError> {
    let mut magic = [0; 4];
    let mut file = fs::File::open(path).map_err(|source| io_error(path, source))?;
    Ok(file.read_exact(&mut magic).is_ok() && matches!(&magic, b"PK\x03\x04" | b"PK\x05\x06"))
}
