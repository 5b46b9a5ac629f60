//! What an answer of a listener is in the log: the one place where a skip, a like or a finished
//! track becomes a record. The page, `/v1`, the gorse routes and the command line all ask here, so
//! the same answer leaves the same row and teaches the same, wherever it was given.
//!
//! The label policy of the engine (`dataset/labels.rs`) reads the rows later; the table at
//! [`Reaction`] says what each of them teaches.
//!
//! No time is ever made up. A skip whose time nobody measured has none, rather than 0 ms, which
//! the policy reads as "nothing was heard", or some seconds that look measured. A player that
//! reports 0 ms is believed: it skipped a track that never sounded. A finished track does not
//! borrow its length from the catalogue either, because that may change, and then the same event
//! sent twice under one id would look like two.

use std::str::FromStr;

use segue_core::{
    EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Moment, Source,
    StartReason, Timestamp, TrackId,
};
use segue_store::Event;

/// An answer of a listener to a track or an artist, before it is a row of the log.
///
/// It is either what became of a play or a stated opinion. Whoever reports it says what happened;
/// what is learned from it is decided in one place:
///
/// | the answer | the row | what it teaches |
/// |---|---|---|
/// | [finished](Ending::Finished) | a play that ended by itself | liked: 1, or 0.5 without a time |
/// | [skipped](Ending::Skipped) | a play left by the listener | disliked, see below |
/// | [stopped](Ending::Stopped) | a play stopped | by its share, see below |
/// | [played](Ending::Unknown) | a play of which no end is known | by its time, else liked 0.5 |
/// | [seen](Ending::Seen) | a play of 0 ms | nothing, but it is not new any more |
/// | [like](Self::LIKE) | feedback `like` | liked, 2, above all plays |
/// | [not for me](Self::NOT_FOR_ME) | feedback `dislike` | disliked, 2, and not offered |
/// | [never](Self::NEVER) | feedback `ban` | disliked, 2, and never offered again |
/// | [saved](Self::SAVED) | feedback `saved` | 1 more on the side of liked |
/// | [cleared](Self::CLEARED) | feedback `cleared` | takes an opinion back; plays count again |
///
/// A skip counts 1 within 30 s or without a time, 0.5 before half of the track, and nothing later.
/// A stopped play counts as liked from 80 % of the track, and below as nothing; without a time it
/// counts 0.5, as a scrobble does.
///
/// Pass what [`about`](Self::about) makes to [`Library::record`](crate::Library::record).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// The track was played, or met, and this is how it went. Makes a [`Listen`].
    Play(Ending),
    /// The listener stated what they think. Makes a [`Feedback`], which outweighs plays.
    Opinion(FeedbackKind),
}

impl Reaction {
    /// Played to its end: a sign of liking, and a stronger one if the player measured the time.
    pub const FINISHED: Self = Self::Play(Ending::Finished);
    /// Left for the next track: a sign of dislike, unless the track had played for half its length.
    pub const SKIPPED: Self = Self::Play(Ending::Skipped);
    /// Liked, in so many words: outweighs whatever plays say.
    pub const LIKE: Self = Self::Opinion(FeedbackKind::Like);
    /// Disliked: this song is not offered, what is like it less often.
    pub const NOT_FOR_ME: Self = Self::Opinion(FeedbackKind::Dislike);
    /// Banned: never offered again, neither a track nor, if it is of an artist, any of theirs.
    pub const NEVER: Self = Self::Opinion(FeedbackKind::Ban);
    /// Kept in the listener's library: owned, and a mild sign of liking.
    pub const SAVED: Self = Self::Opinion(FeedbackKind::Saved);
    /// Takes back a like, a dislike or a ban. What was played stays played.
    pub const CLEARED: Self = Self::Opinion(FeedbackKind::Cleared);

    /// The answer about a track as an event for the log. An opinion about an artist is made by
    /// [`opinion`].
    ///
    /// `at` is the moment at which the play ended or the opinion was given. Only plays use
    /// `details`; `PlayDetails::default()` where nothing else is known.
    ///
    /// # Examples
    /// ```
    /// use segue::{Event, ListenerId, PlayDetails, Reaction, Timestamp, TrackId};
    ///
    /// let (ann, track) = (ListenerId::new("ann"), TrackId::new("spotify:track:1"));
    /// let event = Reaction::SKIPPED.about(ann, track, Timestamp::now(), PlayDetails::default());
    /// let Event::Listen(listen) = event else { unreachable!("a skip is a play") };
    /// assert_eq!((listen.skipped, listen.ms_played), (Some(true), None));
    /// ```
    pub fn about(
        self,
        listener: ListenerId,
        track: TrackId,
        at: Timestamp,
        details: PlayDetails,
    ) -> Event {
        match self {
            Self::Play(ending) => Event::Listen(ending.listen(listener, track, at, details)),
            Self::Opinion(kind) => {
                Event::Feedback(opinion(listener, FeedbackTarget::Track(track), kind, at))
            }
        }
    }
}

