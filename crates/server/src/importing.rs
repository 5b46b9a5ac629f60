//! Imports at work: takes over files that were received, reads them into the store one upload at a
//! time, and trains a model on what is there then. How far each is stands in the list of
//! [imports](crate::imports), which knows nothing of the rest of the server.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use segue::{Error, ModelsError, OnlyPlayed, Start, StoreSink};
use segue_core::{ListenerId, Record};
use segue_ingest::{
    Earlier, FileIdentity, FileReport, FileSink, ImportOptions, ImportProgress, IngestError, Keeps,
    Sink, SinkError, import,
};
use segue_store::{Store, StoreError};
use tokio::sync::SemaphorePermit;

use crate::app::App;
use crate::error::{ApiError, ApiResult, CANNOT_TRAIN, DISK_FULL, chain};
use crate::imports::{ImportState, UploadLabel};
use crate::limits;
use crate::uploads::{described, files, is_described, name_as_sent, named, without_place};
use crate::worlds;

/// How often somebody was forgotten.
pub(crate) async fn forgotten(app: &App) -> ApiResult<i64> {
    app.readers.run(|store| Ok(store.marks()?.forgotten)).await
}

/// Goes on with what a crash left behind, and clears away what is of no use.
pub(crate) fn resume(app: &Arc<App>) -> io::Result<()> {
    for entry in std::fs::read_dir(app.imports.folder())? {
        let path = entry?.path();
        let resumed = match path.extension().and_then(|extension| extension.to_str()) {
            Some("part") => std::fs::remove_dir_all(&path),
            Some("json" | "begun") if !is_described(&path) => std::fs::remove_file(&path),
            Some("upload") => resume_one(app, &path),
            Some("quarantine") => list_quarantined(app, &path),
            _ => Ok(()),
        };
        if let Err(error) = resumed {
            tracing::warn!("`{}`, left by an import that was cut off: {error}", path.display());
        }
    }
    Ok(())
}

fn resume_one(app: &Arc<App>, upload: &Path) -> io::Result<()> {
    let (id, label) = described(upload)?;
    if app.imports.begun(&id).exists() {
        // Read again, it would take the server down again, at every start.
        let quarantine = upload.with_extension("quarantine");
        std::fs::rename(upload, &quarantine)?;
        std::fs::remove_file(app.imports.begun(&id))?;
        return list_quarantined(app, &quarantine);
    }
    tracing::info!(id, "goes on with an import that was cut off");
    start(app, &id, label);
    Ok(())
}

fn list_quarantined(app: &Arc<App>, upload: &Path) -> io::Result<()> {
    let (id, label) = described(upload)?;
    tracing::error!(
        id,
        name = label.name,
        "the server crashed or was killed while it read this upload, which lies in `{}` now and \
        is not read again by itself",
        upload.display()
    );
    app.imports.remember(&id, &label, ImportState::Failed);
    fail(
        app,
        &id,
        "the server crashed or was killed while it was read, so that it is not read again by \
        itself; what was read until then is kept, and uploading it again goes on from there",
    );
    Ok(())
}

/// Says why an import ended early.
pub(crate) fn fail(app: &App, id: &str, problem: impl Into<String>) {
    app.imports.update(id, |status| {
        status.state = ImportState::Failed;
        status.problem = Some(problem.into());
    });
}

/// Puts an upload on the list and reads it in the background.
pub(crate) fn start(app: &Arc<App>, id: &str, label: UploadLabel) {
    app.imports.remember(id, &label, ImportState::Waiting);
    read_in_turn(app, id, label);
}

/// Reads an upload in the background, when it is its turn.
pub(crate) fn read_in_turn(app: &Arc<App>, id: &str, label: UploadLabel) {
    let (app, id) = (Arc::clone(app), id.to_owned());
    tokio::spawn(async move {
        let outcome = loop {
            let turn = app.imports.turn().acquire().await.expect("the semaphore is never closed");
            let outcome = run(&app, &id, &label).await;
            drop(turn);
            match outcome {
                Err(error) if error.code == DISK_FULL => wait_for_room(&app, &id, error).await,
                outcome => break outcome,
            }
        };
        if let Err(error) = outcome {
            tracing::warn!(id, "an import failed: {}", error.message);
            unmark(&app, &id);
            if error.status.is_client_error() {
                // It would fail again at the next start.
                let _ = remove(&app.imports.folder().join(format!("{id}.upload")));
            }
            fail(&app, &id, error.message);
        }
    });
}

