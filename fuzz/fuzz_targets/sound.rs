//! Any bytes as a sound file: nothing may panic, and what is measured is a number.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    segue_audio::fuzzing::decode(content);
});
