//! From rows in any order to [`Interactions`]: names become dense rows as they arrive, the events
//! are sorted once at the end.

use rustc_hash::FxHashMap;

use super::{Interactions, ItemIdx, Seconds};

/// Keep only listeners and items with at least this many events, repeated until nothing changes
/// (Seidman 1983). Benchmarks ask for a 5-core or the like; the default, 1 and 1, keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KCore {
    /// Fewest events that a listener who stays has with items that stay; 0 and 1 keep all
    /// listeners.
    pub listener: u32,
    /// Fewest events that an item that stays has from listeners who stay; 0 and 1 keep all items.
    pub item: u32,
}

impl Default for KCore {
    fn default() -> Self {
        Self { listener: 1, item: 1 }
    }
}

/// Why rows do not make a dataset. Both are about the data, not about the program: give other rows
/// or a lower k-core.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DatasetError {
    /// More listeners, items or events of one listener than a row number holds.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there is too much of: listeners, items or events.
        what: &'static str,
        /// The most that there may be: what an unsigned number of 32 bits counts.
        limit: u64,
    },
    /// Nothing was left to learn from: no row was pushed, or the k-core is too strict for the data.
    #[error("no event is left of {events}")]
    Empty {
        /// Events that were pushed; 0 if there were no rows at all.
        events: usize,
    },
}

/// Collects events in any order and makes [`Interactions`] of them.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore, ListenerIdx, Seconds};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item, time) in [("ann", "x", 20), ("bob", "x", 5), ("ann", "y", 10)] {
///     builder.push(listener, item, Some(Seconds(time)), None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
///
/// assert_eq!((interactions.listeners(), interactions.items(), interactions.events()), (2, 2, 3));
/// // A history is oldest first, in whatever order the rows came.
/// let ann = interactions.history(ListenerIdx(0));
/// let names: Vec<_> = ann.items.iter().map(|&item| interactions.item_name(item)).collect();
/// assert_eq!(names, ["y", "x"]);
/// assert!(ann.weights.is_empty(), "no row had a weight");
/// # Ok::<(), segue_engine::dataset::interactions::DatasetError>(())
/// ```
#[derive(Debug, Default)]
pub struct InteractionsBuilder {
    listeners: Names,
    items: Names,
    listener_of: Vec<u32>,
    item_of: Vec<ItemIdx>,
    times: Vec<Seconds>,
    weights: Vec<f32>,
}

/// Names with dense rows in the order of first appearance.
#[derive(Debug, Default)]
struct Names {
    names: Vec<Box<str>>,
    rows: FxHashMap<Box<str>, u32>,
}

impl Names {
    fn row(&mut self, name: &str, what: &'static str) -> Result<u32, DatasetError> {
        if let Some(&row) = self.rows.get(name) {
            return Ok(row);
        }
        let row = u32::try_from(self.names.len())
            .map_err(|_| DatasetError::TooMany { what, limit: u64::from(u32::MAX) })?;
        self.names.push(name.into());
        self.rows.insert(name.into(), row);
        Ok(row)
    }
}

impl InteractionsBuilder {
    /// Takes one event: `listener` turned to `item`. New names get the next row. Times and weights
    /// are kept if every row has one; a single row without drops that column for the whole dataset.
    ///
    /// # Errors
    /// [`DatasetError::TooMany`] when rows run out.
    pub fn push(
        &mut self,
        listener: &str,
        item: &str,
        time: Option<Seconds>,
        weight: Option<f32>,
    ) -> Result<(), DatasetError> {
        let (listener, item) =
            (self.listeners.row(listener, "listeners")?, self.items.row(item, "items")?);
        self.keep(listener, ItemIdx(item), time, weight);
        Ok(())
    }

    /// Takes one event with an item whose row is known: one that was made [known](Self::know_item)
    /// before. It saves looking the name up where a caller has a vocabulary of its own.
    ///
    /// # Errors
    /// [`DatasetError::TooMany`] listeners.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn push_item(
        &mut self,
        listener: &str,
        item: ItemIdx,
        time: Option<Seconds>,
        weight: Option<f32>,
    ) -> Result<(), DatasetError> {
        assert!(item.row() < self.items.names.len(), "the item was made known before");
        let listener = self.listeners.row(listener, "listeners")?;
        self.keep(listener, item, time, weight);
        Ok(())
    }

    fn keep(&mut self, listener: u32, item: ItemIdx, time: Option<Seconds>, weight: Option<f32>) {
        let row = self.listener_of.len();
        self.listener_of.push(listener);
        self.item_of.push(item);
        keep(&mut self.times, time, row);
        keep(&mut self.weights, weight, row);
    }

    /// Gives an item its row before, or without, any event, so that rows follow a vocabulary of the
    /// caller's: the n-th new name gets row n - 1. A known name keeps its row.
    ///
    /// # Errors
    /// [`DatasetError::TooMany`] when rows run out.
    pub fn know_item(&mut self, item: &str) -> Result<(), DatasetError> {
        self.items.row(item, "items").map(|_| ())
    }

    /// Number of events pushed so far, before any k-core is cut.
    pub fn events(&self) -> usize {
        self.listener_of.len()
    }
}

