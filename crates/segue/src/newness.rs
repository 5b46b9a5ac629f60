//! Where new tracks come from, for whoever has none: what a report says after an import or a
//! training and a note says beside a mix.

use std::fmt;

use segue_engine::Profile;
use segue_engine::pipeline::{MixRequest, NewFrom, Note};
use segue_models::set::{ModelSet, SetCard};
use segue_store::Store;

use crate::{Library, Result, Snapshot};

/// A library in which nothing is new to its only listener: they played all that it knows, as after
/// the import of one export. Its `Display` says so, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnlyPlayed {
    /// What would bring new tracks.
    pub from: NewFrom,
}

impl OnlyPlayed {
    /// Looks whether it is so; `None` where something is new, or nobody can say what would be.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn find(store: &Store) -> Result<Option<Self>> {
        if !store.is_all_known()? {
            return Ok(None);
        }
        let from = new_from(store)?;
        Ok((from != NewFrom::Nowhere).then_some(Self { from }))
    }
}

impl fmt::Display for OnlyPlayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from } = self;
        write!(
            f,
            "only tracks that were played are known here, so that mixes have nothing new{from}"
        )
    }
}

impl Library {
    /// Whether nothing in the library is new to its only listener, and what would be.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn only_played(&self) -> Result<Option<OnlyPlayed>> {
        OnlyPlayed::find(self.store())
    }
}

impl Snapshot {
    /// A request with what the snapshot knows: tracks that came lately, and where new ones come
    /// from.
    pub fn completed(&self, request: MixRequest) -> MixRequest {
        MixRequest { arrivals: self.arrivals.clone(), new_from: self.new_from, ..request }
    }

    /// What there is to say where a mix of new tracks alone cannot be made because the listener
    /// knows the whole catalogue; `None` where that is not why.
    pub fn nothing_new(&self, profile: &Profile) -> Option<Note> {
        let knows_all = !self.catalogue.is_empty() && profile.unknown_works(&self.catalogue) == 0;
        knows_all.then_some(Note::NothingNew { from: self.new_from })
    }
}

/// What would bring new tracks to a library that has none: whoever keeps a [`Snapshot`] compares it
/// with [`Snapshot::new_from`], to know whether a world came or went.
///
/// # Errors
/// When the store cannot be read.
pub fn new_from(store: &Store) -> Result<NewFrom> {
    if store.world()?.is_none() {
        return Ok(NewFrom::Import);
    }
    let set = store.active_model()?.filter(|entry| entry.kind == ModelSet::KIND);
    let card = set.and_then(|entry| serde_json::from_str::<SetCard>(&entry.card).ok());
    let has_drawn = card.is_some_and(|card| {
        let left_out = card.left_out.iter().map(|one| one.member);
        card.members.iter().map(|one| one.member).chain(left_out).any(|one| one.is_of_world())
    });
    Ok(if has_drawn { NewFrom::Nowhere } else { NewFrom::Training })
}
