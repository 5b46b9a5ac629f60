//! What is measured on: events, and what else is known of listeners and items.

use std::path::PathBuf;

use anyhow::{Result, bail};
use rustc_hash::FxHashMap;
use segue_core::AudioFeature;
use segue_engine::{Interactions, ItemIdx, ListenerIdx};
use segue_models::recommenders::ItemFeatures;

use crate::events::{EventColumns, read_events, read_features};

/// Events, and the files of what else is known.
pub struct NextTrackData {
    /// What the data are called in reports.
    pub name: String,
    /// Who turned to what, in order.
    pub interactions: Interactions,
    /// File of pairs of listeners who are friends.
    pub friends: Option<PathBuf>,
    /// CSV of audio features of the items, for models that look at sound.
    pub features: Option<PathBuf>,
    /// Columns of the table of features, where the usual names do not do.
    pub columns: EventColumns,
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
