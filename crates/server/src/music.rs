//! The files of a song: which of the folders that may be played from hold it, and where.

use std::path::{Path, PathBuf};

use segue::is_sound_file;
use segue_core::Track;
use segue_engine::{Catalogue, TrackIdx};

/// A file of music that may be played.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MusicFile {
    /// Its real path.
    pub(crate) path: PathBuf,
    /// The real path of the folder of music that it lies in: nothing outside of it is read.
    pub(crate) folder: PathBuf,
}

/// The file of a track, then those of other releases of its song that are versions of the same
/// kind, as far as they lie in one of the folders.
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
    folders.iter().find_map(|folder| {
        let folder = folder.canonicalize().ok()?;
        let path = folder.join(Path::new(named.as_ref())).canonicalize().ok()?;
        let is_here = path.starts_with(&folder) && path.is_file() && is_sound_file(&path);
        is_here.then_some(MusicFile { path, folder })
    })
}
