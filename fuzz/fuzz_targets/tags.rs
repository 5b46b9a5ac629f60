//! Any bytes as a tagged file: nothing may panic, and no text steers a terminal.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    segue_audio::fuzzing::tags(content);
});
