//! A listener as the members of a set see them: rows of the vocabulary instead of works.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use segue_core::{Timestamp, WorkId};
use segue_engine::{Catalogue, History, ItemIdx, MixContext, Profile, Query, Seconds, WorkIdx};

use super::member::Reads;

/// So many of the latest plays are read for what is played in one sitting with them.
const SITTING_PLAYS: usize = 10;

/// Which item of a set's models each work of a catalogue is.
#[derive(Debug)]
pub(super) struct Vocabulary {
    works: Vec<Option<WorkIdx>>,
    of_work: Vec<u32>,
}

const NO_ITEM: u32 = u32::MAX;

impl Vocabulary {
    /// Items in the order of their names; those that the catalogue lacks have no work.
    pub(super) fn new(catalogue: &Catalogue, names: &[WorkId]) -> Self {
        let rows: FxHashMap<&WorkId, WorkIdx> =
            catalogue.works().map(|work| (catalogue.work_id(work), work)).collect();
        let works: Vec<Option<WorkIdx>> =
            names.iter().map(|name| rows.get(name).copied()).collect();
        let mut of_work = vec![NO_ITEM; catalogue.work_count()];
        for (item, work) in works.iter().enumerate() {
            if let Some(work) = work {
                of_work[work.row()] = item as u32;
            }
        }
        Self { works, of_work }
    }

    pub(super) fn items(&self) -> usize {
        self.works.len()
    }

    /// The item of a work; `None` for one that nobody had played when the set was trained.
    pub(super) fn item(&self, work: WorkIdx) -> Option<ItemIdx> {
        let item = self.of_work[work.row()];
        (item != NO_ITEM).then_some(ItemIdx(item))
    }

    pub(super) fn work(&self, item: ItemIdx) -> Option<WorkIdx> {
        self.works[item.row()]
    }
}

/// Works that speak for a listener, the latest played last, with how often they were played and
/// when last.
pub(super) fn positives(profile: &Profile) -> Vec<(WorkIdx, Option<Timestamp>, f32)> {
    let mut positives: Vec<_> = profile
        .interactions
        .iter()
        .filter(|interaction| interaction.is_positive())
        .map(|x| (x.work, x.last_played, x.finished.max(1) as f32))
        .collect();
    positives.sort_by_key(|(work, at, _)| (*at, *work));
    positives
}

/// Events over the vocabulary that are owned.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    items: Vec<ItemIdx>,
    times: Vec<Seconds>,
    weights: Vec<f32>,
}

impl Events {
    fn history(&self) -> History<'_> {
        History { items: &self.items, times: &self.times, weights: &self.weights }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The distinct items, in order.
    pub(super) fn distinct(&self) -> Vec<u32> {
        let mut items: Vec<u32> = self.items.iter().map(|item| item.0).collect();
        items.sort_unstable();
        items.dedup();
        items
    }

    /// Those of the first items only, for a model that has no others.
    pub(super) fn below(&self, items: usize) -> Cow<'_, Self> {
        if self.items.iter().all(|item| item.row() < items) {
            return Cow::Borrowed(self);
        }
        let mut below = Self::default();
        for (at, &item) in self.items.iter().enumerate().filter(|(_, item)| item.row() < items) {
            below.items.push(item);
            below.times.extend(self.times.get(at));
            below.weights.extend(self.weights.get(at));
        }
        Cow::Owned(below)
    }
}

/// What members are asked with.
#[derive(Debug)]
pub(super) struct ListenerView {
    works: Events,
    recent: Events,
    sitting: Events,
    friends: Events,
    now: Seconds,
}

impl ListenerView {
    pub(super) fn new(
        catalogue: &Catalogue,
        vocabulary: &Vocabulary,
        profile: &Profile,
        context: MixContext<'_>,
    ) -> Self {
        let now = seconds(context.now);
        let after: Vec<ItemIdx> = context
            .after
            .iter()
            .filter_map(|&track| vocabulary.item(catalogue.work(track)))
            .collect();
        let mut recent = Events::default();
        for &(work, at) in &profile.recent {
            if let Some(item) = vocabulary.item(work) {
                recent.items.push(item);
                recent.times.push(seconds(at));
            }
        }
        // What was played last may be what is gone on from: it was played once.
        if !recent.items.ends_with(&after) {
            recent.items.extend(&after);
            recent.times.extend(after.iter().map(|_| now));
        }
        let from = if after.is_empty() {
            recent.items.len().saturating_sub(SITTING_PLAYS)
        } else {
            recent.items.len() - after.len()
        };
        let sitting = Events {
            items: recent.items[from..].to_vec(),
            times: recent.times[from..].to_vec(),
            weights: Vec::new(),
        };
        // Who goes on from a track wants more of that, not of all they ever liked.
        let works = if after.is_empty() { of_works(vocabulary, profile) } else { sitting.clone() };
        let friends =
            if after.is_empty() { of_friends(vocabulary, profile) } else { Events::default() };
        Self { works, recent, sitting, friends, now }
    }

    /// What a model reads of a listener.
    pub(super) fn events(&self, reads: Reads) -> Cow<'_, Events> {
        match reads {
            Reads::Nothing => Cow::Owned(Events::default()),
            Reads::Works => Cow::Borrowed(&self.works),
            Reads::Recent => Cow::Borrowed(&self.recent),
            Reads::Sitting => Cow::Borrowed(&self.sitting),
            Reads::Friends => Cow::Borrowed(&self.friends),
        }
    }

    /// The question to a model that reads some events of a listener.
    pub(super) fn query<'e>(&self, events: &'e Events) -> Query<'e> {
        let history = events.history();
        let now = (!history.times.is_empty()).then_some(self.now);
        Query { history, now, friends: &[] }
    }

    /// How many works speak for the listener.
    pub(super) fn works(&self) -> usize {
        self.works.items.len()
    }

    /// Whether friends tell something of the listener.
    pub(super) fn has_friends(&self) -> bool {
        !self.friends.is_empty()
    }
}

fn of_works(vocabulary: &Vocabulary, profile: &Profile) -> Events {
    let mut events = Events::default();
    let mut is_dated = true;
    for (work, at, weight) in positives(profile) {
        let Some(item) = vocabulary.item(work) else { continue };
        events.items.push(item);
        events.weights.push(weight);
        events.times.extend(at.map(seconds));
        is_dated &= at.is_some();
    }
    if !is_dated {
        events.times.clear();
    }
    events
}

fn of_friends(vocabulary: &Vocabulary, profile: &Profile) -> Events {
    let mut events = Events::default();
    for friends in profile.friends.works() {
        if let Some(item) = vocabulary.item(friends.work) {
            events.items.push(item);
            events.weights.push(friends.share);
        }
    }
    events
}

pub(super) fn seconds(at: Timestamp) -> Seconds {
    Seconds(at.as_second())
}
