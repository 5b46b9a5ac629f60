//! The frame that all charts share, and the numbers that drawings are made of.

use maud::{Markup, html};

/// Width of every drawing in its own units; the page scales it to the room there is.
pub const WIDTH: f64 = 720.0;

/// A chart to be framed.
///
/// Everything that is drawn is said as well: in `finding` for who listens to the page, in a table
/// for who wants the figures.
pub struct Figure<C = &'static str> {
    /// What it shows in one sentence, for who does not see it.
    pub finding: String,
    /// What is drawn.
    pub caption: Markup,
    /// Height of the drawing, where its width is [`WIDTH`].
    pub height: f64,
    /// Elements of SVG, to stand inside of the frame.
    pub drawing: Markup,
    /// Names of the columns; the first names the rows.
    pub columns: Vec<C>,
    /// The figures that were drawn, one cell a column.
    pub rows: Vec<Vec<String>>,
}

impl<C: AsRef<str>> Figure<C> {
    /// The figure as HTML: the drawing, what it says, and the table, folded up.
    pub fn view(&self) -> Markup {
        html! {
            figure.history {
                div.scroll tabindex="0" role="group"
                    aria-label="A chart that scrolls sideways on small screens"
                {
                    svg viewBox={ "0 0 " (WIDTH) " " (self.height) } role="img"
                        aria-label=(self.finding)
                    {
                        (self.drawing)
                    }
                }
                figcaption { strong { (self.finding) ". " } (self.caption) }
                details.as-table {
                    summary { "As a table" }
                    div.scroll tabindex="0" role="region" aria-label={ "Table: " (self.finding) } {
                        (self.table())
                    }
                }
            }
        }
    }

    fn table(&self) -> Markup {
        html! {
            table {
                thead {
                    tr {
                        @for (i, name) in self.columns.iter().enumerate() {
                            th.number[i > 0] scope="col" { (name.as_ref()) }
                        }
                    }
                }
                tbody { @for row in &self.rows {
                    tr { @for (i, cell) in row.iter().enumerate() {
                        @if i == 0 { th scope="row" { (cell) } } @else { td.number { (cell) } }
                    } }
                } }
            }
        }
    }
}

/// A length to a tenth, which is all that a drawing shows.
pub fn rounded(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

/// The smallest of 1, 2, 2.5, 5 and their tenfolds that is at least `value`: where an axis ends.
///
/// ```
/// assert_eq!(segue_charts::round_up(0.3), 0.5);
/// assert_eq!(segue_charts::round_up(21.0), 25.0);
/// ```
pub fn round_up(value: f64) -> f64 {
    let tenfold = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps
        .into_iter()
        .map(|step| step * tenfold)
        .find(|&step| step >= value * 0.999_999)
        .unwrap_or(value)
}
