//! What goes to the person at the terminal: errors and progress, all of it on stderr.

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use segue::Library;
use serde::Serialize;
use std::io::{self, Write as _};
use std::time::Duration;

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
    bar(total, what, "{prefix:>10} [{bar:32}] {pos}/{len} {msg} {elapsed}, {eta} left")
}

/// A progress bar over `total` bytes; silent where stderr is no terminal.
pub(crate) fn bytes(total: u64, what: &str) -> ProgressBar {
    ProgressBar::new(total).with_style(bytes_style()).with_prefix(what.to_owned())
}

/// How a bar looks that shows how many bytes are done.
pub(crate) fn bytes_style() -> ProgressStyle {
    let template = "{prefix:>10} [{bar:32}] {bytes}/{total_bytes} {bytes_per_sec} {msg}";
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    style.progress_chars("=> ")
}

/// A count of rows whose number is not known beforehand; silent where stderr is no terminal.
pub(crate) fn counter(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>10} {human_pos} rows {per_sec} {elapsed}");
    ProgressBar::no_length()
        .with_style(style.expect("the template is well formed"))
        .with_prefix(what.to_owned())
}

/// How a bar looks that shows a share of something, in hundredths, and the time that is left.
pub(crate) fn share_style() -> ProgressStyle {
    let style =
        ProgressStyle::with_template("{prefix:>10} [{bar:32}] {pos} % {elapsed}, {eta} left");
    style.expect("the template is well formed").progress_chars("=> ")
}

fn bar(total: u64, what: &str, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the template is well formed");
    ProgressBar::new(total).with_style(style.progress_chars("=> ")).with_prefix(what.to_owned())
}

/// Shows that something is at work whose length is not known.
pub(crate) fn spinner(what: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix} {elapsed} {msg}");
    let bar = ProgressBar::new_spinner()
        .with_style(style.expect("the template is valid"))
        .with_prefix(what.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Tells the person something that is not data.
pub(crate) fn say(line: &str) {
    eprintln!("{line}");
}

/// Tells the person that mixes have nothing new to them, where that is so, and what to do.
pub(crate) fn say_if_only_played(library: &Library) -> anyhow::Result<()> {
    if let Some(only_played) = library.only_played()? {
        say(&format!("note: {only_played}"));
    }
    Ok(())
}

/// Writes a line of data to stdout.
pub(crate) fn print_line(line: &str) -> anyhow::Result<()> {
    writeln!(io::stdout().lock(), "{line}")?;
    Ok(())
}

/// Writes a value to stdout as JSON.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// An empty table with a header, as wide as the terminal.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}
