//! What was shown: a slate, and the log entry that makes it possible to ask later what another
//! policy would have earned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AudioFeature, ListenerId, PolicySpec, TrackId};

/// Why a track was picked, as facts from which any surface can build its sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Reason {
    /// The listener said so.
    Liked,
    /// The listener played this very song often to its end.
    Favourite {
        /// Plays to the end.
        finished: u32,
    },
    /// A favourite not heard for a long time.
    BackAfter {
        /// Days since it was last played.
        days: u32,
    },
    /// It is in the listener's library or playlists.
    Saved,
    /// The listener has played it.
    Heard {
        /// How often.
        plays: u32,
    },
    /// The listener finishes this artist's songs.
    Artist {
        /// The artist.
        artist: String,
        /// Plays to the end of songs by that artist.
        finished: u32,
    },
    /// The listener likes other songs by this artist; used where no play to the end is on record.
    ArtistLiked {
        /// The artist.
        artist: String,
        /// How many of that artist's songs they like.
        liked: u32,
    },
    /// It sounds like a track they like.
    SoundsLike {
        /// The track they like, as "Artist – Title" as far as both are known.
        anchor: String,
        /// The features in which both agree best, most telling first.
        features: Vec<AudioFeature>,
    },
    /// The listener likes the genre.
    Genre {
        /// The genre.
        genre: String,
    },
    /// Unlike what they play: worth a try.
    StepOutside {
        /// Where it differs most from their taste, most telling first.
        differences: Vec<Difference>,
    },
    /// Many listeners play it; used while little is known of this one.
    Popular,
    /// The model expects that they like it, and nothing plainer can be said.
    Predicted,
}

/// One way in which a track differs from what a listener plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// In what.
    pub feature: AudioFeature,
    /// Whether the track has more of it than what they play, or less.
    pub direction: Direction,
}

/// More or less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More.
    More,
    /// Less.
    Less,
}

/// One pick of a slate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pick {
    /// The track.
    pub track: TrackId,
    /// Its position in the order in which the policy picked, from 0.
    pub drawn: u32,
    /// Probability of this pick given the picks before it.
    pub propensity: f64,
    /// Its standard error, where the policy can only estimate it; else 0.
    #[serde(default)]
    pub propensity_error: f64,
    /// Predicted probability that the listener likes it.
    pub likability: f32,
    /// Standard deviation of that prediction between the members of the model.
    pub uncertainty: f32,
    /// Whether nothing shows that the listener knew the work: no play, no word about it, not in
    /// their library.
    pub new_to_listener: bool,
    /// Why.
    pub reason: Reason,
}

/// What decided a slate: with the short-list and the catalogue's artists and albums, enough to draw
/// it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlateConfig {
    /// The policy that picked, with all that tuned it.
    #[serde(flatten)]
    pub policy: PolicySpec,
    /// Version of the model that scored.
    pub model: String,
    /// Seed of the policy's generator.
    pub seed: u64,
    /// The dial, 0 = exploit, 1 = explore.
    pub explore: f32,
    /// How many picks were to be new to the listener.
    pub new_slots: u32,
    /// How many of those were to be arrivals to the catalogue.
    #[serde(default)]
    pub arrival_slots: u32,
    /// Most picks by one artist.
    pub artist_cap: u32,
    /// Most picks from one album.
    pub album_cap: u32,
}

/// A track that the policy could have picked, with all that it knew of it besides artist and album.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shortlisted {
    /// The track.
    pub track: TrackId,
    /// What the policy went by.
    pub score: f32,
    /// As in [`Pick`].
    pub new_to_listener: bool,
    /// Whether it had come to the catalogue lately and few had answered it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arrival: bool,
    /// How the score varies together with those of the other tracks: the same number of factors for
    /// each of them, and none where the policy takes scores at their word.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<f32>,
}

/// A mix: picks in playing order, and the short-list that the policy chose from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slate {
    /// For whom.
    pub listener: ListenerId,
    /// What decided it.
    pub config: SlateConfig,
    /// The picks in playing order; `Pick::drawn` gives the order of choice.
    pub picks: Vec<Pick>,
    /// Everything the policy could have picked, in the order in which it was offered.
    pub shortlist: Vec<Shortlisted>,
}

impl Slate {
    /// How many picks the listener had never played before.
    pub fn new_count(&self) -> usize {
        self.picks.iter().filter(|pick| pick.new_to_listener).count()
    }
}

/// Whether a slate of an experiment reached its listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// It did.
    Shown,
    /// It was made beside the one that did, to be compared with it, and nobody saw it. Nothing that
    /// the listener did afterwards may be held to its credit.
    Shadow,
}

/// The place of a slate in an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enrolment {
    /// The experiment.
    pub experiment: String,
    /// Whose settings made the slate.
    pub arm: String,
    /// Whether the listener saw it.
    pub exposure: Exposure,
}

/// A slate that was made to be shown, and was, unless its enrolment calls it a shadow. It holds all
/// that is needed to draw the slate again and to ask what another policy would have earned.
///
/// ```
/// use segue_core::{Impression, ListenerId, Parameters, PolicySpec, Slate, SlateConfig, Timestamp};
///
/// let parameters = Parameters::default().with("temperature", 0.5);
/// let config = SlateConfig {
///     policy: PolicySpec { parameters, ..PolicySpec::new("plackett-luce", 1) },
///     model: "likability-1".to_owned(),
///     seed: 7,
///     explore: 0.3,
///     new_slots: 9,
///     arrival_slots: 0,
///     artist_cap: 3,
///     album_cap: 2,
/// };
/// let listener = ListenerId::new("ann");
/// let slate = Slate { listener, config, picks: vec![], shortlist: vec![] };
/// let shown = Impression::new(Timestamp::UNIX_EPOCH, slate);
/// assert!(shown.was_shown());
/// let json = serde_json::to_value(&shown)?;
/// assert_eq!(json["slate"]["config"]["policy"], "plackett-luce/1");
/// assert_eq!(json["slate"]["config"]["temperature"], 0.5);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Impression {
    /// When. A shadow bears the very moment of the slate that was shown in its place.
    pub at: Timestamp,
    /// What.
    pub slate: Slate,
    /// The experiment that it is part of, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<Enrolment>,
}

impl Impression {
    /// A slate that was shown as part of no experiment.
    pub fn new(at: Timestamp, slate: Slate) -> Self {
        Self { at, slate, enrolment: None }
    }

    /// Whether the listener saw it.
    pub fn was_shown(&self) -> bool {
        self.enrolment.as_ref().is_none_or(|enrolment| enrolment.exposure == Exposure::Shown)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_impression_of_before_there_were_experiments_was_shown() {
        let config = json!({"policy": "greedy/1", "model": "m", "seed": 1, "explore": 0.5, "new_slots": 0,
            "artist_cap": 3, "album_cap": 2, "temperature": 1.0, "epsilon": 0.0});
        let slate = json!({"listener": "ann", "config": config, "picks": [], "shortlist": []});
        let mut json = json!({"at": "2026-01-01T00:00:00Z", "slate": slate});
        let old: Impression = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((old.was_shown(), &old.enrolment), (true, &None));
        assert_eq!(
            serde_json::to_value(&old).unwrap().get("enrolment"),
            None,
            "nor does it say more than it knows"
        );

        json["enrolment"] = json!({"experiment": "e", "arm": "bold", "exposure": "shadow"});
        let shadow: Impression = serde_json::from_value(json).unwrap();
        assert!(!shadow.was_shown());
    }
}
