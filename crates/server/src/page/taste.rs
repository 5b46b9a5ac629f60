//! `/taste`: what is known of a listener, and the means to correct it.
//!
//! Several tastes, not one average; then the history in charts, each with its table; what the
//! listener gave feedback on and left out, each with its undo; and forgetting. Charts come from elsewhere as
//! markup: see [`Charts`].

use maud::{Markup, html};
use segue_core::AudioFeatures;

use super::layout::{Frame, Undo, page, undo_form};
use super::{sketch, urls, words};

/// Feedback is listed as far as this; the rest is a press away.
const SHOWN_FEEDBACK: usize = 10;

/// Everything on the page.
#[derive(Clone, Debug, Default)]
pub struct Taste {
    /// Whose taste it is.
    pub listener: String,
    /// What it is drawn from, in a sentence: "From 41,208 plays of 6,120 songs since March 2014".
    pub drawn_from: String,
    /// The tastes, largest first.
    pub tastes: Vec<OneTaste>,
    /// The history in charts.
    pub charts: Charts,
    /// Feedback of the listener, newest first.
    pub feedback: Vec<Given>,
    /// What the listener left out, newest first.
    pub exclusions: Vec<Exclusion>,
    /// Kinds of devices that occur: value and name.
    pub devices: Vec<(String, String)>,
    /// Contexts that occur.
    pub contexts: Vec<String>,
}

/// One of several tastes.
#[derive(Clone, Debug, Default)]
pub struct OneTaste {
    /// What it is called.
    pub name: String,
    /// Its share of what was played, 0 to 1.
    pub share: f32,
    /// Its leading artists.
    pub artists: Vec<String>,
    /// Tracks that stand for it.
    pub examples: Vec<Example>,
    /// How it sounds on the whole.
    pub sound: AudioFeatures,
    /// The chart of how it sounds, feature by feature.
    pub features: Option<Markup>,
    /// Whether it grows.
    pub trend: Trend,
    /// What is known about when and where, in sentences.
    pub remarks: Vec<String>,
}

/// A track that stands for a taste.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Its id.
    pub track: String,
    /// Its title.
    pub title: String,
    /// Its artists.
    pub artists: Vec<String>,
}

/// Whether a taste grows or fades.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trend {
    /// More of late.
    Grows,
    /// As ever.
    #[default]
    Steady,
    /// Less of late.
    Fades,
}

impl Trend {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Trend::Grows => ("grows", "↗ more of late"),
            Trend::Steady => ("steady", "→ as ever"),
            Trend::Fades => ("fades", "↘ less of late"),
        }
    }
}

/// Charts of the history, each a figure with its table; `None` where there is too little to show.
#[derive(Clone, Debug, Default)]
pub struct Charts {
    /// When in the week.
    pub heat_map: Option<Markup>,
    /// How much, month by month.
    pub months: Option<Markup>,
    /// What was on when.
    pub eras: Option<Markup>,
    /// How much of it was new.
    pub discovery: Option<Markup>,
    /// From which decades.
    pub decades: Option<Markup>,
}

/// Feedback that was given.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// What: "Liked", "Not for me", "Never".
    pub what: String,
    /// Of what: a track or an artist, as text.
    pub of: String,
    /// When, as text.
    pub when: Option<String>,
    /// The track that it was given on, or
    pub track: Option<String>,
    /// the artist.
    pub artist: Option<String>,
}

/// Something left out of the taste.
#[derive(Clone, Debug, Default)]
pub struct Exclusion {
    /// Its id.
    pub id: i64,
    /// What is left out, in words.
    pub what: String,
    /// How many plays that takes away, if known.
    pub plays: Option<u64>,
}

/// The page.
pub fn view(frame: &Frame, taste: &Taste) -> Markup {
    let main = html! {
        div.page-head { h1 { "Your taste" } p.lead { (taste.drawn_from) } }
        @if taste.tastes.is_empty() {
            p.empty { "Too little is known yet. " a href="/import" { "Add some history" } " or like a few tracks." }
        } @else {
            section aria-labelledby="tastes-title" {
                h2 #tastes-title { (how_many(taste.tastes.len())) }
                ul.tastes { @for (position, one) in taste.tastes.iter().enumerate() { li { (view_taste(position, one)) } } }
            }
        }
        (charts(&taste.charts))
        section.corrections aria-labelledby="corrections-title" {
            h2 #corrections-title { "Not quite you?" }
            p { "Leave out what does not speak for you: the month of nursery rhymes, the kitchen \
                radio, the guilty pleasure. Plays stay in your history, they just stop counting, \
                and you can take it back." }
            (leave_out(frame, taste))
            (left_out(frame, taste))
        }
        (feedback(frame, taste))
        (sketch::legend())
        (danger(taste))
    };
    page(frame, "Your taste", &main)
}

fn how_many(tastes: usize) -> String {
    match tastes {
        1 => "One taste so far".to_owned(),
        _ => format!("{tastes} tastes, not one average"),
    }
}

