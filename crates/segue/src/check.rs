//! Whether a library is sound: its store, and every model that it would serve.

use std::sync::Arc;

use segue_engine::Catalogue;
use segue_store::{ModelEntry, ServerConnection};
use segue_world::World;
use serde::Serialize;

use crate::models::{Models as _, StandardModels, bind, in_a_line};
use crate::sealed::is_whole;
use crate::worlds::REMEDY;
use crate::{Library, Result, WorldStatus, listener_works, search};

const MADE_ANEW: &str = "remove it: it is made anew. The disk may be failing";

/// What a check of a library went through, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LibraryCheck {
    /// Tracks that were read.
    pub tracks: usize,
    /// Listeners whose plays, feedback and mixes were read.
    pub listeners: usize,
    /// Plays that were read.
    pub listens: usize,
    /// Models whose content was compared with what was registered.
    pub models: usize,
    /// Worlds that were compared with their digests: 1 where one is in use and its file is there.
    pub worlds: usize,
    /// Files made from what the store holds, to be opened faster, that were compared with their
    /// digests.
    pub derived: usize,
    /// Servers that the library is connected to, with what failed there last, which is no damage.
    pub connections: Vec<ServerConnection>,
    /// What is wrong; empty where nothing is.
    pub problems: Vec<Problem>,
}

/// Something that is wrong with a library.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// What was found, in a sentence.
    pub found: String,
    /// What to do about it, in a sentence.
    pub remedy: String,
}

impl Library {
    /// Reads everything in the library and looks for damage, changing nothing: the database, and
    /// the content of every model that can serve and of the world in use. It takes as long as
    /// reading it all twice or so.
    ///
    /// A bit that flipped inside of a title or a play time leaves a title and a play time, and is
    /// not found. One in a model is: its version is a digest of its content.
    ///
    /// # Errors
    /// When the list of models cannot be read.
    pub fn check(&self) -> Result<LibraryCheck> {
        let store = self.store();
        let found = store.check();
        let of_store = |found: String| Problem {
            found,
            remedy: "restore a backup, or import again into a new folder".to_owned(),
        };
        let mut check = LibraryCheck {
            tracks: found.tracks,
            listeners: found.listeners,
            listens: found.listens,
            models: 0,
            worlds: 0,
            derived: 0,
            connections: store.connections().unwrap_or_default(),
            problems: found.problems.into_iter().map(of_store).collect(),
        };
        for entry in store.models()?.iter().filter(|entry| StandardModels.serves(&entry.kind)) {
            check.models += 1;
            check.problems.extend(self.check_model(entry).err().map(|error| Problem {
                found: in_a_line(&error),
                remedy: "restore its files from a backup, or train: `segue train`".to_owned(),
            }));
        }
        match self.check_world()? {
            Ok(worlds) => check.worlds = worlds,
            Err(found) => check.problems.push(Problem { found, remedy: REMEDY.to_owned() }),
        }
        if let Some(files) = store.derived(store.marks()?.forgotten) {
            for path in [search::FILE, listener_works::FILE].map(|name| files.path(name)) {
                let Ok(file) = std::fs::read(&path) else { continue };
                check.derived += 1;
                if !is_whole(&file) {
                    let found = format!("`{}` is not what was written", path.display());
                    check.problems.push(Problem { found, remedy: MADE_ANEW.to_owned() });
                }
            }
        }
        Ok(check)
    }

    /// Reads the whole world in use: how many there are, or what is wrong with it.
    fn check_world(&self) -> Result<std::result::Result<usize, String>> {
        let Some(WorldStatus { path, state, .. }) = self.world_status()? else { return Ok(Ok(0)) };
        if let Some(problem) = state.problem() {
            return Ok(Err(format!("the world in use, `{}`, {problem}", path.display())));
        }
        let verified = World::open(&path).and_then(|world| world.verify(&mut |_| {}));
        Ok(verified.map(|()| 1).map_err(|error| in_a_line(&error)))
    }

    /// Whether the model in use is what was registered.
    pub(crate) fn check_model_in_use(&self) -> Result<()> {
        let in_use = self.store().active_model()?;
        let served = in_use.filter(|entry| StandardModels.serves(&entry.kind));
        served.map_or(Ok(()), |entry| self.check_model(&entry))
    }

    fn check_model(&self, entry: &ModelEntry) -> Result<()> {
        bind(self.store(), entry, &Arc::new(Catalogue::default())).map(drop)
    }
}
