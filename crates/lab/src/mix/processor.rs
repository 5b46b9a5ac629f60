//! Processor time, where the system tells.

use std::fs;

/// Linux counts in hundredths of a second, whatever the kernel's own tick is.
const MS_PER_TICK: f64 = 10.0;
/// Fields of `/proc/self/stat` after the name of the program: user and system time.
const USER: usize = 11;
const SYSTEM: usize = 12;

/// Processor time of all threads of this process so far, in milliseconds, in steps of ten.
pub(super) fn processor_ms() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name stands in brackets and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(USER)? + ticks(SYSTEM)?) * MS_PER_TICK)
}
