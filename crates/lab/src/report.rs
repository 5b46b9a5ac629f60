//! What every study hands back, in one shape: the figures for a program, and the same in words and
//! tables for a person.

use serde::Serialize;

/// What a study found.
///
/// All studies answer in this type, so that who shows them needs one way to print a table and one
/// to write JSON, whatever was studied.
///
/// ```
/// use segue_lab::report::{Report, TextTable, Text};
///
/// let mut table = TextTable::new(["model", "AUC"]);
/// table.push(["popularity".to_owned(), "0.61".to_owned()]);
/// let text = vec![Text::Line("40 listeners".to_owned()), Text::Table(table)];
/// let report = Report { data: [0.61], text };
/// assert_eq!(serde_json::to_string(&report.data)?, "[0.61]");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report<T> {
    /// The figures, as JSON has them.
    pub data: T,
    /// Lines and tables in the order in which they are read.
    pub text: Vec<Text>,
}

/// A part of what a person reads of a report, in the order in which it is printed or shown on a
/// page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Text {
    /// A sentence, or several; an empty line before it where it begins with a line break.
    Line(String),
    /// A table of figures.
    Table(TextTable),
}

/// A table as a person reads it: cells are text, formatted by whoever knows their unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TextTable {
    /// Names of the columns.
    pub header: Vec<String>,
    /// One cell a column in every row.
    pub rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table without rows.
    pub fn new<S: Into<String>>(header: impl IntoIterator<Item = S>) -> Self {
        Self { header: header.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Adds a row at the end.
    pub fn push(&mut self, row: impl IntoIterator<Item = String>) {
        self.rows.push(row.into_iter().collect());
    }
}
