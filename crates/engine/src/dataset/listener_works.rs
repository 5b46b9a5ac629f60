//! What of each listener everybody else's mixes go by: their works, and a few facts of each.
//!
//! Popularity, co-likes, what friends play and which arrivals have been answered are made from it.
//! It is small, and whoever keeps it need not read everybody's plays again to make those.

use segue_core::ListenerId;

use super::interaction::Interaction;
use super::labels::Label;
use crate::{Profile, WorkIdx};

/// A work that a listener did something about: played, saved or rated it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WorkSummary {
    /// The work, as a row of the catalogue that the listener's profile was folded with.
    pub work: WorkIdx,
    /// How often it was played to the end, or nearly so.
    pub finished: u32,
    /// What models learn of it; see [`Interaction::label`].
    pub label: Option<Label>,
    /// Whether it was ever played.
    pub is_played: bool,
    /// Whether it speaks for the listener; see [`Interaction::is_positive`].
    pub is_positive: bool,
}

impl WorkSummary {
    /// Whether it was liked, or ever played to the end: then it counts for how popular it is.
    pub fn is_liked_or_finished(&self) -> bool {
        self.finished > 0 || self.label.is_some_and(|label| label.liked)
    }
}

impl From<&Interaction> for WorkSummary {
    fn from(interaction: &Interaction) -> Self {
        Self {
            work: interaction.work,
            finished: interaction.finished,
            label: interaction.label,
            is_played: interaction.plays > 0,
            is_positive: interaction.is_positive(),
        }
    }
}

/// A listener and their works, some ten times smaller than a [`Profile`].
///
/// # Examples
/// ```
/// use segue_core::{ListenerId, Track, TrackId, WorkId};
/// use segue_engine::dataset::listener_works::ListenerWorks;
/// use segue_engine::dataset::profile::liking;
/// use segue_engine::{Catalogue, Index, TrackIdx};
///
/// let track = Track::new(TrackId::new("t1"), WorkId::new("w1"), "Song");
/// let catalogue = Catalogue::from_tracks(vec![track]);
/// let ann = liking(&catalogue, ListenerId::new("ann"), &[TrackIdx(0)]);
///
/// let heard = [ListenerWorks::from(&ann)];
/// assert!(heard[0].works[0].is_positive && !heard[0].works[0].is_played);
/// assert_eq!(Index::of_listeners(&catalogue, &heard).popularity.listeners(TrackIdx(0)), 1);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ListenerWorks {
    /// Whose works these are.
    pub listener: ListenerId,
    /// One entry for each work, in the order of works.
    pub works: Box<[WorkSummary]>,
}

impl From<&Profile> for ListenerWorks {
    fn from(profile: &Profile) -> Self {
        let works = profile.interactions.iter().map(WorkSummary::from).collect();
        Self { listener: profile.listener.clone(), works }
    }
}
