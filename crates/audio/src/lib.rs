mod error;
pub mod musicnn;
mod spectra;
pub use error::AudioError;
