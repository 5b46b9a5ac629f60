//! How it stands with the world in use, for whoever only looks: a file that is gone is no error
//! there.

use std::io;
use std::path::PathBuf;

use segue_store::{Store, WorldInUse};
use segue_world::{World, WorldError};
use serde::Serialize;

use crate::{Library, Result};

/// The world in use, as its file is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorldStatus {
    /// Where the file was when it was taken into use.
    pub path: PathBuf,
    /// The digest that it had then.
    pub digest: String,
    /// What lies there now.
    pub state: WorldState,
    /// How many recordings it has; `None` where it cannot be read.
    pub recordings: Option<usize>,
}

/// What lies where the file of the world in use was. Only trainings read it: mixes are made
/// without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorldState {
    /// The file that was taken into use.
    There,
    /// Nothing.
    Gone,
    /// Another world.
    Another,
    /// Something that cannot be read, or is no world.
    Unreadable,
}

impl WorldState {
    /// What there is to say of it, as the end of an English sentence that begins with the file;
    /// `None` where all is well.
    pub fn problem(self) -> Option<&'static str> {
        match self {
            Self::There => None,
            Self::Gone => Some("is not there any more"),
            Self::Another => Some("is not the world that was taken into use"),
            Self::Unreadable => Some("cannot be read as a world any more"),
        }
    }
}

/// What to do about a world that cannot be read.
pub(crate) const REMEDY: &str = "mixes need no world, but the next training does: `segue world use \
                                 FILE` takes one, `segue world drop` goes on without";

impl WorldStatus {
    /// Looks at the file of the world in use, without reading all of it; `None` if none is in use.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(store: &Store) -> Result<Option<Self>> {
        let Some(WorldInUse { path, digest }) = store.world()? else { return Ok(None) };
        let (state, recordings) = match World::open(&path) {
            Ok(world) if world.digest() == digest => (WorldState::There, Some(world.len())),
            Ok(world) => (WorldState::Another, Some(world.len())),
            Err(WorldError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                (WorldState::Gone, None)
            }
            Err(_) => (WorldState::Unreadable, None),
        };
        Ok(Some(Self { path, digest, state, recordings }))
    }
}

impl Library {
    /// The world in use, as its file is now; `None` if none is in use. Unlike [`Self::world`] it
    /// tells of a file that is gone, where that one fails.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn world_status(&self) -> Result<Option<WorldStatus>> {
        WorldStatus::find(self.store())
    }
}
