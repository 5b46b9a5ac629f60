//! Imports as a whole: files, folders and archives in, records and accounts out.

// The lints except test functions only, and not what they call.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod archives;
mod formats;
mod hostile;
mod real_exports;
mod resuming;
mod support;
mod tables;
