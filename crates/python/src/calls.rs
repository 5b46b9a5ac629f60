//! How a call from Python reaches a library: without the interpreter's lock, one call at a time,
//! and so that Ctrl-C and exceptions of a callback end it.
//!
//! The verbs of the library tell how far they are and take no answer. Where Python asks for an end,
//! the stack is therefore unwound from where they told it. That is safe: what a verb writes is
//! written in transactions, and an import goes on where it stopped.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use pyo3::prelude::*;
use segue::Library;
use serde::Serialize;

use crate::error::{Failure, Kind};

/// A library that several objects of Python share.
pub(crate) struct SharedLibrary {
    library: Mutex<Library>,
    /// The thread that is in the middle of a call. It must not wait for itself.
    holder: Mutex<Option<ThreadId>>,
}

/// Says that nobody holds the library once it is dropped.
struct Holding<'a>(&'a SharedLibrary);

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        *locked(&self.0.holder) = None;
    }
}

impl SharedLibrary {
    pub(crate) fn new(library: Library) -> Self {
        Self { library: Mutex::new(library), holder: Mutex::new(None) }
    }

    /// Does something with the library, without the interpreter's lock, once no other thread does.
    pub(crate) fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut Library) -> Result<T, Failure> + Send,
    ) -> Result<T, Failure> {
        py.detach(|| {
            let this = thread::current().id();
            if *locked(&self.holder) == Some(this) {
                let message = "the library is in the middle of a call that asked for this one";
                return Err(Failure::Segue { kind: Kind::NotReady, message: message.to_owned() });
            }
            let mut library = locked(&self.library);
            *locked(&self.holder) = Some(this);
            let _holding = Holding(self);
            work(&mut library)
        })
    }
}

/// A panic of an earlier call says nothing about what is in the store.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What ends a verb from within.
struct Stopped(PyErr);

/// Runs a verb that tells how far it is. Each time, Python may say that it is to end: a signal that
/// came, or an exception out of `progress`.
pub(crate) fn watched<T>(
    progress: Option<Py<PyAny>>,
    work: impl FnOnce(&mut dyn FnMut(String)) -> segue::Result<T>,
) -> Result<T, Failure> {
    let mut tell = |text: String| {
        let told = Python::attach(|py| {
            py.check_signals()?;
            progress.as_ref().map_or(Ok(()), |progress| progress.call1(py, (text,)).map(drop))
        });
        if let Err(stop) = told {
            resume_unwind(Box::new(Stopped(stop)));
        }
    };
    match catch_unwind(AssertUnwindSafe(|| work(&mut tell))) {
        Ok(result) => Ok(result?),
        Err(panic) => match panic.downcast::<Stopped>() {
            Ok(stopped) => Err(Failure::Python(stopped.0)),
            Err(panic) => resume_unwind(panic),
        },
    }
}

/// A path as Python has it: text or anything with `__fspath__`, with `~` for the home folder.
pub(crate) struct UserPath(pub(crate) PathBuf);

impl<'py> FromPyObject<'_, 'py> for UserPath {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let path = object.py().import("os.path")?.getattr("expanduser")?.call1((object,))?;
        Ok(Self(path.extract()?))
    }
}

/// Facts as Python has them: dicts, lists, text and numbers.
pub(crate) fn as_python<'py>(
    py: Python<'py>,
    facts: &impl Serialize,
) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(facts).expect("facts of reports are JSON");
    py.import("json")?.getattr("loads")?.call1((text,))
}
