//! The report as one HTML page with its charts inside, readable without anything else.

use std::path::Path;

use anyhow::Result;
use maud::{Markup, html};
use segue_charts::{Axes, Axis, Figure, css_colour};
use segue_engine::metrics::Estimate;

use super::summary::{self, figure, interval};
use super::{CommunityResult, ListenerModelResult};
use crate::page::{self, coded, legend, table};
use crate::simulation::listeners::ListenerModel;
use crate::simulation::trial::comparison::Setting;
use crate::simulation::trial::measures::Measure;

/// Days between the rows of a table that stands for a curve.
const TABLE_STEP: usize = 10;
/// Heights of the charts.
const CURVE: f64 = 383.0;
const AGAINST_DIAL: f64 = 435.0;

/// Writes the page.
///
/// # Errors
/// If the file cannot be written.
pub fn write_page(path: &Path, found: &CommunityResult) -> Result<()> {
    let names = found.models.iter().enumerate();
    let names = names.map(|(i, model)| (model.listener_model.name().to_owned(), model_colour(i)));
    let body = html! {
        p { (coded(&summary::subject(found))) }
        p.answer { (summary::answer(found)) }
        p { (LEGEND) }
        @for model in &found.models { (section(model)) }
        h2 { "Against the dial" }
        p { "Dots are means over the listeners of all seeds, bars their 95 % intervals." }
        (legend(names))
        div.grid { @for plot in &PLOTS { (against_dial(found, plot).view()) } }
    };
    page::write(path, "What the dial does in the long run", &body)
}

/// Colours for the models of listeners.
fn model_colour(place: usize) -> &'static str {
    [css_colour(1, 7), css_colour(5, 7)][place % 2]
}

const LEGEND: &str = "Satisfaction is the true probability that a listener plays a track to its \
end when it comes on in a mix, \
which only the simulation knows. Gains are paired differences to the lowest setting, by seed and \
listener, with 95 % bootstrap \
intervals over listeners. Regret is what the best mix under the same caps would have been worth \
beyond the one shown. Visits are \
the share of days with a mix, discoveries the artists first met in a mix to whom a listener comes \
back after thirty days. The \
generalist-specialist score is near 1 for who hears one kind of music. Popularity lift is the \
popularity of what was heard in mixes \
beyond that of what they played before, on a scale of 0 to 1.";

/// A measure to be shown against the dial.
struct Plot {
    title: &'static str,
    note: &'static str,
    what: What,
    with_zero: bool,
}

enum What {
    Value(Measure),
    Gain(Measure),
    Gini,
}

const PLOTS: [Plot; 12] = [
    Plot {
        title: "Satisfaction in the last third",
        note: "gain over the lowest setting",
        what: What::Gain(Measure::SatisfactionLast),
        with_zero: true,
    },
    Plot {
        title: "Satisfaction over all days",
        note: "gain over the lowest setting",
        what: What::Gain(Measure::Satisfaction),
        with_zero: true,
    },
    Plot {
        title: "The price of exploration",
        note: "satisfaction in the first third, gain over the lowest setting",
        what: What::Gain(Measure::SatisfactionFirst),
        with_zero: true,
    },
    Plot {
        title: "Enjoyed a day, last third",
        note: "tracks, gain over the lowest setting; who comes and stays counts",
        what: What::Gain(Measure::EnjoyedLast),
        with_zero: true,
    },
    Plot {
        title: "Regret",
        note: "satisfaction that the best mix would add",
        what: What::Value(Measure::Regret),
        with_zero: true,
    },
    Plot {
        title: "Visits in the last third",
        note: "share of days; a habit in taste-points",
        what: What::Value(Measure::VisitsLast),
        with_zero: false,
    },
    Plot {
        title: "Discoveries",
        note: "artists kept for thirty days, per listener",
        what: What::Value(Measure::Discoveries),
        with_zero: true,
    },
    Plot {
        title: "Own listening in the last third",
        note: "satisfaction with what they choose themselves, gain",
        what: What::Gain(Measure::OwnLast),
        with_zero: true,
    },
    Plot {
        title: "Generalist-specialist score",
        note: "lower is more diverse",
        what: What::Value(Measure::Specialisation),
        with_zero: false,
    },
    Plot {
        title: "Popularity lift",
        note: "beyond what they played before; above 0 is popularity bias",
        what: What::Value(Measure::PopularityLift),
        with_zero: true,
    },
    Plot {
        title: "Gini of exposure",
        note: "0 is even; mean over seeds",
        what: What::Gini,
        with_zero: false,
    },
    Plot {
        title: "Skipped",
        note: "share of tracks that came on",
        what: What::Value(Measure::SkipRate),
        with_zero: false,
    },
];

const NOTHING: Estimate = Estimate { mean: 0.0, low: 0.0, high: 0.0 };

impl What {
    fn of(&self, setting: &Setting) -> Option<Estimate> {
        match self {
            Self::Value(measure) => Some(setting.standing(*measure)?.value),
            // The lowest setting gains nothing over itself.
            Self::Gain(measure) => Some(setting.standing(*measure)?.difference.unwrap_or(NOTHING)),
            Self::Gini => {
                let mean = setting.exposure_gini;
                Some(Estimate { mean, low: mean, high: mean })
            }
        }
    }
}

