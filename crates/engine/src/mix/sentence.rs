//! A reason as an English sentence. Other languages build theirs from the same facts.

use segue_core::{AudioFeature, Difference, Direction, Reason};

/// Says a reason in one English sentence, lower case and without a full stop, fit to follow a
/// track's name, such as "you played this to the end 7 times".
pub fn sentence(reason: &Reason) -> String {
    match reason {
        Reason::Liked => "you liked this".to_owned(),
        Reason::Favourite { finished } => {
            format!("you played this to the end {}", times(*finished))
        }
        Reason::BackAfter { days: 1 } => "back after a day".to_owned(),
        Reason::BackAfter { days } => format!("back after {}", while_of(*days)),
        Reason::Saved => "from your library".to_owned(),
        Reason::Heard { plays } => format!("you have played this {}", times(*plays)),
        Reason::Artist { artist, finished } => {
            format!("you finished songs by {artist} {}", times(*finished))
        }
        Reason::ArtistLiked { artist, liked } => format!("you like {} by {artist}", songs(*liked)),
        Reason::SoundsLike { anchor, features } => {
            let features: Vec<&str> = features.iter().copied().map(noun).collect();
            format!("close to {anchor} in {}", list(&features))
        }
        Reason::Tagged { tags } => {
            let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
            format!("it sounds like {}, as a guess", list(&tags))
        }
        Reason::Genre { genre } => format!("you like {genre}"),
        Reason::StepOutside { differences } => {
            let differences: Vec<&str> = differences.iter().map(comparative).collect();
            format!("a step outside: {} than what you play", list(&differences))
        }
        Reason::Lately => "you have been playing this a lot lately".to_owned(),
        Reason::Habit => "you often play this at this time of the week".to_owned(),
        Reason::PlayedWith { anchors } => {
            let anchors: Vec<&str> = anchors.iter().map(String::as_str).collect();
            format!("people who play {} play this", list(&anchors))
        }
        Reason::Together { anchor } => format!("often played along with {anchor}"),
        Reason::NewFrom { artist } => format!("new from {artist}"),
        Reason::Friends { friends } => format!("{friends} of your friends play this"),
        Reason::LikeFriends => "it goes with what your friends play".to_owned(),
        Reason::Popular => "many listeners play this".to_owned(),
        Reason::Predicted => "the model's choice: no single song or artist leads here".to_owned(),
    }
}

/// Says how often a track was shown lately without an answer, such as "shown 3 times lately, not
/// played"; `None` if it was not.
pub fn shown_lately(count: u32) -> Option<String> {
    (count > 0).then(|| format!("shown {} lately, not played", times(count)))
}

/// Days as a person counts them: nobody says 562 days.
fn while_of(days: u32) -> String {
    match days {
        0..120 => format!("{days} days"),
        120..730 => format!("{} months", (f64::from(days) / 30.44).round()),
        _ => format!("{} years", (f64::from(days) / 365.25).round()),
    }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

fn songs(count: u32) -> String {
    if count == 1 { "a song".to_owned() } else { format!("{count} songs") }
}

fn list(words: &[&str]) -> String {
    match words {
        [] => "sound".to_owned(),
        [only] => (*only).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn noun(feature: AudioFeature) -> &'static str {
    match feature {
        AudioFeature::Danceability => "danceability",
        AudioFeature::Energy => "energy",
        AudioFeature::Key => "key",
        AudioFeature::Loudness => "loudness",
        AudioFeature::Mode => "mode",
        AudioFeature::Speechiness => "spoken words",
        AudioFeature::Acousticness => "acoustic sound",
        AudioFeature::Instrumentalness => "instrumental sound",
        AudioFeature::Liveness => "live feel",
        AudioFeature::Valence => "mood",
        AudioFeature::Tempo => "tempo",
        AudioFeature::DurationMs => "length",
        AudioFeature::TimeSignature => "metre",
    }
}

fn comparative(difference: &Difference) -> &'static str {
    use Direction::{Less, More};
    match (difference.feature, difference.direction) {
        (AudioFeature::Danceability, More) => "more danceable",
        (AudioFeature::Danceability, Less) => "less danceable",
        (AudioFeature::Energy, More) => "more energetic",
        (AudioFeature::Energy, Less) => "calmer",
        (AudioFeature::Key, More) => "in a higher key",
        (AudioFeature::Key, Less) => "in a lower key",
        (AudioFeature::Loudness, More) => "louder",
        (AudioFeature::Loudness, Less) => "quieter",
        (AudioFeature::Mode, More) => "more often in major",
        (AudioFeature::Mode, Less) => "more often in minor",
        (AudioFeature::Speechiness, More) => "more spoken",
        (AudioFeature::Speechiness, Less) => "less spoken",
        (AudioFeature::Acousticness, More) => "more acoustic",
        (AudioFeature::Acousticness, Less) => "less acoustic",
        (AudioFeature::Instrumentalness, More) => "more instrumental",
        (AudioFeature::Instrumentalness, Less) => "more vocal",
        (AudioFeature::Liveness, More) => "more live",
        (AudioFeature::Liveness, Less) => "less live",
        (AudioFeature::Valence, More) => "brighter",
        (AudioFeature::Valence, Less) => "darker",
        (AudioFeature::Tempo, More) => "faster",
        (AudioFeature::Tempo, Less) => "slower",
        (AudioFeature::DurationMs, More) => "longer",
        (AudioFeature::DurationMs, Less) => "shorter",
        (AudioFeature::TimeSignature, More) => "in a longer metre",
        (AudioFeature::TimeSignature, Less) => "in a shorter metre",
    }
}
