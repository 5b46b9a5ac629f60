//! Any bytes as a dump of open data: nothing may panic but what the reader of Parquet catches, and
//! every account adds up.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        // The hook that libFuzzer sets ends the process before a panic can be caught, and the
        // reader catches those of the Parquet crate. One that is not caught still ends it.
        std::panic::set_hook(Box::new(|_| ()));
    },
    |content: &[u8]| segue_world::fuzzing::read_dump(content)
);
