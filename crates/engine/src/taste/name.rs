//! A taste's name: at most two plain words for how it sounds, its genre or leading artists where
//! they lead, and nothing that is not so.
//!
//! A word such as "calm" is used where the taste lies on that side both of the catalogue and of the
//! listener's other tastes. Energy and loudness say nearly the same, so only one of them is named.

use segue_core::{AudioFeature, Direction};

use super::description::{FeatureLevel, Taste};

/// Standard deviations of the catalogue from which a word is deserved, against the catalogue and
/// against other tastes.
const DESERVED: f32 = 0.25;
const WORDS: usize = 2;
/// A genre with at least this share of a taste's likes names it.
const GENRE_LEADS: f64 = 0.6;
/// Artists with at least this share are named.
const ARTIST_LEADS: f64 = 0.08;
const ARTISTS: usize = 2;

/// Names the tastes of a listener.
pub(super) fn name(tastes: &mut [Taste]) {
    let leads = |taste: &Taste| {
        taste.genres.first().filter(|genre| genre.share >= GENRE_LEADS).map(|g| g.name.clone())
    };
    let genres: Vec<Option<String>> = tastes.iter().map(leads).collect();
    let is_own =
        |genre: &String| genres.iter().flatten().filter(|other| *other == genre).count() == 1;
    for (taste, genre) in tastes.iter_mut().zip(&genres) {
        let genre = genre
            .as_deref()
            .filter(|_| genres.len() > 1)
            .filter(|genre| is_own(&(*genre).to_owned()));
        taste.name = compose(taste, genre);
    }
    tell_apart(tastes);
}

fn compose(taste: &Taste, genre: Option<&str>) -> String {
    let words = words(&taste.features);
    let leading =
        taste.artists.iter().filter(|artist| artist.share >= ARTIST_LEADS && artist.likes > 1);
    let artists: Vec<&str> = leading.take(ARTISTS).map(|artist| artist.name.as_str()).collect();
    match (genre, words.is_empty(), artists.is_empty()) {
        (Some(genre), false, _) => format!("{genre}, {}", words.join(" and ")),
        (Some(genre), true, _) => genre.to_owned(),
        (None, false, true) => words.join(" and "),
        (None, false, false) => format!("{}: {}", words.join(", "), artists.join(", ")),
        (None, true, false) => artists.join(", "),
        (None, true, true) => "a bit of everything".to_owned(),
    }
}

/// Adds the leading artist, or else a number, where two tastes would have the same name.
fn tell_apart(tastes: &mut [Taste]) {
    for i in 0..tastes.len() {
        let is_taken =
            |tastes: &[Taste], name: &str| tastes[..i].iter().any(|taste| taste.name == name);
        if !is_taken(tastes, &tastes[i].name) {
            continue;
        }
        let plain = tastes[i].name.clone();
        let by_artist =
            tastes[i].artists.first().map(|artist| format!("{plain}, such as {}", artist.name));
        let numbered = (2..).map(|number| format!("{plain}, {number}"));
        let mut names = by_artist.into_iter().chain(numbered);
        tastes[i].name = names.find(|name| !is_taken(tastes, name)).expect("numbers do not end");
    }
}

fn words(features: &[FeatureLevel]) -> Vec<&'static str> {
    let mut deserved: Vec<(f32, AudioFeature, &'static str)> = Vec::new();
    for level in features {
        let above = level.above_catalogue;
        let beyond = level.others_above_catalogue.map_or(above, |others| above - others);
        let direction = if above > 0.0 { Direction::More } else { Direction::Less };
        let is_deserved = above.abs() >= DESERVED && beyond * above.signum() >= DESERVED;
        if let Some(word) = word(level.feature, direction).filter(|_| is_deserved) {
            deserved.push((above.abs() + beyond.abs(), level.feature, word));
        }
    }
    deserved.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut words = Vec::new();
    let mut has_force = false;
    for (_, feature, word) in deserved {
        let is_force = matches!(feature, AudioFeature::Energy | AudioFeature::Loudness);
        if words.len() < WORDS && !(is_force && has_force) {
            words.push(word);
            has_force |= is_force;
        }
    }
    words
}

fn word(feature: AudioFeature, direction: Direction) -> Option<&'static str> {
    use Direction::{Less, More};
    Some(match (feature, direction) {
        (AudioFeature::Danceability, More) => "danceable",
        (AudioFeature::Danceability, Less) => "not for dancing",
        (AudioFeature::Energy, More) => "energetic",
        (AudioFeature::Energy, Less) => "calm",
        (AudioFeature::Loudness, More) => "loud",
        (AudioFeature::Loudness, Less) => "quiet",
        (AudioFeature::Speechiness, More) => "full of words",
        (AudioFeature::Acousticness, More) => "acoustic",
        (AudioFeature::Acousticness, Less) => "electric",
        (AudioFeature::Instrumentalness, More) => "instrumental",
        (AudioFeature::Liveness, More) => "live",
        (AudioFeature::Valence, More) => "bright",
        (AudioFeature::Valence, Less) => "dark",
        (AudioFeature::Tempo, More) => "fast",
        (AudioFeature::Tempo, Less) => "slow",
        _ => return None,
    })
}
