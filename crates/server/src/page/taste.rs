//! `/taste`: what is known of a listener, and the means to correct it.
//!
//! Several tastes, not one average; what the listener gave feedback on and left out, each with its
//! undo; and forgetting.

use jiff::civil::Date;
use maud::{Markup, html};
use segue_core::AudioFeatures;

use super::card::thumbnail;
use super::layout::{Frame, Undo, page, undo_form};
use super::{sketch, urls, words};

/// Feedback is listed as far as this; the rest is a press away.
const SHOWN_FEEDBACK: usize = 10;

/// Everything that `/taste` shows of one listener: the tastes, feedback and exclusions with their
/// undo.
#[derive(Clone, Debug, Default)]
pub struct TasteView {
    /// Whose taste it is: the id under which the listener's plays are kept, also the first segment
    /// of every form's address.
    pub listener: String,
    /// What it is drawn from, in a sentence: "From 41,208 plays of 6,120 songs since March 2014".
    /// Empty where nothing was played.
    pub drawn_from: String,
    /// The tastes that the plays fall into, the one with the largest share first; empty with too
    /// little history.
    pub tastes: Vec<OneTaste>,
    /// Likes, dislikes and bans of the listener, newest first; the page lists ten and folds the
    /// rest away.
    pub feedback: Vec<Given>,
    /// What the listener left out of the taste, newest first, each shown with a button that takes
    /// it back.
    pub exclusions: Vec<ExclusionView>,
    /// Kinds of devices that occur in the history, each as the value that the form sends and the
    /// name that it shows.
    pub devices: Vec<(String, String)>,
    /// Names of the contexts that plays came from, such as playlists, offered for leaving out.
    pub contexts: Vec<String>,
}

/// One of several tastes of a listener: a group of liked works that are close to each other.
#[derive(Clone, Debug, Default)]
pub struct OneTaste {
    /// What it is called: a short description of it, made by the engine.
    pub name: String,
    /// Its share of the listener's liking, 0 to 1, each like weighing as much as its label does.
    pub share: f32,
    /// The leading artists of its liked works, the first one first; empty where no artist is known.
    pub artists: Vec<String>,
    /// Liked tracks that stand for the taste; those that left the catalogue are left out.
    pub examples: Vec<Example>,
    /// How it sounds on the whole: a value for each audio feature that is known of it, the others
    /// missing.
    pub sound: AudioFeatures,
    /// The chart of its sound against the average track, feature by feature; `None` where no
    /// features are known.
    pub features: Option<Markup>,
    /// Whether plays of its likes make up more or less of the last 90 days than of the time before.
    pub trend: TrendView,
    /// What is known about when and where it is played, a sentence each; empty where nothing stands
    /// out.
    pub remarks: Vec<String>,
}

/// A track that stands for a taste, with as much as a line on the page needs.
#[derive(Clone, Debug, Default)]
pub struct Example {
    /// Its id in the catalogue, such as `spotify:track:…`, by which the page finds it again.
    pub track: String,
    /// Its title as the catalogue has it, shown as text and never read as markup.
    pub title: String,
    /// Its artists in the order of the credits, the leading one first; empty where none is known.
    pub artists: Vec<String>,
    /// Whether it may have a cover.
    pub has_cover: bool,
}

/// Whether a taste takes more or less of what is played than it used to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrendView {
    /// Its share of recent plays is clearly larger than its share before.
    Grows,
    /// Its share did not change clearly, or there are too few plays to tell.
    #[default]
    Steady,
    /// Its share of recent plays is clearly smaller than its share before.
    Fades,
}

impl TrendView {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            TrendView::Grows => ("grows", "↗ more of late"),
            TrendView::Steady => ("steady", "→ as ever"),
            TrendView::Fades => ("fades", "↘ less of late"),
        }
    }
}

/// One piece of feedback as the page lists it, with what its undo button needs.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// What was given, as the page words it: "Liked", "Not for me" or "Never".
    pub what: String,
    /// What it was given on, as text: a track with its artists, or the name of an artist.
    pub of: String,
    /// The day on which it was given, as text; `None` where the source had no date.
    pub when: Option<Date>,
    /// The id of the track that it was given on; `None` where it was given on an artist.
    pub track: Option<String>,
    /// The name of the artist that it was given on; `None` where it was given on a track.
    pub artist: Option<String>,
}

/// Something that the listener left out of the taste: its plays stay on record and count for
/// nothing.
#[derive(Clone, Debug, Default)]
pub struct ExclusionView {
    /// Its id in the store, which the form that takes it back puts into its address.
    pub id: i64,
    /// What is left out, in words: "everything by …", "the song …" or a stretch of days.
    pub what: String,
    /// How many plays it takes away; `None` where nobody counted them.
    pub plays: Option<u64>,
}

