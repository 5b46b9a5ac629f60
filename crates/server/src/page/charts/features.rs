//! How a taste sounds: for each feature a bar from the average track of the catalogue, and a mark
//! where the listener's other tastes are.

use maud::{Markup, html};
use segue_core::AudioFeature;
use segue_engine::taste::{FeatureLevel, Taste};

use super::figure::{Figure, WIDTH, rounded};

const ROW_HEIGHT: f64 = 26.0;
const TOP: f64 = 26.0;
const NAMES: f64 = 150.0;
const VALUES: f64 = 90.0;
/// Standard deviations from the middle of the drawing to its edge.
const EDGE: f64 = 2.0;
/// A difference of as much is worth a word.
const NOTABLE: f32 = 0.4;

/// The chart of one taste.
pub fn features(taste: &Taste) -> Option<Markup> {
    if taste.features.is_empty() {
        return None;
    }
    let has_others =
        taste.features.iter().any(|standing| standing.others_above_catalogue.is_some());
    let row = |standing: &FeatureLevel| {
        let others = standing.others_above_catalogue.map_or("–".to_owned(), signed);
        vec![
            name(standing.feature).to_owned(),
            value(standing),
            signed(standing.above_catalogue),
            others,
        ]
    };
    let figure = Figure {
        finding: finding(taste),
        caption: html! {
            "Bars start at the average track of the catalogue"
            @if has_others { "; the diamond is where your other tastes are" }
            "."
        },
        height: TOP + taste.features.len() as f64 * ROW_HEIGHT + 6.0,
        drawing: drawing(&taste.features),
        columns: vec![
            "Feature",
            "Mean",
            "Standard deviations above the catalogue",
            "Your other tastes",
        ],
        rows: taste.features.iter().map(row).collect(),
    };
    Some(figure.view())
}

fn finding(taste: &Taste) -> String {
    let mut notable: Vec<&FeatureLevel> = taste
        .features
        .iter()
        .filter(|standing| standing.above_catalogue.abs() >= NOTABLE)
        .collect();
    notable.sort_by(|a, b| b.above_catalogue.abs().total_cmp(&a.above_catalogue.abs()));
    let side = |standing: &&FeatureLevel| {
        let side = if standing.above_catalogue > 0.0 { "more" } else { "less" };
        format!("{side} {}", name(standing.feature))
    };
    let parts: Vec<String> = notable.iter().take(3).map(side).collect();
    if parts.is_empty() {
        "Much like the average track".to_owned()
    } else {
        format!("Against the average track: {}", crate::page::words::list(&parts))
    }
}

fn drawing(features: &[FeatureLevel]) -> Markup {
    let middle = NAMES + (WIDTH - NAMES - VALUES) / 2.0;
    let reach = (WIDTH - NAMES - VALUES) / 2.0;
    let place = |above: f32| rounded(middle + reach * (f64::from(above) / EDGE).clamp(-1.0, 1.0));
    let bottom = TOP + features.len() as f64 * ROW_HEIGHT;
    html! {
        text x=(NAMES) y="14" { "less" }
        text x=(middle) y="14" text-anchor="middle" { "average track" }
        text x=(WIDTH - VALUES) y="14" text-anchor="end" { "more" }
        @for (row, standing) in features.iter().enumerate() {
            @let y = TOP + row as f64 * ROW_HEIGHT;
            @let end = place(standing.above_catalogue);
            text x=(NAMES - 10.0) y=(y + 17.0) text-anchor="end" { (name(standing.feature)) }
            rect x=(NAMES) y=(y + 4.0) width=(2.0 * reach) height=(ROW_HEIGHT - 8.0) rx="3"
                fill="var(--chart-1)" fill-opacity="0.1" {}
            rect x=(end.min(middle)) y=(y + 4.0) width=(rounded((end - middle).abs().max(1.0)))
                height=(ROW_HEIGHT - 8.0) rx="3" fill="var(--chart-1)" {}
            @if let Some(others) = standing.others_above_catalogue {
                @let (x, y) = (place(others), y + ROW_HEIGHT / 2.0);
                path d={ "M" (x) " " (y - 7.0) "l6 7-6 7-6-7z" } fill="var(--chart-2)"
                    stroke="var(--raised)" stroke-width="1.5" {}
            }
            text x=(WIDTH - VALUES + 12.0) y=(y + 17.0) { (value(standing)) }
        }
        line x1=(middle) x2=(middle) y1=(TOP) y2=(bottom) stroke="var(--edge)" {}
    }
}

fn name(feature: AudioFeature) -> &'static str {
    match feature {
        AudioFeature::Danceability => "danceability",
        AudioFeature::Energy => "energy",
        AudioFeature::Loudness => "loudness",
        AudioFeature::Speechiness => "spoken words",
        AudioFeature::Acousticness => "acoustic sound",
        AudioFeature::Instrumentalness => "instrumental sound",
        AudioFeature::Liveness => "live feel",
        AudioFeature::Valence => "bright mood",
        AudioFeature::Tempo => "tempo",
        other => other.name(),
    }
}

fn value(standing: &FeatureLevel) -> String {
    match standing.feature {
        AudioFeature::Tempo => format!("{:.0} bpm", standing.value),
        AudioFeature::Loudness => format!("{:.1} dB", standing.value),
        _ => format!("{:.2}", standing.value),
    }
}

fn signed(value: f32) -> String {
    format!("{value:+.2}")
}
