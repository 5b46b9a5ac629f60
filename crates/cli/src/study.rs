//! What studies of the lab need of the terminal: a bar while they run, and their report printed.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Args;
use indicatif::ProgressBar;
use segue_lab::progress::Progress;
use segue_lab::report::{Report, Text};
use serde::Serialize;

use crate::terminal::{self, print_json, print_line, say, table};

/// What a study takes that can write a page.
#[derive(Debug, Args)]
pub(crate) struct StudyArgs {
    /// Seed of everything random.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Write what was found as a page, with plots where there are any.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl StudyArgs {
    /// Writes the page if one was asked for, and prints the report.
    pub(crate) fn tell<T: Serialize>(
        &self,
        report: &Report<T>,
        write_page: impl FnOnce(&Path, &T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        if let Some(path) = &self.report {
            write_page(path, &report.data)?;
        }
        print_report(report, self.json)
    }
}

/// A progress bar for whatever a study is at; silent where stderr is no terminal.
#[derive(Default)]
pub(crate) struct Bar(Mutex<Option<ProgressBar>>);

impl Bar {
    fn with(&self, tell: impl FnOnce(&ProgressBar)) {
        let bar = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = bar.as_ref() {
            tell(bar);
        }
    }
}

impl Progress for Bar {
    fn begin(&self, steps: Option<u64>, what: &str) {
        let bar = match steps {
            Some(steps) => terminal::steps(steps, what),
            None => terminal::counter(what),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn advance(&self, steps: u64) {
        self.with(|bar| bar.inc(steps));
    }

    fn message(&self, what: &str) {
        self.with(|bar| bar.set_message(what.to_owned()));
    }

    fn end(&self) {
        self.with(ProgressBar::finish_and_clear);
    }

    fn say(&self, line: &str) {
        say(line);
    }
}

/// Prints what a study found: its figures as JSON, or its lines and tables.
pub(crate) fn print_report<T: Serialize>(report: &Report<T>, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print_json(&report.data);
    }
    for text in &report.text {
        match text {
            Text::Line(line) => print_line(line)?,
            Text::Table(found) => {
                let header: Vec<&str> = found.header.iter().map(String::as_str).collect();
                let mut shown = table(&header);
                shown.add_rows(&found.rows);
                print_line(&shown.to_string())?;
            }
        }
    }
    Ok(())
}