/// Reads the word that the table at [`Reaction`] has for it, with `-` between words.
///
/// # Examples
/// ```
/// use segue::Reaction;
///
/// assert_eq!("not-for-me".parse(), Ok(Reaction::NOT_FOR_ME));
/// assert!("adore".parse::<Reaction>().is_err());
/// ```
impl FromStr for Reaction {
    type Err = UnknownReaction;

    fn from_str(word: &str) -> Result<Self, UnknownReaction> {
        let found = WORDS.iter().find(|(known, _)| *known == word).map(|&(_, reaction)| reaction);
        found.ok_or_else(|| UnknownReaction(word.to_owned()))
    }
}

/// No reaction is called so. The message lists the words that there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no reaction is called `{0}`: expected one of {words}", words = known_words())]
pub struct UnknownReaction(pub String);

/// What each reaction is called.
const WORDS: [(&str, Reaction); 10] = [
    ("finished", Reaction::FINISHED),
    ("skipped", Reaction::SKIPPED),
    ("stopped", Reaction::Play(Ending::Stopped)),
    ("played", Reaction::Play(Ending::Unknown)),
    ("seen", Reaction::Play(Ending::Seen)),
    ("like", Reaction::LIKE),
    ("not-for-me", Reaction::NOT_FOR_ME),
    ("never", Reaction::NEVER),
    ("saved", Reaction::SAVED),
    ("cleared", Reaction::CLEARED),
];

fn known_words() -> String {
    WORDS.map(|(word, _)| format!("`{word}`")).join(", ")
}

/// How a play ended, as far as whoever reports it knows.
///
/// # Examples
/// ```
/// use segue::{Ending, ListenerId, PlayDetails, Timestamp, TrackId};
///
/// let details = PlayDetails { played_ms: Some(12_000), ..PlayDetails::default() };
/// let (ann, track) = (ListenerId::new("ann"), TrackId::new("t1"));
/// let listen = Ending::Skipped.listen(ann, track, Timestamp::now(), details);
/// assert_eq!((listen.ms_played, listen.skipped), (Some(12_000), Some(true)));
/// assert_eq!(Ending::of(&listen), Ending::Skipped);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It came to its end by itself, without the listener doing anything.
    Finished,
    /// The listener left it for another track, forwards or backwards.
    Skipped,
    /// The listener stopped listening, which says little about the track.
    Stopped,
    /// Nobody knows, as with scrobbles, which say that a track was played and no more.
    Unknown,
    /// It was met (shown, clicked) and not played: nothing was heard.
    Seen,
}

/// What is known of a play beside how it ended. The default knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlayDetails {
    /// How long it played in milliseconds, if a player measured it; never guessed.
    pub played_ms: Option<u32>,
    /// Whether the listener picked the track, which then is no answer to a mix. `None` takes what
    /// the ending suggests: finished, skipped and stopped answer a pick, the others do not say.
    pub was_chosen: Option<bool>,
    /// The kind of device it played on, where the player tells.
    pub device: segue_core::DeviceClass,
    /// What it was played from, such as the address of a playlist; kept as it is.
    pub context: Option<String>,
}

impl Ending {
    /// A play that ended so at a time, reported to Segue itself.
    ///
    /// A track that was only [seen](Self::Seen) has a play time of 0 ms, whatever `details` say.
    pub fn listen(
        self,
        listener: ListenerId,
        track: TrackId,
        at: Timestamp,
        details: PlayDetails,
    ) -> Listen {
        let (end_reason, skipped) = match self {
            Self::Finished => (EndReason::Finished, Some(false)),
            Self::Skipped => (EndReason::SkippedForward, Some(true)),
            Self::Stopped | Self::Seen => (EndReason::Stopped, None),
            Self::Unknown => (EndReason::Unknown, None),
        };
        let start_reason = match (details.was_chosen, self) {
            (Some(true), _) => StartReason::Chosen,
            (None, Self::Unknown | Self::Seen) => StartReason::Unknown,
            (Some(false), _) | (None, _) => StartReason::PreviousFinished,
        };
        Listen {
            moment: Moment::Ended,
            ms_played: if self == Self::Seen { Some(0) } else { details.played_ms },
            start_reason,
            end_reason,
            skipped,
            device: details.device,
            context: details.context,
            ..Listen::new(listener, track, at, Source::Segue)
        }
    }

