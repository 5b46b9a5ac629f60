//! A listen: one row of somebody's history, as its source reported it. Whether it counts as liked,
//! disliked or neither is decided by a label policy in the engine, never here and never by a
//! parser.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{ListenerId, Source, TrackId};

/// What the source's time stamp marks. Spotify stamps the end of a play, scrobblers as a rule the
/// start; [`Listen::started_at`] makes up for the difference. Sources that are not sure of it say
/// "started", and [`FormatInfo::stamp`](crate::FormatInfo::stamp) tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The play began at that time, as scrobblers report it.
    Started,
    /// The play ended at that time, as Spotify reports it.
    Ended,
    /// The source gives a date without a time of day: the play was at some time of the day, in UTC,
    /// that begins then.
    Day,
}

/// Why a play began, in the words that Spotify's export distinguishes. It tells what a listener
/// chose from what just came next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartReason {
    /// The listener picked this very track.
    Chosen,
    /// The track before it finished and this one followed.
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

/// Why a play ended. With the time played it decides whether the play counts as a skip, which is up
/// to the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The track played to its end.
    Finished,
    /// The listener skipped forward to the next track.
    SkippedForward,
    /// The listener went back to the track before.
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

/// The kind of device a play came from. Nothing more of the device is kept: no model, no name, no
/// address. Listeners can exclude a kind from their profile, such as a shared speaker.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum DeviceClass {
    /// A mobile phone.
    Phone,
    /// A tablet.
    Tablet,
    /// A desktop or laptop computer with an application of its own.
    Computer,
    /// A web player, on whatever device the browser runs.
    Web,
    /// A loudspeaker that plays by itself.
    Speaker,
    /// A television or a box beside it.
    Tv,
    /// A car.
    Car,
    /// A games console.
    Console,
    /// The source does not say, or names a device of no kind above.
    #[default]
    Unknown,
}

/// One play of one track by one listener, as its source reported it. What the source does not tell
/// is `None` or `Unknown`; nothing is guessed here.
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
    /// The listener whose history the play belongs to.
    pub listener: ListenerId,
    /// Which version of the song was played. What is known of the track itself is in the catalogue,
    /// under this id.
    pub track: TrackId,
    /// When, in UTC, as the source stamped it; `None` where it gives no time at all, as tables of
    /// counted plays do. Such a play still says what was played and how often.
    #[serde(with = "undated", default)]
    pub at: Option<Timestamp>,
    /// Which part of the play [`Self::at`] marks.
    pub moment: Moment,
    /// How long it played, in milliseconds; 0 where nothing was heard. `None` where the source does
    /// not say, as most scrobblers do not.
    pub ms_played: Option<u32>,
    /// Why it began, which tells a choice of the listener from what simply came next.
    pub start_reason: StartReason,
    /// Why it ended, which together with the time played decides whether it was a skip.
    pub end_reason: EndReason,
    /// Whether the source itself calls the play a skip. The engine's label policy weighs it
    /// together with the reason for the end and the time played.
    pub skipped: Option<bool>,
    /// Whether shuffle was on, so that chance and not the listener chose the track; `None` where
    /// unknown.
    pub shuffle: Option<bool>,
    /// Whether the device was offline during the play; `None` where unknown. Sources may report
    /// offline plays late, and twice.
    pub offline: Option<bool>,
    /// Whether the listener had asked for privacy. Such plays are kept and counted, and no model
    /// learns from them.
    pub private_session: bool,
    /// The kind of device that played it; `Unknown` where the source does not say.
    pub device: DeviceClass,
    /// What it was played from, such as a playlist or a radio station, in the words of the source;
    /// `None` where it does not say.
    pub context: Option<String>,
    /// The format of the export that it came from. Some rules depend on it: sources that stamp
    /// whole minutes get a wider window when duplicates are looked for.
    pub source: Source,
}

impl Listen {
    /// A play of which only the listener, the track and the time are known. Everything else is
    /// unknown; `at` is taken as the start. Set further fields with struct update syntax, as above.
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

    /// When the play began: [`Self::at`] itself, or the play time before it where the source stamps
    /// the end. If the play time is unknown too, the end stands for the start, as does the first
    /// moment of the day for a play with a date alone. `None` for a play without a date.
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
