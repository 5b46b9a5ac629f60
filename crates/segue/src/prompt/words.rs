//! The words that a prompt may use for how music sounds, what it is for, which versions and which
//! share of new music are wanted. `docs/prompts.md` has all of them, and a test holds it to this.

use segue_core::AudioFeature::{
    Acousticness, Danceability, DurationMs, Energy, Instrumentalness, Loudness, Speechiness, Tempo,
    Valence,
};
use segue_core::{AudioFeature, Version};
use segue_engine::mix::filters::Familiarity;

/// Whether a word means small or large values of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Low,
    High,
}

/// What a word says of a feature: values up to, or from, a bound in the unit of the feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sound {
    pub(super) feature: AudioFeature,
    pub(super) side: Side,
    /// The bound of "slow".
    pub(super) usual: f32,
    /// The bound of "very slow"; "not too slow" is beyond it.
    pub(super) extreme: f32,
}

/// What a phrase means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Word {
    /// One or more things about the sound, which hold together.
    Sounds(&'static [Sound]),
    /// Any of these tags of the network fits the file.
    Tagged(&'static [&'static str]),
    /// A feature that has a value: major, three beats a bar.
    Is(AudioFeature, f32),
    /// A kind of version.
    Version(Version),
    /// Among the popular tracks, or not among them.
    Popular(bool),
    /// Released in the last years.
    Recent,
    /// Released long ago.
    Old,
    /// The dial.
    Explore(f32),
    /// Which works may be picked.
    Familiarity(Familiarity),
}

const fn low(feature: AudioFeature, usual: f32, extreme: f32) -> Sound {
    Sound { feature, side: Side::Low, usual, extreme }
}

const fn high(feature: AudioFeature, usual: f32, extreme: f32) -> Sound {
    Sound { feature, side: Side::High, usual, extreme }
}

