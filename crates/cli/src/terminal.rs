//! What goes to the person at the terminal: errors and progress, all of it on stderr.

use std::io;

use indicatif::{ProgressBar, ProgressStyle};

/// Prints an error with its causes, one line each.
pub(crate) fn report_error(error: &anyhow::Error) {
    eprintln!("error: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
}

/// Whether the reader of stdout went away, as in `segue mix | head`.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(broken)
}

/// A progress bar over `total` steps; silent where stderr is no terminal.
pub(crate) fn steps(total: u64, what: &str) -> ProgressBar {
    bar(total, what, "{prefix:>10} [{bar:32}] {pos}/{len} {msg} {elapsed}")
}

/// A progress bar over `total` bytes; silent where stderr is no terminal.
pub(crate) fn bytes(total: u64, what: &str) -> ProgressBar {
    bar(total, what, "{prefix:>10} [{bar:32}] {bytes}/{total_bytes} {bytes_per_sec} {msg}")
}

fn bar(total: u64, what: &str, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    ProgressBar::new(total).with_style(style.progress_chars("=> ")).with_prefix(what.to_owned())
}
