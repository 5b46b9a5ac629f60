//! The events to evaluate on: a file, or what the store holds.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use segue::dated_plays;
use segue_engine::Interactions;
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_lab::events::{EventColumns, EventFile, EventFormat};
use segue_lab::progress::Progress;

use crate::home::{Home, read_library};

/// Which events.
#[derive(Debug, Args)]
pub(super) struct EventArgs {
    /// File of events; without one, the listens in the store.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Layout of the file, where its content does not tell: text (`listener item [rating]
    /// [timestamp]`), inter (RecBole), csv, parquet, sequences (one listener a line).
    #[arg(long, value_name = "FORMAT", requires = "data")]
    format: Option<EventFormat>,
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
}

impl EventArgs {
    fn core(&self) -> KCore {
        KCore { listener: self.min_listener_events, item: self.min_item_events }
    }

    /// Whether a file is named, and not the store meant.
    pub(super) fn is_file(&self) -> bool {
        self.data.is_some()
    }

    /// Whether listeners or items with few events are to be left out.
    pub(super) fn has_core(&self) -> bool {
        self.min_listener_events > 1 || self.min_item_events > 1
    }

    /// Which columns hold what.
    pub(super) fn columns(&self) -> EventColumns {
        EventColumns {
            listener: self.listener_column.clone(),
            item: self.item_column.clone(),
            time: self.time_column.clone(),
            weight: self.weight_column.clone(),
        }
    }

    /// The events, in columns.
    pub(super) fn load(&self, home: &Home, progress: &dyn Progress) -> Result<Interactions> {
        match &self.data {
            Some(path) => {
                let (format, columns) = (self.format, self.columns());
                EventFile { path, format, columns }.interactions(self.core(), progress)
            }
            None => self.read_library(home),
        }
    }

    /// The events of another file of the same layout, all of them: a test set is given as it is.
    pub(super) fn load_test(&self, path: &Path, progress: &dyn Progress) -> Result<Interactions> {
        let (format, columns) = (self.format, self.columns());
        EventFile { path, format, columns }.interactions(KCore::default(), progress)
    }

    /// What the data are called in reports.
    pub(super) fn name(&self) -> String {
        let file = self.data.as_ref().and_then(|path| path.file_name());
        file.map_or_else(|| "the store".to_owned(), |name| name.to_string_lossy().into_owned())
    }

    /// Every dated play of every listener; live and studio are the same choice.
    fn read_library(&self, home: &Home) -> Result<Interactions> {
        let library = read_library(home)?;
        let (store, catalogue) = (library.store(), library.dataset()?.catalogue);
        let mut builder = InteractionsBuilder::default();
        for listener in store.listeners()? {
            for (work, time) in dated_plays(store, &catalogue, &listener.id)? {
                let work = catalogue.work_id(work).as_str();
                builder.push(listener.id.as_str(), work, Some(time), None)?;
            }
        }
        builder.build(self.core()).context("the store holds no listens with a time")
    }
}
