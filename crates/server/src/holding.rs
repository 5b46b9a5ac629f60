//! Uploads that somebody looks at before they are imported: how their files are understood is told
//! at once, and nothing of them is kept until it is said that they are to be read.
//!
//! Until then they lie where they were received, so that a restart clears them away as it does what
//! was never received in full: whoever sent them has them still. A label beside them lets
//! forgetting find them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use segue_ingest::{FileExplanation, ImportOptions, explain_beginnings};

use crate::app::App;
use crate::error::{ApiError, ApiResult, chain};
use crate::importing::{self, CANCELLED};
use crate::imports::{ImportState, UploadLabel};
use crate::uploads;
use crate::worlds::{self, FoundWorld};

/// Files whose columns and first rows are held for whoever looks: bounds memory. Of those beyond it
/// is said what they are.
const MOST_SHOWN: usize = 100;

/// What an upload holds, as far as it was looked at.
#[derive(Debug)]
pub(crate) struct Understood {
    /// How its files are understood, by their beginnings.
    files: Vec<FileExplanation>,
    /// The world among them.
    world: Option<FoundWorld>,
}

/// Looks at the files of an upload.
pub(crate) async fn understand(app: &App, id: &str, label: &UploadLabel) -> ApiResult<Understood> {
    let (upload, label) = (app.imports.part(id), label.clone());
    let understood = tokio::task::spawn_blocking(move || {
        let files = uploads::files(&upload).map_err(|error| ApiError::internal(&error))?;
        let (world, files) = worlds::apart(files)?;
        let world = world.map(|world| worlds::look(&upload, &world)).transpose()?;
        Ok(Understood { files: explain_files(&upload, &files, &label)?, world })
    });
    understood.await.map_err(|error| ApiError::internal(&error))?
}

fn explain_files(
    upload: &Path,
    files: &[PathBuf],
    label: &UploadLabel,
) -> ApiResult<Vec<FileExplanation>> {
    let options = importing::options(label, files);
    let options = ImportOptions { leaves_unreadable: true, ..options };
    let mut explained = explain_beginnings(files, &options)
        .map_err(|error| ApiError::bad_request("unreadable", chain(&error)))?;
    for (number, file) in explained.iter_mut().enumerate() {
        uploads::name_as_sent(upload, &mut file.report);
        if number >= MOST_SHOWN {
            file.report.columns = Vec::new();
            file.records = Vec::new();
        }
    }
    Ok(explained)
}

/// Holds an upload until it is begun, cancelled, or was held for too long.
pub(crate) fn hold(app: &Arc<App>, id: &str, label: &UploadLabel, understood: Understood) {
    app.imports.remember(id, label, ImportState::Held);
    app.imports.update(id, |status| {
        status.explanation = Some(Arc::new(understood.files));
        status.found_world = understood.world;
    });
    tokio::spawn(watch(Arc::downgrade(app), id.to_owned()));
}

/// Begins to read an upload that is held.
pub(crate) fn begin(app: &Arc<App>, id: &str) -> ApiResult<()> {
    if !app.imports.release(id, ImportState::Waiting) {
        return Err(ApiError::conflict("not_held", "this import is not held any more"));
    }
    let label = uploads::label_of(app, id);
    match label.and_then(|label| uploads::take_over(app, id).map(|()| label)) {
        Ok(label) => importing::read_in_turn(app, id, label),
        Err(error) => {
            importing::fail(app, id, CANCELLED);
            if error.kind() != io::ErrorKind::NotFound {
                return Err(ApiError::internal(&error));
            }
        }
    }
    Ok(())
}

/// Ends the holding of an upload once it was held for too long, or its files are gone since its
/// listener was forgotten.
async fn watch(app: Weak<App>, id: String) {
    /// How often it is looked whether the files are there.
    const EVERY: Duration = Duration::from_secs(1);
    let since = Instant::now();
    while let Some(app) = app.upgrade() {
        if app.imports.status(&id).is_none_or(|status| status.state != ImportState::Held) {
            return;
        }
        let left = app.config.limits.held_time.saturating_sub(since.elapsed());
        if left.is_zero() {
            return end(&app, &id, "it was not begun in time, and removed: send it again");
        }
        if !app.imports.part(&id).exists() {
            return end(&app, &id, CANCELLED);
        }
        drop(app);
        tokio::time::sleep(left.min(EVERY)).await;
    }
}

fn end(app: &App, id: &str, why: &str) {
    if !app.imports.release(id, ImportState::Failed) {
        return;
    }
    importing::fail(app, id, why);
    if let Err(error) = uploads::discard(app, id) {
        tracing::warn!(id, "an upload that was held for too long cannot be removed: {error}");
    }
}
