//! What was shown: a slate, and the log entry that makes it possible to ask later what another
//! policy would have earned.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AudioFeature, ListenerId, PolicySpec, Sources, TrackId};

/// Why a track was picked, as facts from which any surface can build a sentence in its own
/// language. A pick has one reason: the strongest that holds, as the engine decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Reason {
    /// The listener gave this song a like.
    Liked,
    /// The listener often played this very song to its end.
    Favourite {
        /// How often the song was played to its end.
        finished: u32,
    },
    /// A favourite of the listener that they have not heard for a long time.
    BackAfter {
        /// Whole days since it was last played.
        days: u32,
    },
    /// The song is in the listener's library or in one of their playlists.
    Saved,
    /// The listener has played the song before, and nothing stronger can be said.
    Heard {
        /// How often it was played, to the end or not.
        plays: u32,
    },
    /// The listener plays this artist's songs to their end.
    Artist {
        /// The artist's name as the catalogue credits it.
        artist: String,
        /// Plays to the end of any song by that artist.
        finished: u32,
    },
    /// The listener likes other songs by this artist; used where no play to the end is on record.
    ArtistLiked {
        /// The artist's name as the catalogue credits it.
        artist: String,
        /// How many of that artist's songs the listener likes.
        liked: u32,
    },
    /// It sounds like a track that the listener likes.
    SoundsLike {
        /// The track they like, as "Artist – Title" as far as both are known.
        anchor: String,
        /// The features in which the two agree best, most telling first.
        features: Vec<AudioFeature>,
    },
    /// What a network calls the sound of its file, where nothing is known of the listener's taste.
    Tagged {
        /// Its tags, likeliest first: guesses.
        tags: Vec<String>,
    },
    /// The listener likes other songs of this genre.
    Genre {
        /// The genre in the words of the catalogue.
        genre: String,
    },
    /// It differs from what the listener plays, and is offered for that: exploration on purpose.
    StepOutside {
        /// Where it differs most from their taste, most telling first.
        differences: Vec<Difference>,
    },
    /// The listener has played it a lot in the last days.
    Lately,
    /// The listener plays it at this time of the week more than at others.
    Habit,
    /// People who play what this listener plays also play it.
    PlayedWith {
        /// Tracks or artists that the listener plays and that speak most for it, one or two.
        anchors: Vec<String>,
    },
    /// It is often played in one sitting with something that the listener played last.
    Together {
        /// What they played, as "Artist – Title" as far as both are known.
        anchor: String,
    },
    /// It came to the catalogue lately and is by an artist whom the listener plays.
    NewFrom {
        /// The artist's name as the catalogue credits it.
        artist: String,
    },
    /// Friends of the listener play it. It counts them and names nobody.
    Friends {
        /// How many of them ever played it, 2 or more: of one it would tell who.
        friends: u32,
    },
    /// It goes with what friends of the listener play.
    LikeFriends,
    /// Many listeners play it; used while little is known of this one.
    Popular,
    /// The model expects the listener to like it, and no plainer reason holds.
    Predicted,
}

/// One way in which a track differs from what a listener usually plays, such as "more energy". See
/// [`Reason::StepOutside`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The audio feature in which the track differs from the listener's usual.
    pub feature: AudioFeature,
    /// Whether the track has more of the feature than what the listener plays, or less.
    pub direction: Direction,
}

/// Whether a track has more or less of an audio feature than the listener's usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The track has more of it.
    More,
    /// The track has less of it.
    Less,
}

/// One track of a slate, with the probability with which it was chosen and what was predicted for
/// it. Off-policy estimates need all of these numbers, so they are logged to the last bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pick {
    /// The version of the song that was picked. It is one of the slate's [`Slate::shortlist`].
    pub track: TrackId,
    /// Its place in the order in which the policy drew, from 0. The order of playing may differ: it
    /// is the order of [`Slate::picks`].
    pub drawn: u32,
    /// Probability, in (0, 1], that the policy drew this track at its turn, given the picks before
    /// it. 1 for a policy without chance.
    pub propensity: f64,
    /// Standard error of [`Self::propensity`] where the policy can only estimate it by sampling; 0
    /// where it is exact.
    #[serde(default)]
    pub propensity_error: f64,
    /// Predicted probability, from 0 to 1, that the listener likes the track.
    pub likability: f32,
    /// Standard deviation of the prediction between the members of the model's ensemble: 0 where
    /// they all agree. Policies that explore prefer tracks with a large one.
    pub uncertainty: f32,
    /// Whether nothing shows that the listener knew the work: no play, no feedback, and not in
    /// their library.
    pub new_to_listener: bool,
    /// Whether the listener knows nothing by its main artist either. Unlike
    /// [`Shortlisted::new_artist`] it is `false` where the track names no artist, since nobody
    /// could check the claim, and in logs from before artists were told apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_artist: bool,
    /// Which sources of retrieval named it, whatever ranked it in the end. Empty in logs written
    /// before they were kept.
    #[serde(default, skip_serializing_if = "no_source")]
    pub sources: Sources,
    /// Why it was picked, for people to read. It plays no part in any estimate.
    pub reason: Reason,
}

fn no_source(sources: &Sources) -> bool {
    sources.is_empty()
}

