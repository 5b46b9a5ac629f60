//! The listener's own works: what the familiar part of a mix is made of.

use super::{CandidateSet, Sources};
use crate::{Catalogue, Profile};

/// Adds every version of every work that the listener knows; which of them is played is decided
/// later.
pub fn add(catalogue: &Catalogue, profile: &Profile, candidates: &mut CandidateSet) {
    for interaction in profile.interactions.iter().filter(|interaction| interaction.is_known()) {
        for &track in catalogue.versions(interaction.work) {
            candidates.add(track, Sources::HISTORY);
        }
    }
}