/// Every phrase in lower case, its words separated by one space, with what it means. Bounds are
/// those that a listener to Spotify's catalogue would agree to: about a third of the tracks of
/// public tables lie beyond the usual ones and a tenth beyond the extreme ones.
pub(super) const WORDS: &[(&[&str], Word)] = &[
    (&["slow", "slowly", "downtempo"], Word::Sounds(&[low(Tempo, 100.0, 80.0)])),
    (&["fast", "uptempo", "quick", "up tempo"], Word::Sounds(&[high(Tempo, 125.0, 150.0)])),
    (
        &[
            "mellow",
            "calm",
            "chill",
            "chilled",
            "chillout",
            "relaxed",
            "relaxing",
            "gentle",
            "soft",
            "peaceful",
            "low energy",
            "laid back",
            "easy listening",
        ],
        Word::Sounds(&[low(Energy, 0.5, 0.3)]),
    ),
    (
        &["energetic", "intense", "powerful", "high energy", "hard", "heavy", "aggressive"],
        Word::Sounds(&[high(Energy, 0.7, 0.88)]),
    ),
    (&["quiet"], Word::Sounds(&[low(Loudness, -10.0, -15.0)])),
    (&["loud"], Word::Sounds(&[high(Loudness, -6.0, -4.0)])),
    (
        &["happy", "cheerful", "feel good", "upbeat", "sunny", "joyful", "positive"],
        Word::Sounds(&[high(Valence, 0.6, 0.8)]),
    ),
    (
        &["sad", "melancholic", "melancholy", "dark", "gloomy", "moody", "sorrowful"],
        Word::Sounds(&[low(Valence, 0.35, 0.2)]),
    ),
    (
        &["danceable", "dance", "dancing", "groovy", "to dance to"],
        Word::Sounds(&[high(Danceability, 0.68, 0.82)]),
    ),
    (&["acoustic", "unplugged"], Word::Sounds(&[high(Acousticness, 0.5, 0.8)])),
    (&["electric", "amplified"], Word::Sounds(&[low(Acousticness, 0.1, 0.01)])),
    (
        &[
            "instrumental",
            "instrumentals",
            "no vocals",
            "no vocal",
            "without vocals",
            "no singing",
            "without singing",
            "no lyrics",
            "without lyrics",
            "without words",
        ],
        Word::Sounds(&[high(Instrumentalness, 0.5, 0.8)]),
    ),
    (
        &["vocal", "vocals", "with vocals", "singing", "sung", "lyrics"],
        Word::Sounds(&[low(Instrumentalness, 0.3, 0.01)]),
    ),
    (&["spoken", "spoken word", "speech"], Word::Sounds(&[high(Speechiness, 0.33, 0.66)])),
    (&["short"], Word::Sounds(&[low(DurationMs, 150_000.0, 120_000.0)])),
    (&["long"], Word::Sounds(&[high(DurationMs, 360_000.0, 480_000.0)])),
    (
        &["workout", "gym", "running", "run", "exercise", "jogging"],
        Word::Sounds(&[high(Energy, 0.7, 0.88), high(Tempo, 115.0, 140.0)]),
    ),
    (
        &["party", "partying"],
        Word::Sounds(&[high(Danceability, 0.65, 0.8), high(Energy, 0.6, 0.8)]),
    ),
    (
        &["sleep", "sleeping", "bedtime", "falling asleep", "meditation", "yoga"],
        Word::Sounds(&[low(Energy, 0.35, 0.2), low(Tempo, 115.0, 90.0)]),
    ),
    (
        &["focus", "concentration", "studying", "study", "work", "working", "reading", "coding"],
        Word::Sounds(&[low(Speechiness, 0.08, 0.05), low(Energy, 0.65, 0.4)]),
    ),
    (
        &["dinner", "cooking", "background", "coffee", "breakfast"],
        Word::Sounds(&[low(Energy, 0.6, 0.4), high(Valence, 0.3, 0.5)]),
    ),
    (
        &["driving", "drive", "road trip", "roadtrip"],
        Word::Sounds(&[high(Energy, 0.55, 0.75), high(Danceability, 0.45, 0.65)]),
    ),
    (
        &[
            "female vocals",
            "female vocal",
            "female vocalist",
            "female vocalists",
            "female voice",
            "female voices",
            "female singer",
            "female singers",
            "women singing",
            "sung by women",
        ],
        Word::Tagged(&["female vocalists", "female vocalist"]),
    ),
    (
        &[
            "male vocals",
            "male vocal",
            "male vocalist",
            "male vocalists",
            "male voice",
            "male voices",
            "male singer",
            "male singers",
            "men singing",
            "sung by men",
        ],
        Word::Tagged(&["male vocalists"]),
    ),
    (&["guitar", "guitars"], Word::Tagged(&["guitar"])),
    (&["beautiful"], Word::Tagged(&["beautiful"])),
    (&["catchy"], Word::Tagged(&["catchy"])),
    (&["sexy"], Word::Tagged(&["sexy"])),
    (&["major", "in major"], Word::Is(AudioFeature::Mode, 1.0)),
    (&["minor", "in minor"], Word::Is(AudioFeature::Mode, 0.0)),
    (&["waltz", "waltzes"], Word::Is(AudioFeature::TimeSignature, 3.0)),
    (&["live", "in concert", "concert"], Word::Version(Version::Live)),
    (&["remix", "remixes", "remixed"], Word::Version(Version::Remix)),
    (&["demo", "demos"], Word::Version(Version::Demo)),
    (&["popular", "hits", "hit", "well known", "famous"], Word::Popular(true)),
    (&["obscure", "underground", "little known", "unpopular", "deep cuts"], Word::Popular(false)),
    (&["recent", "new releases", "latest", "just released", "released lately"], Word::Recent),
    (&["old", "oldies", "vintage"], Word::Old),
    (
        &["familiar", "mostly familiar", "safe", "favourites", "favorites", "what i love"],
        Word::Explore(0.1),
    ),
    (&["some new", "a bit of new", "a few new"], Word::Explore(0.3)),
    (&["half new"], Word::Explore(0.5)),
    (
        &["mostly new", "mainly new", "adventurous", "surprise me", "surprising", "explore"],
        Word::Explore(0.8),
    ),
    (
        &[
            "new",
            "only new",
            "unheard",
            "never heard",
            "new to me",
            "unknown to me",
            "discover",
            "discovery",
            "discoveries",
            "not heard before",
        ],
        Word::Familiarity(Familiarity::New),
    ),
    (
        &["only familiar", "i know", "that i know", "what i know", "heard before", "known"],
        Word::Familiarity(Familiarity::Heard),
    ),
    (
        &["saved", "owned", "i own", "in my library", "from my library"],
        Word::Familiarity(Familiarity::Owned),
    ),
];

