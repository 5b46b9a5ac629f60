//! Worlds that somebody hands to a library, as by dropping one on a page: the library keeps the
//! file, which has no other place to stay.

use std::fs;
use std::path::{Path, PathBuf};

use segue_store::Store;
use segue_world::{World, WorldError};

use super::{WorldMatch, use_world};
use crate::Result;

/// The folder of a library that holds the world which was handed to it.
const FOLDER: &str = "worlds";

/// Whether a file begins like a world, so that it is no history to import.
pub fn is_world(path: &Path) -> bool {
    World::is_one(path)
}

/// Moves a world into the folder of a library and uses it from the next training on, in place of
/// whichever was in use. All of it is read first. Another one that was handed over before is
/// removed; a file that was taken into use [where it lies](crate::Library::use_world) is not.
///
/// The file has to lie in the same file system as the library.
///
/// # Errors
/// [`Error::World`](crate::Error::World) where it is no world or a damaged one, which leaves it
/// where it is, or cannot be moved.
pub fn keep_world(store: &mut Store, library: &Path, file: &Path) -> Result<WorldMatch> {
    let world = World::open(file)?;
    world.verify(&mut |_| {})?;
    let folder = library.join(FOLDER);
    let kept = folder.join(format!("{}.world", world.digest()));
    drop(world);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WorldError::Io { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    fs::rename(file, &kept).map_err(failed(&kept))?;
    let matched = use_world(store, &kept)?;
    for other in others(&folder, &kept) {
        // It is in nobody's way but that of other files: the next one tries again.
        let _ = fs::remove_file(other);
    }
    Ok(matched)
}

/// Worlds beside the one that is kept.
fn others(folder: &Path, kept: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.filter(|path| path != kept && World::is_one(path)).collect()
}
