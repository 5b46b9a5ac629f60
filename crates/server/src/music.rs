//! The files of a song: which of the folders that may be played from hold it, and where.
//!
//! To know that a disk is asked, a share of another machine perhaps: [`on_disk`] keeps that from
//! holding up other requests, and where the folders really are is remembered for a moment, so that
//! a page of cards asks once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use segue::is_sound_file;
use segue_core::Track;
use segue_engine::{Catalogue, TrackIdx};
use tokio::runtime::{Handle, RuntimeFlavor};

/// So long it is believed where folders really are.
const BELIEVED: Duration = Duration::from_secs(2);

/// The real paths of the folders that may be played from.
#[derive(Default)]
pub(crate) struct MusicFolders(Mutex<Option<RealFolders>>);

struct RealFolders {
    /// As they were named.
    named: Vec<PathBuf>,
    real: Arc<[PathBuf]>,
    at: Instant,
}

impl MusicFolders {
    /// The real paths of some folders, without those that are not there.
    pub(crate) fn real(&self, named: Vec<PathBuf>) -> Arc<[PathBuf]> {
        let known = || self.0.lock().expect("nothing that holds the lock can panic");
        let is_known = |known: &&RealFolders| known.named == named && known.at.elapsed() < BELIEVED;
        if let Some(known) = known().as_ref().filter(is_known) {
            return Arc::clone(&known.real);
        }
        // A disk that does not answer must not hold up those who know already.
        let real: Arc<[PathBuf]> =
            named.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        *known() = Some(RealFolders { named, real: Arc::clone(&real), at: Instant::now() });
        real
    }
}

/// Runs what asks a disk in the midst of a request: others go on on other threads meanwhile.
pub(crate) fn on_disk<T>(work: impl FnOnce() -> T) -> T {
    let runtime = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    // A runtime of one thread, as tests have it, has no others.
    match runtime {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

/// A file of music that may be played.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MusicFile {
    /// Its real path.
    pub(crate) path: PathBuf,
    /// The real path of the folder of music that it lies in: nothing outside of it is read.
    pub(crate) folder: PathBuf,
}

/// The file of a track, then those of other releases of its song that are versions of the same
/// kind, as far as they lie in one of the folders, which are real paths.
pub(crate) fn files_of_song(
    folders: &[PathBuf],
    catalogue: &Catalogue,
    row: TrackIdx,
) -> impl Iterator<Item = MusicFile> {
    let version = catalogue.track(row).version;
    // Without folders there is nothing to look through.
    let versions = match folders {
        [] => &[],
        _ => catalogue.versions(catalogue.work(row)),
    };
    let own = (!folders.is_empty()).then(|| catalogue.track(row));
    let others = versions.iter().filter(move |other| **other != row);
    let others = others.map(|other| catalogue.track(*other));
    let others = others.filter(move |other| other.version == version && other.location.is_some());
    own.into_iter().chain(others).filter_map(|track| file_of(folders, track))
}

/// The file of a very track, whatever links and dots its name is made of.
fn file_of(folders: &[PathBuf], track: &Track) -> Option<MusicFile> {
    let named = track.location.as_deref().unwrap_or(track.id.as_str());
    // Addresses are percent-encoded, paths are not.
    let named = match named.strip_prefix("file://") {
        Some(address) => percent_encoding::percent_decode_str(address).decode_utf8().ok()?,
        None => named.into(),
    };
    let named = Path::new(named.as_ref());
    if track.location.is_none() && !is_sound_file(named) {
        // An id as most are: of a service, or of a name.
        return None;
    }
    folders.iter().find_map(|folder| {
        let path = folder.join(named).canonicalize().ok()?;
        let is_here = path.starts_with(folder) && path.is_file() && is_sound_file(&path);
        is_here.then(|| MusicFile { path, folder: folder.clone() })
    })
}
