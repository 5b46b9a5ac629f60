//! The sonic sketch: how a track sounds, as a flower on a record sleeve.
//!
//! Six petals, always in the same place, are as long as the feature is strong; around them runs a
//! rhythm ring with a tick for every four beats a minute, the first of each bar longer; the heart
//! is filled in major and hollow in minor. The ground has one of four colours by mood and energy
//! (the two axes of Russell's circumplex, 1980), so that a page of sleeves shows its temper before
//! a word is read. What is unknown is not drawn. Beside it stands the same in words.

use std::f32::consts::TAU;
use std::fmt::Write;

use maud::{Markup, html};
use segue_core::{AudioFeature, AudioFeatures};

/// The petals, clockwise from the top, with their names.
pub const PETALS: [(AudioFeature, &str); 6] = [
    (AudioFeature::Energy, "Energy"),
    (AudioFeature::Danceability, "Dance"),
    (AudioFeature::Valence, "Mood"),
    (AudioFeature::Acousticness, "Acoustic"),
    (AudioFeature::Instrumentalness, "Instrumental"),
    (AudioFeature::Speechiness, "Spoken"),
];

/// Length of a petal for nothing and for everything.
const SHORTEST: f32 = 9.0;
const LONGEST: f32 = 38.0;
/// Where the rhythm ring runs.
const RING: f32 = 42.0;

/// The temper of a track: which ground its sketch stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Bright and energetic.
    Glowing,
    /// Dark and energetic.
    Fierce,
    /// Bright and calm.
    Tender,
    /// Dark and calm.
    Dusky,
    /// Not known.
    Unknown,
}

impl Mood {
    /// The class that the style sheet knows it by.
    pub fn class(self) -> &'static str {
        match self {
            Mood::Glowing => "glowing",
            Mood::Fierce => "fierce",
            Mood::Tender => "tender",
            Mood::Dusky => "dusky",
            Mood::Unknown => "unknown",
        }
    }
}

/// The temper of a sound.
pub fn mood(sound: &AudioFeatures) -> Mood {
    let (Some(valence), Some(energy)) =
        (sound.get(AudioFeature::Valence), sound.get(AudioFeature::Energy))
    else {
        return Mood::Unknown;
    };
    match (valence >= 0.5, energy >= 0.5) {
        (true, true) => Mood::Glowing,
        (false, true) => Mood::Fierce,
        (true, false) => Mood::Tender,
        (false, false) => Mood::Dusky,
    }
}

/// Whether there is nothing to draw.
pub fn is_silent(sound: &AudioFeatures) -> bool {
    PETALS.iter().all(|(feature, _)| sound.get(*feature).is_none())
}

/// The sketch, named by [`describe`].
pub fn sketch(sound: &AudioFeatures) -> Markup {
    html! {
        svg.sketch viewBox="-50 -50 100 100" role="img" {
            title { (describe(sound)) } (flower(sound))
        }
    }
}

/// The sketch where it only adorns.
pub fn drawing(sound: &AudioFeatures) -> Markup {
    html! {
        svg.sketch viewBox="-50 -50 100 100" aria-hidden="true" focusable="false" {
            (flower(sound))
        }
    }
}

fn flower(sound: &AudioFeatures) -> Markup {
    html! {
        (ring(sound))
        @for (position, (feature, _)) in PETALS.iter().enumerate() {
            @if let Some(strength) = sound.get(*feature) { (rotated(position, strength)) }
        }
        (heart(sound))
    }
}

fn rotated(position: usize, strength: f32) -> Markup {
    html! {
        path.petal.other[position % 2 == 1] d=(petal(strength))
            transform={ "rotate(" (position * 60) ")" } {}
    }
}

/// Four made-up sounds, one of each temper, to adorn the first page.
pub fn samples() -> [AudioFeatures; 4] {
    let sound = |petals: [f32; 6], tempo: f32, mode: f32| {
        let mut sound = AudioFeatures::MISSING;
        for ((feature, _), value) in PETALS.into_iter().zip(petals) {
            sound.set(feature, value);
        }
        sound.set(AudioFeature::Tempo, tempo);
        sound.set(AudioFeature::Mode, mode);
        sound
    };
    [
        sound([0.82, 0.9, 0.86, 0.12, 0.05, 0.2], 122.0, 1.0),
        sound([0.95, 0.48, 0.22, 0.05, 0.62, 0.34], 174.0, 0.0),
        sound([0.28, 0.55, 0.68, 0.9, 0.1, 0.08], 92.0, 1.0),
        sound([0.18, 0.25, 0.12, 0.82, 0.92, 0.06], 64.0, 0.0),
    ]
}

/// How to read a sketch, for whoever asks.
pub fn legend() -> Markup {
    let mut sound = AudioFeatures::MISSING;
    for (feature, _) in PETALS {
        sound.set(feature, 0.72);
    }
    sound.set(AudioFeature::Tempo, 120.0);
    sound.set(AudioFeature::Mode, 1.0);
    html! {
        details.legend {
            summary { "How to read a sketch" }
            div.legend-body {
                figure {
                    div.sleeve.glowing {
                        svg.sketch.named viewBox="-84 -62 168 124" role="img" {
                            title { "A sketch with its petals named, clockwise from the top: \
                                energy, dance, mood, acoustic, instrumental, spoken" }
                            (ring(&sound))
                            @for (position, (_, name)) in PETALS.iter().enumerate() {
                                (rotated(position, 0.72))
                                (named(position, name))
                            }
                            (heart(&sound))
                        }
                    }
                }
                ul {
                    li { "A " strong { "petal" } " is as long as the track is energetic, \
                        danceable, bright, acoustic, instrumental or spoken." }
                    li { "The " strong { "ring" } " is its rhythm: the denser the ticks, the \
                        faster; long ticks begin a bar." }
                    li { "The " strong { "heart" } " is filled in a major key and hollow in a \
                        minor one." }
                    li { "The " strong { "ground" } " is its temper: "
                        span.swatch.glowing { "glowing" } " " span.swatch.fierce { "fierce" } " "
                        span.swatch.tender { "tender" } " " span.swatch.dusky { "dusky" } "."
                    }
                }
            }
        }
    }
}