/// All settings that decided a slate. Together with the short-list and the artists and albums of
/// the catalogue they are enough to draw the same slate again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlateConfig {
    /// The policy that picked, by name and version, with the parameters it was tuned with.
    #[serde(flatten)]
    pub policy: PolicySpec,
    /// Version of the model whose scores the policy used, as it is registered in the store.
    pub model: String,
    /// Seed of the policy's random generator. The same seed and short-list give the same slate.
    pub seed: u64,
    /// Position of the dial between 0, only what the listener surely likes, and 1, mostly what they
    /// do not know.
    pub explore: f32,
    /// How many picks were to be new to the listener. A slate can hold fewer where the catalogue
    /// has no more.
    pub new_slots: u32,
    /// How many of the new ones, arrivals apart, were to be by artists that the listener did not
    /// know either. 0 in logs written before artists were told apart, whose short-lists name no
    /// [new artist](Shortlisted::new_artist).
    #[serde(default)]
    pub new_artist_slots: u32,
    /// How many of the new ones were to be arrivals: tracks that came to the catalogue lately. 0 in
    /// logs written before arrivals existed.
    #[serde(default)]
    pub arrival_slots: u32,
    /// Most picks by one artist, so that a slate does not become a portrait of a favourite.
    pub artist_cap: u32,
    /// Most picks from one album, so that no slate turns into one.
    pub album_cap: u32,
    /// Tracks of an earlier slate beside which this one was shown, one card of a page replaced:
    /// they count against the caps. Empty in logs written before there were any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<TrackId>,
}

/// A track that the policy could have picked, with all that it knew of the track besides artist and
/// album. Estimates for another policy draw from these again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shortlisted {
    /// The version of the song on offer. A slate's picks are a subset of these.
    pub track: TrackId,
    /// The number by which the policy ranked, usually the predicted likability; higher is better.
    pub score: f32,
    /// Whether nothing shows that the listener knew the work, as for [`Pick::new_to_listener`].
    pub new_to_listener: bool,
    /// Whether nothing shows that the listener knew any work by its main artist, or the track names
    /// none: with the two flags beside it, this says which slots it could take. `false` in logs
    /// written before artists were told apart.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_artist: bool,
    /// Whether the track came to the catalogue lately and few listeners have given feedback on it.
    /// `false` in logs written before arrivals existed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub arrival: bool,
    /// How the score varies together with the scores of the other tracks: a row of a matrix
    /// `[tracks, factors]` whose product with its transpose is the covariance. Empty where the
    /// policy treats scores as certain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<f32>,
}

/// A mix for one listener: the picks in playing order, and the short-list that the policy chose
/// them from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Slate {
    /// The listener for whom the mix was made, from whose profile the scores come.
    pub listener: ListenerId,
    /// The settings that decided it; with the short-list they are enough to draw it again.
    pub config: SlateConfig,
    /// The picks in playing order. [`Pick::drawn`] gives the order in which the policy chose them.
    pub picks: Vec<Pick>,
    /// Every track that the policy could have picked, in the order in which it was offered. The
    /// order matters for drawing the slate again with the same seed.
    pub shortlist: Vec<Shortlisted>,
}

impl Slate {
    /// How many picks are of works that the listener did not know, as [`Pick::new_to_listener`]
    /// says. At most the number of picks.
    pub fn new_count(&self) -> usize {
        self.picks.iter().filter(|pick| pick.new_to_listener).count()
    }

    /// How many picks are by artists of whom the listener knew nothing, as [`Pick::new_artist`]
    /// says. At most [`Self::new_count`].
    pub fn new_artist_count(&self) -> usize {
        self.picks.iter().filter(|pick| pick.new_artist).count()
    }
}

/// What of an impression tires: when which tracks were shown to a listener. A small part of an
/// [`Impression`], so that many of them are read at little cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Showing {
    /// When the slate was shown, in UTC.
    pub at: Timestamp,
    /// The tracks of the slate in playing order, in the versions that were shown.
    pub tracks: Vec<TrackId>,
}

/// Whether a slate of an experiment reached its listener. Only slates that were shown may be
/// credited with what the listener did next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// The listener saw the slate.
    Shown,
    /// The slate was made beside the one that was shown, to be compared with it, and nobody saw it.
    /// Nothing that the listener did afterwards may be credited to it.
    Shadow,
}

/// The place of a slate in an experiment: which arm made it, and whether the listener saw it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enrolment {
    /// Name of the experiment, as it was started in the store.
    pub experiment: String,
    /// Name of the arm whose settings made the slate. The experiment's design says what they are.
    pub arm: String,
    /// Whether the listener saw this slate, or another arm's in its place.
    pub exposure: Exposure,
}

/// A slate that was made to be shown, and was, unless its enrolment calls it a shadow. It holds all
/// that is needed to draw the slate again, and to ask what another policy would have earned.
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
///     new_artist_slots: 3,
///     arrival_slots: 0,
///     artist_cap: 3,
///     album_cap: 2,
///     beside: Vec::new(),
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
    /// When it was shown, in UTC. A shadow bears the time of the slate that was shown in its place,
    /// so the two can be paired.
    pub at: Timestamp,
    /// The mix itself, with everything that the policy knew when it drew.
    pub slate: Slate,
    /// The experiment that it is part of. `None` outside experiments, and in logs written before
    /// there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<Enrolment>,
}

impl Impression {
    /// A slate that was shown at a moment, as part of no experiment. The store logs it with
    /// `Store::log_impression`.
    pub fn new(at: Timestamp, slate: Slate) -> Self {
        Self { at, slate, enrolment: None }
    }

    /// Whether the listener saw the slate: always, except for the shadow of an experiment. Rewards
    /// may be credited only to slates that were shown.
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
        let config = json!({"policy": "greedy/1", "model": "m", "seed": 1, "explore": 0.5,
            "new_slots": 0, "artist_cap": 3, "album_cap": 2, "temperature": 1.0, "epsilon": 0.0});
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
