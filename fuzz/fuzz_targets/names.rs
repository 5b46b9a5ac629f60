//! Any text as the names of a track: it gets an id and a work, and normalising is idempotent.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| segue_ingest::fuzzing::read_names(text));
