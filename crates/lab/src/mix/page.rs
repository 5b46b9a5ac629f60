//! The report as one HTML file.

use std::path::Path;

use anyhow::Result;
use maud::html;

use super::report::MixResult;
use crate::page;

/// Writes the page.
///
/// # Errors
/// If the file cannot be written.
pub fn write_page(path: &Path, found: &MixResult) -> Result<()> {
    let title = format!("Mixes: {}", found.data);
    let body = html! {
        p { (found.summary()) }
        @for remark in found.remarks() { p { (page::coded(&remark)) } }
        @for (title, table) in found.tables() {
            h2 { (title) }
            (page::table(&table))
        }
        p {
            "Means over cases with 95 % intervals. A case is a listener, or a listener at one of \
            several cuts. Nobody was shown these lists: what was not come across counts as a miss."
        }
    };
    page::write(path, &title, &body)
}
