//! Going on from a set that was fitted before, with the plays, listeners and tracks that came
//! since.
//!
//! What costs most in fitting a set is finding things out: which members there are, with which
//! settings, and how much each counts. All of that is kept, and so is the network behind
//! likability. What follows from the data by counting or in closed form is fitted again on
//! everything, with the settings that were found: popularity, neighbours, EASE, iALS, and what
//! likability knows of listeners in common. The sequence model, whose weights are the one thing
//! that takes long to learn, goes on from them with a fifth of the epochs.
//!
//! Rejected: folding new plays into counts alone. It saves seconds, and each member would need a
//! second way of being fitted that has to agree with the first.

use rayon::prelude::*;
use segue_engine::Profile;

use super::ModelSet;
use super::card::SetCard;
use super::fit::{SetData, SetStage};
use super::member::Member;
use super::training::{Recipe, TrainingData};
use crate::ModelError;
use crate::likability::Stage;

impl ModelSet {
    /// Learns from everything there is now, going on from this set: works that are new to it get
    /// rows after those that it has. The result depends on nothing but the set and the arguments.
    ///
    /// Members that were left out stay out, and so does likability where there was none: what the
    /// data warrant by now, only [`fit`](Self::fit) finds out.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`] where there is not one play, like or other sign of anything to
    /// learn from, [`ModelError::TooLarge`] where the catalogue has outgrown a member,
    /// [`ModelError::NoWorld`] where members come from a world that is not there any more,
    /// [`ModelError::Damaged`] where the card does not have the settings of the members.
    pub fn go_on(
        self,
        data: &SetData<'_>,
        seed: u64,
        progress: &mut dyn FnMut(SetStage),
    ) -> Result<Self, ModelError> {
        let Self {
            version, mut names, played, members: before, rankings, likability, card, ..
        } = self;
        let &SetData { catalogue, listeners, world } = data;
        let profiles: Vec<Profile> =
            listeners.par_iter().map(|one| one.profile(catalogue)).collect();
        names.truncate(played);
        let world = world.and_then(|world| world.near(listeners));
        let data =
            TrainingData::new(catalogue, listeners, &profiles, names)?.with_world(catalogue, world);
        let mut members: Vec<Member> = Vec::with_capacity(before.len());
        for member in &before {
            progress(SetStage::Fitting(member.kind));
            if member.kind.is_of_world() && data.world.is_none() {
                return Err(ModelError::NoWorld);
            }
            members.push(recipe(member, &card)?.fit_from(member, &data, seed)?);
        }
        progress(SetStage::Likability(Stage::Episodes));
        let likability = likability.map(|model| model.refreshed(catalogue, &profiles));
        let card = SetCard {
            seed,
            items: data.names.len(),
            tracks: catalogue.len(),
            listeners: listeners.len(),
            continued_from: Some(version),
            ..card
        };
        Ok(Self::assemble((data.names, data.played), members, rankings, likability, card))
    }
}

/// How a member was fitted, as the card has it.
fn recipe(member: &Member, card: &SetCard) -> Result<Recipe, ModelError> {
    let settings = card.members.iter().find(|report| report.member == member.kind);
    let recipe = settings.and_then(|report| Recipe::read(member.kind, &report.settings));
    recipe.ok_or_else(|| ModelError::Damaged {
        path: "card".into(),
        reason: format!("no settings of `{}`", member.kind.name()),
    })
}
