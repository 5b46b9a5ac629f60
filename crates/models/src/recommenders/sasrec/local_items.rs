//! The items that a batch names, as rows of a small table of their own. With an item tower an
//! item's vector is computed, not only looked up, and the network works on this table as it
//! otherwise does on the whole embedding.

use super::batch::SequenceBatch;
use super::tower::TowerState;

/// Vectors of the items of a batch with the tower's part, and the batch in rows of these.
#[derive(Default)]
pub(super) struct Local {
    pub(super) items: Vec<u32>,
    pub(super) has_id: Vec<bool>,
    pub(super) vectors: Vec<f32>,
    pub(super) correction: Vec<f32>,
    pub(super) batch: SequenceBatch,
    pub(super) row_of: Vec<u32>,
    pub(super) dvectors: Vec<f32>,
    pub(super) state: TowerState,
}
