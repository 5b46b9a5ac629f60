//! Lists that stay: made once for a day or week, or kept from a mix, and never changed.

use jiff::Zoned;
use segue_core::{Impression, ListenerId, TrackId};
use segue_engine::lists::{self, ListKind};
use segue_engine::pipeline::{MixError, MixRequest};
use segue_engine::shelves::SHORTEST;
use segue_engine::{Catalogue, Profile};
use segue_store::{ImpressionId, ListName, SavedList};
use serde::Serialize;

use crate::{Error, Library, Result, Snapshot};

/// Longest name of a list, in bytes.
const LONGEST_NAME: usize = 200;

/// What [`Library::refresh_lists`] did about one kind of list.
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
        let profile = snapshot.profile(self.store(), listener)?;
        let mut beside = Vec::new();
        let mut all = Vec::new();
        for kind in ListKind::ALL {
            let refreshed = self.refresh(kind, snapshot, &profile, when, &beside)?;
            if let Some(list) = &refreshed.list
                && let Some(mix) = self.store().impression(list.impression)?
            {
                beside.push(mix.slate.picks.into_iter().map(|pick| pick.track).collect());
            }
            all.push(refreshed);
        }
        Ok(all)
    }

    /// Keeps a mix that was shown as a list of the listener's own.
    ///
    /// # Errors
    /// [`Error::BadListName`] for a name that is blank, too long or taken, and when the store knows
    /// no such mix.
    pub fn keep_list(&mut self, name: &str, mix: ImpressionId) -> Result<SavedList> {
        let name = name.trim();
        let problem = match name {
            "" => Some("is blank"),
            long if long.len() > LONGEST_NAME => Some("is too long"),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(Error::BadListName { name: name.to_owned(), problem });
        }
        let list = self.store_mut().keep_as_list(name, mix)?;
        if list.impression != mix {
            return Err(Error::BadListName { name: name.to_owned(), problem: "is taken" });
        }
        Ok(list)
    }

    fn refresh(
        &mut self,
        kind: ListKind,
        snapshot: &Snapshot,
        profile: &Profile,
        when: &Zoned,
        beside: &[Vec<TrackId>],
    ) -> Result<Refreshed> {
        let listener = &profile.listener;
        let name = ListName {
            kind: kind.key().to_owned(),
            name: kind.title().to_owned(),
            edition: kind.edition(when.date()),
        };
        let refreshed = Refreshed { kind, list: None, is_new: false, left_out: None };
        let lists = self.store().lists(listener)?;
        if let Some(list) = lists.into_iter().find(|list| list.name == name) {
            return Ok(Refreshed { list: Some(list), ..refreshed });
        }
        let mut apart = self.store().editions(listener, kind.key(), kind.editions_apart())?;
        // Yesterday's is the one that matters most.
        let last = apart.len().min(1);
        apart.splice(last..last, beside.iter().cloned());
        let base = MixRequest {
            seed: seed(listener, &name),
            arrivals: snapshot.arrivals.clone(),
            ..MixRequest::new(when.timestamp())
        };
        let planned = lists::plan(kind, &snapshot.catalogue, profile, &base, &apart);
        let request = match planned {
            Ok(request) => request,
            Err(missing) => {
                return Ok(Refreshed { left_out: Some(missing.to_string()), ..refreshed });
            }
        };
        let mix = match snapshot.mixer(profile)?.mix(&request) {
            Ok(mix) if mix.slate.picks.len() >= SHORTEST as usize => mix,
            Ok(_) | Err(MixError::NothingEligible { .. } | MixError::EmptyCatalogue) => {
                let left_out = Some(too_little(kind, &snapshot.catalogue, profile));
                return Ok(Refreshed { left_out, ..refreshed });
            }
            Err(error) => return Err(error.into()),
        };
        let mix = Impression { at: when.timestamp(), slate: mix.slate, enrolment: None };
        let list = self.store_mut().make_list(&name, &mix)?;
        Ok(Refreshed { list: Some(list), is_new: true, ..refreshed })
    }
}

/// Why a list cannot be filled.
fn too_little(kind: ListKind, catalogue: &Catalogue, profile: &Profile) -> String {
    let unknown = catalogue.work_count().saturating_sub(profile.interactions.len());
    match kind {
        ListKind::Finds if unknown < SHORTEST as usize => {
            "nothing is known but what was played: import a folder or a table of tracks, or the \
             histories of others"
                .to_owned()
        }
        ListKind::Finds => "all that is new was in the finds of earlier weeks".to_owned(),
        ListKind::Today | ListKind::BackAfterAWhile => "too few tracks are left".to_owned(),
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
