//! Lines of the log, on their way to stderr: a thread of their own writes them, so that a pipe that
//! nobody reads holds up no request. Lines that find no room are dropped.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use tracing_subscriber::fmt::MakeWriter;

/// Most lines that wait.
const MOST: usize = 4_096;
/// For how long the end of the process waits for the lines that are on their way.
const PATIENCE: Duration = Duration::from_millis(500);
/// Lines that are on their way.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// Waits a moment for the lines that are on their way.
pub(super) fn drain() {
    let begun = Instant::now();
    while WAITING.load(Ordering::Acquire) > 0 && begun.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Takes lines and gives them to the thread.
#[derive(Clone)]
pub(super) struct Lines(SyncSender<Vec<u8>>);

/// A line that is being written; on its way once it is dropped.
pub(super) struct Line<'l> {
    text: Vec<u8>,
    lines: &'l Lines,
}

impl Lines {
    /// Starts the thread, which ends with the process.
    pub(super) fn to_stderr() -> Self {
        let (lines, waiting) = sync_channel::<Vec<u8>>(MOST);
        std::thread::spawn(move || {
            for line in waiting {
                // A log that cannot be written is no reason to stop.
                let _ = io::stderr().write_all(&line);
                WAITING.fetch_sub(1, Ordering::Release);
            }
        });
        Self(lines)
    }
}

impl<'l> MakeWriter<'l> for Lines {
    type Writer = Line<'l>;

    fn make_writer(&'l self) -> Line<'l> {
        Line { text: Vec::new(), lines: self }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            WAITING.fetch_add(1, Ordering::Release);
            if self.lines.0.try_send(std::mem::take(&mut self.text)).is_err() {
                WAITING.fetch_sub(1, Ordering::Release);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_nobody_takes_hold_nobody_up() {
        let (sender, waiting) = sync_channel(2);
        let lines = Lines(sender);
        for number in 0..10 {
            writeln!(lines.make_writer(), "line {number}").unwrap();
        }
        drop(lines);
        assert_eq!(waiting.into_iter().collect::<Vec<_>>(), [b"line 0\n", b"line 1\n"]);
    }
}
