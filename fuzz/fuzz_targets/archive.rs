//! Any bytes as a zip archive: nothing in it may panic, escape or use more than its limits.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| segue_ingest::fuzzing::read_archive(content));
