//! Any bytes as the answer of a music server: each song is kept or dropped, and no secret is shown.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| segue_connect::fuzzing::read_subsonic(body));
