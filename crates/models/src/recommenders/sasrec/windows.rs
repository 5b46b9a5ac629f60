//! Cuts histories into windows that the network can see, and packs windows without padding.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::{ItemIdx, ListenerIdx, Training};

use super::config::{SasrecConfig, Windows};

/// A stretch of one listener's history: `steps` items to read, each with its next item to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    listener: u32,
    start: u32,
    pub(super) steps: u32,
}

/// The windows of all listeners with two events or more, in their order.
///
/// A long history is cut elsewhere at each call: its latest window gets a random length, those
/// before are full. A model is asked at the end of what it sees, and with fixed cuts it would meet
/// the same few items there in every epoch.
pub(super) fn windows(
    training: &Training<'_>,
    config: &SasrecConfig,
    rng: &mut ChaCha8Rng,
) -> Vec<Window> {
    let longest = config.max_length as u32;
    let mut windows = Vec::new();
    for (listener, history) in training.histories().enumerate() {
        let mut end = (history.items.len() as u32).saturating_sub(1);
        let mut length = match config.windows {
            Windows::All if end > longest => rng.random_range(1..=longest),
            _ => longest,
        };
        while end > 0 {
            let start = end.saturating_sub(length);
            length = longest;
            windows.push(Window { listener: listener as u32, start, steps: end - start });
            end = match config.windows {
                Windows::Last => 0,
                Windows::All => start,
            };
        }
    }
    windows
}

/// How many of the first windows one epoch learns from: as many as have `most_steps` together, the
/// last of them whole.
pub(super) fn count_within(windows: &[Window], most_steps: Option<usize>) -> usize {
    let Some(mut left) = most_steps else { return windows.len() };
    let is_within = |window: &&Window| {
        let is_within = left > 0;
        left = left.saturating_sub(window.steps as usize);
        is_within
    };
    windows.iter().take_while(is_within).count()
}

/// Sequences one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Packed {
    /// What is read.
    pub(super) items: Vec<u32>,
    /// What follows; as long as `items`, or empty where nothing is to be learned.
    pub(super) targets: Vec<u32>,
    /// Length of each sequence.
    pub(super) lengths: Vec<u32>,
}

impl Packed {
    /// Empties it, keeping its room.
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.targets.clear();
        self.lengths.clear();
    }

    /// Adds a window of training data.
    pub(super) fn push(&mut self, training: &Training<'_>, window: Window) {
        let history = training.history(ListenerIdx(window.listener)).items;
        let (start, steps) = (window.start as usize, window.steps as usize);
        self.items.extend(history[start..start + steps].iter().map(|item| item.0));
        self.targets.extend(history[start + 1..=start + steps].iter().map(|item| item.0));
        self.lengths.push(window.steps);
    }

    /// Adds the latest items of a history, with nothing to learn.
    pub(super) fn push_query(&mut self, history: &[ItemIdx], max_length: usize) {
        let seen = &history[history.len().saturating_sub(max_length)..];
        self.items.extend(seen.iter().map(|item| item.0));
        self.lengths.push(seen.len() as u32);
    }

    /// Cuts the sequences into runs of at most `rows` rows (or one sequence) each.
    pub(super) fn micro_batches(&self, rows: usize) -> Vec<MicroBatch> {
        let mut batches: Vec<MicroBatch> = Vec::new();
        let mut row = 0;
        for (sequence, &length) in self.lengths.iter().enumerate() {
            let length = length as usize;
            match batches.last_mut() {
                Some(last) if last.rows.len() + length <= rows => {
                    last.rows.end += length;
                    last.sequences.end += 1;
                }
                _ => batches.push(MicroBatch {
                    sequences: sequence..sequence + 1,
                    rows: row..row + length,
                }),
            }
            row += length;
        }
        batches
    }
}

/// Some sequences in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MicroBatch {
    pub(super) sequences: std::ops::Range<usize>,
    pub(super) rows: std::ops::Range<usize>,
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use segue_engine::dataset::interactions::{Interactions, InteractionsBuilder, KCore};

    use super::*;

    fn listening(lengths: &[usize]) -> Interactions {
        let mut builder = InteractionsBuilder::default();
        for (listener, &length) in lengths.iter().enumerate() {
            for item in 0..length {
                builder.push(&listener.to_string(), &item.to_string(), None, None).unwrap();
            }
        }
        builder.build(KCore::default()).unwrap()
    }

    fn cut(training: &Training<'_>, config: &SasrecConfig) -> Vec<Window> {
        windows(training, config, &mut ChaCha8Rng::seed_from_u64(1))
    }

    fn targets(config: &SasrecConfig, lengths: &[usize]) -> Vec<u32> {
        let data = listening(lengths);
        let training = data.all();
        let mut packed = Packed::default();
        for window in cut(&training, config) {
            packed.push(&training, window);
        }
        assert!(packed.lengths.iter().all(|&length| length as usize <= config.max_length));
        assert!(packed.items.iter().zip(&packed.targets).all(|(item, target)| item + 1 == *target));
        packed.targets.sort_unstable();
        packed.targets
    }

    #[test]
    fn an_epoch_learns_from_no_more_steps_than_it_may_but_for_the_end_of_a_window() {
        let data = listening(&[24, 9, 31, 2]);
        let config = SasrecConfig { max_length: 5, ..SasrecConfig::default() };
        let windows = cut(&data.all(), &config);
        let steps = |most: Option<usize>| -> u32 {
            windows[..count_within(&windows, most)].iter().map(|window| window.steps).sum()
        };
        let all = steps(None);
        assert_eq!(all, 23 + 8 + 30 + 1);
        for most in 0..=all {
            let learned = steps(Some(most as usize));
            assert!((most..most + 5).contains(&learned), "{learned} of {most}");
        }
        assert_eq!(steps(Some(usize::MAX)), all);
    }

    #[test]
    fn every_step_of_a_long_history_is_learned_once() {
        let config = SasrecConfig { max_length: 5, ..SasrecConfig::default() };
        assert_eq!(targets(&config, &[24]), (1..24).collect::<Vec<_>>());
        assert_eq!(targets(&config, &[1, 2, 6]), [1, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn long_histories_are_cut_anew_and_short_ones_never() {
        let config = SasrecConfig { max_length: 5, ..SasrecConfig::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut cuts = |data: &Interactions| -> Vec<Vec<u32>> {
            let starts = |windows: Vec<Window>| {
                windows.iter().map(|window| window.start).collect::<Vec<u32>>()
            };
            (0..20).map(|_| starts(windows(&data.all(), &config, &mut rng))).collect()
        };
        assert!(cuts(&listening(&[24])).iter().any(|starts| starts[0] != 18));
        assert!(cuts(&listening(&[6])).iter().all(|starts| starts == &[0]));
    }

    #[test]
    fn the_published_window_keeps_the_latest_steps() {
        let config =
            SasrecConfig { max_length: 5, windows: Windows::Last, ..SasrecConfig::default() };
        assert_eq!(targets(&config, &[24]), [19, 20, 21, 22, 23]);
    }

    #[test]
    fn micro_batches_cover_all_rows_in_order() {
        let packed = Packed { lengths: vec![3, 4, 9, 1, 1], ..Packed::default() };
        let batches = packed.micro_batches(7);
        let rows: Vec<_> = batches.iter().map(|b| b.rows.clone()).collect();
        assert_eq!(rows, [0..7, 7..16, 16..18]);
        let sequences: Vec<_> = batches.into_iter().map(|b| b.sequences).collect();
        assert_eq!(sequences, [0..2, 2..3, 3..5]);
    }
}
