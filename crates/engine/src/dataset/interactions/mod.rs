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

/// Row of an item in one [`Interactions`] and in the models trained on it, from 0 to
/// [`Interactions::items`] - 1; meaningless in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ItemIdx(pub u32);

impl ItemIdx {
    /// The row as a `usize`, to index scores and columns of one value per item.
    pub fn row(self) -> usize {
        self.0 as usize
    }
}

/// Row of a listener in one [`Interactions`], from 0 to [`Interactions::listeners`] - 1;
/// meaningless in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct ListenerIdx(pub u32);

impl ListenerIdx {
    /// The row as a `usize`, to index columns of one value per listener.
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
    /// Days from `earlier` to this moment, fractions included; negative if this moment came before.
    pub fn days_since(self, earlier: Self) -> f64 {
        (self.0.saturating_sub(earlier.0)) as f64 / 86_400.0
    }
}

/// Events of many listeners over one vocabulary of items: what [`InteractionsBuilder::build`]
/// makes, [`split`] cuts and recommenders are trained on. It has at least one event, unless made by
/// `default`.
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

/// What one listener did, oldest first: a view into the columns of [`Interactions`] that is copied
/// for nothing. The default is the empty history of someone who just arrived.
///
/// # Examples
/// ```
/// use segue_engine::{History, ItemIdx, Seconds};
///
/// let items = [ItemIdx(3), ItemIdx(1), ItemIdx(3)];
/// let times = [Seconds(100), Seconds(200), Seconds(300)];
/// let history = History { items: &items, times: &times, weights: &[] };
///
/// // What was known before the last event.
/// assert_eq!(history.until(2).items, [ItemIdx(3), ItemIdx(1)]);
/// assert_eq!(history.range(1..3).times, [Seconds(200), Seconds(300)]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct History<'a> {
    /// The items, oldest first, one for each event: repeats are included, since listeners repeat.
    pub items: &'a [ItemIdx],
    /// When each event was, never falling, one for each item; empty if the data carry no time.
    pub times: &'a [Seconds],
    /// How much each event counts, such as plays or a rating, one for each item; empty if the data
    /// carry none, where every event counts alike.
    pub weights: &'a [f32],
}

/// For whom to rank, and when: all that a [`Recommender`](crate::Recommender) is told of a
/// listener. The default is somebody of whom nothing is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<'a> {
    /// What the listener did so far, oldest first; empty for someone who just arrived.
    pub history: History<'a>,
    /// The moment of asking, from which models count how long ago things were; `None` if the data
    /// carry no time.
    pub now: Option<Seconds>,
    /// Friends among the listeners that the model learned from, for models that learn from ties;
    /// usually empty.
    pub friends: &'a [ListenerIdx],
}

impl<'a> History<'a> {
    /// The oldest `end` events: what could be known before event `end` came.
    ///
    /// # Panics
    /// If there are fewer events than that.
    pub fn until(self, end: usize) -> Self {
        self.range(0..end)
    }

    /// The events at positions `range`, counted from the oldest, with times and weights where the
    /// data have them.
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
    /// Number of listeners; their rows go from 0 to one less.
    pub fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Number of items in the vocabulary, those without any event included: the width of a row of
    /// scores.
    pub fn items(&self) -> usize {
        self.items.len()
    }

    /// Number of events of all listeners together, repeats included.
    pub fn events(&self) -> usize {
        self.events.len()
    }

    /// Whether events carry a time. Without, [`split::temporal`] cannot cut and recency is unknown.
    pub fn is_dated(&self) -> bool {
        !self.times.is_empty()
    }

    /// The name of a listener in the data, as it was given to [`InteractionsBuilder::push`].
    pub fn listener_name(&self, listener: ListenerIdx) -> &str {
        &self.listeners[listener.row()]
    }

    /// The name of an item in the data, as it was given to [`InteractionsBuilder::push`].
    pub fn item_name(&self, item: ItemIdx) -> &str {
        &self.items[item.row()]
    }

    /// All that a listener did, oldest first. To see what was known at an earlier time, take
    /// [`History::until`] of it.
    ///
    /// # Panics
    /// If there is no such listener.
    pub fn history(&self, listener: ListenerIdx) -> History<'_> {
        let whole = History { items: &self.events, times: &self.times, weights: &self.weights };
        whole.range(self.offsets[listener.row()]..self.offsets[listener.row() + 1])
    }

    /// The time of the latest event of any listener, from which test periods are counted back;
    /// `None` without times.
    pub fn latest(&self) -> Option<Seconds> {
        self.times.iter().max().copied()
    }

    /// Everything as training data, nothing held back: for the model that is served, after the
    /// choice among models was made on a [split](split::Split).
    pub fn all(&self) -> Training<'_> {
        Training {
            interactions: self,
            ends: self.offsets.windows(2).map(|w| (w[1] - w[0]) as u32).collect(),
        }
    }
}

/// What a model may learn from: the oldest events of every listener, of some none. It borrows the
/// [`Interactions`] and stores one end per listener, so that a cut copies no event.
#[derive(Clone, Debug)]
pub struct Training<'a> {
    interactions: &'a Interactions,
    ends: Vec<u32>,
}

impl<'a> Training<'a> {
    /// Training data of the oldest `ends[listener]` events of each listener; 0 hides a listener
    /// whole.
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

    /// The same training data without some listeners, whose rows stay and whose histories are
    /// empty: rows keep their meaning for models that have one vector per listener.
    ///
    /// # Panics
    /// If one of them is not there.
    pub fn without(&self, listeners: &[ListenerIdx]) -> Self {
        let mut rest = self.clone();
        listeners.iter().for_each(|listener| rest.ends[listener.row()] = 0);
        rest
    }

    /// Number of listeners, those without events included: the rows are those of the
    /// [`Interactions`].
    pub fn listeners(&self) -> usize {
        self.ends.len()
    }

    /// Number of items in the vocabulary, those without events included: a model scores them all,
    /// so that new items are ranked too.
    pub fn items(&self) -> usize {
        self.interactions.items()
    }

    /// Number of events that may be learned from, repeats included; 0 where every listener is
    /// hidden.
    pub fn events(&self) -> usize {
        self.ends.iter().map(|&end| end as usize).sum()
    }

    /// Whether events carry a time; where not, [`History::times`] is empty for every listener.
    pub fn is_dated(&self) -> bool {
        self.interactions.is_dated()
    }

    /// What may be learned of a listener, oldest first; empty if the listener is hidden from
    /// training.
    pub fn history(&self, listener: ListenerIdx) -> History<'a> {
        self.interactions.history(listener).until(self.ends[listener.row()] as usize)
    }

    /// The histories of all listeners, in the order of their rows, empty ones included: one pass
    /// over the training data.
    pub fn histories(&self) -> impl ExactSizeIterator<Item = History<'a>> + '_ {
        (0..self.listeners()).map(|row| self.history(ListenerIdx(row as u32)))
    }

    /// The time of the latest event that may be learned from; `None` without times or events.
    /// Models that weigh recency count back from it.
    pub fn latest(&self) -> Option<Seconds> {
        self.histories().filter_map(|history| history.times.last().copied()).max()
    }
}
