//! The models that the server is given: likability, as the command line trains and reads it.

use std::sync::Arc;

use segue_engine::Catalogue;
use segue_home::Dataset;
use segue_models::likability::Stage;
use segue_server::{Loaded, Models, ModelsError};
use segue_store::Store;

use crate::commands::train::fit_and_register;
use crate::scoring::{LIKABILITY, read};

/// The seed that `segue train` uses unless told otherwise.
const SEED: u64 = 1;

/// Models of likability.
pub(super) struct LikabilityModels;

impl Models for LikabilityModels {
    fn kind(&self) -> &'static str {
        LIKABILITY
    }

    fn load(
        &self,
        store: &Store,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Option<Loaded>, ModelsError> {
        let Some(entry) = store.active_model(LIKABILITY)? else { return Ok(None) };
        let scorer = Arc::new(read(store, &entry)?.scorer(catalogue).online());
        Ok(Some(Loaded { version: entry.version, trained_at: entry.created_at, scorer }))
    }

    fn train(&self, store: &mut Store, progress: &dyn Fn(f32)) -> Result<String, ModelsError> {
        let dataset = Dataset::load(store)?;
        let mut report = |stage: Stage| {
            if let Stage::Training { done, of } = stage {
                progress(done as f32 / of.max(1) as f32);
            }
        };
        let (version, _) = fit_and_register(store, &dataset, SEED, &mut report)?;
        Ok(version)
    }
}
