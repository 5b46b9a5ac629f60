//! Any bytes as a table of which every row counts: nothing may panic, and errors name the file.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| segue_ingest::fuzzing::read_columns(content));
