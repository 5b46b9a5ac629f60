//! Pronounceable names for artists and songs that do not exist.

use rand::RngExt;
use rand::seq::IndexedRandom;

const ONSETS: [&str; 16] =
    ["b", "br", "d", "f", "gl", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v"];
const NUCLEI: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
const CODAS: [&str; 8] = ["", "", "", "l", "n", "r", "s", "th"];
const OPENINGS: [&str; 12] = [
    "Blue", "Paper", "Slow", "Northern", "Glass", "Hollow", "Golden", "Second", "Distant",
    "Silver", "Wild", "Last",
];
const CLOSINGS: [&str; 12] = [
    "Morning", "Engines", "Harbour", "Letters", "Windows", "Summer", "Gravity", "Rivers",
    "Signals", "Gardens", "Machines", "Lights",
];

/// A name of one to three syllables, capitalised.
fn word(rng: &mut impl RngExt) -> String {
    let mut word = String::new();
    for _ in 0..rng.random_range(2..=3) {
        for parts in [&ONSETS[..], &NUCLEI, &CODAS] {
            word.push_str(parts.choose(rng).expect("the list is not empty"));
        }
    }
    let first = word.remove(0).to_ascii_uppercase();
    word.insert(0, first);
    word
}

/// An artist's name.
pub(super) fn artist(rng: &mut impl RngExt) -> String {
    match rng.random_range(0..3) {
        0 => word(rng),
        1 => format!("{} {}", word(rng), word(rng)),
        _ => format!("The {} {}", OPENINGS.choose(rng).expect("not empty"), word(rng)),
    }
}

/// A song's title.
pub(super) fn title(rng: &mut impl RngExt) -> String {
    let opening = OPENINGS.choose(rng).expect("not empty");
    let closing = CLOSINGS.choose(rng).expect("not empty");
    match rng.random_range(0..3) {
        0 => format!("{opening} {closing}"),
        1 => format!("{} {closing}", word(rng)),
        _ => format!("{opening} {}", word(rng)),
    }
}
