//! Any bytes, read as a format: as the one that `SEGUE_FUZZ_FORMAT` numbers, or else as the one
//! that they look like and the one that their first byte names. No input may panic, and every
//! account must add up.
//!
//! `cargo +nightly fuzz run format corpus/format ../crates/ingest/tests/fixtures --
//! -max_total_time=60`
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use segue_ingest::fuzzing::{format_count, format_of, read_as};

static FORMAT: LazyLock<Option<usize>> =
    LazyLock::new(|| std::env::var("SEGUE_FUZZ_FORMAT").ok()?.parse().ok());

fuzz_target!(|content: &[u8]| {
    if let Some(format) = *FORMAT {
        return read_as(format, content);
    }
    if let Some(format) = format_of(content) {
        read_as(format, content);
    }
    if let Some((first, rest)) = content.split_first() {
        read_as(usize::from(*first) % format_count(), rest);
    }
});
