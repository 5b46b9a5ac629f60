//! Lists that stay: made once for a day or week, or kept from a mix, and never changed.

use jiff::Zoned;
use jiff::civil::Date;
use segue_core::{Impression, ListenerId, TrackId};
use segue_engine::Profile;
use segue_engine::lists::{self, ListKind, WEEKS_AVOIDED};
use segue_engine::pipeline::{MixError, MixOutcome, MixRequest};
use segue_engine::shelves::SHORTEST;
use segue_store::{ImpressionId, ListName, SavedList, Store, StoreError, WeeklyList};
use serde::Serialize;

use crate::{Chosen, Error, Library, Result, Snapshot};

/// Longest name of a list, in bytes.
const LONGEST_NAME: usize = 200;
/// A listener gets at most so many lists anew every week by words: each is a mix to be made.
const MOST_WEEKLY: usize = 20;

/// What became of one list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Refreshed {
    /// Which list, for which day or week.
    pub name: ListName,
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
    name: ListName,
    state: State,
}

/// What lists there are for somebody.
enum Recipe {
    Standard(ListKind),
    Weekly(WeeklyList),
}

impl Recipe {
    fn name(&self, day: Date) -> ListName {
        match self {
            Self::Standard(kind) => ListName {
                kind: kind.key().to_owned(),
                name: kind.title().to_owned(),
                edition: kind.edition(day),
            },
            Self::Weekly(list) => weekly_name(&list.name, day),
        }
    }

    /// How many of the latest editions it keeps away from.
    fn editions_to_avoid(&self) -> usize {
        match self {
            Self::Standard(kind) => kind.editions_to_avoid(),
            Self::Weekly(_) => WEEKS_AVOIDED,
        }
    }
}

fn weekly_name(name: &str, day: Date) -> ListName {
    ListName { kind: ListName::WEEKLY.to_owned(), name: name.to_owned(), edition: lists::week(day) }
}

/// How a mix is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAs {
    /// The name of the list.
    pub name: String,
    /// Where a new one is to be made every week: by which words, and which day it is.
    pub weekly: Option<EveryWeek>,
}

/// That a list is made anew every week, the first edition of it being a mix that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EveryWeek {
    /// What it is to be like, in words: see [`Snapshot::prompted`].
    pub prompt: String,
    /// The day, where the listener is.
    pub day: Date,
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
    pub fn keep_list(&mut self, kept: &KeptAs, mix: ImpressionId) -> Result<SavedList> {
        keep_mix(self.store_mut(), kept, mix)
    }
}

