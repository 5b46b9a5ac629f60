//! Worlds that somebody hands to a library, as by dropping one on a page: the library keeps the
//! file, which has no other place to stay, for as long as it is in use.

use std::fs::{self, File};
use std::path::Path;

use segue_store::Store;
use segue_world::{World, WorldError};

use super::{WorldMatch, use_world};
use crate::Result;

/// The folder of a library that holds the world which was handed to it.
const FOLDER: &str = "worlds";

/// Takes a world over into the folder of a library and uses it from the next training on, in place
/// of whichever was in use. All of it is read first. The file stays where it is under its own name,
/// too, if the file system can have it under two, so that whoever is interrupted can do it again.
///
/// The file has to lie in the same file system as the library.
///
/// # Errors
/// [`Error::World`](crate::Error::World) where it is no world or a damaged one, or cannot be moved.
///
/// # Panics
/// If the store is in memory, which has no folder.
pub fn keep_world(store: &mut Store, file: &Path) -> Result<WorldMatch> {
    let world = World::open(file)?;
    world.verify(&mut |_| {})?;
    let folder = store.folder().expect("a library has a folder").join(FOLDER);
    let kept = folder.join(format!("{}.world", world.digest()));
    drop(world);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WorldError::Io { path, source }
    };
    fs::create_dir_all(&folder).map_err(failed(&folder))?;
    // A file of that name may be damaged by now: this one takes its place.
    let linked = kept.with_extension("partial");
    let _ = fs::remove_file(&linked);
    let placed = match fs::hard_link(file, &linked) {
        Ok(()) => fs::rename(&linked, &kept),
        Err(_) => fs::rename(file, &kept),
    };
    placed.and_then(|()| File::open(&folder)?.sync_all()).map_err(failed(&kept))?;
    use_world(store, &kept)
}

/// Goes on without a world from the next training on.
///
/// # Errors
/// [`Error::Store`](crate::Error::Store).
pub fn drop_world(store: &mut Store) -> Result<()> {
    store.use_world(None)?;
    remove_unused(store);
    Ok(())
}

/// Removes what the library keeps but for the world that is in use at this moment. What cannot be
/// removed is in nobody's way, and goes the next time.
pub(super) fn remove_unused(store: &Store) {
    let Some(folder) = store.folder().map(|folder| folder.join(FOLDER)) else { return };
    let Ok(folder) = folder.canonicalize() else { return };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()).filter(|path| is_kept_name(path)) {
        let is_unused =
            store.world().is_ok_and(|in_use| in_use.is_none_or(|in_use| in_use.path != path));
        if is_unused {
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether a file is called as [`keep_world`] calls one: what somebody put beside them is theirs.
fn is_kept_name(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let is_digest = stem.len() == 16 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest && path.extension().is_some_and(|extension| extension == "world")
}
