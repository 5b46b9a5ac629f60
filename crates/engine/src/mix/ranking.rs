//! Orders candidates by what they are worth to the listener for one request; see
//! [`utility`](crate::utility) for the formula.

use rustc_hash::FxHashSet;
use segue_core::Timestamp;

use crate::candidate::{Candidate, Class, Ranked, Sources};
use crate::mix::fatigue::tire;
use crate::mix::reasons::Likes;
use crate::utility::utility;
use crate::{Catalogue, Index, Likability, Profile, TrackIdx};

/// What candidates are ranked by, besides what the model says of them: the listener's and the
/// request's part of the [utility](crate::utility).
#[derive(Clone, Debug)]
pub struct Terms<'a> {
    /// The weight of the model against popularity, ½ to 1: see [`trust`](crate::utility::trust).
    pub trust: f32,
    /// How many standard deviations are added to the predicted likability, 0 to 1; 0 where the
    /// policy explores by uncertainty itself.
    pub bonus: f32,
    /// Tracks that came to the catalogue lately; those the listener does not know are of
    /// [`Class::Arrival`].
    pub arrivals: FxHashSet<TrackIdx>,
    /// The listener's likes, which also hold the artists that they know: new tracks by others are
    /// of [`Class::NewArtist`].
    pub likes: &'a Likes,
    /// The moment of the request, from which it is counted how long ago a track was shown.
    pub now: Timestamp,
}

impl Terms<'_> {
    /// What a track is to the listener.
    pub fn class(&self, catalogue: &Catalogue, profile: &Profile, track: TrackIdx) -> Class {
        match profile.knows(catalogue.work(track)) {
            true => Class::Familiar,
            false if self.arrivals.contains(&track) => Class::Arrival,
            false if self.likes.knows_artist(catalogue, track) => Class::NewTrack,
            false => Class::NewArtist,
        }
    }
}

/// Orders candidates: by utility less [fatigue](crate::mix::fatigue), then plays to the end,
/// popularity and row; what is not finite comes last. It drops none and gives each its class.
pub fn rank(
    catalogue: &Catalogue,
    index: &Index,
    profile: &Profile,
    candidates: &[Candidate],
    terms: &Terms<'_>,
) -> Vec<Ranked> {
    let ranked = |candidate: &Candidate| {
        let Candidate { track, sources, likability, relevance } = *candidate;
        let is_finite = likability.mean.is_finite()
            && likability.uncertainty.is_finite()
            && relevance.is_none_or(|relevance| relevance.score.is_finite());
        let likability = if is_finite { within_bounds(likability) } else { NOT_FINITE };
        let popularity = index.popularity.value(track);
        let utility = match relevance.filter(|_| is_finite) {
            Some(relevance) => relevance.score + terms.bonus * relevance.uncertainty,
            None => utility(likability, terms.bonus, popularity, terms.trust),
        };
        let interaction = profile.interaction(catalogue.work(track));
        Ranked {
            track,
            sources,
            likability,
            is_finite,
            utility,
            decided_by: relevance.map_or_else(Sources::default, |relevance| relevance.decided_by),
            finished: interaction.map_or(0, |interaction| interaction.finished),
            popularity,
            class: terms.class(catalogue, profile, track),
        }
    };
    let mut ranked: Vec<Ranked> = candidates.iter().map(ranked).collect();
    tire(catalogue, profile, terms.now, &mut ranked);
    ranked.sort_unstable_by(|a, b| {
        b.is_finite
            .cmp(&a.is_finite)
            .then(b.utility.total_cmp(&a.utility))
            .then(b.finished.cmp(&a.finished))
            .then(b.popularity.total_cmp(&a.popularity))
            .then(a.track.cmp(&b.track))
    });
    ranked
}

const NOT_FINITE: Likability = Likability { mean: 0.0, uncertainty: 0.0 };

fn within_bounds(prediction: Likability) -> Likability {
    Likability {
        mean: prediction.mean.clamp(0.0, 1.0),
        uncertainty: prediction.uncertainty.clamp(0.0, 1.0),
    }
}