/// Keeps a mix that was shown as a list of the listener's own.
///
/// # Errors
/// [`Error::BadListName`] for a name that is blank, too long or taken, and when the store knows no
/// such mix.
pub fn keep_mix(store: &mut Store, kept: &KeptAs, mix: ImpressionId) -> Result<SavedList> {
    let name = kept.name.trim();
    let problem = match name {
        "" => Some("is blank"),
        long if long.len() > LONGEST_NAME => Some("is too long"),
        _ => None,
    };
    if let Some(problem) = problem {
        return Err(Error::BadListName { name: name.to_owned(), problem });
    }
    let taken = || Error::BadListName { name: name.to_owned(), problem: "is taken" };
    let full_name = match &kept.weekly {
        None => ListName {
            kind: ListName::OWN.to_owned(),
            name: name.to_owned(),
            edition: String::new(),
        },
        Some(EveryWeek { prompt, day }) => {
            let shown = store.impression(mix)?.ok_or(StoreError::UnknownImpression(mix))?;
            let listener = &shown.slate.listener;
            let full_name = weekly_name(name, *day);
            let is_taken = |list: &SavedList| list.name == full_name && list.impression != mix;
            if store.lists(listener)?.iter().any(is_taken) {
                return Err(taken());
            }
            if store.weekly_lists(listener)?.len() >= MOST_WEEKLY {
                return Err(Error::TooManyWeekly);
            }
            let list = WeeklyList { name: name.to_owned(), prompt: prompt.clone() };
            if !store.add_weekly_list(listener, &list)? {
                return Err(taken());
            }
            full_name
        }
    };
    let list = store.keep_as_list(&full_name, mix)?;
    if list.impression == mix { Ok(list) } else { Err(taken()) }
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
        let listener = &self.profile.listener;
        let there = store.lists(listener)?;
        let mut found: Vec<DueList> = Vec::new();
        let mut beside = Vec::new();
        for recipe in recipes(store.weekly_lists(listener)?) {
            let name = recipe.name(self.when.date());
            let state = match there.iter().find(|list| list.name == name) {
                Some(list) => State::There(list.clone()),
                None => self.make(&recipe, store, &beside, &mix)?,
            };
            beside.extend(state.tracks(store)?);
            found.push(DueList { name, state });
        }
        Ok(found)
    }

    fn make(
        &self,
        recipe: &Recipe,
        store: &Store,
        beside: &[Vec<TrackId>],
        mix: impl Fn(&MixRequest) -> std::result::Result<MixOutcome, MixError>,
    ) -> Result<State> {
        let listener = &self.profile.listener;
        let name = &recipe.name(self.when.date());
        let mut avoid = store.editions(listener, name, recipe.editions_to_avoid())?;
        let base =
            MixRequest { seed: seed(listener, name), ..MixRequest::new(self.when.timestamp()) };
        let within = store.lists_within(listener)?;
        let base = MixRequest { within, ..self.snapshot.completed(base) };
        let (request, kind) = match recipe {
            Recipe::Standard(kind) => {
                // Yesterday's is the one that matters most.
                let last = avoid.len().min(1);
                avoid.splice(last..last, beside.iter().cloned());
                let catalogue = &self.snapshot.catalogue;
                let planned = lists::plan(*kind, catalogue, self.profile, &base, &avoid);
                (planned.map_err(|missing| missing.to_string()), Some(*kind))
            }
            Recipe::Weekly(list) => (self.by_words(list, &base, &avoid)?, None),
        };
        let request = match request {
            Ok(request) => request,
            Err(why) => return Ok(State::LeftOut(why)),
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

    /// What a list by words asks for, or why it cannot be made.
    fn by_words(
        &self,
        list: &WeeklyList,
        base: &MixRequest,
        avoid: &[Vec<TrackId>],
    ) -> Result<std::result::Result<MixRequest, String>> {
        let base = MixRequest { length: lists::LENGTH, ..base.clone() };
        match self.snapshot.prompted(&list.prompt, base, Chosen::default()) {
            Ok(prompted) => {
                let catalogue = &self.snapshot.catalogue;
                Ok(Ok(lists::plan_weekly(catalogue, prompted.request, avoid)))
            }
            Err(Error::Prompt(problem)) => Ok(Err(problem.to_string())),
            Err(error) => Err(error),
        }
    }

    /// Why a list cannot be filled.
    fn too_little(&self, kind: Option<ListKind>, request: &MixRequest) -> String {
        let Self { snapshot, profile, .. } = self;
        match (kind, &request.within) {
            (Some(ListKind::Finds), None)
                if profile.unknown_works(&snapshot.catalogue) < SHORTEST as usize =>
            {
                format!("hardly anything is known here but what you played{}", snapshot.new_from)
            }
            (Some(ListKind::Finds), None) => {
                "all that is new was in the finds of earlier weeks".to_owned()
            }
            (Some(ListKind::Finds), Some(_)) => {
                "hardly anything is on your server that you never played and that was in no finds \
                 of earlier weeks"
                    .to_owned()
            }
            (_, None) | (None, _) => "too few tracks are left".to_owned(),
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
        let name = self.name.clone();
        let none = Refreshed { name, list: None, is_new: false, left_out: None };
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

/// What is made, in this order: a day's list does without what the week's hold.
fn recipes(weekly: Vec<WeeklyList>) -> impl Iterator<Item = Recipe> {
    let [finds, back, today] = ListKind::ALL.map(Recipe::Standard);
    [finds, back].into_iter().chain(weekly.into_iter().map(Recipe::Weekly)).chain([today])
}

/// The same list each time it is made of the same library.
fn seed(listener: &ListenerId, name: &ListName) -> u64 {
    let mut hasher = blake3::Hasher::new();
    // Of the others there is one of a kind.
    let own = (name.kind == ListName::WEEKLY).then_some(name.name.as_str());
    for part in [listener.as_str(), &name.kind, &name.edition].into_iter().chain(own) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    u64::from_le_bytes(*hasher.finalize().as_bytes().first_chunk().expect("a hash has 32 bytes"))
}
