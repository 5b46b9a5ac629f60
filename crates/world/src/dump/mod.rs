//! The dumps of ListenBrainz, MusicBrainz and AcousticBrainz, row by row, as they were downloaded.
//!
//! ```text
//! archive, file or folder ─► members ─► rows ─► a sink, and a report a member
//! ```
//!
//! [`read_listens`] reads who played what and when, [`read_canonical`] and [`read_redirects`] which
//! names and identifiers mean the same recording, [`read_features`] how recordings sound. Which
//! form a file has is told from its content. Nothing is unpacked to disk: members of a plain tar
//! are read in place, packed ones as a stream.
//!
//! Dumps of listens are large and often cut, so what is damaged costs no more than its own member:
//! it is reported as broken, and the others are read. Tables of names and features are read whole
//! or not at all, so that damage there is an error. Each row is a listen or counted as dropped,
//! with the [reason](DumpDropReason).

mod features;
mod files;
mod lines;
mod listens;
mod mbid;
mod names;
mod parquet;
mod report;
mod table;
mod tar_walk;
mod unpack;

pub use features::{FeatureRow, read_features};
pub use listens::{DumpListen, ListenPiece, ListenSink, Member, read_listens};
#[cfg(feature = "spark")]
pub(crate) use listens::{LONGEST_CELL, parquet_members};
pub use mbid::{Mbid, MbidError};
pub use names::{CanonicalRow, Redirect, read_canonical, read_redirects};
pub use report::{DumpDropReason, DumpMemberReport, TableReport};
