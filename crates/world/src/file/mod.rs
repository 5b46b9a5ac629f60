//! A world as one file that is memory-mapped: opened in milliseconds, whatever its size.
//!
//! ```text
//! magic, version │ section, section, …, each at a multiple of 64 bytes │ table of sections │ end
//! ```
//!
//! A section is a plain array, little-endian, with a digest that [`World::verify`] compares; the
//! table is compared whenever the file is opened. A section that not every world has, as `sound`,
//! is found by its name or is not there; readers pass over names that they do not know. Rows of
//! recordings are in the order of popularity, so that the first thousand are the thousand best
//! known.

mod export;
mod manifest;
mod reader;
mod sound;
mod writer;

pub use manifest::{FeaturesManifest, Manifest};
pub use reader::{RecordingIdx, World, WorldSection};
pub(crate) use sound::{NUMBERS, SOUND_BYTES};
pub use sound::{RecordingKey, Sound};
pub(crate) use writer::WorldWriter;

/// The first bytes of a file.
const MAGIC: [u8; 8] = *b"SEGUEWLD";
/// The layout that is written and read.
const VERSION: u32 = 1;
/// Sections begin at multiples of this: a line of cache, and aligned for any number.
const ALIGNMENT: usize = 64;
/// Magic, version, and zeros up to the first section.
const HEAD_BYTES: usize = ALIGNMENT;
/// Place, length and digest of the table, and the magic again.
const TAIL_BYTES: usize = 8 + 8 + 32 + 8;
