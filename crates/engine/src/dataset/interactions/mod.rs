//! Who interacted with what, in order: the data of sequence and collaborative models.
//!
//! Events lie in columns, listener after listener and oldest first within each, so that a history
//! is a slice and training data up to a cut is a shorter slice of it: a [`Split`](split::Split)
//! copies nothing. 16 bytes an event with time and weight, 4 without.
//!
//! An item is whatever the file counts: tracks, artists, films. Rows are given out in the order of
//! first appearance, which makes them depend on the file and on nothing else.

mod builder;
pub mod sessions;
pub mod split;

pub use builder::{DatasetError, InteractionsBuilder, KCore};

/// Row of an item in one [`Interactions`]; meaningless in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ItemIdx(pub u32);

impl ItemIdx {
    /// The row, to index with.
    pub fn row(self) -> usize {
        self.0 as usize
    }
}

/// Row of a listener in one [`Interactions`]; meaningless in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ListenerIdx(pub u32);

impl ListenerIdx {
    /// The row, to index with.
    pub fn row(self) -> usize {
        self.0 as usize
    }
}

/// A moment in seconds since 1970 UTC: half the size of a timestamp with nanoseconds, which tells
/// over millions of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Seconds(pub i64);

impl Seconds {
    /// Days from `earlier` to this moment; negative if it came before.
    pub fn days_since(self, earlier: Self) -> f64 {
        (self.0.saturating_sub(earlier.0)) as f64 / 86_400.0
    }
}

/// Events of many listeners over one vocabulary of items.
#[derive(Debug, Default)]
pub struct Interactions {
    listeners: Vec<Box<str>>,
    items: Vec<Box<str>>,
    /// Where each listener's events begin, and the end of the last one's.
    offsets: Vec<usize>,
    events: Vec<ItemIdx>,
    times: Vec<Seconds>,
    weights: Vec<f32>,
}

/// What one listener did, oldest first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct History<'a> {
    /// The items, repeats included.
    pub items: &'a [ItemIdx],
    /// When; empty if the data carry no time.
    pub times: &'a [Seconds],
    /// How much, plays or a rating; empty if the data carry none.
    pub weights: &'a [f32],
}

/// For whom to rank, and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// What the listener did so far; empty for someone who just arrived.
    pub history: History<'a>,
    /// The moment of asking; `None` if the data carry no time.
    pub now: Option<Seconds>,
    /// Friends among the listeners that the model learned from.
    pub friends: &'a [ListenerIdx],
}

impl<'a> History<'a> {
    /// The oldest `end` events.
    pub fn until(self, end: usize) -> Self {
        self.range(0..end)
    }

    /// Some events in a row.
    ///
    /// # Panics
    /// If the range reaches beyond the history.
    pub fn range(self, range: std::ops::Range<usize>) -> Self {
        Self {
            items: &self.items[range.clone()],
            times: if self.times.is_empty() { self.times } else { &self.times[range.clone()] },
            weights: if self.weights.is_empty() { self.weights } else { &self.weights[range] },
        }
    }
}

impl Interactions {
    /// Number of listeners.
    pub fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// Number of events.
    pub fn events(&self) -> usize {
        self.events.len()
    }

    /// Whether events carry a time.
    pub fn is_dated(&self) -> bool {
        !self.times.is_empty()
    }

    /// The name of a listener in the data.
    pub fn listener_name(&self, listener: ListenerIdx) -> &str {
        &self.listeners[listener.row()]
    }

    /// The name of an item in the data.
    pub fn item_name(&self, item: ItemIdx) -> &str {
        &self.items[item.row()]
    }

    /// All that a listener did.
    pub fn history(&self, listener: ListenerIdx) -> History<'_> {
        let whole = History { items: &self.events, times: &self.times, weights: &self.weights };
        whole.range(self.offsets[listener.row()]..self.offsets[listener.row() + 1])
    }

    /// The time of the latest event; `None` without times.
    pub fn latest(&self) -> Option<Seconds> {
        self.times.iter().max().copied()
    }

    /// Everything as training data.
    pub fn all(&self) -> Training<'_> {
        Training {
            interactions: self,
            ends: self.offsets.windows(2).map(|w| (w[1] - w[0]) as u32).collect(),
        }
    }
}

/// What a model may learn from: the oldest events of every listener, of some none.
#[derive(Clone, Debug)]
pub struct Training<'a> {
    interactions: &'a Interactions,
    ends: Vec<u32>,
}

impl<'a> Training<'a> {
    /// The oldest `ends[listener]` events of each listener.
    ///
    /// # Panics
    /// If there is not one end per listener, or one lies beyond the listener's history.
    pub fn new(interactions: &'a Interactions, ends: Vec<u32>) -> Self {
        assert_eq!(ends.len(), interactions.listeners(), "one end per listener");
        for (row, &end) in ends.iter().enumerate() {
            let events = interactions.offsets[row + 1] - interactions.offsets[row];
            assert!(end as usize <= events, "an end lies within the listener's history");
        }
        Self { interactions, ends }
    }

    /// The same without some listeners, whose rows stay and are empty.
    ///
    /// # Panics
    /// If one of them is not there.
    pub fn without(&self, listeners: &[ListenerIdx]) -> Self {
        let mut rest = self.clone();
        listeners.iter().for_each(|listener| rest.ends[listener.row()] = 0);
        rest
    }

    /// Number of listeners, those without events included.
    pub fn listeners(&self) -> usize {
        self.ends.len()
    }

    /// Number of items in the vocabulary, those without events included.
    pub fn items(&self) -> usize {
        self.interactions.items()
    }

    /// Number of events.
    pub fn events(&self) -> usize {
        self.ends.iter().map(|&end| end as usize).sum()
    }

    /// Whether events carry a time.
    pub fn is_dated(&self) -> bool {
        self.interactions.is_dated()
    }

    /// What a listener did.
    pub fn history(&self, listener: ListenerIdx) -> History<'a> {
        self.interactions.history(listener).until(self.ends[listener.row()] as usize)
    }

    /// The histories of all listeners, in the order of their rows.
    pub fn histories(&self) -> impl ExactSizeIterator<Item = History<'a>> + '_ {
        (0..self.listeners()).map(|row| self.history(ListenerIdx(row as u32)))
    }

    /// The time of the latest event; `None` without times or events.
    pub fn latest(&self) -> Option<Seconds> {
        self.histories().filter_map(|history| history.times.last().copied()).max()
    }
}
