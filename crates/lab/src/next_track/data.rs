//! What is measured on: events, and what else is known of listeners and items.

use std::path::PathBuf;

use anyhow::{Result, bail};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::AudioFeature;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::{Interactions, ItemIdx, ListenerIdx};
use segue_models::recommenders::ItemFeatures;

use crate::events::{EventColumns, read_events, read_features};

/// Events, and the files of what else is known.
pub struct NextTrackData {
    /// What the data are called in reports.
    pub name: String,
    /// Who turned to what, in order.
    pub interactions: Interactions,
    /// How many of each listener's events are given to learn from, where the data bring their split
    /// along; the others test. See [`GivenSplit`].
    pub trained: Option<Vec<u32>>,
    /// File of pairs of listeners who are friends.
    pub friends: Option<PathBuf>,
    /// CSV of audio features of the items, for models that look at sound.
    pub features: Option<PathBuf>,
    /// Columns of the table of features, where the usual names do not do.
    pub columns: EventColumns,
}

/// A split that somebody else made, as one set of events.
#[derive(Debug)]
pub struct GivenSplit {
    /// The events of each listener to learn from, then those to test on.
    pub interactions: Interactions,
    /// How many of each listener's events come first, to learn from.
    pub trained: Vec<u32>,
    /// Whether somebody is asked for an item that their history holds, as people are who play
    /// songs again: then the history is to be ranked, not masked.
    pub repeats: bool,
}

impl GivenSplit {
    /// Joins training data and test data under the same names.
    ///
    /// The times are kept if in both all rows have one and nobody's test is earlier than their
    /// training. Without an order of their own, training events are put into a random one by
    /// `seed`, so that what is held out of them to validate is no matter of how the file was
    /// sorted.
    ///
    /// # Errors
    /// If there are more rows than can be numbered.
    pub fn new(training: Interactions, test: &Interactions, seed: u64) -> Result<Self> {
        let training = match training.is_dated() {
            true => training,
            false => training.shuffled(&mut ChaCha8Rng::seed_from_u64(seed)),
        };
        let rows = |data: &Interactions| -> FxHashMap<String, ListenerIdx> {
            let listeners = (0..data.listeners() as u32).map(ListenerIdx);
            listeners.map(|row| (data.listener_name(row).to_owned(), row)).collect()
        };
        let (learned, asked) = (rows(&training), rows(test));
        let dated = training.is_dated() && test.is_dated();
        let in_order = asked.iter().all(|(name, &row)| {
            let last = learned.get(name).and_then(|&own| training.history(own).times.last());
            last.is_none_or(|last| {
                test.history(row).times.first().is_none_or(|first| last <= first)
            })
        });
        let mut builder = InteractionsBuilder::default();
        for part in [&training, test] {
            for listener in (0..part.listeners() as u32).map(ListenerIdx) {
                let (name, history) = (part.listener_name(listener), part.history(listener));
                for (at, &item) in history.items.iter().enumerate() {
                    let time = history.times.get(at).copied().filter(|_| dated && in_order);
                    let weight = history.weights.get(at).copied();
                    builder.push(name, part.item_name(item), time, weight)?;
                }
            }
        }
        let interactions = builder.build(KCore::default())?;
        let trained = (0..interactions.listeners() as u32).map(|row| {
            let own = learned.get(interactions.listener_name(ListenerIdx(row)));
            own.map_or(0, |&own| training.history(own).items.len() as u32)
        });
        let trained: Vec<u32> = trained.collect();
        let repeats = trained.iter().zip(0..).any(|(&trained, row)| {
            let (known, asked) =
                interactions.history(ListenerIdx(row)).items.split_at(trained as usize);
            let known: FxHashSet<ItemIdx> = known.iter().copied().collect();
            asked.iter().any(|item| known.contains(item))
        });
        Ok(Self { interactions, trained, repeats })
    }
}

impl NextTrackData {
    /// The friends of each listener, both ways; empty without a file.
    pub(super) fn load_friends(
        &self,
        interactions: &Interactions,
    ) -> Result<Vec<Vec<ListenerIdx>>> {
        let mut friends = vec![Vec::new(); interactions.listeners()];
        let Some(path) = &self.friends else { return Ok(friends) };
        let rows: FxHashMap<&str, ListenerIdx> = (0..interactions.listeners() as u32)
            .map(|row| (interactions.listener_name(ListenerIdx(row)), ListenerIdx(row)))
            .collect();
        read_events(path, None, &EventColumns::default(), &mut |pair| {
            if let (Some(&one), Some(&other)) = (rows.get(pair.listener), rows.get(pair.item)) {
                friends[one.row()].push(other);
                friends[other.row()].push(one);
            }
            Ok(())
        })?;
        for row in &mut friends {
            row.sort_unstable();
            row.dedup();
        }
        if friends.iter().all(Vec::is_empty) {
            bail!("`{}` names no two listeners of the data", path.display());
        }
        Ok(friends)
    }

    /// The audio features of the items; `None` without a file.
    pub(super) fn load_features(
        &self,
        interactions: &Interactions,
    ) -> Result<Option<ItemFeatures>> {
        let Some(path) = &self.features else { return Ok(None) };
        let rows: FxHashMap<&str, usize> = (0..interactions.items())
            .map(|row| (interactions.item_name(ItemIdx(row as u32)), row))
            .collect();
        let mut values = vec![f32::NAN; interactions.items() * AudioFeature::COUNT];
        let mut found = 0;
        read_features(path, &self.columns, &mut |item, features| {
            if let Some(&row) = rows.get(item) {
                values[row * AudioFeature::COUNT..][..AudioFeature::COUNT]
                    .copy_from_slice(&features);
                found += 1;
            }
        })?;
        if found == 0 {
            bail!("`{}` describes no item of the data", path.display());
        }
        Ok(Some(ItemFeatures::new(AudioFeature::COUNT, values)?))
    }
}
