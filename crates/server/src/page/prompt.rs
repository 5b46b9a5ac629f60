//! What a mix is to be like, in words: the box that takes them, and what they were taken to mean.

use maud::{Markup, html};
use segue::{PromptReading, UnderstoodPart};

use super::urls::LONGEST_PROMPT;
use super::words::Words;

/// What the words may be about, with some of them; `docs/prompts.md` has all.
const HELP: [(&str, &str); 6] = [
    (
        "Sound",
        "mellow, energetic, slow, not too fast, 100-120 bpm, happy, sad, acoustic, instrumental",
    ),
    ("For", "running, a party, dinner, studying, sleep"),
    ("When", "90s, early 2000s, since 2010, before 1980, 1994, recent"),
    ("Who", "like or by an artist, like a song, no and an artist"),
    ("Genre", "a genre of your tracks, no metal"),
    ("The mix", "mostly new, only new, familiar, an hour, 20 songs"),
];

/// The box and the dial: where words were said, they come first. `example` says what this library
/// can answer.
pub fn beside(prompt: &str, example: &str, dial: &Markup) -> Markup {
    html! {
        @if !prompt.is_empty() { (ask(prompt, example)) }
        (dial)
        @if prompt.is_empty() { (ask(prompt, example)) }
    }
}

fn ask(prompt: &str, example: &str) -> Markup {
    html! {
        form.prompt method="get" action="/mix" {
            label for="prompt" { "Say what it should be like" }
            div.joined {
                input #prompt type="text" name="prompt" value=(prompt) required
                    maxlength=(LONGEST_PROMPT) placeholder=(example) autocomplete="off";
                button.primary type="submit" { "Mix" }
            }
            details {
                summary { "What it understands" }
                dl { @for (about, words) in HELP { div { dt { (about) } dd { (words) } } } }
                p { "In any order, with commas between. Words about sound, time and genre can only \
                    find tracks of which these are known." }
            }
        }
    }
}

/// What words were taken to mean; nothing where there were none.
pub fn reading(written: &Words, reading: &PromptReading) -> Markup {
    if reading.understood.is_empty() && reading.not_understood.is_empty() {
        return html! {};
    }
    html! {
        ul.reading aria-label="What was understood" {
            @for part in &reading.understood { (understood(written, part)) }
            @for words in &reading.not_understood {
                li.aside { b { (words) } " " span { "not understood" } }
            }
        }
        @for note in &reading.notes { p.note { (super::card::sentence(note)) } }
    }
}

fn understood(written: &Words, part: &UnderstoodPart) -> Markup {
    html! {
        li.aside[part.set_aside.is_some()] {
            b { (part.words) } " "
            span {
                @if let Some(read_as) = &part.read_as { "read as " (read_as) ": " }
                (part.meaning)
                @match (&part.set_aside, part.tracks) {
                    (Some(why), _) => { " (no effect: " (why) ")" },
                    (None, Some(tracks)) => {
                        " · " (written.count(tracks as u64, "track", "tracks"))
                    },
                    (None, None) => {}
                }
            }
        }
    }
}
