//! The report as one HTML page with its plots inside, readable without anything else.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use segue_engine::metrics::Estimate;
use segue_lab::simulation::listeners::ListenerModel;
use segue_lab::simulation::trial::comparison::Setting;
use segue_lab::simulation::trial::measures::Measure;

use super::figures::{self, Line, MODEL_COLOURS, Series, css, dial_colour};
use super::summary::{self, Table, figure, interval};
use super::{ModelReport, Report};

/// Days between the rows of a table that stands for a curve.
const TABLE_STEP: usize = 10;

/// Writes the page.
pub(super) fn write(path: &Path, report: &Report) -> Result<()> {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>What the dial does in the long run</title>\n\
         <style>{STYLE}</style></head>\n<body><main><h1>What the dial does in the long run</h1>\n<p>{}</p>\n<p class=\"answer\">{}</p>\n\
         <p>{LEGEND}</p>\n",
        coded(&summary::subject(report)),
        escape(&summary::answer(report)),
    );
    for model in &report.models {
        section(&mut page, model)?;
    }
    page.push_str("<h2>Against the dial</h2>\n<p>Dots are means over the listeners of all seeds, bars their 95 % intervals.</p>\n");
    let names = report.models.iter().zip(MODEL_COLOURS);
    legend(
        &mut page,
        names.map(|(model, colour)| (model.listener_model.name().to_owned(), css(colour))),
    )?;
    page.push_str("<div class=\"grid\">\n");
    for plot in PLOTS {
        against_dial(&mut page, report, &plot)?;
    }
    page.push_str("</div></main></body></html>\n");
    fs::write(path, page).with_context(|| format!("cannot write `{}`", path.display()))
}

const STYLE: &str = "\
:root{color-scheme:light dark;--card:#f6f6f8;--line:#8883}@media(prefers-color-scheme:dark){:root{--card:#1d1e22}}\
body{font:16px/1.5 system-ui,sans-serif;margin:0}main{max-width:78rem;margin:auto;padding:1rem 1rem 4rem}h1{margin:.5rem 0}\
h2{margin:2.5rem 0 .5rem}h3{margin:1.5rem 0 .5rem;font-size:1.05rem}p{max-width:72ch}.answer{font-size:1.15rem;font-weight:600}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums}\
th,td{padding:.3rem .7rem;text-align:right;white-space:nowrap}thead th{white-space:normal;vertical-align:bottom;font-weight:600}\
th:first-child,td:first-child{text-align:left}tbody tr{border-top:1px solid var(--line)}\
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(22rem,100%),1fr));gap:1rem}\
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(28rem,100%),1fr));gap:1rem}\
figure{margin:0;padding:.75rem;background:var(--card);border-radius:.6rem;min-width:0}figcaption{font-weight:600;margin-bottom:.25rem}\
figcaption small{display:block;font-weight:400;opacity:.8}figure svg{display:block;width:100%;height:auto}\
details{margin-top:.5rem;overflow-x:auto}summary{cursor:pointer;font-size:.85rem}\
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding:0;margin:.5rem 0;list-style:none;font-size:.9rem}\
.legend i{display:inline-block;width:1.4em;height:.3em;border-radius:.15em;margin-right:.4em;vertical-align:middle}";

const LEGEND: &str = "Satisfaction is the true probability that a listener plays a track to its end when it comes on in a mix, \
which only the simulation knows. Gains are paired differences to the lowest setting, by seed and listener, with 95 % bootstrap \
intervals over listeners. Regret is what the best mix under the same caps would have been worth beyond the one shown. Visits are \
the share of days with a mix, discoveries the artists first met in a mix to whom a listener comes back after thirty days. The \
generalist-specialist score is near 1 for who hears one kind of music. Popularity lift is the popularity of what was heard in mixes \
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

fn section(page: &mut String, model: &ModelReport) -> Result<()> {
    let about = match model.listener_model {
        ListenerModel::TastePoints => {
            "Several tastes in the space of sound, boredom that fades, tracks that must grow on one, new interests."
        }
        ListenerModel::LatentFactors => {
            "Genres and artists in a latent space, genres one has had enough of, conformity, moods that decide who returns."
        }
    };
    writeln!(page, "<h2>Listeners: {}</h2>\n<p>{about}</p>", model.listener_model.name())?;
    for table in summary::tables(model) {
        write_table(page, &table)?;
    }
    let count = model.settings.len();
    let names = model.settings.iter().enumerate();
    page.push_str("<h3>Day by day</h3>\n");
    legend(
        page,
        names.map(|(i, setting)| (format!("dial {}", setting.explore), css(dial_colour(i, count)))),
    )?;
    page.push_str("<div class=\"pair\">\n");
    curve(page, model, ("Satisfaction", "with a track of a mix, mean of seven days"), |s| {
        &s.satisfaction
    })?;
    let gained = (
        "Gained so far",
        "tracks enjoyed per listener beyond the lowest setting; below 0 is the price",
    );
    curve(page, model, gained, |s| &s.gained)?;
    page.push_str("</div>\n");
    Ok(())
}

