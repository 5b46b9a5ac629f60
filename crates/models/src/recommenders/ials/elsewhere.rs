//! Factors that were fitted elsewhere, to many more people and items than are at hand: a part of
//! their rows, and what folding somebody in needs of the rest.
//!
//! A listener's factors solve `(YᵀCY + α₀YᵀY + λI) x = YᵀC1`. All items enter it by `α₀YᵀY` and by
//! their number alone, so that the rows of the items that the listener heard are enough, and those
//! of the items that are to be scored.

use serde::{Deserialize, Serialize};

use super::{Ials, IalsConfig, Table, TieBreak};
use crate::ModelError;
use crate::recommenders::counts::Counts;

/// What folding in needs of a model beside the factors of some of its items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FoldIn {
    config: IalsConfig,
    /// `α₀ YᵀY` over all items, padded as factors are.
    gram: Vec<f32>,
    /// How many items there are.
    items: usize,
}

impl FoldIn {
    /// Numbers that describe an item.
    pub fn factors(&self) -> usize {
        self.config.factors
    }
}

impl Ials {
    /// Fits factors to who heard what, given as rows of people: where each begins and the end of
    /// the last, and the items of each in rising order. Returns the factors of the items, `[items,
    /// factors]`, and what is needed to use a part of them.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], or [`ModelError::Setting`].
    ///
    /// # Panics
    /// If the rows do not fit together, or name an item beyond `items`.
    pub fn factorise(
        items: usize,
        offsets: Vec<usize>,
        heard: Vec<u32>,
        config: &IalsConfig,
        seed: u64,
    ) -> Result<(Vec<f32>, FoldIn), ModelError> {
        config.require_sound()?;
        if heard.is_empty() {
            return Err(ModelError::NoEvents { listeners: offsets.len() - 1 });
        }
        let strengths = vec![1.0; heard.len()];
        let counts = Counts::new(items, offsets, heard, strengths);
        let Self { config, items: table, gram, .. } = Self::fit_counts(&counts, config, seed);
        let factors = table.unpadded(config.factors);
        Ok((factors, FoldIn { config, gram, items }))
    }

    /// A model of some of the items of a larger one: their factors, `[items, factors]`, and how
    /// many people heard each.
    ///
    /// # Errors
    /// [`ModelError::Setting`] where the numbers do not fit together.
    pub fn from_factors(
        factors: &[f32],
        people: &[f32],
        fold_in: FoldIn,
    ) -> Result<Self, ModelError> {
        let FoldIn { config, gram, items: fitted_items } = fold_in;
        config.require_sound()?;
        let items = Table::padded(factors, people.len(), config.factors);
        let sizes = [factors.len(), gram.len()];
        let expected = [people.len() * config.factors, items.stride * items.stride];
        if sizes != expected || config.unobserved_weight.is_none() {
            return Err(ModelError::Setting {
                setting: "factors",
                expected: format!("{expected:?} numbers of factors and of their products"),
                found: format!("{sizes:?}"),
            });
        }
        let tie_break = TieBreak::of_people(people);
        Ok(Self { config, items, gram, fitted_items, tie_break })
    }
}
