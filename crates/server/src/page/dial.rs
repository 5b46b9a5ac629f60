//! The one dial, and the filters beside it: a form whose state is the address.
//!
//! It looks like the crossfader of a mixing desk, because that is what it is: what you know fades
//! out while what you do not fades in. Without scripts it is a GET form whose named presets are
//! buttons. With them, moving it asks `GET /v1/listeners/{l}/mix/preview` for a [`Preview`], shown
//! at once, and letting go asks for the mix itself.

use maud::{Markup, html};
use segue_engine::mix::filters::Familiarity;
use segue_engine::presets::PRESETS;
use serde::Serialize;

use super::urls::{LONGEST_MIX, MixSettings};

/// What a mix at some setting of the dial would hold. Its names in JSON are those that
/// `assets/dial.js` reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Preview {
    /// How many tracks the mix would have.
    pub length: u32,
    /// How many of them are new to the listener.
    pub new_tracks: u32,
    /// How many artists the listener has never heard.
    pub new_artists: u32,
    /// Mean likability of the picks, 0 to 1.
    pub mean_likability: Option<f32>,
}

/// What the page says at each of the [presets](PRESETS), and where on the way to the next its words
/// end.
const SAYS: [(&str, f32); 3] = [
    ("Old friends, and one or two you have not met.", 0.2),
    ("Mostly what you love, with a steady trickle of what you might.", 0.4),
    ("Half of it unknown, picked because it should suit you. Expect some misses.", 1.0),
];

/// How many dots stand for the mix.
const DOTS: u32 = 30;

/// The form: dial, preview, filters. `action` is the page that it is on, `/` or `/mix`.
pub fn dial(action: &str, settings: &MixSettings, preview: &Preview) -> Markup {
    html! {
        form #dial .dial method="get" action=(action) aria-labelledby="dial-title" {
            h2 #dial-title { "How far out?" }
            // Enter in a field presses the first button of a form, which must not be a preset: it
            // would move the dial.
            button.unseen type="submit" tabindex="-1" aria-hidden="true" { "Mix again" }
            (fader(settings))
            (words_of(settings.explore))
            (effect(preview))
            (filters(settings))
            @for track in &settings.exclude { input type="hidden" name="exclude" value=(track); }
            @for track in &settings.after { input type="hidden" name="after" value=(track); }
            @if !settings.prompt.is_empty() {
                input type="hidden" name="prompt" value=(settings.prompt);
            }
            button.primary type="submit" { "Mix again" }
        }
    }
}

fn fader(settings: &MixSettings) -> Markup {
    html! {
        div.fader {
            label.unseen for="explore" { "Exploration, from familiar to new" }
            svg.fade viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true"
                focusable="false"
            {
                path.out d="M0 1C45 1 75 8 100 20H0Z" {}
                path.in d="M100 1C55 1 25 8 0 20H100Z" {}
            }
            input #explore type="range" name="explore" min="0" max="1" step="0.05"
                value=(settings.explore) list="stops" aria-describedby="dial-words";
            datalist #stops {
                @for preset in &PRESETS { option value=(preset.explore) label=(preset.name) {} }
            }
            div.ends aria-hidden="true" { span { "familiar" } span { "new" } }
        }
        div.stops {
            @for preset in &PRESETS {
                button type="submit" name="explore" value=(preset.explore)
                    aria-pressed=(near(preset.explore, settings.explore))
                {
                    (preset.name)
                }
            }
        }
    }
}

fn near(preset: f32, explore: f32) -> bool {
    (preset - explore).abs() < 0.001
}

/// The words of all presets; only those of the preset that the dial is at are shown.
fn words_of(explore: f32) -> Markup {
    let here = SAYS.iter().position(|(_, until)| explore <= *until).unwrap_or(SAYS.len() - 1);
    html! {
        div #dial-words .dial-words {
            @for (position, (says, until)) in SAYS.iter().enumerate() {
                p data-until=(until) hidden[position != here] { (says) }
            }
        }
    }
}

/// What comes out: a dot for each track, and the same in numbers.
fn effect(preview: &Preview) -> Markup {
    let lit = (DOTS * preview.new_tracks).checked_div(preview.length).unwrap_or(0);
    html! {
        div #effect .effect {
            svg.dots viewBox="0 0 300 10" aria-hidden="true" focusable="false" {
                @for dot in 0..DOTS {
                    circle.new[dot >= DOTS - lit.min(DOTS)] cx=(dot * 10 + 5) cy="5" r="3.6" {}
                }
            }
            output for="explore" {
                b data-out="new_tracks" { (preview.new_tracks) } " of "
                span data-out="length" { (preview.length) } " new to you · "
                "artists never heard: " b data-out="new_artists" { (preview.new_artists) }
            }
        }
    }
}

const KNOWN: [(Familiarity, &str); 4] = [
    (Familiarity::Any, "Anything"),
    (Familiarity::Owned, "What I own"),
    (Familiarity::Heard, "What I have heard"),
    (Familiarity::New, "Only what is new"),
];

fn filters(settings: &MixSettings) -> Markup {
    html! {
        details.filters open[differs(settings)] {
            summary { "Filters" }
            div.fields {
                fieldset.choices {
                    legend { "Pick from" }
                    @for (familiarity, name) in KNOWN {
                        label {
                            input type="radio" name="familiarity" value=(familiarity.name())
                                checked[familiarity == settings.familiarity];
                            span { (name) }
                        }
                    }
                }
                (number("length", "Tracks", settings.length, 1, LONGEST_MIX))
                (number("artist_cap", "Most by one artist", settings.artist_cap, 1, LONGEST_MIX))
                (number(
                    "no_repeat_days", "Not played for (days)", settings.no_repeat_days, 0, 3650
                ))
            }
        }
    }
}

fn number(name: &str, label: &str, value: u32, least: u32, most: u32) -> Markup {
    html! {
        label.field {
            span { (label) }
            input type="number" name=(name) value=(value) min=(least) max=(most) inputmode="numeric"
                required;
        }
    }
}

/// Whether a filter is set, so that it is not hidden.
fn differs(settings: &MixSettings) -> bool {
    let usual = MixSettings::default();
    settings.familiarity != usual.familiarity
        || settings.length != usual.length
        || settings.artist_cap != usual.artist_cap
        || settings.no_repeat_days != usual.no_repeat_days
}
