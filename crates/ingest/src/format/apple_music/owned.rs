//! A track of the listener's library, of which `Library.xml` and the export tell the same under
//! keys of their own, and what the listener says of it.

use segue_core::{AudioFeature, Feedback, FeedbackKind, FeedbackTarget, ListenerId, Source, Track};

use crate::DropReason;
use crate::identity::named_track;
use crate::table::Unusable;
use crate::table::values::{self, moment};

/// What a library tells of a track, as it is written there.
pub(super) struct OwnedTrack<'r> {
    pub(super) artist: Option<&'r str>,
    pub(super) title: Option<&'r str>,
    pub(super) album: Option<&'r str>,
    pub(super) genre: Option<&'r str>,
    /// A year, or a date that begins with one.
    pub(super) year: Option<&'r str>,
    /// In milliseconds.
    pub(super) length: Option<&'r str>,
}

impl OwnedTrack<'_> {
    /// The track. A length that cannot be used is counted under the name of its field.
    pub(super) fn track(
        &self,
        length_field: &'static str,
        unusable: &mut Unusable,
    ) -> Result<Track, DropReason> {
        let nameless =
            if self.artist.is_some() { DropReason::NoTitle } else { DropReason::NoTrack };
        let title = self.title.ok_or(nameless)?;
        let artists = self.artist.map(str::to_owned).into_iter().collect();
        let mut track = named_track(None, artists, title);
        track.album = self.album.map(str::to_owned);
        track.genre = self.genre.map(str::to_owned);
        track.year = self.year.and_then(values::year);
        if let Some(length) = self.length {
            let length = values::milliseconds(length);
            if !length.is_some_and(|ms| track.features.set(AudioFeature::DurationMs, ms as f32)) {
                unusable.push(length_field);
            }
        }
        Ok(track)
    }
}

/// What a listener says of a track, at a time as the file writes it.
pub(super) fn said(
    listener: &ListenerId,
    track: &Track,
    kind: FeedbackKind,
    at: Option<&str>,
) -> Feedback {
    Feedback {
        listener: listener.clone(),
        target: FeedbackTarget::Track(track.id.clone()),
        kind,
        at: at.and_then(moment),
        source: Source::AppleMusic,
    }
}
