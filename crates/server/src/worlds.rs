//! Worlds among the files of an upload: what a world is told in a sentence before it is taken over,
//! and that it is taken over once the histories beside it were read.

use std::io;
use std::path::{Path, PathBuf};

use segue::world::{World, WorldError};
use segue::{Error, WorldMatch, keep_world};
use segue_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiError, ApiResult, chain};
use crate::uploads::{named, without_place};

/// A world that lies in an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UploadedWorld)]
pub(crate) struct FoundWorld {
    /// The name of its file.
    pub(crate) file: String,
    /// Recordings that it knows.
    pub(crate) recordings: u64,
    /// People whose listens it sums up.
    pub(crate) people: u64,
}

/// A world that was taken into use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = WorldTaken)]
pub(crate) struct KeptWorld {
    /// The name of its file when it was sent.
    pub(crate) file: String,
    /// Songs of the library that anybody played, saved or answered.
    pub(crate) songs: usize,
    /// Those of them that the world knows.
    pub(crate) known: usize,
}

/// The world among the files of an upload, if there is one, and the other files.
///
/// # Errors
/// Where there are several: one is used at a time.
pub(crate) fn apart(files: Vec<PathBuf>) -> ApiResult<(Option<PathBuf>, Vec<PathBuf>)> {
    let (mut worlds, files): (Vec<PathBuf>, Vec<PathBuf>) =
        files.into_iter().partition(|file| World::is_one(file));
    let world = worlds.pop();
    match worlds.is_empty() {
        true => Ok((world, files)),
        false => Err(ApiError::bad_request(
            "several_worlds",
            format!("there are {} worlds in it, and one is used at a time", worlds.len() + 1),
        )
        .hint("send the one that is to be used")),
    }
}

/// What a world says of itself.
pub(crate) fn look(upload: &Path, file: &Path) -> ApiResult<FoundWorld> {
    let world = World::open(file).map_err(|error| unusable(upload, &error.into()))?;
    Ok(FoundWorld {
        file: named(upload, file).display().to_string(),
        recordings: world.len() as u64,
        people: world.manifest().report.people,
    })
}

/// Reads all of a world, so that what comes with a damaged one is not imported before it is
/// refused.
pub(crate) fn verify(upload: &Path, file: &Path) -> ApiResult<()> {
    let verified = World::open(file).and_then(|world| world.verify(&mut |_| {}));
    verified.map_err(|error| unusable(upload, &error.into()))
}

/// Takes a world over into the library, for the next training.
pub(crate) fn keep(store: &mut Store, upload: &Path, file: &Path) -> ApiResult<KeptWorld> {
    let found = keep_world(store, file).map_err(|error| match error {
        Error::Store(error) => error.into(),
        // It was read before: what fails now is this machine.
        Error::World(WorldError::Io { path, source }) => match source.kind() {
            io::ErrorKind::StorageFull => ApiError::disk_full(&source),
            _ => ApiError::internal(&WorldError::Io { path, source }),
        },
        error => unusable(upload, &error),
    })?;
    let WorldMatch { works: songs, matched: known, .. } = found;
    Ok(KeptWorld { file: named(upload, file).display().to_string(), songs, known })
}

fn unusable(upload: &Path, error: &Error) -> ApiError {
    ApiError::bad_request("unreadable", without_place(upload, &chain(error)))
        .hint("`segue world verify FILE` reads the file where it came from")
}
