//! The charts of the taste page: drawings of what [`segue_engine::history`] and [`segue_engine::taste`] say, one file each.
//!
//! Every chart is a `<figure>`: a drawing whose label says the main finding, a caption that says what is drawn and what is not in it, and
//! a table with the same numbers. Nothing is told by colour alone. Colours are custom properties (`--chart-1` to `--chart-3`), set as presentation attributes,
//! which a strict content security policy allows, so day and night need one drawing. Where there is nothing to draw there is no chart.

mod decades;
mod discovery;
mod eras;
mod features;
mod figure;
mod heat_map;
mod months;

pub use decades::decades;
pub use discovery::discovery;
pub use eras::eras;
pub use features::features;
pub use figure::left_aside;
pub use heat_map::heat_map;
pub use months::months;