fn section(model: &ListenerModelResult) -> Markup {
    let about = match model.listener_model {
        ListenerModel::TastePoints => {
            "Several tastes in the space of sound, boredom that fades, tracks that must grow on \
            one, new interests."
        }
        ListenerModel::LatentFactors => {
            "Genres and artists in a latent space, genres one has had enough of, conformity, moods \
            that decide who returns."
        }
    };
    let count = model.settings.len();
    let names = model.settings.iter().enumerate();
    let names =
        names.map(|(i, setting)| (format!("dial {}", setting.explore), css_colour(i, count)));
    let satisfaction = Curve {
        title: "Satisfaction",
        note: "with a track of a mix, mean of seven days",
        values: |setting| &setting.satisfaction,
    };
    let gained = Curve {
        title: "Gained so far",
        note: "tracks enjoyed per listener beyond the lowest setting; below 0 is the price",
        values: |setting| &setting.gained,
    };
    html! {
        h2 { "Listeners: " (model.listener_model.name()) }
        p { (about) }
        @for (title, rows) in summary::tables(model) { h3 { (title) } (table(&rows)) }
        h3 { "Day by day" }
        (legend(names))
        div.pair { @for curve in [satisfaction, gained] { (over_days(model, &curve).view()) } }
    }
}

/// A measure to be shown day by day.
struct Curve {
    title: &'static str,
    note: &'static str,
    values: fn(&Setting) -> &Vec<f64>,
}

/// Values over the days of the trial, the first day being 1, a line a setting of the dial.
fn over_days(model: &ListenerModelResult, curve: &Curve) -> Figure<String> {
    let lines: Vec<&Vec<f64>> = model.settings.iter().map(curve.values).collect();
    let days = lines.iter().map(|line| line.len()).max().unwrap_or(0);
    let (low, high) = bounds(lines.iter().flat_map(|line| line.iter().copied()), false);
    let axes =
        Axes::new(Axis::new(1.0, days.max(2) as f64, "day"), Axis::new(low, high, ""), CURVE);
    let points = |line: &Vec<f64>| -> Vec<(f64, f64)> {
        (1..).zip(line).map(|(day, &value)| (f64::from(day), value)).collect()
    };
    let marks = html! {
        @for (i, line) in lines.iter().enumerate() {
            (axes.line(&points(line), css_colour(i, lines.len())))
        }
    };
    let last = days.saturating_sub(1);
    let mut shown: Vec<usize> = (0..days).step_by(TABLE_STEP).collect();
    shown.extend(Some(last).filter(|last| last % TABLE_STEP != 0));
    let row = |day: usize| -> Vec<String> {
        let values = lines.iter().map(|line| figure(line[day]));
        std::iter::once((day + 1).to_string()).chain(values).collect()
    };
    let dials = model.settings.iter().map(|setting| format!("dial {}", setting.explore));
    Figure {
        finding: curve.title.to_owned(),
        caption: html! { (curve.note) },
        height: CURVE,
        drawing: axes.draw(marks),
        columns: std::iter::once("day".to_owned()).chain(dials).collect(),
        rows: shown.into_iter().map(row).collect(),
    }
}

/// Values against the dial, one colour per model of listeners.
fn against_dial(found: &CommunityResult, plot: &Plot) -> Figure<String> {
    let series = |model: &ListenerModelResult| -> Vec<(f64, Estimate)> {
        let point = |setting: &Setting| Some((f64::from(setting.explore), plot.what.of(setting)?));
        model.settings.iter().filter_map(point).collect()
    };
    let series: Vec<Vec<(f64, Estimate)>> = found.models.iter().map(series).collect();
    let ends = series.iter().flatten().flat_map(|(_, e)| [e.low, e.high]);
    let (low, high) = bounds(ends, plot.with_zero);
    let axes = Axes::new(Axis::new(-0.04, 1.04, "dial"), Axis::new(low, high, ""), AGAINST_DIAL);
    let marks = html! {
        @for (place, points) in series.iter().enumerate() {
            // A little apart, so that intervals do not hide one another.
            @let aside = 0.008 * (2.0 * place as f64 - 1.0);
            @let colour = model_colour(place);
            @let middle = middles(points, aside);
            (axes.line(&middle, colour))
            @for (dial, e) in points { (axes.interval(dial + aside, e.low, e.high, colour)) }
            @for point in middle { (axes.dot(point, 5.0, colour)) }
        }
    };
    let settings = found.models.first().map(|model| &model.settings[..]).unwrap_or_default();
    let row = |(place, setting): (usize, &Setting)| -> Vec<String> {
        let shown = |model: &ListenerModelResult| {
            plot.what.of(&model.settings[place]).map_or_else(|| "–".to_owned(), interval)
        };
        std::iter::once(setting.explore.to_string()).chain(found.models.iter().map(shown)).collect()
    };
    let names = found.models.iter().map(|model| model.listener_model.name().to_owned());
    Figure {
        finding: plot.title.to_owned(),
        caption: html! { (plot.note) },
        height: AGAINST_DIAL,
        drawing: axes.draw(marks),
        columns: std::iter::once("dial".to_owned()).chain(names).collect(),
        rows: settings.iter().enumerate().map(row).collect(),
    }
}

/// Means over the dial, a little aside.
fn middles(points: &[(f64, Estimate)], aside: f64) -> Vec<(f64, f64)> {
    points.iter().map(|(dial, estimate)| (dial + aside, estimate.mean)).collect()
}

/// Lowest and highest of what is shown, with a margin; with zero among it if asked for.
fn bounds(values: impl Iterator<Item = f64>, with_zero: bool) -> (f64, f64) {
    let (mut low, mut high) =
        if with_zero { (0.0, 0.0) } else { (f64::INFINITY, f64::NEG_INFINITY) };
    for value in values {
        (low, high) = (value.min(low), value.max(high));
    }
    if low > high {
        return (0.0, 1.0);
    }
    let margin = ((high - low) * 0.06).max(1e-3);
    (low - margin, high + margin)
}
