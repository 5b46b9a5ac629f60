//! Imports as a whole: files, folders and archives in, records and accounts out.

mod archives;
mod formats;
mod hostile;
mod real_exports;
mod resuming;
mod support;