/// The page.
pub fn view(frame: &Frame, taste: &TasteView) -> Markup {
    let main = html! {
        div.page-head { h1 { "Your taste" } p.lead { (taste.drawn_from) } }
        @if taste.tastes.is_empty() {
            p.empty {
                "Too little is known yet. "
                @if frame.is_own { "Let your player send its plays here, or like a few tracks." }
                @else { a href="/import" { "Add some history" } " or like a few tracks." }
            }
        } @else {
            section aria-labelledby="tastes-title" {
                h2 #tastes-title { (how_many(taste.tastes.len())) }
                ul.tastes {
                    @for (position, one) in taste.tastes.iter().enumerate() {
                        li { (view_taste(position, one)) }
                    }
                }
            }
        }
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
        (danger(frame, taste))
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
    let have_covers = taste.examples.iter().any(|example| example.has_cover);
    html! {
        article.taste aria-labelledby=(id) {
            div class={ "sleeve " (sketch::mood(&taste.sound).class()) } {
                (sketch::sketch(&taste.sound))
            }
            div.about {
                h3 id=(id) { (taste.name) }
                p { strong { (words::percent(f64::from(taste.share))) } " of what you play \
                    · " span class={ "trend " (class) } { (trend) } }
                p.artists { (words::list(&taste.artists)) }
                @for remark in &taste.remarks { p.small { (remark) } }
            }
            @if let Some(features) = &taste.features { (features) }
            ul.examples { @for example in &taste.examples {
                li {
                    @if have_covers { (sleeve(example)) }
                    a href=(urls::search(&format!(
                        "{} {}", example.title, example.artists.first().map_or("", String::as_str)
                    ))) { (example.title) }
                    " " span { (words::list(&example.artists)) }
                }
            } }
        }
    }
}

fn sleeve(example: &Example) -> Markup {
    let whose = example.artists.first().unwrap_or(&example.title);
    thumbnail(&example.track, whose, example.has_cover)
}

fn leave_out(frame: &Frame, taste: &TasteView) -> Markup {
    html! {
        div.leave-out {
            (excluding(frame, taste, "period", &html! {
                label.field { span { "From" } input type="date" name="from" required; }
                label.field { span { "To, included" } input type="date" name="to" required; }
            }))
            (excluding(frame, taste, "artist", &html! {
                label.field {
                    span { "An artist" }
                    input type="text" name="value" required maxlength="200";
                }
            }))
            (excluding(frame, taste, "track", &html! {
                label.field {
                    span { "A track, by its id" }
                    input type="text" name="value" required maxlength="500"
                        placeholder="spotify:track:…";
                }
            }))
            @if !taste.devices.is_empty() {
                (excluding(frame, taste, "device", &html! {
                    label.field {
                        span { "A device" }
                        select name="value" {
                            @for (value, name) in &taste.devices { option value=(value) { (name) } }
                        }
                    }
                }))
            }
            @if !taste.contexts.is_empty() {
                (excluding(frame, taste, "context", &html! {
                    label.field {
                        span { "A context" }
                        select name="value" {
                            @for name in &taste.contexts { option value=(name) { (name) } }
                        }
                    }
                }))
            }
        }
    }
}

fn excluding(frame: &Frame, taste: &TasteView, kind: &str, fields: &Markup) -> Markup {
    html! {
        form method="post" action=(urls::exclusions(&taste.listener)) {
            input type="hidden" name="kind" value=(kind);
            input type="hidden" name="back" value=(urls::local(&frame.here));
            (fields)
            button type="submit" { "Leave out" span.unseen { " this " (kind) } }
        }
    }
}

fn left_out(frame: &Frame, taste: &TasteView) -> Markup {
    let words = &frame.words;
    html! {
        @if !taste.exclusions.is_empty() {
            h3 { "Left out" }
            ul.undoable { @for exclusion in &taste.exclusions {
                li {
                    span {
                        (exclusion.what)
                        @if let Some(plays) = exclusion.plays {
                            " " small { (words.count(plays, "play", "plays")) }
                        }
                    }
                    @let undo = Undo {
                        action: urls::include_again(&taste.listener, exclusion.id),
                        fields: Vec::new(),
                    };
                    (undo_form(&undo, &frame.here, "Count it again"))
                }
            } }
        }
    }
}

fn feedback(frame: &Frame, taste: &TasteView) -> Markup {
    let words = &frame.words;
    html! {
        section.said aria-labelledby="said-title" {
            h2 #said-title { "What you said" }
            @if taste.feedback.is_empty() { p { "Nothing yet. Likes and bans turn up here, and \
                can be taken back here." } }
            @let (latest, earlier) =
                taste.feedback.split_at(taste.feedback.len().min(SHOWN_FEEDBACK));
            (listed(frame, taste, latest))
            @if !earlier.is_empty() {
                details {
                    summary { (words.count(earlier.len() as u64, "earlier word", "earlier words")) }
                    (listed(frame, taste, earlier))
                }
            }
        }
    }
}

fn listed(frame: &Frame, taste: &TasteView, given: &[Given]) -> Markup {
    html! {
        ul.undoable { @for given in given {
            li {
                span {
                    strong { (given.what) } " " (given.of)
                    @if let Some(when) = &given.when {
                        " " small { (frame.words.marked_day(*when)) }
                    }
                }
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

fn danger(frame: &Frame, taste: &TasteView) -> Markup {
    html! {
        section.danger aria-labelledby="danger-title" {
            h2 #danger-title { "Yours to take, yours to end" }
            p { a.button href=(urls::export(&taste.listener)) download { "Take everything with \
                you" } }
            @if frame.is_own { p { "Whoever runs this Segue can forget you for good: ask them." } }
            @else {
                details {
                    summary { "Forget me" }
                    form.stack method="post" action=(urls::forget(&taste.listener)) {
                        p { "This deletes every play, every like and every model that learned from \
                            them. There is no undo." }
                        label for="confirm" { "Type " strong { (taste.listener) } " to confirm" }
                        input #confirm type="text" name="confirm" required autocomplete="off"
                            spellcheck="false";
                        button.grave type="submit" { "Forget me for good" }
                    }
                }
            }
        }
    }
}
