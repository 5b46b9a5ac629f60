//! A listener's labels, as histories and queries hold them.

use segue_engine::{Profile, TrackIdx};

/// A labelled work of a history.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LabelledTrack {
    pub(crate) track: TrackIdx,
    pub(crate) liked: bool,
    pub(crate) weight: f32,
}

/// The labels of a profile, as histories hold them.
pub(crate) fn labelled_tracks(profile: &Profile) -> Vec<LabelledTrack> {
    let labelled = profile.labelled().map(|(track, label)| LabelledTrack {
        track,
        liked: label.liked,
        weight: label.weight,
    });
    // What was stated outright weighs 2 in a profile; in a history one like is one like.
    labelled
        .map(|labelled| LabelledTrack { weight: labelled.weight.min(1.0), ..labelled })
        .collect()
}

pub(crate) fn weight_of(labelled: Option<&LabelledTrack>) -> f32 {
    labelled.map_or(0.0, |labelled| labelled.weight)
}
