//! Which three seconds of a track the network hears.
//!
//! All of a track would cost twenty milliseconds a second of it and say little more: tracks repeat
//! themselves. So [`PATCHES`] patches are heard, spread evenly. How long a stream is tells only its
//! end, so that more patches are kept than needed: every one at first, and whenever there are too
//! many, every other one is dropped and twice as many are passed over from then on. Memory is
//! bounded on any length.

use super::{BANDS, PATCH_FRAMES};

/// How many patches of a track the network hears. `docs/audio.md` has what fewer and more give.
pub const PATCHES: usize = 8;

/// Fewer frames than this (a quarter of a second) are too few to say anything.
const FEWEST_FRAMES: usize = 16;

/// Frames in, the patches to be heard out.
#[derive(Debug, Default)]
pub struct PatchPicker {
    /// Whole patches, each `stride` patches behind the last.
    kept: Vec<Vec<f32>>,
    filling: Vec<f32>,
    /// How many patches have begun so far.
    begun: usize,
    /// One less than how far kept patches lie apart.
    skipped: usize,
}

impl PatchPicker {
    /// Takes the next frame of [`BANDS`] numbers.
    pub fn push(&mut self, frame: &[f32; BANDS]) {
        self.filling.extend_from_slice(frame);
        if self.filling.len() < PATCH_FRAMES * BANDS {
            return;
        }
        if self.begun.is_multiple_of(self.skipped + 1) {
            self.kept.push(std::mem::take(&mut self.filling));
            self.thin();
        }
        self.filling.clear();
        self.begun += 1;
    }

    fn thin(&mut self) {
        if self.kept.len() > 2 * PATCHES {
            let mut index = 0..;
            self.kept.retain(|_| index.next().is_some_and(|i: usize| i.is_multiple_of(2)));
            self.skipped = 2 * self.skipped + 1;
        }
    }

    /// The patches to be heard, in the order of the track. A track that is shorter than one patch
    /// is repeated until it fills it; of a blink of sound there is none.
    pub fn finish(mut self) -> Vec<Vec<f32>> {
        if self.kept.is_empty() && self.filling.len() >= FEWEST_FRAMES * BANDS {
            let frames = self.filling.iter().copied().cycle();
            return vec![frames.take(PATCH_FRAMES * BANDS).collect()];
        }
        let count = self.kept.len();
        if count <= PATCHES {
            return self.kept;
        }
        // The middles of as many equal parts.
        let chosen = (0..PATCHES).map(|i| (2 * i + 1) * count / (2 * PATCHES));
        chosen.map(|i| std::mem::take(&mut self.kept[i])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which patch of the track each chosen one was.
    fn chosen(frames: usize) -> Vec<f32> {
        let mut picker = PatchPicker::default();
        for frame in 0..frames {
            picker.push(&[(frame / PATCH_FRAMES) as f32; BANDS]);
            assert!(picker.kept.len() <= 2 * PATCHES + 1, "memory is bounded");
        }
        let patches = picker.finish();
        assert!(patches.iter().all(|patch| patch.len() == PATCH_FRAMES * BANDS));
        patches.iter().map(|patch| patch[0]).collect()
    }

    #[test]
    fn patches_are_spread_over_the_track() {
        assert_eq!(chosen(5 * PATCH_FRAMES), [0.0, 1.0, 2.0, 3.0, 4.0]);
        let long = chosen(1_000 * PATCH_FRAMES);
        assert_eq!(long.len(), PATCHES);
        assert!(long[0] < 150.0 && long[PATCHES - 1] > 800.0, "{long:?}");
        let gaps: Vec<f32> = long.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(gaps.iter().all(|gap| (60.0..200.0).contains(gap)), "{gaps:?}");
    }

    #[test]
    fn a_short_track_is_repeated_and_a_blink_is_nothing() {
        assert_eq!(chosen(FEWEST_FRAMES).len(), 1);
        assert_eq!(chosen(FEWEST_FRAMES - 1).len(), 0);
    }
}
