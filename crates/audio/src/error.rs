//! What can go wrong with a sound file as a whole; what is broken within it is counted instead.

use std::io;
use std::path::PathBuf;

/// Why a file gave no sound, or no tags.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The file could not be opened or read.
    #[error("cannot read `{path}`: {source}", path = .path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The content is no container that is known, whatever the name of the file says.
    #[error("no sound that Segue knows: {reason}")]
    UnknownFormat {
        /// What the reader of containers said.
        reason: String,
    },
    /// The container is known, and what is in it is not: a video without sound, or another codec.
    #[error("no track of sound that Segue can decode: {reason}")]
    UnknownCodec {
        /// What was found instead.
        reason: String,
    },
    /// The sound has a sample rate or a number of channels that no music has.
    #[error("sound of {rate_hz} Hz and {channels} channels is not read: {limits}")]
    OutOfRange {
        /// The sample rate, in Hz.
        rate_hz: u32,
        /// How many channels there are.
        channels: usize,
        /// What is read.
        limits: &'static str,
    },
    /// There was not a single sample in it.
    #[error("no sample could be decoded, and {broken_packets} packets were broken")]
    Empty {
        /// How many packets could not be decoded.
        broken_packets: u64,
    },
    /// A reader failed where it must not: a defect in it, met by damaged bytes.
    #[error("the reader of the file failed")]
    ReaderFailed,
    /// The tags could not be read.
    #[error("the tags cannot be read: {reason}")]
    Tags {
        /// What the reader of tags said.
        reason: String,
    },
    /// A file of weights is not what the network needs.
    #[error("the weights cannot be used: {reason}")]
    Weights {
        /// What is wrong with them.
        reason: String,
    },
}
