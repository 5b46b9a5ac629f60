//! The files of uploads as they lie on disk, and what they are called to those who sent them. Which
//! ending means what is told where the list of [imports](crate::imports) is.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use segue_ingest::FileReport;

use crate::app::App;
use crate::imports::UploadLabel;

/// Says beside files that were received whose they are.
pub(crate) fn describe(app: &App, id: &str, label: &UploadLabel) -> io::Result<()> {
    let mut described = File::create_new(app.imports.folder().join(format!("{id}.json")))?;
    described.write_all(&serde_json::to_vec(label)?)?;
    described.sync_all()
}

/// Takes over files that were received in full and described: from now on they survive a crash.
pub(crate) fn take_over(app: &App, id: &str) -> io::Result<()> {
    let folder = app.imports.folder();
    let part = app.imports.part(id);
    File::open(&part)?.sync_all()?;
    std::fs::rename(part, folder.join(format!("{id}.upload")))?;
    File::open(folder)?.sync_all()
}

/// Removes an upload that was described, whatever became of it. One that is being read ends soon:
/// its files are gone.
pub(crate) fn discard(app: &App, id: &str) -> io::Result<()> {
    let folder = app.imports.folder();
    for ending in ["part", "upload", "quarantine", "begun", "json"] {
        let path = folder.join(format!("{id}.{ending}"));
        let removed =
            if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
        removed.or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
    }
    Ok(())
}

/// Whether there is an upload that a file beside it speaks of.
pub(crate) fn is_described(beside: &Path) -> bool {
    ["upload", "quarantine"].iter().any(|ending| beside.with_extension(ending).exists())
}

/// The id of an upload, and whose it is.
pub(crate) fn described(upload: &Path) -> io::Result<(String, UploadLabel)> {
    let id = upload.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    Ok((id.to_owned(), read_label(&upload.with_extension("json"))?))
}

/// Whose an upload is.
pub(crate) fn label_of(app: &App, id: &str) -> io::Result<UploadLabel> {
    read_label(&app.imports.folder().join(format!("{id}.json")))
}

fn read_label(path: &Path) -> io::Result<UploadLabel> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}

/// The files of an upload. They are named one by one, since of a folder whatever is no export is
/// passed over in silence.
pub(crate) fn files(upload: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(upload)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.sort();
    Ok(files)
}

/// Lets the account of a file speak of it as its owner does.
pub(crate) fn name_as_sent(upload: &Path, report: &mut FileReport) {
    report.path = named(upload, &report.path);
    report.note = report.note.take().map(|note| without_place(upload, &note));
}

/// A message that does not say where the file lies here.
pub(crate) fn without_place(upload: &Path, message: &str) -> String {
    message.replace(&format!("{}{}", upload.display(), std::path::MAIN_SEPARATOR), "")
}

/// A file as its owner knows it, not where it lies here.
pub(crate) fn named(upload: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(upload).unwrap_or(path).to_owned()
}
