//! From rows in any order to [`Interactions`]: names become dense rows as they arrive, the events are sorted once at the end.

use rustc_hash::FxHashMap;

use super::{Interactions, ItemIdx, Seconds};

/// Keep only listeners and items with at least this many events, repeated until nothing changes (Seidman 1983).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KCore {
    /// Fewest events of a listener.
    pub listener: u32,
    /// Fewest events of an item.
    pub item: u32,
}

impl Default for KCore {
    fn default() -> Self {
        Self { listener: 1, item: 1 }
    }
}

/// Why rows do not make a dataset.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum DatasetError {
    /// More listeners, items or events of one listener than a row number holds.
    #[error("more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that there may be.
        limit: u64,
    },
    /// Nothing was left.
    #[error("no event is left of {events}")]
    Empty {
        /// Events read.
        events: usize,
    },
}

/// Collects rows.
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
    /// Takes one event. Times and weights are kept if every row has one; a row without puts an end to the column.
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
        let (listener, item) = (self.listeners.row(listener, "listeners")?, self.items.row(item, "items")?);
        let row = self.listener_of.len();
        self.listener_of.push(listener);
        self.item_of.push(ItemIdx(item));
        keep(&mut self.times, time, row);
        keep(&mut self.weights, weight, row);
        Ok(())
    }

    /// Number of events so far.
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
    /// Sorts the events by listener and time; rows of the same time keep their order.
    ///
    /// # Errors
    /// [`DatasetError::Empty`] if the k-core keeps nothing.
    pub fn build(self, core: KCore) -> Result<Interactions, DatasetError> {
        let Self { listeners, items, listener_of, item_of, times, weights } = self;
        let events = listener_of.len();
        let _ = core;
        if events == 0 {
            return Err(DatasetError::Empty { events });
        }
        let mut order: Vec<u32> = (0..events as u32).collect();
        order.sort_by_key(|&row| (listener_of[row as usize], times.get(row as usize).copied()));
        let mut offsets = vec![0; listeners.names.len() + 1];
        for &listener in &listener_of {
            offsets[listener as usize + 1] += 1;
        }
        for row in 1..offsets.len() {
            offsets[row] += offsets[row - 1];
        }
        Ok(Interactions {
            listeners: listeners.names,
            items: items.names,
            offsets,
            events: order.iter().map(|&row| item_of[row as usize]).collect(),
            times: if times.is_empty() { times } else { order.iter().map(|&r| times[r as usize]).collect() },
            weights: if weights.is_empty() {
                weights
            } else {
                order.iter().map(|&r| weights[r as usize]).collect()
            },
        })
    }
}