    /// How a logged play went, whichever source it is from; the inverse of [`Self::listen`] but
    /// for plays that were stopped, which read as [`Self::Unknown`].
    pub fn of(listen: &Listen) -> Self {
        if listen.ms_played == Some(0) {
            return Self::Seen;
        }
        match (listen.skipped, listen.end_reason) {
            (Some(true), _) | (_, EndReason::SkippedForward | EndReason::SkippedBack) => {
                Self::Skipped
            }
            (_, EndReason::Finished) => Self::Finished,
            _ => Self::Unknown,
        }
    }
}

/// A stated opinion about a track or an artist, given to Segue itself.
///
/// The last one about a target counts; [`FeedbackKind::Cleared`] takes it back.
///
/// # Examples
/// No track of an artist is offered any more:
/// ```
/// use segue::{Event, FeedbackKind, FeedbackTarget, ListenerId, Timestamp, opinion};
///
/// let (ann, artist) = (ListenerId::new("ann"), FeedbackTarget::Artist("Dashes".into()));
/// let event = Event::Feedback(opinion(ann, artist, FeedbackKind::Ban, Timestamp::now()));
/// # let Event::Feedback(feedback) = event else { unreachable!("it is feedback") };
/// # assert_eq!(feedback.kind, FeedbackKind::Ban);
/// ```
pub fn opinion(
    listener: ListenerId,
    target: FeedbackTarget,
    kind: FeedbackKind,
    at: Timestamp,
) -> Feedback {
    Feedback { listener, target, kind, at: Some(at), source: Source::Segue }
}

#[cfg(test)]
mod tests {
    use super::*;
    use segue_engine::dataset::labels::{PlayOutcome, outcome};

    fn taught(ending: Ending, played_ms: Option<u32>) -> PlayOutcome {
        let details = PlayDetails { played_ms, ..PlayDetails::default() };
        let (who, what) = (ListenerId::new("ann"), TrackId::new("t"));
        outcome(&ending.listen(who, what, Timestamp::UNIX_EPOCH, details), Some(200_000))
    }

    #[test]
    fn answers_teach_what_the_table_says() {
        assert_eq!(taught(Ending::Skipped, None), PlayOutcome::Disliked { weight: 1.0 });
        assert_eq!(taught(Ending::Skipped, Some(10_000)), PlayOutcome::Disliked { weight: 1.0 });
        assert_eq!(taught(Ending::Skipped, Some(60_000)), PlayOutcome::Disliked { weight: 0.5 });
        assert_eq!(taught(Ending::Skipped, Some(120_000)), PlayOutcome::Censored);
        assert_eq!(taught(Ending::Finished, None), PlayOutcome::Liked { weight: 0.5, plays: 1 });
        assert_eq!(
            taught(Ending::Finished, Some(200_000)),
            PlayOutcome::Liked { weight: 1.0, plays: 1 }
        );
        assert_eq!(taught(Ending::Stopped, Some(90_000)), PlayOutcome::Censored);
        assert_eq!(taught(Ending::Unknown, None), PlayOutcome::Liked { weight: 0.5, plays: 1 });
        assert_eq!(taught(Ending::Seen, None), PlayOutcome::Censored);
    }

    #[test]
    fn a_measured_time_is_kept_and_none_is_made_up() {
        let listen = |ending: Ending, played_ms| {
            let details = PlayDetails { played_ms, ..PlayDetails::default() };
            let (who, what) = (ListenerId::new("ann"), TrackId::new("t"));
            ending.listen(who, what, Timestamp::UNIX_EPOCH, details).ms_played
        };
        for ending in [Ending::Finished, Ending::Skipped, Ending::Stopped, Ending::Unknown] {
            assert_eq!(listen(ending, Some(1_234)), Some(1_234));
            assert_eq!(listen(ending, None), None);
        }
        assert_eq!(listen(Ending::Seen, Some(1_234)), Some(0));
    }
}