/// Says why an import waits, and waits.
async fn wait_for_room(app: &App, id: &str, error: ApiError) {
    /// How often it is tried whether there is room.
    const EVERY: Duration = Duration::from_secs(30);
    unmark(app, id);
    app.imports.update(id, |status| {
        status.state = ImportState::Waiting;
        status.problem = Some(error.message);
    });
    tokio::time::sleep(EVERY).await;
    app.imports.update(id, |status| status.problem = None);
}

async fn run(app: &Arc<App>, id: &str, label: &UploadLabel) -> ApiResult<()> {
    let upload = app.imports.folder().join(format!("{id}.upload"));
    if !upload.exists() {
        return end_unwanted(app, id);
    }
    let begun = app.imports.begun(id);
    let mark = || File::create(&begun).and_then(|mark| mark.sync_all());
    mark().map_err(|error| ApiError::internal(&error))?;
    loop {
        let read = read(app, id, label, &upload).await;
        app.listeners.clear();
        match read {
            _ if !upload.exists() => return end_unwanted(app, id),
            Ok(()) => break,
            Err(error) if error.code == FORGOTTEN_SINCE => {}
            Err(error) => return Err(error),
        }
    }
    app.imports.update(id, |status| status.state = ImportState::Training);
    let progress = {
        let (app, id) = (Arc::clone(app), id.to_owned());
        move |done| app.imports.update(&id, |status| status.trained = done)
    };
    let trained = train(app, Start::Fresh, progress).await;
    if !upload.exists() {
        return end_unwanted(app, id);
    }
    // Not before: after a crash it is read again, which finds every row there, and then trained
    // from.
    remove(&upload).map_err(|error| ApiError::internal(&error))?;
    unmark(app, id);
    let only_played = app.readers.run(|store| Ok(OnlyPlayed::find(store)?)).await?;
    app.imports.update(id, |status| {
        status.state = ImportState::Done;
        let in_full = |error: ApiError| match error.hint {
            Some(hint) => format!("{}; {hint}", error.message),
            None => error.message,
        };
        status.problem = trained.err().map(in_full);
        status.only_played = only_played;
    });
    Ok(())
}

/// The server outlived an upload.
fn unmark(app: &App, id: &str) {
    if let Err(error) = std::fs::remove_file(app.imports.begun(id))
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(id, "an import that has ended still counts as begun: {error}");
    }
}

/// The server stops on purpose: what is being read is no suspect, and read on at the next start.
pub(crate) fn stop(app: &App) {
    for status in app.imports.statuses() {
        unmark(app, &status.id);
    }
}

fn remove(upload: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(upload)?;
    std::fs::remove_file(upload.with_extension("json"))
}

/// The files are gone: somebody cancelled the import, or its listener was forgotten.
fn end_unwanted(app: &App, id: &str) -> ApiResult<()> {
    unmark(app, id);
    fail(app, id, CANCELLED);
    Ok(())
}