/// Words that say nothing by themselves.
pub(super) const FILLERS: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "be",
    "bit",
    "but",
    "can",
    "could",
    "couple",
    "for",
    "from",
    "give",
    "good",
    "have",
    "i",
    "in",
    "is",
    "it",
    "kind",
    "like",
    "listen",
    "lot",
    "lots",
    "make",
    "me",
    "mix",
    "mixes",
    "mood",
    "music",
    "my",
    "nice",
    "of",
    "on",
    "or",
    "play",
    "playlist",
    "please",
    "quite",
    "rather",
    "really",
    "release",
    "released",
    "so",
    "some",
    "something",
    "somewhat",
    "song",
    "songs",
    "sort",
    "stuff",
    "style",
    "that",
    "the",
    "there",
    "these",
    "thing",
    "things",
    "this",
    "those",
    "to",
    "track",
    "tracks",
    "tune",
    "tunes",
    "vibe",
    "vibes",
    "want",
    "we",
    "while",
    "with",
    "would",
    "you",
    "your",
    "era",
    "years",
    "year",
    "beats",
    "minute",
    "tempo",
    "most",
    "what",
    "mostly",
    "more",
    "all",
    "few",
    "im",
    "id",
    "lets",
    "just",
    "need",
];

/// Genres that are said to be nowhere in a library instead of not being understood.
pub(super) const GENRES: &[&str] = &[
    "alternative",
    "ambient",
    "bachata",
    "blues",
    "bluegrass",
    "bossa nova",
    "classic rock",
    "classical",
    "country",
    "dancehall",
    "disco",
    "drum and bass",
    "dub",
    "dubstep",
    "edm",
    "electro",
    "electronic",
    "electronica",
    "emo",
    "experimental",
    "flamenco",
    "folk",
    "funk",
    "garage",
    "gospel",
    "grime",
    "grunge",
    "hard rock",
    "hardcore",
    "heavy metal",
    "hip hop",
    "house",
    "indie",
    "indie pop",
    "indie rock",
    "j pop",
    "jazz",
    "k pop",
    "latin",
    "lo fi",
    "metal",
    "new age",
    "new wave",
    "opera",
    "pop",
    "post rock",
    "progressive rock",
    "psychedelic",
    "punk",
    "r and b",
    "rap",
    "reggae",
    "reggaeton",
    "rock",
    "salsa",
    "samba",
    "shoegaze",
    "singer songwriter",
    "ska",
    "soul",
    "soundtrack",
    "swing",
    "synthpop",
    "techno",
    "trance",
    "trap",
    "trip hop",
    "world",
];

/// Other spellings of genres, squeezed as [`squeezed`](super::tokens::squeezed) does.
pub(super) const SPELLINGS: &[(&str, &str)] =
    &[("rnb", "randb"), ("rb", "randb"), ("dnb", "drumandbass"), ("rocknroll", "rockandroll")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_phrase_means_two_things_and_each_is_in_the_documentation() {
        let text = include_str!("../../../../docs/prompts.md");
        let documented = |phrase: &str| {
            let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            text.match_indices(phrase).any(|(at, _)| {
                is_edge(text[..at].chars().last())
                    && is_edge(text[at + phrase.len()..].chars().next())
            })
        };
        let mut phrases: Vec<&str> =
            WORDS.iter().flat_map(|(phrases, _)| phrases.iter().copied()).collect();
        for phrase in &phrases {
            assert!(documented(phrase), "{phrase}");
        }
        let all = phrases.len();
        phrases.sort_unstable();
        phrases.dedup();
        assert_eq!(phrases.len(), all);
    }
}
