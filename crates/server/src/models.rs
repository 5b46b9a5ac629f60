//! What the server asks of those who know models: it receives scorers and never sees how they are
//! made.

use std::error::Error;
use std::sync::Arc;

use segue_core::Timestamp;
use segue_engine::{Catalogue, Scorer};
use segue_store::Store;

/// Why a model cannot be read or trained.
pub type ModelsError = Box<dyn Error + Send + Sync>;

/// The model in use, bound to a catalogue.
pub struct Loaded {
    /// Its version.
    pub version: String,
    /// When it was trained.
    pub trained_at: Timestamp,
    /// What it says.
    pub scorer: Arc<dyn Scorer>,
}

/// Reads and trains models of likability.
pub trait Models: Send + Sync {
    /// The kind under which the store has them.
    fn kind(&self) -> &'static str;

    /// Reads the model in use, if there is one, and binds it to a catalogue.
    ///
    /// # Errors
    /// When it cannot be read or used.
    fn load(
        &self,
        store: &Store,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Option<Loaded>, ModelsError>;

    /// Trains a model on everything that the store holds, registers it and makes it the one in use;
    /// returns its version. `progress` is told which share is done, 0 to 1.
    ///
    /// # Errors
    /// When there is too little to learn from, or the model cannot be registered.
    fn train(&self, store: &mut Store, progress: &dyn Fn(f32)) -> Result<String, ModelsError>;
}
