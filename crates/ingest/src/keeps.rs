//! Whose rows an import keeps.
//!
//! A table can name its listeners row by row, and say of songs what everybody then reads. Whoever
//! runs a library may do that; whoever was invited to it brings what is theirs and no more. What is
//! refused is a row of the report like any other that was left out.

use segue_core::{AudioFeature, ListenerId, Record, Track};

use crate::DropReason;

/// Which of the rows of its files an import keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeps {
    /// All of them, whoever they are about.
    #[default]
    Everything,
    /// Plays and feedback of the listener for whom it is, songs of a catalogue and tags of artists.
    /// Friendships are not: they name somebody else as well.
    OwnAndCatalogue,
    /// Plays and feedback of the listener for whom it is. Of the songs in them no more is kept than
    /// their names and lengths: how songs sound, how well known they are, which genre, year, album
    /// and codes they have and where they lie concerns everybody, and so do songs of a catalogue
    /// and tags of artists.
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
            Record::Track(_) | Record::ArtistTag(_) => {
                return (self == Self::Own).then_some(DropReason::ForEverybody);
            }
        };
        (of != listener).then_some(DropReason::OtherListener)
    }

    /// Takes from a song what is not for the listener to say; returns whether that was anything.
    pub(crate) fn strip(self, record: &mut Record) -> bool {
        let track = match record {
            Record::Listen { track, .. } => Some(track),
            Record::Feedback { track, .. } => track.as_mut(),
            Record::Track(_) | Record::Friendship { .. } | Record::ArtistTag(_) => None,
        };
        self == Self::Own && track.is_some_and(keep_names)
    }
}

/// Leaves of a track what its id, its names and its length are. Its work and version were made of
/// these, and of the album where names alone tell nothing apart.
fn keep_names(track: &mut Track) -> bool {
    let mut named = Track::new(track.id.clone(), track.work.clone(), "");
    named.version = track.version;
    named.title.clone_from(&track.title);
    named.artists.clone_from(&track.artists);
    if let Some(length) = track.features.get(AudioFeature::DurationMs) {
        named.features.set(AudioFeature::DurationMs, length);
    }
    let is_more = *track != named;
    *track = named;
    is_more
}
