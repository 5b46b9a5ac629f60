//! Which names mean the same track, and which tracks are versions of the same work.

use segue_core::{Track, TrackId, Version, WorkId};

/// The id of a track of which a source gives names only: `name:artist␟title`, both normalised.
pub fn track_id_from_names(artist: Option<&str>, title: &str) -> TrackId {
    let _ = (artist, title);
    unreachable!("written next")
}

/// The work that a title by an artist belongs to, and which version the title says it is.
pub fn work_of(artist: Option<&str>, title: &str) -> (WorkId, Version) {
    let _ = (artist, title);
    unreachable!("written next")
}

/// A track from what a row names: `id` where the source has one, else one made from the names.
pub fn named_track(id: Option<TrackId>, artists: Vec<String>, title: &str) -> Track {
    let id = id.unwrap_or_else(|| track_id_from_names(artists.first().map(String::as_str), title));
    let (work, version) = work_of(artists.first().map(String::as_str), title);
    Track { artists, version, ..Track::new(id, work, title) }
}
