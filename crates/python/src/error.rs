//! What goes wrong, as Python has it: [`Failure`] on this side, exceptions on the other.
//!
//! Every exception of Segue is a `segue.Error`, and beside that of the kind that Python code
//! catches anyway: a name that nobody has is a `LookupError`, a number out of range a `ValueError`.
//! The message is that of the error in Rust, with what the disk or a parser said behind it.

use std::error::Error as StdError;

use pyo3::exceptions::{PyException, PyLookupError, PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use segue::{Error, MixError};
use segue_engine::dataset::interactions::DatasetError;
use segue_models::ModelError;

/// Which exception a failure becomes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// An argument or a file that cannot be understood: `InputError`, a `ValueError`.
    Input,
    /// A name that nobody or nothing has: `NotFoundError`, a `LookupError`.
    NotFound,
    /// Something has to come first, such as an import or a training: `NotReadyError`.
    NotReady,
    /// The disk or what is on it: `StorageError`, an `OSError`.
    Storage,
}

/// Why a call from Python fails: an error of Segue, or an exception that Python raised meanwhile,
/// such as `KeyboardInterrupt`.
#[derive(Debug)]
pub(crate) enum Failure {
    /// To be raised as one of the exceptions of this module.
    Segue {
        /// Which of them.
        kind: Kind,
        /// What it says.
        message: String,
    },
    /// To be raised as it is.
    Python(PyErr),
}

impl Failure {
    /// An argument that cannot be.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Segue { kind: Kind::Input, message: message.into() }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Segue { kind: kind(&error), message: whole(&error) }
    }
}

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        Self::Segue { kind: Kind::Input, message: whole(&error) }
    }
}

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        Self::Segue { kind: Kind::Input, message: whole(&error) }
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<Failure> for PyErr {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Python(error) => error,
            Failure::Segue { kind, message } => {
                Python::attach(|py| match Exceptions::of_module(py) {
                    Ok(exceptions) => exceptions.raise(py, kind, message),
                    Err(error) => error,
                })
            }
        }
    }
}

fn kind(error: &Error) -> Kind {
    match error {
        Error::UnknownTrack(_)
        | Error::UnknownListener { .. }
        | Error::NoListener
        | Error::UnknownConnection { .. } => Kind::NotFound,
        Error::Store(segue::store::StoreError::UnknownTrack(_)) => Kind::NotFound,
        Error::NothingImported
        | Error::NoModel
        | Error::NoSet
        | Error::Training(_)
        | Error::NoConnection
        | Error::ForeignExperiment { .. } => Kind::NotReady,
        Error::Mix(MixError::EmptyCatalogue | MixError::NothingEligible { .. }) => Kind::NotReady,
        Error::Store(_) | Error::UnusableModel { .. } | Error::World(_) | Error::LostWorld(_) => {
            Kind::Storage
        }
        Error::Import(segue::ingest::IngestError::Io { .. }) => Kind::Storage,
        _ => Kind::Input,
    }
}

/// The message with those of its causes, as far as they say something else.
fn whole(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !message.ends_with(&text) {
            message = format!("{message}: {text}");
        }
        cause = inner.source();
    }
    message
}

/// The exceptions of the module, each made once.
struct Exceptions {
    base: Py<PyType>,
    input: Py<PyType>,
    not_found: Py<PyType>,
    not_ready: Py<PyType>,
    storage: Py<PyType>,
}

impl Exceptions {
    fn of_module(py: Python<'_>) -> PyResult<&'static Self> {
        static MADE: PyOnceLock<Exceptions> = PyOnceLock::new();
        MADE.get_or_try_init(py, || Self::made(py))
    }

    fn made(py: Python<'_>) -> PyResult<Self> {
        let class =
            |name: &str, doc: &str, bases: Vec<Bound<'_, PyType>>| -> PyResult<Py<PyType>> {
                let of = PyDict::new(py);
                of.set_item("__module__", "segue")?;
                of.set_item("__doc__", doc)?;
                let bases = pyo3::types::PyTuple::new(py, bases)?;
                let made = py.get_type::<PyType>().call1((name, bases, of))?;
                Ok(made.cast_into::<PyType>()?.unbind())
            };
        let doc = "Whatever goes wrong in Segue; its message is the reason.";
        let base = class("Error", doc, vec![py.get_type::<PyException>()])?;
        let both = |natural| vec![base.bind(py).clone(), natural];
        Ok(Self {
            input: class(
                "InputError",
                "An argument or a file that cannot be understood, or is out of range.",
                both(py.get_type::<PyValueError>()),
            )?,
            not_found: class(
                "NotFoundError",
                "A listener or a track that is not there.",
                both(py.get_type::<PyLookupError>()),
            )?,
            not_ready: class(
                "NotReadyError",
                "Something has to come first: an import, a training, or more music.",
                both(py.get_type::<PyRuntimeError>()),
            )?,
            storage: class(
                "StorageError",
                "The disk, or what lies on it: a full one, a damaged library, a missing file.",
                both(py.get_type::<PyOSError>()),
            )?,
            base,
        })
    }

    fn raise(&self, py: Python<'_>, kind: Kind, message: String) -> PyErr {
        let class = match kind {
            Kind::Input => &self.input,
            Kind::NotFound => &self.not_found,
            Kind::NotReady => &self.not_ready,
            Kind::Storage => &self.storage,
        };
        PyErr::from_type(class.bind(py).clone(), message)
    }
}

/// Adds the exceptions to the module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let Exceptions { base, input, not_found, not_ready, storage } =
        Exceptions::of_module(module.py())?;
    for class in [base, input, not_found, not_ready, storage] {
        let class = class.bind(module.py());
        module.add(class.name()?, class)?;
    }
    Ok(())
}
