//! Reports as one HTML file each, with everything inside: no script, no file beside it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::report::TextTable;

/// Writes a page with a title, to be read by day and by night.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn write(path: &Path, title: &str, body: &Markup) -> Result<()> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { h1 { (title) } (body) } }
        }
    };
    let text = format!("{}\n", page.into_string());
    fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

/// A table that scrolls sideways where it is too wide.
pub(crate) fn table(table: &TextTable) -> Markup {
    html! {
        div.wide { table {
            thead { tr { @for name in &table.header { th scope="col" { (name) } } } }
            tbody { @for row in &table.rows { tr { @for cell in row { td { (cell) } } } } }
        } }
    }
}

/// Text with what stands in backticks as code.
pub(crate) fn coded(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Names with their colours.
pub(crate) fn legend<'a>(names: impl IntoIterator<Item = (String, &'a str)>) -> Markup {
    html! {
        ul.legend {
            @for (name, colour) in names { li { i style={ "background:" (colour) } {} (name) } }
        }
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark;--card:#f6f6f8;--line:#8883}\
@media(prefers-color-scheme:dark){:root{--card:#1d1e22}}\
body{font:16px/1.5 system-ui,sans-serif;margin:0}\
main{max-width:78rem;margin:auto;padding:1rem 1rem 4rem}h1{margin:.5rem 0}\
h2{margin:2.5rem 0 .5rem}h3{margin:1.5rem 0 .5rem;font-size:1.05rem}p{max-width:72ch}\
.answer{font-size:1.15rem;font-weight:600}\
.wide,.scroll{overflow-x:auto}\
table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}\
th,td{padding:.3rem .7rem;text-align:right;white-space:nowrap}\
thead th{white-space:normal;vertical-align:bottom;font-weight:600}\
th:first-child,td:first-child{text-align:left}tbody tr{border-top:1px solid var(--line)}\
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:1rem}\
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(28rem,100%),1fr));gap:1rem}\
figure{margin:1rem 0;padding:.75rem;background:var(--card);border-radius:.6rem;min-width:0}\
.grid figure,.pair figure{margin:0}\
figcaption{font-size:.9rem}figure svg{display:block;width:100%;height:auto}\
code{overflow-wrap:anywhere}\
details{margin-top:.5rem;overflow-x:auto}summary{cursor:pointer;font-size:.85rem}\
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;margin:.5rem 0;list-style:none;\
font-size:.9rem}\
.legend i{display:inline-block;width:1.4em;height:.3em;border-radius:.15em;margin-right:.4em;\
vertical-align:middle}";
