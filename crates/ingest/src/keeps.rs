//! Whose rows an import keeps.
//!
//! A table can name its listeners row by row, and say of songs what everybody then reads. Whoever
//! runs a library may do that; whoever was invited to it brings what is theirs and no more. What is
//! refused is a row of the report like any other that was left out.

use segue_core::{AudioFeature, AudioFeatures, ListenerId, Record, Track};

use crate::DropReason;

/// Which of the rows of its files an import keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeps {
    /// All of them, whoever they are about.
    #[default]
    Everything,
    /// Plays and feedback of the listener for whom it is, and songs of a catalogue. Friendships
    /// are not: they name somebody else as well.
    OwnAndCatalogue,
    /// Plays and feedback of the listener for whom it is. Of the songs in them no more is kept than
    /// their names and lengths: how songs sound and how well known they are concerns everybody, and
    /// so do songs of a catalogue.
    Own,
}

impl Keeps {
    /// Why a record is refused, if it is, where the import is for this listener.
    pub(crate) fn refuses(self, record: &Record, listener: &ListenerId) -> Option<DropReason> {
        if self == Self::Everything {
            return None;
        }
        let of = match record {
            Record::Listen { listen, .. } => &listen.listener,
            Record::Feedback { feedback, .. } => &feedback.listener,
            Record::Friendship { .. } => return Some(DropReason::ForEverybody),
            Record::Track(_) => return (self == Self::Own).then_some(DropReason::ForEverybody),
        };
        (of != listener).then_some(DropReason::OtherListener)
    }

    /// Takes from a song what is not for the listener to say; returns whether that was anything.
    pub(crate) fn strip(self, record: &mut Record) -> bool {
        let track = match record {
            Record::Listen { track, .. } => Some(track),
            Record::Feedback { track, .. } => track.as_mut(),
            Record::Track(_) | Record::Friendship { .. } => None,
        };
        self == Self::Own && track.is_some_and(keep_names)
    }
}

fn keep_names(track: &mut Track) -> bool {
    let length = track.features.get(AudioFeature::DurationMs);
    let sounds = !track.features.is_silent();
    track.features = AudioFeatures::MISSING;
    if let Some(length) = length {
        track.features.set(AudioFeature::DurationMs, length);
    }
    track.popularity.take().is_some() || sounds
}
