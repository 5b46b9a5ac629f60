//! A library with a world: what many people elsewhere play, for somebody who brings nothing but a
//! history.
//!
//! The file holds millions of recordings, a catalogue holds what its listeners may be offered. So
//! before a training, what is [near](draw) to what the listeners play becomes tracks of the
//! library, like those of an import: mixes, pages, similar tracks and exports need to know nothing
//! of worlds. What models need of it is copied into the set that is trained, which serves without
//! the file.

mod build;
mod draw;
mod kept;
mod releases;
mod rows;
mod status;

use std::path::Path;

use segue_core::Track;
use segue_engine::Catalogue;
use segue_engine::dataset::plays::Plays;
use segue_store::{Store, WorldInUse};
use segue_world::{Sound, World, WorldError};

#[cfg(feature = "spark")]
pub use build::build_world_on;
pub use build::{build_world, update_world};
pub use kept::{drop_world, keep_world};
pub use rows::{DrawnRows, WorldView};
pub(crate) use status::REMEDY;
pub use status::{WorldState, WorldStatus};

use crate::{Dataset, Error, Library, Result};

/// How the works of a library's listeners were found in a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorldMatch {
    /// Works that anybody played, saved or answered.
    pub works: usize,
    /// Those of them that the world has.
    pub matched: usize,
    /// Those without an artist or a title that says anything.
    pub unnamed: usize,
    /// Plays of all works.
    pub plays: u64,
    /// Plays of the works that the world has.
    pub plays_matched: u64,
}

impl Library {
    /// Uses a world from the next training on. Nothing of it is copied yet; the file has to stay
    /// where it is for further trainings.
    ///
    /// # Errors
    /// [`Error::World`] where it is no world, or a damaged one.
    pub fn use_world(&mut self, path: impl AsRef<Path>) -> Result<WorldMatch> {
        use_world(self.store_mut(), path.as_ref())
    }

    /// Goes on without a world from the next training on. Tracks that came from it stay, as those
    /// of any import do.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn drop_world(&mut self) -> Result<()> {
        drop_world(self.store_mut())
    }

    /// The world in use, opened; `None` if there is none.
    ///
    /// # Errors
    /// [`Error::World`] where the file is gone, or is not what it was.
    pub fn world(&self) -> Result<Option<World>> {
        world_in_use(self.store())
    }
}

/// How a track sounds, by the word of the world in use; `None` where none is in use, its file is
/// not there, or nobody ever analysed the track.
///
/// # Errors
/// When the store cannot be read.
pub fn world_sound(store: &Store, track: &Track) -> Result<Option<Sound>> {
    match world_in_use(store) {
        Ok(Some(world)) => Ok(rows::find(&world, track).and_then(|row| world.sound(row))),
        Ok(None) | Err(Error::LostWorld(_) | Error::OtherWorld { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn use_world(store: &mut Store, path: &Path) -> Result<WorldMatch> {
    let failed = |source| WorldError::Io { path: path.to_owned(), source };
    let path = path.canonicalize().map_err(failed)?;
    let world = World::open(&path)?;
    let (catalogue, plays) = Dataset::plays(store)?;
    let matched = WorldMatch::of(&world, &catalogue, &plays);
    store.use_world(Some(&WorldInUse { path, digest: world.digest() }))?;
    kept::remove_unused(store);
    Ok(matched)
}

/// Opens the world in use.
pub(crate) fn world_in_use(store: &Store) -> Result<Option<World>> {
    let Some(WorldInUse { path, digest }) = store.world()? else { return Ok(None) };
    let world = World::open(&path).map_err(Error::LostWorld)?;
    if world.digest() != digest {
        return Err(Error::OtherWorld { path });
    }
    Ok(Some(world))
}

impl WorldMatch {
    fn of(world: &World, catalogue: &Catalogue, plays: &[Plays]) -> Self {
        let mut counts = vec![0; catalogue.work_count()];
        for one in plays {
            for interaction in &one.profile(catalogue).interactions {
                counts[interaction.work.row()] += u64::from(interaction.plays.max(1));
            }
        }
        let view = rows::recordings(world, catalogue);
        let mut found = Self::default();
        for work in catalogue.works().filter(|work| counts[work.row()] > 0) {
            let plays = counts[work.row()];
            (found.works, found.plays) = (found.works + 1, found.plays + plays);
            if view.of_work(work).is_some() {
                found.matched += 1;
                found.plays_matched += plays;
            } else if !rows::is_named(catalogue, work) {
                found.unnamed += 1;
            }
        }
        found
    }
}
