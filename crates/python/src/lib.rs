//! The Python module `segue`: a skin over the library and over the recommenders beneath it.
//!
//! Each class stands for a type of [`segue`] or `segue_models` and adds no logic: arguments become
//! the types of those crates, errors become exceptions (`error.rs`), and whatever takes long runs
//! without the interpreter's lock (`calls.rs`). What the classes are for is said where Python reads
//! it, in their docstrings and in `segue.pyi`; `docs/python.md` is the way in.
//!
//! The wheel keeps to the stable interface of Python 3.10 and names no Python when it is linked, so
//! that one file serves all newer versions and building needs no Python.

mod calls;
mod error;
mod interactions;
mod library;
mod mix;
mod recommender;
mod snapshot;

/// Mixes out of what was listened to, and the recommenders behind them.
#[pyo3::pymodule(name = "segue")]
mod module {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::library::{PyImportReport, PyLibrary, PyTrained};
    #[pymodule_export]
    use crate::mix::{PyMix, PyPick};
    #[pymodule_export]
    use crate::recommender::{PyFittedRecommender, PyRecommender};
    #[pymodule_export]
    use crate::snapshot::{PyExplanation, PySimilarTrack, PySnapshot, PyTrack};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        crate::error::add_to(module)
    }
}
