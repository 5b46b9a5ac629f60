//! The best mix that the truth allows, for regret.

use rustc_hash::FxHashMap;

use segue_engine::mix::quota::Caps;
use segue_engine::{ArtistIdx, Catalogue, TrackIdx};

/// The mean enjoyment of the `length` most enjoyable tracks under the caps, one version of a work
/// at most; 0 of none.
///
/// Versions share an album and albums an artist, so the caps are a laminar matroid, over which
/// taking the best that still fits is exact. It looks no farther than this session: who thinks of
/// tomorrow may rightly pay some regret.
pub fn best_mean(
    catalogue: &Catalogue,
    enjoyments: impl IntoIterator<Item = (TrackIdx, f64)>,
    caps: Caps,
    length: usize,
) -> f64 {
    let mut by_enjoyment: Vec<(TrackIdx, f64)> = enjoyments.into_iter().collect();
    by_enjoyment.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut by_artist: FxHashMap<ArtistIdx, u32> = FxHashMap::default();
    let mut by_album: FxHashMap<(ArtistIdx, &str), u32> = FxHashMap::default();
    let mut works = Vec::with_capacity(length);
    let mut total = 0.0;
    for (track, enjoyment) in by_enjoyment {
        if works.len() == length {
            break;
        }
        let (work, row) = (catalogue.work(track), catalogue.track(track));
        let (Some(artist), Some(album)) = (catalogue.artist(track), &row.album) else { continue };
        let of_artist = by_artist.entry(artist).or_default();
        let of_album = by_album.entry((artist, album)).or_default();
        if *of_artist >= caps.artist || *of_album >= caps.album || works.contains(&work) {
            continue;
        }
        *of_artist += 1;
        *of_album += 1;
        works.push(work);
        total += enjoyment;
    }
    if works.is_empty() { 0.0 } else { total / works.len() as f64 }
}
