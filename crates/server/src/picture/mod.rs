//! A period of a history as one picture to share: upright, 1080 by 1350, as social networks show it
//! whole. It names nobody: who shares it says whose it is.
//!
//! [`svg`] draws it, with text as text; [`png`] turns that into pixels with the typefaces of this
//! machine, and one that comes along where it has none. That one knows Latin, Greek and Cyrillic
//! letters; for names in others the machine needs a typeface that has them.

mod png;
mod svg;

pub use png::{PictureError, png};
pub(crate) use svg::title;

pub use svg::svg;
