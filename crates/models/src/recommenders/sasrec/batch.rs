//! What a model learns from in one step.

use super::windows::Packed;

/// Sequences to learn from in one step, and what they are compared with.
#[derive(Clone, Debug, Default)]
pub struct SequenceBatch {
    pub(super) packed: Packed,
    /// Negatives that all positions share, ascending.
    pub(super) shared: Vec<u32>,
    /// A negative for each position.
    pub(super) own: Vec<u32>,
}

impl SequenceBatch {
    /// A batch of the caller's choice: sequences of which each item but the first is a target, and
    /// the negatives that the loss compares with: shared ones, or one for each target. For
    /// comparisons with other implementations.
    pub fn new(sequences: &[&[u32]], mut shared: Vec<u32>, own: Vec<u32>) -> Self {
        let mut packed = Packed::default();
        for sequence in sequences.iter().filter(|sequence| sequence.len() > 1) {
            packed.items.extend(&sequence[..sequence.len() - 1]);
            packed.targets.extend(&sequence[1..]);
            packed.lengths.push(sequence.len() as u32 - 1);
        }
        shared.sort_unstable();
        Self { packed, shared, own }
    }
}
