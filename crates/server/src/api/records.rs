//! What the log answers with, as the OpenAPI document describes it: plays, feedback and reasons.
//!
//! The types of `segue_core` are what is really written; core knows no OpenAPI, so their shapes
//! are mirrored here, for the document only. A test writes core values through these shapes and
//! back, so that the document cannot drift from the answers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::shapes::DeviceShape;

/// One play of one track by one listener, as its source reported it.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct LoggedListen {
    /// Who listened.
    listener: String,
    /// The id of the track that was played.
    track: String,
    /// When it began or ended, which `moment` says. 2000-01-01 stands for a source without dates.
    #[schema(format = DateTime)]
    at: String,
    /// Which side of the play `at` marks.
    moment: MomentShape,
    /// How long it played in milliseconds; null where nobody measured it.
    ms_played: Option<u32>,
    /// Why it began.
    start_reason: StartShape,
    /// Why it ended.
    end_reason: EndShape,
    /// Whether the source itself calls it a skip; null where it does not say.
    skipped: Option<bool>,
    /// Whether shuffle was on; null where the source does not say.
    shuffle: Option<bool>,
    /// Whether the device was offline; null where the source does not say.
    offline: Option<bool>,
    /// Whether the listener asked for privacy: then it is kept and counted, and teaches nothing.
    private_session: bool,
    /// The kind of device.
    device: DeviceShape,
    /// What it was played from, such as a playlist; null where the source does not say.
    context: Option<String>,
    /// Where the row came from: `segue` itself, or the service whose export was imported.
    source: String,
}

/// What of a play a time marks: its beginning, its end, or the day of it.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MomentShape {
    /// The play began then.
    Started,
    /// The play ended then.
    Ended,
    /// The play was some time on the day that begins then.
    Day,
}

/// Why a play began.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StartShape {
    /// The listener picked this track.
    Chosen,
    /// The one before it finished, or a mix offered it.
    PreviousFinished,
    /// The listener skipped forward to it.
    SkippedTo,
    /// The listener went back to it.
    WentBack,
    /// The application resumed or was opened from elsewhere.
    Resumed,
    /// The source does not say.
    Unknown,
}

/// Why a play ended.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EndShape {
    /// Played to its end.
    Finished,
    /// The listener skipped forward.
    SkippedForward,
    /// The listener went back.
    SkippedBack,
    /// The listener picked something else.
    ChoseAnother,
    /// Playback was stopped or paused for good.
    Stopped,
    /// The session ended.
    Logout,
    /// The application ended unexpectedly.
    Crashed,
    /// The track could not be played.
    Failed,
    /// The source does not say.
    Unknown,
}

/// What a listener stated about a track or an artist. The last about a target counts.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct LoggedFeedback {
    /// Who stated it.
    listener: String,
    /// What it is about.
    target: TargetShape,
    /// What was stated.
    kind: super::events::FeedbackKindShape,
    /// When; null for libraries and ban lists, which carry no date.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// Where it came from: `segue` itself, or the service whose export was imported.
    source: String,
}

/// What feedback is about: an object with one of the two keys.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TargetShape {
    /// The id of a track, which stands for all versions of the song.
    Track(String),
    /// The name of an artist, for everything by them.
    Artist(String),
}

