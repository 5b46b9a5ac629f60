//! How much is done at once, by the memory that a build may take.
//!
//! Nothing of the result depends on it. What stays in memory while a step is done is counted first;
//! what is left goes to pieces of work, as many side by side as it and the cores allow. Where not
//! even one has room, the build is refused with what it would need.

use rayon::prelude::*;

use super::{BuildConfig, BuildStage};
use crate::{Result, WorldError};

/// The program itself, its threads and their buffers.
const BYTES_OF_PROCESS: usize = 32 << 20;

/// Memory that is left for pieces of work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    taken: usize,
    allowed: usize,
    allowed_mb: usize,
}

impl Room {
    /// What is left beside so many bytes.
    pub(super) fn beside(config: &BuildConfig, bytes: usize) -> Self {
        let needed = bytes + BYTES_OF_PROCESS;
        // What earlier steps gave back lies in pieces. Of two measured builds the next steps found
        // room in half of it and more.
        let taken = needed + resident().saturating_sub(needed) / 2;
        Self { taken, allowed: config.memory_mb << 20, allowed_mb: config.memory_mb }
    }

    /// Bytes that are not left.
    pub(super) fn taken(self) -> usize {
        self.taken
    }

    fn left(self) -> usize {
        self.allowed.saturating_sub(self.taken)
    }

    /// How many pieces of so many bytes are worked on side by side.
    ///
    /// # Errors
    /// [`WorldError::NeedsMemory`] where there is no room for one.
    pub(super) fn at_once(self, bytes: usize) -> Result<usize> {
        match self.left() / bytes.max(1) {
            0 => {
                let needed_mb = (self.taken + bytes).div_ceil(1 << 20);
                Err(WorldError::NeedsMemory { needed_mb, allowed_mb: self.allowed_mb })
            }
            room => Ok(room.min(rayon::current_num_threads())),
        }
    }

    /// Into how many parts, one after another, work of so many bytes has to be cut.
    ///
    /// # Errors
    /// [`WorldError::NeedsMemory`] where there is no room for a megabyte.
    pub(super) fn passes(self, bytes: usize) -> Result<usize> {
        self.at_once(1 << 20)?;
        Ok(bytes.div_ceil(self.left()).max(1))
    }
}

/// Memory that this process has, where the system tells it as Linux does.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) << 10
}

/// Does numbered pieces of work, so many at once, and tells how far it is after each round.
pub(super) fn in_rounds<T: Send>(
    [count, at_once]: [usize; 2],
    progress: &mut dyn FnMut(BuildStage),
    stage: impl Fn(f32) -> BuildStage,
    each: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(count);
    for from in (0..count).step_by(at_once) {
        progress(stage(from as f32 / count as f32));
        let to = (from + at_once).min(count);
        let round: Result<Vec<T>> = (from..to).into_par_iter().map(&each).collect();
        done.extend(round?);
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(left: usize) -> Room {
        Room { taken: 10 << 20, allowed: (10 << 20) + left, allowed_mb: 10 }
    }

    #[test]
    fn as_much_is_done_at_once_as_there_is_room_for() {
        let cores = rayon::current_num_threads();
        assert_eq!(room(100 << 20).at_once(100 << 20).unwrap(), 1);
        assert_eq!(room(100 << 20).at_once(1).unwrap(), cores);
        let refused = room(1 << 20).at_once(2 << 20);
        assert!(matches!(refused, Err(WorldError::NeedsMemory { needed_mb: 12, .. })));
    }

    #[test]
    fn passes_are_as_many_as_keep_each_within_what_is_left() {
        for bytes in [0, 1 << 20, 3 << 20, 100 << 20] {
            let passes = room(2 << 20).passes(bytes).unwrap();
            assert!(bytes.div_ceil(passes) <= 2 << 20, "{bytes}: {passes}");
        }
        assert!(room(1000).passes(1).is_err(), "there is no room at all");
    }

    #[test]
    fn rounds_give_what_each_piece_gave_in_their_order() {
        let mut told = Vec::new();
        let mut tell = |stage| told.push(stage);
        let found = in_rounds([5, 2], &mut tell, BuildStage::Counting, |piece| Ok(piece * piece));
        assert_eq!(found.unwrap(), [0, 1, 4, 9, 16]);
        assert_eq!(told, [0.0, 0.4, 0.8].map(BuildStage::Counting));
    }
}
