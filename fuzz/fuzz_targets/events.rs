//! Any bytes as events in every format of text: nothing may panic, and the account adds up.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| segue_lab::fuzzing::read_events(content));
