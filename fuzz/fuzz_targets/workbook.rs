//! Any bytes as a spreadsheet or the parts of one: nothing may panic, and the account adds up.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    segue_ingest::fuzzing::read_workbook(content);
});