async fn read(app: &Arc<App>, id: &str, label: &UploadLabel, upload: &Path) -> ApiResult<()> {
    app.imports.update(id, |status| status.state = ImportState::Reading);
    let (app, id, upload) = (Arc::clone(app), id.to_owned(), upload.to_owned());
    let label = label.clone();
    let read = tokio::task::spawn_blocking(move || {
        let mut store = Store::open(&app.config.library)?;
        let files = files(&upload).map_err(|error| ApiError::internal(&error))?;
        let (world, files) = worlds::apart(files)?;
        if let Some(world) = &world {
            worlds::verify(&upload, world)?;
        }
        if !files.is_empty() {
            let mut options = options(&label, &files);
            // Who was forgotten since may be in it, unless they are its listener: then it would
            // have gone with them.
            let is_fenced =
                options.keeps == Keeps::Everything && store.marks()?.forgotten != label.forgotten;
            if is_fenced {
                options.keeps = Keeps::OwnAndCatalogue;
            }
            let note = is_fenced.then(|| fenced(&options.listener));
            let sink = StoreSink::new(&mut store, &options);
            let sink = WantedSink { sink, upload: &upload, records: 0, note };
            read_files(&app, &id, &files, &options, sink)?;
        }
        // Afterwards: how much it knows of what was played is told.
        if let Some(world) = world {
            let kept = worlds::keep(&mut store, &upload, &world)?;
            app.imports.update(&id, |status| status.kept_world = Some(kept));
        }
        Ok(())
    });
    read.await.map_err(|error| ApiError::internal(&error))?
}

/// Reads the histories of an upload.
fn read_files(
    app: &App,
    id: &str,
    files: &[PathBuf],
    options: &ImportOptions,
    mut sink: WantedSink<'_>,
) -> ApiResult<()> {
    let upload = sink.upload;
    let mut observer = |progress: ImportProgress<'_>| {
        app.imports.update(id, |status| {
            (status.bytes_read, status.bytes_total) = (progress.bytes_read, progress.bytes_total);
            status.file = named(upload, progress.path).display().to_string();
        });
    };
    let report = import(files, options, &mut observer, &mut sink);
    let counts = sink.sink.finish()?;
    let mut report = report.map_err(|error| match error {
        IngestError::Sink { source, .. } if is_forgotten_since(&source) => {
            ApiError::conflict(FORGOTTEN_SINCE, source.to_string())
        }
        IngestError::Sink { source, .. } => match source.downcast::<StoreError>() {
            Ok(error) => (*error).into(),
            Err(source) => ApiError::internal(source.as_ref()),
        },
        IngestError::Io { .. } => ApiError::internal(&error),
        error => ApiError::bad_request("unreadable", without_place(upload, &chain(&error))),
    })?;
    report.files.iter_mut().for_each(|file| name_as_sent(upload, file));
    app.imports.update(id, |status| {
        (status.report, status.counts) = (Some(Arc::new(report)), Some(counts));
        // The end of a file is read ahead of what its rows say of it.
        status.bytes_read = status.bytes_total;
    });
    Ok(())
}

/// How the files of an upload are read. Among several, one that is no export keeps no other from
/// being read.
pub(crate) fn options(label: &UploadLabel, files: &[PathBuf]) -> ImportOptions {
    let mut options = ImportOptions::new(ListenerId::new(label.listener.as_str()));
    options.keeps = if label.sender.is_some() { Keeps::Own } else { Keeps::Everything };
    options.limits.rows = limits::MOST_UPLOADED_ROWS;
    options.leaves_unreadable = files.len() > 1;
    options
}

/// What is said of the files of an upload of which not everything may be kept any more.
fn fenced(owner: &ListenerId) -> String {
    format!(
        "somebody was forgotten after it was received, so that of its plays and feedback only \
         those of `{owner}` were kept"
    )
}

/// What is said of an import that nobody wanted any more.
pub(crate) const CANCELLED: &str = "cancelled";
/// The code of what was cut off because somebody was forgotten.
const FORGOTTEN_SINCE: &str = "forgotten_since";
/// The code of a training that another one or an import keeps from its turn.
const BUSY: &str = "busy";
/// How often a training is begun anew because somebody was forgotten during it.
const TRAININGS: usize = 5;

fn is_forgotten_since(error: &SinkError) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::ForgottenSince))
        || matches!(error.downcast_ref(), Some(segue::Error::Store(StoreError::ForgottenSince)))
}

/// Ends the reading of an upload that nobody wants any more.
struct WantedSink<'s> {
    sink: StoreSink<'s>,
    /// Where its files are: once they are gone nobody wants it read.
    upload: &'s Path,
    /// Records handed on so far.
    records: u64,
    /// What there is to say of each file.
    note: Option<String>,
}

