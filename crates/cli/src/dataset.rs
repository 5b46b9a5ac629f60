//! Opening the library that a command works on.

use anyhow::Context as _;
use segue::{Dataset, Library};
use segue_core::ListenerId;
use segue_store::Store;

use crate::home::Home;

/// Opens the library of a home folder.
pub(crate) fn open_library(home: &Home) -> anyhow::Result<Library> {
    let path = home.path()?;
    Library::open(&path).with_context(|| format!("cannot open the library in `{}`", path.display()))
}

/// Opens the store of a home folder, for commands that need no more than that.
pub(crate) fn open_store(home: &Home) -> anyhow::Result<Store> {
    let path = home.path()?;
    Store::open(&path).with_context(|| format!("cannot open the store in `{}`", path.display()))
}

/// Folds everything that the store holds, which must be something.
pub(crate) fn load_dataset(store: &Store) -> anyhow::Result<Dataset> {
    let dataset = Dataset::load(store)?;
    match dataset.catalogue.is_empty() {
        true => Err(segue::Error::NothingImported.into()),
        false => Ok(dataset),
    }
}

/// The listener a command is about: the one named, else the only one there is.
pub(crate) fn choose_listener(store: &Store, named: Option<&str>) -> anyhow::Result<ListenerId> {
    Ok(segue::choose_listener(store, named)?)
}
