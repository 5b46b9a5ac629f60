//! The events to evaluate on: a file, or what the store holds.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rustc_hash::FxHashMap;
use segue_core::AudioFeature;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::{Interactions, ItemIdx, ListenerIdx, Seconds};
use segue_ingest::events::{EventColumns, EventFormat, read_events, read_features};
use segue_models::recommenders::ItemFeatures;

use crate::dataset::{Dataset, collect_listens, open_store};
use crate::home::Home;
use crate::terminal::{self, say};

/// Which events.
#[derive(Debug, Args)]
pub(super) struct DataArgs {
    /// File of events; without one, the listens in the store.
    #[arg(long, value_name = "FILE")]
    pub(super) data: Option<PathBuf>,
    /// Layout of the file, where its content does not tell: text (`listener item [rating] [timestamp]`), inter (RecBole), csv, parquet,
    /// sequences (one listener a line).
    #[arg(long, value_name = "FORMAT", requires = "data")]
    pub(super) format: Option<EventFormat>,
    /// Column of the listener, where it has no usual name.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    listener_column: Option<String>,
    /// Column of the item.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    item_column: Option<String>,
    /// Column of the time.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    time_column: Option<String>,
    /// Column of the weight: plays, a rating.
    #[arg(long, value_name = "COLUMN", requires = "data")]
    weight_column: Option<String>,
    /// Leave out listeners with fewer events (k-core).
    #[arg(long, default_value_t = 1, value_name = "N")]
    min_listener_events: u32,
    /// Leave out items with fewer events (k-core).
    #[arg(long, default_value_t = 1, value_name = "N")]
    min_item_events: u32,
    /// File of pairs of listeners who are friends.
    #[arg(long, value_name = "FILE")]
    friends: Option<PathBuf>,
    /// CSV of audio features of the items, for models that look at sound.
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
}

impl DataArgs {
    fn core(&self) -> KCore {
        KCore { listener: self.min_listener_events, item: self.min_item_events }
    }

    fn columns(&self) -> EventColumns {
        EventColumns {
            listener: self.listener_column.clone(),
            item: self.item_column.clone(),
            time: self.time_column.clone(),
            weight: self.weight_column.clone(),
        }
    }

    /// The events, in columns.
    pub(super) fn load(&self, home: &Home) -> Result<Interactions> {
        match &self.data {
            Some(_) => self.read_file(),
            None => self.read_store(home),
        }
    }

    /// What the data are called in reports.
    pub(super) fn name(&self) -> String {
        let file = self.data.as_ref().and_then(|path| path.file_name());
        file.map_or_else(|| "the store".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    fn read_file(&self) -> Result<Interactions> {
        let path = self.data.as_ref().expect("called with a file");
        let columns = self.columns();
        let bar = terminal::counter("reading");
        let mut builder = InteractionsBuilder::default();
        let report = read_events(path, self.format, &columns, &mut |event| {
            builder.push(event.listener, event.item, event.second.map(Seconds), event.weight)?;
            if builder.events().is_multiple_of(100_000) {
                bar.set_position(builder.events() as u64);
            }
            Ok(())
        })?;
        bar.finish_and_clear();
        if let Some(line) = report.first_dropped {
            say(&format!(
                "{} of {} rows in `{}` are no event and were left out, the first in line {line}",
                report.dropped,
                report.rows,
                path.display()
            ));
        }
        builder.build(self.core()).with_context(|| format!("cannot use `{}`", path.display()))
    }

    fn read_store(&self, home: &Home) -> Result<Interactions> {
        let store = open_store(home)?;
        let dataset = Dataset::load(&store)?;
        let mut builder = InteractionsBuilder::default();
        collect_listens(&store, &dataset.catalogue, &mut builder)?;
        builder.build(self.core()).context("the store holds no listens with a time")
    }

    /// The friends of each listener, both ways; empty without a file.
    pub(super) fn load_friends(&self, interactions: &Interactions) -> Result<Vec<Vec<ListenerIdx>>> {
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
    pub(super) fn load_features(&self, interactions: &Interactions) -> Result<Option<ItemFeatures>> {
        let Some(path) = &self.features else { return Ok(None) };
        let rows: FxHashMap<&str, usize> =
            (0..interactions.items()).map(|row| (interactions.item_name(ItemIdx(row as u32)), row)).collect();
        let mut values = vec![f32::NAN; interactions.items() * AudioFeature::COUNT];
        let mut found = 0;
        read_features(path, &self.columns(), &mut |item, features| {
            if let Some(&row) = rows.get(item) {
                values[row * AudioFeature::COUNT..][..AudioFeature::COUNT].copy_from_slice(&features);
                found += 1;
            }
        })?;
        if found == 0 {
            bail!("`{}` describes no item of the data", path.display());
        }
        Ok(Some(ItemFeatures::new(AudioFeature::COUNT, values)?))
    }
}