fn view_taste(position: usize, taste: &OneTaste) -> Markup {
    let (class, trend) = taste.trend.words();
    let id = format!("taste-{position}");
    html! {
        article.taste aria-labelledby=(id) {
            div class={ "sleeve " (sketch::mood(&taste.sound).class()) } { (sketch::sketch(&taste.sound)) }
            div.about {
                h3 id=(id) { (taste.name) }
                p.share { strong { (words::percent(f64::from(taste.share))) } " of what you play \
                    · " span class={ "trend " (class) } { (trend) } }
                p.artists { (words::list(&taste.artists)) }
                @for remark in &taste.remarks { p.small { (remark) } }
            }
            @if let Some(features) = &taste.features { (features) }
            ul.examples { @for example in &taste.examples {
                li { a href=(urls::search(&format!("{} {}", example.title, example.artists.first().map_or("", String::as_str)))) { (example.title) } " " span { (words::list(&example.artists)) } }
            } }
        }
    }
}

fn charts(charts: &Charts) -> Markup {
    let slots = [
        ("When you listen", &charts.heat_map),
        ("Month by month", &charts.months),
        ("Eras", &charts.eras),
        ("Discovery", &charts.discovery),
        ("Decades", &charts.decades),
    ];
    html! {
        @if slots.iter().any(|(_, chart)| chart.is_some()) {
            section.charts aria-labelledby="charts-title" {
                h2 #charts-title { "Your history" }
                @for (name, chart) in slots { @if let Some(chart) = chart { div.chart { h3 { (name) } (chart) } } }
            }
        }
    }
}

fn leave_out(frame: &Frame, taste: &Taste) -> Markup {
    html! {
        div.leave-out {
            (excluding(frame, taste, "period", &html! {
                label.field { span { "From" } input type="date" name="from" required; }
                label.field { span { "To, included" } input type="date" name="to" required; }
            }))
            (excluding(frame, taste, "artist", &html! { label.field { span { "An artist" } input type="text" name="value" required maxlength="200"; } }))
            (excluding(frame, taste, "track", &html! { label.field { span { "A track, by its \
                id" } input type="text" name="value" required maxlength="500" placeholder="spotify:track:…"; } }))
            @if !taste.devices.is_empty() {
                (excluding(frame, taste, "device", &html! {
                    label.field { span { "A device" } select name="value" { @for (value, name) in &taste.devices { option value=(value) { (name) } } } }
                }))
            }
            @if !taste.contexts.is_empty() {
                (excluding(frame, taste, "context", &html! {
                    label.field { span { "A context" } select name="value" { @for name in &taste.contexts { option value=(name) { (name) } } } }
                }))
            }
        }
    }
}

fn excluding(frame: &Frame, taste: &Taste, kind: &str, fields: &Markup) -> Markup {
    html! {
        form method="post" action=(urls::exclusions(&taste.listener)) {
            input type="hidden" name="kind" value=(kind);
            input type="hidden" name="back" value=(urls::local(&frame.here));
            (fields)
            button type="submit" { "Leave out" span.unseen { " this " (kind) } }
        }
    }
}

fn left_out(frame: &Frame, taste: &Taste) -> Markup {
    html! {
        @if !taste.exclusions.is_empty() {
            h3 { "Left out" }
            ul.undoable { @for exclusion in &taste.exclusions {
                li {
                    span { (exclusion.what) @if let Some(plays) = exclusion.plays { " " small { (words::count(plays, "play", "plays")) } } }
                    (undo_form(&Undo { action: urls::include_again(&taste.listener, exclusion.id), fields: Vec::new() }, &frame.here, "Count it again"))
                }
            } }
        }
    }
}

fn feedback(frame: &Frame, taste: &Taste) -> Markup {
    html! {
        section.said aria-labelledby="said-title" {
            h2 #said-title { "What you said" }
            @if taste.feedback.is_empty() { p { "Nothing yet. Likes and bans turn up here, and \
                can be taken back here." } }
            @let (latest, earlier) = taste.feedback.split_at(taste.feedback.len().min(SHOWN_FEEDBACK));
            (listed(frame, taste, latest))
            @if !earlier.is_empty() {
                details {
                    summary { (words::count(earlier.len() as u64, "earlier word", "earlier words")) }
                    (listed(frame, taste, earlier))
                }
            }
        }
    }
}

fn listed(frame: &Frame, taste: &Taste, given: &[Given]) -> Markup {
    html! {
        ul.undoable { @for given in given {
            li {
                span { strong { (given.what) } " " (given.of) @if let Some(when) = &given.when { " " small { (when) } } }
                (undo_form(&cleared(&taste.listener, given), &frame.here, "Take back"))
            }
        } }
    }
}

/// The form that takes feedback back.
pub fn cleared(listener: &str, given: &Given) -> Undo {
    let mut fields = vec![("kind".to_owned(), "cleared".to_owned())];
    match (&given.artist, &given.track) {
        (Some(artist), _) => fields.push(("artist".to_owned(), artist.clone())),
        (None, Some(track)) => fields.push(("track".to_owned(), track.clone())),
        (None, None) => {}
    }
    Undo { action: urls::feedback(listener), fields }
}

fn danger(taste: &Taste) -> Markup {
    html! {
        section.danger aria-labelledby="danger-title" {
            h2 #danger-title { "Yours to take, yours to end" }
            p { a.button href=(urls::export(&taste.listener)) download { "Take everything with \
                you" } }
            details {
                summary { "Forget me" }
                form.stack method="post" action=(urls::forget(&taste.listener)) {
                    p { "This deletes every play, every like and every model that learned from \
                        them. There is no undo." }
                    label for="confirm" { "Type " strong { (taste.listener) } " to confirm" }
                    input #confirm type="text" name="confirm" required autocomplete="off" spellcheck="false";
                    button.grave type="submit" { "Forget me for good" }
                }
            }
        }
    }
}
