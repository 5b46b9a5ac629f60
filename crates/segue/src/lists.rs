//! Lists that stay: made once for a day or week, or kept from a mix, and never changed.

use jiff::Zoned;
use segue_core::{Impression, ListenerId, TrackId};
use segue_engine::Profile;
use segue_engine::lists::{self, ListKind};
use segue_engine::pipeline::{MixError, MixOutcome, MixRequest};
use segue_engine::shelves::SHORTEST;
use segue_store::{ImpressionId, ListName, SavedList, Store};
use serde::Serialize;

use crate::{Error, Library, Result, Snapshot};

/// Longest name of a list, in bytes.
const LONGEST_NAME: usize = 200;

/// What became of one kind of list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refreshed {
    /// Which list.
    pub kind: ListKind,
    /// The edition for the day; `None` where there is too little to make it of.
    pub list: Option<SavedList>,
    /// Whether it was made just now. If not, it was there, and stays as it was.
    pub is_new: bool,
    /// Why there is none, as half a sentence in English.
    pub left_out: Option<String>,
}

/// A list for a day, before it is kept. [`DueLists::find`] makes it and [`Self::keep`] keeps it.
#[derive(Clone, Debug)]
pub struct DueList {
    kind: ListKind,
    name: ListName,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    There(SavedList),
    Made(Impression),
    LeftOut(String),
}

/// What lists are made from: a listener of a snapshot, and the day.
#[derive(Clone, Copy)]
pub struct DueLists<'a> {
    /// What mixes are made from; its catalogue is that of the profile.
    pub snapshot: &'a Snapshot,
    /// The listener.
    pub profile: &'a Profile,
    /// The moment, in the time zone that says which day it is.
    pub when: &'a Zoned,
}

impl Library {
    /// Makes the lists of a listener that are due at a moment and a place, whose time zone says
    /// which day it is: "Today" once a day, the others once a week. A list that is there stays as
    /// it is.
    ///
    /// What is made depends on the library, the day and the listener alone.
    ///
    /// # Errors
    /// [`Error::Mix`] where the model cannot be asked, [`Error::NoModel`], or when the store cannot
    /// be read or written. That there is too little for a list is no error.
    pub fn refresh_lists(
        &mut self,
        snapshot: &Snapshot,
        listener: &ListenerId,
        when: &Zoned,
    ) -> Result<Vec<Refreshed>> {
        let profile = &snapshot.profile(self.store(), listener)?;
        let mixer = snapshot.mixer(profile)?;
        let due = DueLists { snapshot, profile, when };
        let due = due.find(self.store(), |request| mixer.mix(request))?;
        due.into_iter().map(|list| Ok(list.keep(self.store_mut())?)).collect()
    }

    /// Keeps a mix that was shown as a list of the listener's own.
    ///
    /// # Errors
    /// As [`keep_mix`].
    pub fn keep_list(&mut self, name: &str, mix: ImpressionId) -> Result<SavedList> {
        keep_mix(self.store_mut(), name, mix)
    }
}

/// Keeps a mix that was shown as a list of the listener's own.
///
/// # Errors
/// [`Error::BadListName`] for a name that is blank, too long or taken, and when the store knows no
/// such mix.
pub fn keep_mix(store: &mut Store, name: &str, mix: ImpressionId) -> Result<SavedList> {
    let name = name.trim();
    let problem = match name {
        "" => Some("is blank"),
        long if long.len() > LONGEST_NAME => Some("is too long"),
        _ => None,
    };
    if let Some(problem) = problem {
        return Err(Error::BadListName { name: name.to_owned(), problem });
    }
    let list = store.keep_as_list(name, mix)?;
    if list.impression != mix {
        return Err(Error::BadListName { name: name.to_owned(), problem: "is taken" });
    }
    Ok(list)
}

