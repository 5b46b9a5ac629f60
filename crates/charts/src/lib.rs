//! Charts as SVG in HTML, drawn on the server: no script, no file beside the page.
//!
//! Two layers. [`Figure`] frames any drawing: its finding in a sentence for who does not see it, a
//! caption, and the same figures as a table. [`Axes`] makes drawings with two linear axes and puts
//! lines, dots, intervals and bars on them. Colours of axes and labels are those of the page's text
//! (`currentColor`), so that a chart reads by day and by night.
//!
//! ```
//! use segue_charts::{Axes, Axis, Figure};
//!
//! let axes = Axes::new(Axis::new(0.0, 30.0, "day"), Axis::new(0.0, 1.0, "satisfaction"), 330.0);
//! let drawing = axes.draw(axes.line(&[(1.0, 0.2), (15.0, 0.5), (30.0, 0.9)], "#1d94d2"));
//! let figure = Figure {
//!     finding: "Satisfaction rises".to_owned(),
//!     caption: maud::html! { "One listener over a month." },
//!     height: axes.height(),
//!     drawing,
//!     columns: vec!["Day", "Satisfaction"],
//!     rows: vec![vec!["1".to_owned(), "0.2".to_owned()]],
//! };
//! assert!(figure.view().into_string().starts_with("<figure"));
//! ```

mod axes;
mod figure;

pub use axes::{Axes, Axis, css_colour};
pub use figure::{Figure, WIDTH, round_up, rounded};
