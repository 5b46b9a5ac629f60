//! `/mix`: the mix as a list to play and to take along.
//!
//! Fragment: `GET /fragments/mix?{settings}&shown=…&here=…` answers [`fragment`], the part that
//! changes with the dial, which takes the place of the element `#mix` of the page. `shown` is
//! missing where all rows are shown; `here` is the page that forms come back to, `Frame::here`.

use maud::{Markup, html};
use segue::PromptReading;

use super::card::{Card, CardPlace, card, sentence};
use super::dial::{Preview, dial};
use super::layout::{Frame, page};
use super::prompt;
use super::urls::{self, MixSettings};
use super::words::Words;

/// A mix and how it came about.
#[derive(Clone, Debug, Default)]
pub struct Mix {
    /// Its name in the log, by which it is exported; `None` where nothing fits.
    pub id: Option<i64>,
    /// What was asked for.
    pub settings: MixSettings,
    /// Names of the tracks that it goes on from; empty where it goes on from the history.
    pub after: Vec<String>,
    /// What the words of the settings were taken to mean; empty where there are none.
    pub reading: PromptReading,
    /// Words that this library can answer, as an example.
    pub example: String,
    /// What came out, in numbers.
    pub preview: Preview,
    /// The picks in playing order.
    pub picks: Vec<Card>,
    /// Seed of the draw: with it, the same mix comes again.
    pub seed: u64,
    /// What could not be had, in sentences: "only 12 tracks are new to you".
    pub notes: Vec<String>,
    /// Why these and no others, in sentences: where candidates came from, what the policy is, which
    /// model scored.
    pub why: Vec<String>,
}

/// The formats of the export menu, with what takes them.
const FORMATS: [(&str, &str, &str); 5] = [
    ("m3u8", "M3U", "for players with your files"),
    ("xspf", "XSPF", "for VLC and others"),
    ("jspf", "JSPF", "for ListenBrainz"),
    ("csv", "CSV", "for spreadsheets"),
    ("uris", "URIs", "to paste into Spotify"),
];

/// The page.
pub fn view(frame: &Frame, mix: &Mix) -> Markup {
    let main = html! {
        div.page-head { h1 { "The mix" } p.lead { (lead(mix)) } }
        div.listening {
            aside aria-label="Dial, words and filters" {
                (prompt::beside(
                    &mix.settings.prompt, &mix.example, &dial("/mix", &mix.settings, &mix.preview)
                ))
            }
            (fragment(frame, mix, usize::MAX))
        }
    };
    page(frame, "The mix", &main)
}

fn lead(mix: &Mix) -> String {
    match mix.after.as_slice() {
        [] => "In playing order: what goes well after what.".to_owned(),
        [.., last] => format!("Going on from {last}."),
    }
}

/// The list itself, and what one may do with the whole of it. `shown` is how many picks the page
/// asks for: fewer than the settings say where it has room for a beginning only.
pub fn fragment(frame: &Frame, mix: &Mix, shown: usize) -> Markup {
    let words = &frame.words;
    let fixed = mix.settings.with_seed(mix.seed);
    let listener = frame.listener.as_deref();
    let keeper = listener.map(|listener| Keeper { listener, prompt: &mix.settings.prompt });
    html! {
        section #mix .mix aria-labelledby="mix-title" data-settings=(fixed.to_query())
            data-shown=[(shown < usize::MAX).then_some(shown)]
        {
            (heading(words, &mix.picks, mix.id, keeper))
            (prompt::reading(words, &mix.reading))
            @for note in &mix.notes { p.note { (sentence(note)) } }
            @if mix.picks.is_empty() {
                p.empty {
                    "Nothing fits. Say less, loosen a filter, or "
                    a href="/mix" { "start afresh" } "."
                }
            }
            ol.tracks {
                @for pick in &mix.picks { li { (card(&place(frame, "mix"), pick)) } }
            }
            @if shown < usize::MAX && mix.settings.length as usize > mix.picks.len() {
                p {
                    a.more href=(urls::mix(&mix.settings)) {
                        "A whole mix of " (mix.settings.length)
                    }
                }
            }
            (why(mix))
        }
    }
}

/// The place of a card on a list of this page.
pub fn place<'a>(frame: &'a Frame, list: &'a str) -> CardPlace<'a> {
    let listener = frame.listener.as_deref().unwrap_or_default();
    CardPlace { listener, back: &frame.here, list, opens: frame.opens }
}

/// Who may keep a mix as a list of their own.
#[derive(Clone, Copy)]
pub(super) struct Keeper<'a> {
    pub(super) listener: &'a str,
    /// The words that the mix was made by, if any: the name that is offered, and what can be made
    /// of them every week.
    pub(super) prompt: &'a str,
}

/// How many tracks there are, and what can be done with the whole of mix `id`.
pub(super) fn heading(
    words: &Words,
    picks: &[Card],
    id: Option<i64>,
    keeper: Option<Keeper<'_>>,
) -> Markup {
    let playable = picks.iter().any(|pick| pick.audio.is_some());
    html! {
        div.mix-head {
            h2 #mix-title { (words.count(picks.len() as u64, "track", "tracks")) }
            @if playable {
                button.primary.needs-script type="button" data-plays="mix" hidden {
                    (super::icons::icon("play")) "Play"
                }
            }
            @if let Some(id) = id { (menu(id, keeper)) }
        }
    }
}

/// What can be done with the whole of a mix: the formats in which it can be taken along and, for a
/// listener who may keep it, a name to keep it under.
fn menu(mix: i64, keeper: Option<Keeper<'_>>) -> Markup {
    html! {
        details.menu {
            summary { (super::icons::icon("drop")) "Take it along" }
            ul {
                @for (format, name, what_for) in FORMATS {
                    li {
                        a href=(urls::playlist(mix, format)) download {
                            strong { (name) } " " span { (what_for) }
                        }
                    }
                }
                @if let Some(keeper) = keeper { li { (keep(keeper, mix)) } }
            }
        }
    }
}

fn keep(Keeper { listener, prompt }: Keeper<'_>, mix: i64) -> Markup {
    html! {
        form.keep method="post" action=(urls::lists(listener)) {
            input type="hidden" name="mix" value=(mix);
            label for="list-name" { "Or keep it here as a list" }
            input #list-name type="text" name="name" required maxlength="100" placeholder="Its name"
                value=(prompt.chars().take(100).collect::<String>());
            @if !prompt.is_empty() {
                label.check {
                    input type="checkbox" name="weekly" value=(prompt);
                    " A new one every week, by these words"
                }
            }
            button.primary type="submit" { "Keep" }
        }
    }
}

fn why(mix: &Mix) -> Markup {
    html! {
        details.why {
            summary { "Why these" }
            @for sentence in &mix.why { p { (sentence) } }
            p {
                "Seed " code { (mix.seed) } ". "
                a href=(urls::mix(&mix.settings.with_seed(mix.seed))) { "A link to this very \
                    mix" } "."
            }
        }
    }
}
