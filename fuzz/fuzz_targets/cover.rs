//! Any bytes as a cover: nothing may panic, and what is drawn is a small JPEG.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    segue_audio::fuzzing::cover(content);
});