impl Sink for WantedSink<'_> {
    fn accept(&mut self, row: u64, record: Record) -> Result<(), SinkError> {
        /// Records after which it is looked whether it is wanted still.
        const LOOK_AFTER: u64 = 1_000;
        self.records += 1;
        if self.records.is_multiple_of(LOOK_AFTER) && !self.upload.exists() {
            return Err("nobody wants it read any more".into());
        }
        self.sink.accept(row, record)
    }
}

impl FileSink for WantedSink<'_> {
    fn begin_file(&mut self, file: &FileIdentity) -> Result<Earlier, SinkError> {
        self.sink.begin_file(file)
    }

    fn end_file(&mut self, report: &mut FileReport) -> Result<(), SinkError> {
        if let Some(note) = &self.note {
            report.add_note(note);
        }
        self.sink.end_file(report)
    }
}

/// Trains a model on what is there now, and puts it in use.
///
/// The caller holds a turn: imports do, others take one with [`train_in_turn`].
pub(crate) async fn train(
    app: &Arc<App>,
    start: Start,
    progress: impl Fn(f32) + Send + 'static,
) -> ApiResult<String> {
    let trainer = Arc::clone(app);
    let trained = tokio::task::spawn_blocking(move || {
        let mut store = Store::open(&trainer.config.library)?;
        for _ in 0..TRAININGS {
            match trainer.models.train(&mut store, start, &progress) {
                Err(error) if is_forgotten_since(&error) => {}
                trained => return trained.map_err(cannot_train),
            }
        }
        Err(ApiError::overloaded(
            FORGOTTEN_SINCE,
            "listeners are being forgotten one after another",
        ))
    });
    let trained = trained.await.map_err(|error| ApiError::internal(&error))?;
    // The catalogue may have grown even if there is nothing to learn from.
    app.build().await?;
    trained
}

fn cannot_train(error: ModelsError) -> ApiError {
    let error = match error.downcast::<Error>() {
        Ok(error) => match *error {
            // A full disk, a store that is busy: whoever tries again may succeed.
            Error::Store(error) => return error.into(),
            error => error.into(),
        },
        Err(error) => error,
    };
    let is_of_world =
        matches!(error.downcast_ref(), Some(Error::LostWorld(_) | Error::OtherWorld { .. }));
    let refused = ApiError::conflict(CANNOT_TRAIN, chain(error.as_ref()));
    match is_of_world {
        // It says itself what to do.
        true => refused,
        false => refused
            .hint("import more: a history with plays or likes, and a table of audio features"),
    }
}

/// Trains a model whenever the one in use went with somebody who was forgotten. Ends with the
/// server.
pub(crate) async fn make_up_for_forgetting(app: Arc<App>) {
    /// How often it is looked for.
    const EVERY: Duration = Duration::from_secs(1);
    let mut tried = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let snapshot = app.snapshot.load_full();
        let forgotten = Some(snapshot.marks.forgotten);
        if snapshot.in_use.is_some() || snapshot.fallback.is_none() || tried == forgotten {
            continue;
        }
        drop(snapshot);
        match train_in_turn(&app).await {
            Ok(version) => tracing::info!(version, "trained without who was forgotten"),
            // Whatever is under way trains a model when it has been read.
            Err(error) if error.code == BUSY => {}
            Err(error) => {
                tracing::warn!("no model without who was forgotten: {}", error.message);
                tried = forgotten;
            }
        }
    }
}

/// Trains a model when nothing else is imported or trained.
pub(crate) async fn train_in_turn(app: &Arc<App>) -> ApiResult<String> {
    let _turn = turn(app)?;
    train(app, Start::Fresh, |_| {}).await
}

/// The turn to change what trainings go by, where nothing is imported or trained.
pub(crate) fn turn(app: &App) -> ApiResult<SemaphorePermit<'_>> {
    app.imports.turn().try_acquire().map_err(|_| {
        ApiError::conflict(BUSY, "an import or a training is under way")
            .hint("an import trains a model when it has been read")
    })
}