fn curve(
    page: &mut String,
    model: &ModelReport,
    (title, note): (&str, &str),
    values: impl Fn(&Setting) -> &Vec<f64>,
) -> Result<()> {
    let count = model.settings.len();
    let line =
        |(i, setting)| Line { colour: dial_colour(i, count), values: values(setting).clone() };
    let lines: Vec<Line> = model.settings.iter().enumerate().map(line).collect();
    let days = lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
    let last = days.saturating_sub(1);
    let mut shown: Vec<usize> = (0..days).step_by(TABLE_STEP).collect();
    shown.extend(Some(last).filter(|last| last % TABLE_STEP != 0));
    let mut rows = String::from("<tr><th scope=\"col\">day</th>");
    for setting in &model.settings {
        write!(rows, "<th scope=\"col\">dial {}</th>", setting.explore)?;
    }
    rows.push_str("</tr></thead><tbody>\n");
    for day in shown {
        write!(rows, "<tr><td>{}</td>", day + 1)?;
        for setting in &model.settings {
            write!(rows, "<td>{}</td>", figure(values(setting)[day]))?;
        }
        rows.push_str("</tr>\n");
    }
    figure_with_table(page, (title, note), &figures::over_days(&lines, "")?, &rows)
}

fn against_dial(page: &mut String, report: &Report, plot: &Plot) -> Result<()> {
    let series = |(model, colour): (&ModelReport, _)| Series {
        colour,
        points: (model.settings.iter())
            .filter_map(|setting| Some((f64::from(setting.explore), plot.what.of(setting)?)))
            .collect(),
    };
    let series: Vec<Series> = report.models.iter().zip(MODEL_COLOURS).map(series).collect();
    let mut rows = String::from("<tr><th scope=\"col\">dial</th>");
    for model in &report.models {
        write!(rows, "<th scope=\"col\">{}</th>", model.listener_model.name())?;
    }
    rows.push_str("</tr></thead><tbody>\n");
    let settings = report.models.first().map(|model| &model.settings[..]).unwrap_or_default();
    for (place, setting) in settings.iter().enumerate() {
        write!(rows, "<tr><td>{}</td>", setting.explore)?;
        for model in &report.models {
            let estimate = plot.what.of(&model.settings[place]);
            write!(rows, "<td>{}</td>", estimate.map_or_else(|| "–".to_owned(), interval))?;
        }
        rows.push_str("</tr>\n");
    }
    let svg = figures::over_dial(&series, "", plot.with_zero)?;
    figure_with_table(page, (plot.title, plot.note), &svg, &rows)
}

fn figure_with_table(
    page: &mut String,
    (title, note): (&str, &str),
    svg: &str,
    rows: &str,
) -> Result<()> {
    let svg =
        svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{}\" ", escape(title)), 1);
    writeln!(
        page,
        "<figure><figcaption>{}<small>{}</small></figcaption>{svg}\
         <details><summary>as a table</summary><table><thead>{rows}</tbody></table></details></figure>",
        escape(title),
        escape(note),
    )?;
    Ok(())
}

fn legend(page: &mut String, names: impl Iterator<Item = (String, String)>) -> Result<()> {
    page.push_str("<ul class=\"legend\">");
    for (name, colour) in names {
        write!(page, "<li><i style=\"background:{colour}\"></i>{}</li>", escape(&name))?;
    }
    page.push_str("</ul>\n");
    Ok(())
}

fn write_table(page: &mut String, table: &Table) -> Result<()> {
    write!(page, "<h3>{}</h3>\n<div class=\"wide\"><table><thead><tr>", table.title)?;
    for name in &table.header {
        write!(page, "<th scope=\"col\">{name}</th>")?;
    }
    page.push_str("</tr></thead><tbody>\n");
    for row in &table.rows {
        page.push_str("<tr>");
        for cell in row {
            write!(page, "<td>{}</td>", escape(cell))?;
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody></table></div>\n");
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Escaped, with what stands in backticks as code.
fn coded(text: &str) -> String {
    let parts = escape(text);
    let parts: Vec<&str> = parts.split('`').collect();
    let part = |(i, part): (usize, &&str)| {
        if i % 2 == 1 { format!("<code>{part}</code>") } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(part).collect()
}