/// Adds to a column that is complete so far.
fn keep<T>(column: &mut Vec<T>, value: Option<T>, row: usize) {
    match value {
        Some(value) if column.len() == row => column.push(value),
        _ => column.clear(),
    }
}

impl InteractionsBuilder {
    /// Cuts to the k-core and sorts the events by listener and time. Events of the same time, or
    /// without times, keep the order in which they came. What the k-core leaves out loses its row,
    /// and the rest is numbered anew.
    ///
    /// # Errors
    /// [`DatasetError::Empty`] if nothing was pushed or the k-core keeps nothing,
    /// [`DatasetError::TooMany`] beyond 2³² events.
    pub fn build(mut self, core: KCore) -> Result<Interactions, DatasetError> {
        let read = self.events();
        if u32::try_from(read).is_err() {
            return Err(DatasetError::TooMany { what: "events", limit: u64::from(u32::MAX) });
        }
        self.cut(core);
        if self.events() == 0 {
            return Err(DatasetError::Empty { events: read });
        }
        let offsets = offsets(&self.listener_of, self.listeners.names.len());
        let order = in_order(&self.listener_of, &self.times, &offsets);
        // Columns are gathered one after the other, and each source is freed before the next is
        // copied.
        drop(self.listener_of);
        Ok(Interactions {
            listeners: self.listeners.names,
            items: self.items.names,
            events: gather(self.item_of, &order),
            times: gather(self.times, &order),
            weights: gather(self.weights, &order),
            offsets,
        })
    }

    /// Drops what has too few events until nothing changes, then numbers what is left anew.
    fn cut(&mut self, core: KCore) {
        if core.listener <= 1 && core.item <= 1 {
            return;
        }
        loop {
            let listeners = counts(self.listener_of.iter().copied(), self.listeners.names.len());
            let items = counts(self.item_of.iter().map(|item| item.0), self.items.names.len());
            let kept: Vec<bool> = (self.listener_of.iter().zip(&self.item_of))
                .map(|(&listener, item)| {
                    listeners[listener as usize] >= core.listener && items[item.row()] >= core.item
                })
                .collect();
            if kept.iter().all(|&kept| kept) {
                break;
            }
            retain(&mut self.listener_of, &kept);
            retain(&mut self.item_of, &kept);
            retain(&mut self.times, &kept);
            retain(&mut self.weights, &kept);
        }
        let rows = self.listeners.renumber(self.listener_of.iter().copied());
        self.listener_of.iter_mut().for_each(|listener| *listener = rows[*listener as usize]);
        let rows = self.items.renumber(self.item_of.iter().map(|item| item.0));
        self.item_of.iter_mut().for_each(|item| item.0 = rows[item.row()]);
    }
}

impl Names {
    /// Keeps the names in use and gives them rows in the order of first use; returns the new row of
    /// each old one.
    fn renumber(&mut self, uses: impl Iterator<Item = u32>) -> Vec<u32> {
        const UNUSED: u32 = u32::MAX;
        let mut rows = vec![UNUSED; self.names.len()];
        let mut names = Vec::new();
        for old in uses {
            let row = &mut rows[old as usize];
            if *row == UNUSED {
                *row = names.len() as u32;
                names.push(std::mem::take(&mut self.names[old as usize]));
            }
        }
        self.names = names;
        self.rows.clear();
        rows
    }
}

fn counts(rows: impl Iterator<Item = u32>, number: usize) -> Vec<u32> {
    let mut counts = vec![0; number];
    rows.for_each(|row| counts[row as usize] += 1);
    counts
}

fn retain<T>(column: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    column.retain(|_| *kept.next().expect("a column is empty or has one value per event"));
}

/// Where each listener's events begin once they are sorted.
fn offsets(listener_of: &[u32], listeners: usize) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(listeners + 1);
    let mut sum = 0;
    offsets.push(0);
    for count in counts(listener_of.iter().copied(), listeners) {
        sum += count as usize;
        offsets.push(sum);
    }
    offsets
}

/// Row numbers by listener, then time: a counting sort, and a stable sort of the histories that
/// need one.
fn in_order(listener_of: &[u32], times: &[Seconds], offsets: &[usize]) -> Vec<u32> {
    let mut order = vec![0_u32; listener_of.len()];
    let mut next = offsets.to_vec();
    for (row, &listener) in listener_of.iter().enumerate() {
        let place = &mut next[listener as usize];
        order[*place] = row as u32;
        *place += 1;
    }
    if !times.is_empty() {
        for range in offsets.windows(2) {
            order[range[0]..range[1]].sort_by_key(|&row| times[row as usize]);
        }
    }
    order
}

/// A column in another order; none stays none.
pub(super) fn gather<T: Copy>(column: Vec<T>, order: &[u32]) -> Vec<T> {
    if column.is_empty() { column } else { order.iter().map(|&row| column[row as usize]).collect() }
}
