//! What the policy in question would have done with the choices of a file: probabilities by action
//! and position.

use std::path::Path;

use anyhow::{Result, bail};
use rustc_hash::FxHashMap;

use super::file::{Choice, Names};

/// A policy that looks at nothing but the position.
pub(super) struct TargetTable {
    /// By position, the probability of each action.
    shares: FxHashMap<u32, Vec<(u32, f64)>>,
}

impl TargetTable {
    /// Every action of the log with the same probability.
    pub(super) fn uniform(choices: &[Choice], names: &Names) -> Self {
        let actions = names.actions.len() as u32;
        let row = || (0..actions).map(|action| (action, 1.0 / f64::from(actions))).collect();
        Self { shares: choices.iter().map(|choice| (choice.position, row())).collect() }
    }

    /// How often the choices of another log were made at each position.
    ///
    /// These frequencies estimate the mean of its policy over contexts without bias. The mean of
    /// its logged propensities does not: they are seen more often the larger they are, and on the
    /// Open Bandit sample add up to 1.7 to 2.3.
    pub(super) fn frequencies(choices: &[Choice]) -> Self {
        let mut counts: FxHashMap<u32, FxHashMap<u32, u32>> = FxHashMap::default();
        for choice in choices {
            *counts.entry(choice.position).or_default().entry(choice.action).or_default() += 1;
        }
        let row = |counts: FxHashMap<u32, u32>| {
            let total: u32 = counts.values().sum();
            let mut row: Vec<(u32, f64)> = counts
                .into_iter()
                .map(|(action, count)| (action, f64::from(count) / f64::from(total)))
                .collect();
            row.sort_unstable_by_key(|(action, _)| *action);
            row
        };
        Self {
            shares: counts.into_iter().map(|(position, counts)| (position, row(counts))).collect(),
        }
    }

    /// Errors if the log holds a position of which the table says nothing.
    pub(super) fn check(&self, choices: &[Choice], names: &Names, target_log: &Path) -> Result<()> {
        match choices.iter().find(|choice| !self.shares.contains_key(&choice.position)) {
            Some(choice) => bail!(
                "`{}` holds nothing at position `{}`, which the log has",
                target_log.display(),
                names.positions.name(choice.position)
            ),
            None => Ok(()),
        }
    }

    /// The actions at a position with their probabilities, in ascending order.
    pub(super) fn actions(&self, position: u32) -> &[(u32, f64)] {
        self.shares.get(&position).map_or(&[], Vec::as_slice)
    }

    /// The probability of an action at a position.
    pub(super) fn probability(&self, action: u32, position: u32) -> f64 {
        let actions = self.actions(position);
        actions
            .binary_search_by_key(&action, |(action, _)| *action)
            .map_or(0.0, |place| actions[place].1)
    }
}
