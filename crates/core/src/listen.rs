//! A listen: one row of somebody's history, as its source reported it. Whether it counts as liked,
//! disliked or neither is decided by a label policy in the engine, never here and never by a
//! parser.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{ListenerId, Source, TrackId};

/// Which side of a play the source's time stamp marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The play began then (scrobbles).
    Started,
    /// The play ended then (Spotify).
    Ended,
}

/// Why a play began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartReason {
    /// The listener picked this track.
    Chosen,
    /// The one before it finished.
    PreviousFinished,
    /// The listener skipped forward to it.
    SkippedTo,
    /// The listener went back to it.
    WentBack,
    /// The application resumed or was opened from elsewhere.
    Resumed,
    /// The source does not say.
    #[default]
    Unknown,
}

/// Why a play ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
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
    /// The session ended: logout, another device took over.
    Logout,
    /// The application ended unexpectedly.
    Crashed,
    /// The track could not be played.
    Failed,
    /// The source does not say.
    #[default]
    Unknown,
}

/// The kind of device, which is all that is kept of it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // plain words
pub enum DeviceClass {
    Phone,
    Tablet,
    Computer,
    Web,
    Speaker,
    Tv,
    Car,
    Console,
    #[default]
    Unknown,
}

/// One play of one track by one listener, as its source told it. What the source does not tell is
/// `None` or `Unknown`; nothing is guessed here.
///
/// ```
/// use segue_core::{Listen, ListenerId, Moment, Source, Timestamp, TrackId};
///
/// let end: Timestamp = "2024-05-01T20:03:20Z".parse()?;
/// let listen = Listen {
///     moment: Moment::Ended,
///     ms_played: Some(200_000),
///     ..Listen::new(
///         ListenerId::new("ann"),
///         TrackId::new("spotify:track:6rqhFgbbKwnb9MLmUQDhG6"),
///         end,
///         Source::SpotifyExtended,
///     )
/// };
/// assert_eq!(listen.started_at(), Some("2024-05-01T20:00:00Z".parse()?));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listen {
    /// Whose play it is.
    pub listener: ListenerId,
    /// Which version of the song was played; its description is in the catalogue.
    pub track: TrackId,
    /// When, as the source stamped it; `None` where it gives no time at all, as tables of counted
    /// plays do. Such a play still says what was played and how often.
    #[serde(with = "undated", default)]
    pub at: Option<Timestamp>,
    /// Which side of the play `at` marks.
    pub moment: Moment,
    /// How long it played, in milliseconds; 0 is a play that was skipped at once.
    pub ms_played: Option<u32>,
    /// Why it began, which tells a choice of the listener from what simply came next.
    pub start_reason: StartReason,
    /// Why it ended, which with the time played decides whether it was a skip.
    pub end_reason: EndReason,
    /// The source's own word on whether it was skipped.
    pub skipped: Option<bool>,
    /// Whether shuffle was on.
    pub shuffle: Option<bool>,
    /// Whether the device was offline.
    pub offline: Option<bool>,
    /// Whether the listener asked for privacy. Such rows are kept and counted, and teach nothing.
    pub private_session: bool,
    /// The kind of device.
    pub device: DeviceClass,
    /// What it was played from (a playlist, a radio), where the source says so.
    pub context: Option<String>,
    /// Which export it came from.
    pub source: Source,
}

impl Listen {
    /// A play of which only who, what and when are known.
    pub fn new(
        listener: ListenerId,
        track: TrackId,
        at: impl Into<Option<Timestamp>>,
        source: Source,
    ) -> Self {
        Self {
            listener,
            track,
            at: at.into(),
            moment: Moment::Started,
            ms_played: None,
            start_reason: StartReason::Unknown,
            end_reason: EndReason::Unknown,
            skipped: None,
            shuffle: None,
            offline: None,
            private_session: false,
            device: DeviceClass::Unknown,
            context: None,
            source,
        }
    }

    /// When the play began: `at` itself, or `at` less the time played where the source stamps the
    /// end. `None` for a play without a date.
    pub fn started_at(&self) -> Option<Timestamp> {
        let at = self.at?;
        match (self.moment, self.ms_played) {
            (Moment::Ended, Some(ms)) => {
                Some(at.checked_sub(SignedDuration::from_millis(i64::from(ms))).unwrap_or(at))
            }
            _ => Some(at),
        }
    }
}

/// How JSON spells a play without a date. Clients of before there was an `Option` read a time here,
/// so it stays one: 2000-01-01, before any streaming history. `null` is understood too.
mod undated {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    const UNDATED: Timestamp = Timestamp::constant(946_684_800, 0);

    pub(super) fn serialize<S: Serializer>(
        at: &Option<Timestamp>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        at.unwrap_or(UNDATED).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Timestamp>, D::Error> {
        let at = Option::<Timestamp>::deserialize(deserializer)?;
        Ok(at.filter(|at| *at != UNDATED))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_spells_an_undated_play_as_it_always_did() {
        let undated =
            Listen::new(ListenerId::new("ann"), TrackId::new("t"), None, Source::Interactions);
        let json = serde_json::to_value(&undated).unwrap();
        assert_eq!(json["at"], "2000-01-01T00:00:00Z");
        assert_eq!(serde_json::from_value::<Listen>(json).unwrap(), undated);

        let at = Timestamp::constant(1_700_000_000, 0);
        let dated = Listen { at: Some(at), ..undated };
        let json = serde_json::to_value(&dated).unwrap();
        assert_eq!(json["at"], "2023-11-14T22:13:20Z");
        assert_eq!(serde_json::from_value::<Listen>(json).unwrap(), dated);
    }
}