/// Why a track was picked, as facts from which a sentence can be built; `kind` says which.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub(crate) enum ReasonShape {
    /// The listener gave it a like.
    Liked,
    /// The listener played this very song often to its end.
    Favourite {
        /// Plays to the end.
        finished: u32,
    },
    /// A favourite that was not heard for a long time.
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
    /// The listener finishes songs of this artist.
    Artist {
        /// The artist's name.
        artist: String,
        /// Plays to the end of songs by that artist.
        finished: u32,
    },
    /// The listener likes other songs by this artist, none of which is known to be finished.
    ArtistLiked {
        /// The artist's name.
        artist: String,
        /// How many of that artist's songs they like.
        liked: u32,
    },
    /// It sounds like a track that the listener likes.
    SoundsLike {
        /// The track they like, as "Artist – Title" as far as both are known.
        anchor: String,
        /// Names of the audio features in which both agree best, the most telling first.
        features: Vec<String>,
    },
    /// What a network calls the sound of its file, where nothing is known of the listener's taste.
    Tagged {
        /// Its tags, likeliest first: guesses.
        tags: Vec<String>,
    },
    /// The listener likes the genre.
    Genre {
        /// The genre's name.
        genre: String,
    },
    /// It is unlike what the listener plays, and worth a try.
    StepOutside {
        /// Where it differs most from their taste, the most telling first.
        differences: Vec<DifferenceShape>,
    },
    /// The listener has played it a lot in the last days.
    Lately,
    /// The listener plays it at this time of the week more than at others.
    Habit,
    /// People who play what this listener plays also play it.
    PlayedWith {
        /// One or two artists, or titles, that the listener plays and that speak most for it.
        anchors: Vec<String>,
    },
    /// It is often played in one sitting with something that the listener played last.
    Together {
        /// What they played, as "Artist – Title" as far as both are known.
        anchor: String,
    },
    /// It came to the catalogue lately and is by an artist whom the listener plays.
    NewFrom {
        /// The artist's name.
        artist: String,
    },
    /// Friends of the listener play it. They are counted and not named.
    Friends {
        /// How many of them, 2 or more.
        friends: u32,
    },
    /// It goes with what friends of the listener play.
    LikeFriends,
    /// Many listeners play it; used while little is known of this one.
    Popular,
    /// The model expects that the listener likes it, and no plainer fact explains that.
    Predicted,
}

/// One way in which a track differs from what a listener plays.
#[derive(Deserialize, Serialize, ToSchema)]
pub(crate) struct DifferenceShape {
    /// The name of the audio feature.
    feature: String,
    /// Whether the track has more of it than what they play, or less.
    direction: DirectionShape,
}

/// More or less of an audio feature.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DirectionShape {
    /// More.
    More,
    /// Less.
    Less,
}

#[cfg(test)]
mod tests {
    use segue_core::{
        AudioFeature, Difference, Direction, Feedback, FeedbackKind, FeedbackTarget, Listen,
        ListenerId, Reason, Source, Timestamp, TrackId,
    };
    use serde::de::DeserializeOwned;

    use super::*;

    /// What core writes is what the shape writes, field by field.
    fn mirrors<S: DeserializeOwned + Serialize>(value: &impl Serialize) {
        let written = serde_json::to_value(value).unwrap();
        let shape: S = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(serde_json::to_value(shape).unwrap(), written);
    }

    #[test]
    fn the_document_describes_what_the_log_answers_with() {
        let (ann, track) = (ListenerId::new("ann"), TrackId::new("t"));
        let at = Timestamp::UNIX_EPOCH;
        mirrors::<LoggedListen>(&Listen::new(ann.clone(), track.clone(), at, Source::Segue));
        for target in [FeedbackTarget::Track(track), FeedbackTarget::Artist("a".to_owned())] {
            let kind = FeedbackKind::Like;
            let (listener, at, source) = (ann.clone(), Some(at), Source::Segue);
            mirrors::<LoggedFeedback>(&Feedback { listener, target, kind, at, source });
        }
        let (text, number) = (|| "x".to_owned(), 3);
        let difference = Difference { feature: AudioFeature::Energy, direction: Direction::More };
        for reason in [
            Reason::Liked,
            Reason::Favourite { finished: number },
            Reason::BackAfter { days: number },
            Reason::Saved,
            Reason::Heard { plays: number },
            Reason::Artist { artist: text(), finished: number },
            Reason::ArtistLiked { artist: text(), liked: number },
            Reason::SoundsLike { anchor: text(), features: vec![AudioFeature::Tempo] },
            Reason::Tagged { tags: vec![text()] },
            Reason::Genre { genre: text() },
            Reason::StepOutside { differences: vec![difference] },
            Reason::Lately,
            Reason::Habit,
            Reason::PlayedWith { anchors: vec![text()] },
            Reason::Together { anchor: text() },
            Reason::NewFrom { artist: text() },
            Reason::Friends { friends: number },
            Reason::LikeFriends,
            Reason::Popular,
            Reason::Predicted,
        ] {
            mirrors::<ReasonShape>(&reason);
        }
    }
}
