//! A way through sound from one track to another.

use crate::sound::SoundSpace;
use crate::{Catalogue, TrackIdx};

/// See [`super::SimilarIndex::path`].
pub(super) fn path(
    catalogue: &Catalogue,
    sound: &SoundSpace,
    ends: [TrackIdx; 2],
    length: usize,
) -> Vec<TrackIdx> {
    let _ = (catalogue, sound, length);
    ends.to_vec()
}
