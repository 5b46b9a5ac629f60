//! The same recording under different names: found by prints.
//!
//! Prints are compared where they have some items in common, so that the cost grows with the files
//! and not with their pairs.

use rustc_hash::{FxHashMap, FxHashSet};
use segue_audio::print::AudioPrint;
use segue_core::TrackId;

/// Items of a print by which others are found: ten seconds, behind what may be silence or an
/// announcement.
const LOOKED_UP: std::ops::Range<usize> = 80..160;
/// Prints are compared if so many of these items are the same.
const FEWEST_SHARED: u32 = 4;
/// An item that more prints have than this tells nothing: silence, or a held tone.
const MOST_WITH_ITEM: usize = 50;

/// Pairs of tracks that are the same recording by their prints, each pair once, the track that came
/// first in front.
pub(super) fn same_recordings(prints: Vec<(TrackId, Vec<u32>)>) -> Vec<[TrackId; 2]> {
    let (tracks, prints): (Vec<TrackId>, Vec<AudioPrint>) =
        prints.into_iter().map(|(track, items)| (track, AudioPrint { items })).unzip();
    let mut with_item: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
    let mut pairs = Vec::new();
    let mut seen = FxHashSet::default();
    for (place, print) in prints.iter().enumerate() {
        let items: FxHashSet<u32> =
            print.items.get(LOOKED_UP).unwrap_or_default().iter().copied().collect();
        let mut shared: FxHashMap<u32, u32> = FxHashMap::default();
        for item in items {
            let others = with_item.entry(item).or_default();
            if others.len() <= MOST_WITH_ITEM {
                others.iter().for_each(|other| *shared.entry(*other).or_default() += 1);
                others.push(place as u32);
            }
        }
        let mut alike: Vec<u32> =
            shared.iter().filter(|(_, items)| **items >= FEWEST_SHARED).map(|(o, _)| *o).collect();
        alike.sort_unstable();
        for other in alike {
            let [first, second] = [&tracks[other as usize], &tracks[place]];
            let is_same = first != second && prints[other as usize].is_same_recording(print);
            if is_same && seen.insert((first.clone(), second.clone())) {
                pairs.push([first.clone(), second.clone()]);
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_found_under_another_name_and_others_are_not() {
        // Knuth's multiplicative hash: items that have nothing to do with each other.
        let print = |seed: u32| -> Vec<u32> {
            (1..=400_u32).map(|i| (seed + i).wrapping_mul(2_654_435_761)).collect()
        };
        let (one, other, held) = (print(0), print(70_000), vec![7; 400]);
        // Another encoding: moved by a second, a bit turned round in most items.
        let packed: Vec<u32> =
            one[8..].iter().enumerate().map(|(i, item)| item ^ u32::from(i % 5 != 0)).collect();
        let track = |name: &str| TrackId::new(name);
        let mut prints = vec![
            (track("one"), one.clone()),
            (track("other"), other),
            (track("packed"), packed),
            (track("one"), one),
            (track("short"), vec![1; 20]),
        ];
        prints.extend((0..60).map(|i| (track(&format!("held{i}")), held.clone())));
        let pairs = same_recordings(prints);
        let of_music: Vec<_> =
            pairs.iter().filter(|pair| !pair[0].as_str().starts_with("held")).collect();
        assert_eq!(of_music, [&[track("one"), track("packed")], &[track("packed"), track("one")]]);
    }
}