fn named(position: usize, name: &str) -> Markup {
    let angle = position as f32 / 6.0 * TAU;
    let (x, y) = (angle.sin() * 53.0, -angle.cos() * 53.0 + 2.0);
    let anchor = match position {
        0 | 3 => "middle",
        1 | 2 => "start",
        _ => "end",
    };
    // Beside the ring, at the height of the petal's tip; above and below it in the middle.
    let x = if anchor == "middle" { 0.0 } else { x - x.signum() * 6.0 };
    html! {
        text x=(format!("{x:.1}")) y=(format!("{y:.1}")) text-anchor=(anchor) font-size="7" {
            (name)
        }
    }
}

/// A petal that points up: out from the centre on one side, back on the other.
fn petal(strength: f32) -> String {
    let length = SHORTEST + (LONGEST - SHORTEST) * strength;
    let width = 3.5 + length * 0.36;
    let (near, far) = (-length * 0.4, -length * 1.02);
    format!(
        "M0 0C{a:.1} {near:.1} {b:.1} {far:.1} 0 {tip:.1}C{c:.1} {far:.1} {width:.1} {near:.1} 0 \
         0Z",
        a = -width,
        b = -width * 0.55,
        tip = -length,
        c = width * 0.55,
    )
}

/// A tick for every four beats a minute, from 10 to 60 of them.
fn ring(sound: &AudioFeatures) -> Markup {
    let Some(tempo) = sound.get(AudioFeature::Tempo) else {
        return html! { circle.ring.silent r=(RING) fill="none" {} };
    };
    let ticks = (tempo / 4.0).round().clamp(10.0, 60.0) as u32;
    let bar =
        sound.get(AudioFeature::TimeSignature).map_or(4, |beats| beats.round().max(1.0) as u32);
    let mut path = String::new();
    for tick in 0..ticks {
        let angle = tick as f32 / ticks as f32 * TAU;
        let (sine, cosine) = angle.sin_cos();
        let outer = if tick % bar == 0 { RING + 5.0 } else { RING + 2.0 };
        let write = write!(
            path,
            "M{:.1} {:.1}L{:.1} {:.1}",
            sine * RING,
            -cosine * RING,
            sine * outer,
            -cosine * outer
        );
        write.expect("text takes whatever is written");
    }
    html! { path.ring d=(path) fill="none" {} }
}

fn heart(sound: &AudioFeatures) -> Markup {
    html! {
        @match sound.get(AudioFeature::Mode) {
            Some(mode) if mode >= 0.5 => circle.heart r="4.5" {},
            Some(_) => circle.heart.hollow r="4" {},
            None => circle.heart r="1.5" {},
        }
    }
}

/// The sketch in words: "Sound: energetic, bright, danceable, 122 beats a minute, major".
pub fn describe(sound: &AudioFeatures) -> String {
    let mut parts: Vec<String> =
        SCALES.iter().filter_map(|scale| scale.say(sound)).map(str::to_owned).collect();
    if let Some(tempo) = sound.get(AudioFeature::Tempo) {
        parts.push(format!("{tempo:.0} beats a minute"));
    }
    if let Some(mode) = sound.get(AudioFeature::Mode) {
        parts.push(if mode >= 0.5 { "major" } else { "minor" }.to_owned());
    }
    if parts.is_empty() {
        "Sound: not known".to_owned()
    } else {
        format!("Sound: {}", parts.join(", "))
    }
}

/// What to call low, middling and high values of a feature; the empty word says nothing.
struct Scale {
    feature: AudioFeature,
    low: (f32, &'static str),
    high: (f32, &'static str),
}

impl Scale {
    fn say(&self, sound: &AudioFeatures) -> Option<&'static str> {
        let value = sound.get(self.feature)?;
        let word = match () {
            () if value < self.low.0 => self.low.1,
            () if value > self.high.0 => self.high.1,
            () => "",
        };
        (!word.is_empty()).then_some(word)
    }
}

const SCALES: [Scale; 6] = [
    Scale { feature: AudioFeature::Energy, low: (0.4, "calm"), high: (0.65, "energetic") },
    Scale { feature: AudioFeature::Valence, low: (0.35, "dark"), high: (0.6, "bright") },
    Scale {
        feature: AudioFeature::Danceability,
        low: (0.35, "not for dancing"),
        high: (0.65, "danceable"),
    },
    Scale { feature: AudioFeature::Acousticness, low: (0.0, ""), high: (0.6, "acoustic") },
    Scale { feature: AudioFeature::Instrumentalness, low: (0.0, ""), high: (0.5, "instrumental") },
    Scale { feature: AudioFeature::Speechiness, low: (0.0, ""), high: (0.33, "spoken words") },
];
