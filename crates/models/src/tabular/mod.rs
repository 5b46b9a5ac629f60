//! Deep networks on tables: [`Tabm`], the default, and [`Mlp`], the plain one to compare with.

pub mod calibration;
mod checkpoint;
mod chunk;
pub mod ensemble;
pub mod mlp;
pub mod network;
pub mod preprocess;
pub mod tabm;
mod train_config;
pub mod training;

pub use mlp::{Mlp, MlpClassifier};
pub use tabm::{Tabm, TabmClassifier, TabmConfig};
