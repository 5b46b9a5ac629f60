//! `segue evaluate`: measure models.

mod calibration_plot;
mod labelled_csv;
pub(crate) mod likability;
