//! Other songs by artists whom the listener likes.

use rustc_hash::FxHashMap;

use super::limits::{ARTISTS, NAMED_OF_ARTIST, TRACKS_OF_ARTIST};
use crate::{ArtistIdx, Catalogue, Index, Profile, TrackIdx};

/// Tracks of the artists whose works the listener likes: the most popular one of each artist, then
/// the next of each, and so on.
pub(crate) fn in_turn(catalogue: &Catalogue, index: &Index, profile: &Profile) -> Vec<TrackIdx> {
    let popularity = |track: &TrackIdx| index.popularity.value(*track);
    let of_artist = |artist: ArtistIdx| {
        let mut tracks: Vec<TrackIdx> =
            index.tracks_by(artist).iter().take(TRACKS_OF_ARTIST).copied().collect();
        tracks.sort_by(|a, b| popularity(b).total_cmp(&popularity(a)).then(a.cmp(b)));
        tracks
    };
    let liked = liked_artists(catalogue, profile).into_iter().take(ARTISTS);
    let tracks: Vec<Vec<TrackIdx>> = liked.map(of_artist).collect();
    (0..NAMED_OF_ARTIST)
        .flat_map(|turn| tracks.iter().filter_map(move |tracks| tracks.get(turn).copied()))
        .collect()
}

/// Artists of liked works, most weight first, ties by row.
fn liked_artists(catalogue: &Catalogue, profile: &Profile) -> Vec<ArtistIdx> {
    let mut weights: FxHashMap<ArtistIdx, f32> = FxHashMap::default();
    for (track, label) in profile.labelled().filter(|(_, label)| label.liked) {
        if let Some(artist) = catalogue.artist(track) {
            *weights.entry(artist).or_default() += label.weight;
        }
    }
    let mut artists: Vec<(ArtistIdx, f32)> = weights.into_iter().collect();
    artists.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    artists.into_iter().map(|(artist, _)| artist).collect()
}
