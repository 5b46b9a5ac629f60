//! Sound files to descriptors: ears that owe nothing to anyone.
//!
//! [`Analyser`] takes a file and gives an [`Analysis`]: what became of its packets, its tags, how
//! loud it is, tempo, key, timbre, a print by which the same recording is found again, and the
//! embedding of a network with which tracks that sound alike lie near each other. Files are
//! streamed, so that memory does not grow with their length, and no bytes make it panic.
//!
//! Each stage stands in its own module and takes samples in blocks of any size: [`decode`],
//! [`resample`], [`level`], [`descriptors`] (with [`rhythm`], [`tonality`] and [`timbre`]),
//! [`mod@print`] and [`musicnn`]. [`Analysis::summary`] has every number by name, with unit,
//! definition, source and confidence. `docs/audio.md` has how well each does, and how that was
//! measured. Beside it all, [`covers`] finds and draws the covers of files.

mod analysis;
pub mod covers;
pub mod decode;
pub mod descriptors;
mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod level;
mod moments;
pub mod musicnn;
pub mod print;
pub mod resample;
pub mod rhythm;
mod spectra;
mod summary;
pub mod tags;
pub mod timbre;
pub mod tonality;
pub use analysis::{Analyser, Analysis, VERSION};
pub use error::AudioError;
