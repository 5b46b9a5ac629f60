//! Two linear axes, and what is drawn on them.

use maud::{Markup, html};

use crate::figure::{WIDTH, round_up, rounded};

/// Room for the names of both axes, and above and right of the plot.
const BELOW: f64 = 46.0;
const AROUND: f64 = 14.0;
/// About how many labels an axis has.
const TICKS: f64 = 6.0;

/// One axis: from where to where, and what it measures.
#[derive(Clone, Debug)]
pub struct Axis {
    low: f64,
    high: f64,
    name: String,
    names_of_rows: Vec<String>,
}

impl Axis {
    /// An axis from `low` to `high`; where they are equal it is one unit long.
    pub fn new(low: f64, high: f64, name: &str) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self { low, high, name: name.to_owned(), names_of_rows: Vec::new() }
    }

    /// An axis of named rows, the first at the top: row `i` of `n` lies at `n - i - 0.5`.
    pub fn of_rows(names: Vec<String>) -> Self {
        let high = names.len().max(1) as f64;
        Self { low: 0.0, high, name: String::new(), names_of_rows: names }
    }

    /// The places that are labelled, with their labels.
    fn ticks(&self) -> Vec<(f64, String)> {
        let rows = self.names_of_rows.len();
        if rows > 0 {
            let place = |row: usize| rows as f64 - row as f64 - 0.5;
            return self
                .names_of_rows
                .iter()
                .cloned()
                .enumerate()
                .map(|(i, n)| (place(i), n))
                .collect();
        }
        let step = round_up((self.high - self.low) / TICKS);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        (first..=last).map(|i| i as f64 * step).map(|value| (value, short(value))).collect()
    }

    /// Where between 0 and 1 a value lies; beyond them outside of the axis.
    fn share(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }
}

/// A plot of [`WIDTH`] with two axes.
///
/// Its methods give elements of SVG; [`Axes::draw`] puts them over the grid.
#[derive(Clone, Debug)]
pub struct Axes {
    x: Axis,
    y: Axis,
    height: f64,
    left: f64,
}

impl Axes {
    /// Axes for a drawing of this height. Left of it is as much room as the labels need.
    pub fn new(x: Axis, y: Axis, height: f64) -> Self {
        let letters = y.ticks().iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        let left = 34.0 + 8.0 * letters.min(24) as f64;
        Self { x, y, height, left }
    }

    /// Height of the drawing, as [`Figure`](crate::Figure) wants to know it.
    pub fn height(&self) -> f64 {
        self.height
    }

    /// From the left edge to where a value of the x axis lies.
    pub fn x(&self, value: f64) -> f64 {
        rounded(self.left + (WIDTH - AROUND - self.left) * self.x.share(value))
    }

    /// From the top to where a value of the y axis lies.
    pub fn y(&self, value: f64) -> f64 {
        let bottom = self.height - BELOW;
        rounded(bottom - (bottom - AROUND) * self.y.share(value))
    }

    /// Grid, labels and names of the axes, with `marks` above them.
    pub fn draw(&self, marks: Markup) -> Markup {
        let (left, right) = (self.left, WIDTH - AROUND);
        let (top, bottom) = (AROUND, self.height - BELOW);
        let middle = rounded((top + bottom) / 2.0);
        let turned = format!("rotate(-90 14 {middle})");
        let holds_zero = self.y.low < 0.0 && self.y.high > 0.0;
        html! {
            g fill="none" stroke="currentColor" stroke-opacity="0.16" {
                @if self.y.names_of_rows.is_empty() {
                    @for (value, _) in self.y.ticks() {
                        @let y = self.y(value);
                        line x1=(left) x2=(right) y1=(y) y2=(y) {}
                    }
                }
                @for (value, _) in self.x.ticks() {
                    @let x = self.x(value);
                    line x1=(x) x2=(x) y1=(top) y2=(bottom) {}
                }
            }
            @if holds_zero {
                g stroke="currentColor" stroke-opacity="0.5" stroke-width="1.5" {
                    line x1=(left) x2=(right) y1=(self.y(0.0)) y2=(self.y(0.0)) {}
                }
            }
            g fill="currentColor" font-size="14" {
                @for (value, label) in self.y.ticks() {
                    text x=(left - 8.0) y=(self.y(value) + 5.0) text-anchor="end" { (label) }
                }
                g text-anchor="middle" {
                    @for (value, label) in self.x.ticks() {
                        text x=(self.x(value)) y=(bottom + 18.0) { (label) }
                    }
                    text x=(rounded((left + right) / 2.0)) y=(self.height - 8.0) { (self.x.name) }
                    @if !self.y.name.is_empty() {
                        text x="14" y=(middle) transform=(turned) { (self.y.name) }
                    }
                }
            }
            (marks)
        }
    }

