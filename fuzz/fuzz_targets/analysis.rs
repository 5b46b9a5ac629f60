//! Any bytes as samples of any rate and number of channels: what is measured is a number.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    segue_audio::fuzzing::measure(content);
});
