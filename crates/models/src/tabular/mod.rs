//! Models of tables: [`Tabm`], the default; [`BoostedTrees`], and both together
//! ([`network_and_trees`]), for tables of a thousand songs or more; and [`Mlp`], the plain network
//! to compare with.

mod blend;
pub mod boosted_trees;
pub mod calibration;
mod checkpoint;
mod chunk;
pub mod ensemble;
pub mod mlp;
pub mod network;
pub mod network_and_trees;
pub mod preprocess;
pub mod tabm;
mod train_config;
pub mod training;
pub mod trees;

pub use boosted_trees::{BoostedTrees, BoostedTreesClassifier};
pub use mlp::{Mlp, MlpClassifier};
pub use network_and_trees::NetworkAndTreesClassifier;
pub use tabm::{Tabm, TabmClassifier, TabmConfig};
