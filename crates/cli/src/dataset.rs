//! From the store to what the engine works on.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use segue_core::ListenerId;
use segue_engine::dataset::interactions::InteractionsBuilder;
use segue_engine::{Catalogue, Profile, Seconds};
use segue_store::Store;

use crate::home::Home;

/// The catalogue and everybody's profile, exclusions applied.
pub(crate) struct Dataset {
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) profiles: Vec<Profile>,
}

impl Dataset {
    /// Folds everything that the store holds.
    pub(crate) fn load(store: &Store) -> anyhow::Result<Self> {
        let catalogue = Catalogue::from_tracks(store.tracks()?);
        if catalogue.is_empty() {
            bail!(
                "nothing has been imported yet; `segue import PATH` reads exports and tables of audio features"
            );
        }
        let mut profiles = Vec::new();
        for summary in store.listeners()? {
            profiles.push(fold(store, &catalogue, summary.id)?);
        }
        Ok(Self { catalogue: Arc::new(catalogue), profiles })
    }

    /// The profile of a listener, an empty one for a name that is not known.
    pub(crate) fn profile(&self, listener: &ListenerId) -> Profile {
        let known = self.profiles.iter().find(|profile| &profile.listener == listener);
        known.cloned().unwrap_or_else(|| Profile::empty(listener.clone()))
    }
}

/// Collects every dated listen of every listener, exclusions applied, as events over works: live and studio are the same
/// choice.
pub(crate) fn collect_listens(
    store: &Store,
    catalogue: &Catalogue,
    builder: &mut InteractionsBuilder,
) -> anyhow::Result<()> {
    for summary in store.listeners()? {
        for listen in store.listens(&summary.id)?.iter().filter(|listen| listen.is_dated()) {
            let Some(track) = catalogue.find(&listen.track) else { continue };
            let work = catalogue.track(track).work.as_str();
            builder.push(summary.id.as_str(), work, Some(Seconds(listen.at.as_second())), None)?;
        }
    }
    Ok(())
}

fn fold(store: &Store, catalogue: &Catalogue, listener: ListenerId) -> anyhow::Result<Profile> {
    let listens = store.listens(&listener)?;
    let feedback = store.feedback(&listener)?;
    Ok(Profile::fold(catalogue, listener, &listens, &feedback))
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