impl DueLists<'_> {
    /// Every kind of list for the day: the one that is there, or a new one that `mix` makes. It
    /// writes nothing.
    ///
    /// # Errors
    /// What `mix` ends with for other reasons than that too little is left, and what reading the
    /// store ends with.
    pub fn find(
        &self,
        store: &Store,
        mix: impl Fn(&MixRequest) -> std::result::Result<MixOutcome, MixError>,
    ) -> Result<Vec<DueList>> {
        let mut found: Vec<DueList> = Vec::new();
        let mut beside = Vec::new();
        for kind in ListKind::ALL {
            let name = ListName {
                kind: kind.key().to_owned(),
                name: kind.title().to_owned(),
                edition: kind.edition(self.when.date()),
            };
            let lists = store.lists(&self.profile.listener)?;
            let state = match lists.into_iter().find(|list| list.name == name) {
                Some(list) => State::There(list),
                None => self.make(kind, &name, store, &beside, &mix)?,
            };
            beside.extend(state.tracks(store)?);
            found.push(DueList { kind, name, state });
        }
        Ok(found)
    }

    fn make(
        &self,
        kind: ListKind,
        name: &ListName,
        store: &Store,
        beside: &[Vec<TrackId>],
        mix: impl Fn(&MixRequest) -> std::result::Result<MixOutcome, MixError>,
    ) -> Result<State> {
        let listener = &self.profile.listener;
        let mut avoid = store.editions(listener, kind.key(), kind.editions_to_avoid())?;
        // Yesterday's is the one that matters most.
        let last = avoid.len().min(1);
        avoid.splice(last..last, beside.iter().cloned());
        let catalogue = &self.snapshot.catalogue;
        let base =
            MixRequest { seed: seed(listener, name), ..MixRequest::new(self.when.timestamp()) };
        let within = store.lists_within(listener)?;
        let base = MixRequest { within, ..self.snapshot.completed(base) };
        let request = match lists::plan(kind, catalogue, self.profile, &base, &avoid) {
            Ok(request) => request,
            Err(missing) => return Ok(State::LeftOut(missing.to_string())),
        };
        match mix(&request) {
            Ok(mix) if mix.slate.picks.len() >= SHORTEST as usize => {
                Ok(State::Made(Impression::new(self.when.timestamp(), mix.slate)))
            }
            Ok(_) | Err(MixError::NothingEligible { .. } | MixError::EmptyCatalogue) => {
                Ok(State::LeftOut(self.too_little(kind, &base)))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl DueLists<'_> {
    /// Why a list cannot be filled.
    fn too_little(&self, kind: ListKind, request: &MixRequest) -> String {
        let Self { snapshot, profile, .. } = self;
        match (kind, &request.within) {
            (ListKind::Finds, None)
                if profile.unknown_works(&snapshot.catalogue) < SHORTEST as usize =>
            {
                format!("hardly anything is known here but what you played{}", snapshot.new_from)
            }
            (ListKind::Finds, None) => {
                "all that is new was in the finds of earlier weeks".to_owned()
            }
            (ListKind::Finds, Some(_)) => {
                "hardly anything is on your server that you never played and that was in no finds \
                 of earlier weeks"
                    .to_owned()
            }
            (_, None) => "too few tracks are left".to_owned(),
            (_, Some(_)) => "too few tracks that you know are on your server".to_owned(),
        }
    }
}

impl State {
    /// The tracks of the list.
    fn tracks(&self, store: &Store) -> Result<Option<Vec<TrackId>>> {
        let mix = match self {
            Self::There(list) => store.impression(list.impression)?,
            Self::Made(mix) => Some(mix.clone()),
            Self::LeftOut(_) => None,
        };
        Ok(mix.map(|mix| mix.slate.picks.into_iter().map(|pick| pick.track).collect()))
    }
}

impl DueList {
    /// Keeps the list if it is new. Where another process has kept one meanwhile, that one stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn keep(self, store: &mut Store) -> segue_store::Result<Refreshed> {
        let none = Refreshed { kind: self.kind, list: None, is_new: false, left_out: None };
        Ok(match self.state {
            State::There(list) => Refreshed { list: Some(list), ..none },
            State::LeftOut(why) => Refreshed { left_out: Some(why), ..none },
            State::Made(mix) => {
                let list = store.make_list(&self.name, &mix)?;
                Refreshed { list: Some(list), is_new: true, ..none }
            }
        })
    }
}

/// The same list each time it is made of the same library.
fn seed(listener: &ListenerId, name: &ListName) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in [listener.as_str(), &name.kind, &name.edition] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    u64::from_le_bytes(*hasher.finalize().as_bytes().first_chunk().expect("a hash has 32 bytes"))
}
