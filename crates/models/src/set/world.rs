//! What a world knows of a library's works: members that were fitted elsewhere, to many more people
//! than a library has, so that one listener alone hears what others play.
//!
//! A world names recordings by the million. Only those that are near to what the listeners of a
//! library play get rows here, and everything that their members need is in the set: it serves
//! without the world.

use rustc_hash::FxHashMap;
use segue_core::WorkId;
use segue_engine::dataset::plays::Plays;

use super::member::MemberModel;
use super::training::WorldRecipe;
use crate::ModelError;
use crate::recommenders::{FoldIn, Ials, ItemKnn, PopularityModel};

/// A world that can be asked for what is near.
pub trait OpenWorld: Sync {
    /// The recordings that are near to what these listeners play, and what they play themselves, as
    /// far as the library has them as tracks; `None` if there are none.
    ///
    /// It is asked twice: for everything that was played before the newest plays, so that rankings
    /// are fitted on what could have been suggested then, and for everything.
    fn near(&self, listeners: &[Plays]) -> Option<WorldRows>;
}

/// What open data know of some works: who plays them, what goes with them in one sitting, and where
/// they lie among the factors. Every list has a row for each work, in one order.
#[derive(Clone, Debug, PartialEq)]
pub struct WorldRows {
    /// The works, each once.
    pub works: Vec<WorkId>,
    /// How many people played each.
    pub people: Vec<f32>,
    /// Of each work, how often others of these are played in one sitting with it.
    pub neighbours: Vec<Vec<(u32, f32)>>,
    /// Factors of each work, `[works, factors]`.
    pub factors: Vec<f32>,
    /// How somebody is placed among the factors.
    pub fold_in: FoldIn,
}

/// The same by the items of a vocabulary: numbers of items that the world does not know are zero.
#[derive(Debug)]
pub(super) struct WorldItems {
    people: Vec<f32>,
    offsets: Vec<usize>,
    neighbours: Vec<u32>,
    counts: Vec<f32>,
    factors: Vec<f32>,
    fold_in: FoldIn,
}

impl WorldItems {
    /// Takes rows apart and puts them in the order of `names`, which has them all.
    pub(super) fn new(rows: &WorldRows, names: &[WorkId]) -> Self {
        let items: FxHashMap<&WorkId, usize> = names.iter().zip(0..).collect();
        let item_of: Vec<usize> = rows.works.iter().map(|work| items[work]).collect();
        let width = rows.fold_in.factors();
        let mut row_of: Vec<Option<usize>> = vec![None; names.len()];
        let mut people = vec![0.0; names.len()];
        let mut factors = vec![0.0; names.len() * width];
        for (row, &item) in item_of.iter().enumerate() {
            row_of[item] = Some(row);
            people[item] = rows.people[row];
            factors[item * width..][..width].copy_from_slice(&rows.factors[row * width..][..width]);
        }
        let (mut offsets, mut neighbours, mut counts) = (vec![0], Vec::new(), Vec::new());
        for row in row_of {
            let near = row.map_or(&[][..], |row| &rows.neighbours[row]);
            let mut near: Vec<(u32, f32)> =
                near.iter().map(|&(row, count)| (item_of[row as usize] as u32, count)).collect();
            near.sort_by_key(|entry| entry.0);
            neighbours.extend(near.iter().map(|entry| entry.0));
            counts.extend(near.iter().map(|entry| entry.1));
            offsets.push(neighbours.len());
        }
        let fold_in = rows.fold_in.clone();
        Self { people, offsets, neighbours, counts, factors, fold_in }
    }

    /// The model of a recipe.
    pub(super) fn fit(&self, recipe: &WorldRecipe) -> Result<MemberModel, ModelError> {
        Ok(match recipe {
            WorldRecipe::Popular => {
                MemberModel::Popularity(PopularityModel::from_people(self.people.clone()))
            }
            WorldRecipe::Neighbours(config) => MemberModel::Neighbours(ItemKnn::from_counts(
                self.offsets.clone(),
                self.neighbours.clone(),
                &self.counts,
                &self.people,
                config,
            )?),
            WorldRecipe::Ials(query) => MemberModel::Ials(
                Ials::from_factors(&self.factors, &self.people, self.fold_in.clone())?
                    .asked_by(*query),
            ),
        })
    }
}