    /// A line through points, in the order in which they are given.
    pub fn line(&self, points: &[(f64, f64)], colour: &str) -> Markup {
        let point = |&(x, y): &(f64, f64)| format!("{},{}", self.x(x), self.y(y));
        let points: Vec<String> = points.iter().map(point).collect();
        html! {
            g fill="none" stroke=(colour) stroke-width="2" stroke-linejoin="round" {
                polyline points=(points.join(" ")) {}
            }
        }
    }

    /// A dot at a point, with a radius in units of the drawing.
    pub fn dot(&self, point: (f64, f64), radius: f64, colour: &str) -> Markup {
        let (x, y) = (self.x(point.0), self.y(point.1));
        html! { circle cx=(x) cy=(y) r=(rounded(radius)) fill=(colour) {} }
    }

    /// An upright bar from one value of the y axis to another: the interval of an estimate.
    pub fn interval(&self, x: f64, low: f64, high: f64, colour: &str) -> Markup {
        self.line(&[(x, low), (x, high)], colour)
    }

    /// Names of lines with their colours, one below the other in the upper left corner of the plot.
    pub fn key(&self, names: &[(&str, &str)]) -> Markup {
        html! {
            g fill="currentColor" font-size="14" {
                @for (i, (name, colour)) in names.iter().enumerate() {
                    @let y = AROUND + 16.0 + 18.0 * i as f64;
                    @let (from, to) = (self.left + 8.0, self.left + 28.0);
                    g stroke=(colour) stroke-width="3" {
                        line x1=(from) x2=(to) y1=(y - 4.0) y2=(y - 4.0) {}
                    }
                    text x=(self.left + 36.0) y=(y) { (name) }
                }
            }
        }
    }

    /// The drawing as a file of its own, which has no page around it to take a colour from: black
    /// on white.
    pub fn svg_file(&self, title: &str, marks: Markup) -> String {
        const TITLE: f64 = 28.0;
        let height = self.height + TITLE;
        let file = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (height) }
                width=(WIDTH) height=(height) font-family="sans-serif" color="#000" {
                title { (title) }
                rect width="100%" height="100%" fill="#fff" {}
                text x=(WIDTH / 2.0) y="20" text-anchor="middle" font-size="18" { (title) }
                g transform={ "translate(0 " (TITLE) ")" } { (self.draw(marks)) }
            }
        };
        format!("{}\n", file.into_string())
    }
}

/// Colours from the familiar end to the far one, told apart by day and by night.
const COLOURS: [&str; 7] =
    ["#5b6ee0", "#1d94d2", "#12a392", "#58a93a", "#bd9a17", "#e27f2b", "#d94a63"];

/// The colour of one of `count` things in an order, spread over the whole scale.
///
/// ```
/// assert_ne!(segue_charts::css_colour(0, 2), segue_charts::css_colour(1, 2));
/// ```
pub fn css_colour(place: usize, count: usize) -> &'static str {
    let last = COLOURS.len() - 1;
    let spread = if count > 1 { place as f64 * last as f64 / (count - 1) as f64 } else { 0.0 };
    COLOURS[(spread.round() as usize).min(last)]
}

/// As few places as the number needs.
fn short(value: f64) -> String {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded == 0.0 { "0".to_owned() } else { rounded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes() -> Axes {
        Axes::new(Axis::new(0.0, 30.0, "day"), Axis::new(-0.1, 0.4, "gain"), 300.0)
    }

    #[test]
    fn larger_values_lie_further_right_and_higher_up() {
        let axes = axes();
        assert!(axes.x(30.0) > axes.x(1.0) && axes.y(0.4) < axes.y(-0.1));
        assert!(axes.x(30.0) <= WIDTH && axes.y(0.4) >= 0.0 && axes.y(-0.1) < axes.height());
    }

    #[test]
    fn labels_are_round_and_lie_on_the_axis() {
        let labels: Vec<String> = axes().y.ticks().into_iter().map(|(_, label)| label).collect();
        assert_eq!(labels, ["-0.1", "0", "0.1", "0.2", "0.3", "0.4"]);
    }

    #[test]
    fn an_axis_of_rows_names_each_the_first_at_the_top() {
        let axis = Axis::of_rows(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(axis.ticks(), [(1.5, "a".to_owned()), (0.5, "b".to_owned())]);
    }

    #[test]
    fn what_is_named_is_escaped() {
        let file = axes().svg_file("<likes> & more", axes().key(&[("a & b", "#000")]));
        assert!(file.contains("&lt;likes&gt; &amp; more") && file.contains("a &amp; b"), "{file}");
        assert_eq!(file.matches("<svg").count(), file.matches("</svg>").count());
    }
}
