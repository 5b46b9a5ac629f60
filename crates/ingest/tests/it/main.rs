//! Imports as a whole: files, folders and archives in, records and accounts out.

#![allow(clippy::print_stdout)] // a test that skips says so
#![allow(clippy::unwrap_used)] // the lint excepts test functions only, and not what they call

mod archives;
mod columns;
mod dated_tables;
mod formats;
mod hostile;
mod hostile_parquet;
mod odd;
mod of_one_listener;
mod real_exports;
mod resuming;
mod support;
mod tables;
mod takeout;
mod workbooks;
mod written_tables;
