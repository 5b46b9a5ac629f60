//! Opening the store, and reading from it what a command works on.

use anyhow::{Context as _, bail};
use segue_core::ListenerId;
use segue_engine::dataset::interactions::InteractionsBuilder;
use segue_engine::{Catalogue, Seconds};
use segue_home::Dataset;
use segue_store::Store;

use crate::home::Home;

/// Folds everything that the store holds, which must be something.
pub(crate) fn load_dataset(store: &Store) -> anyhow::Result<Dataset> {
    let dataset = Dataset::load(store)?;
    if dataset.catalogue.is_empty() {
        bail!(
            "nothing has been imported yet; `segue import PATH` reads exports and tables of audio features"
        );
    }
    Ok(dataset)
}

/// Collects every dated listen of every listener, exclusions applied, as events over works: live
/// and studio are the same choice.
pub(crate) fn collect_listens(
    store: &Store,
    catalogue: &Catalogue,
    builder: &mut InteractionsBuilder,
) -> anyhow::Result<()> {
    for summary in store.listeners()? {
        for listen in &store.listens(&summary.id)? {
            let Some(at) = listen.at else { continue };
            let Some(track) = catalogue.find(&listen.track) else { continue };
            let work = catalogue.track(track).work.as_str();
            builder.push(summary.id.as_str(), work, Some(Seconds(at.as_second())), None)?;
        }
    }
    Ok(())
}

/// Opens the store of a home folder.
pub(crate) fn open_store(home: &Home) -> anyhow::Result<Store> {
    let path = home.path()?;
    Store::open(&path).with_context(|| format!("cannot open the store in `{}`", path.display()))
}

/// The listener a command is about: the one named, else the only one there is.
pub(crate) fn choose_listener(store: &Store, named: Option<&str>) -> anyhow::Result<ListenerId> {
    if let Some(name) = named {
        return Ok(ListenerId::new(name));
    }
    let listeners = store.listeners()?;
    match &listeners[..] {
        [only] => Ok(only.id.clone()),
        [] => bail!(
            "no listener has been imported yet; name one with `--listener NAME` or run `segue import PATH`"
        ),
        several => {
            let names: Vec<String> =
                several.iter().take(8).map(|summary| format!("`{}`", summary.id)).collect();
            bail!(
                "there are {} listeners ({}); say which with `--listener NAME`",
                several.len(),
                names.join(", ")
            )
        }
    }
}
