//! What was understood, in words.

use segue_core::{AudioFeature, Version, minutes_and_seconds};
use segue_engine::Catalogue;
use segue_engine::mix::filters::Familiarity;

use super::matching::Matcher;
use super::numbers::YEARS;
use super::{Condition, Meaning, Property, Setting};

const PITCHES: [&str; 12] =
    ["C", "C sharp", "D", "D sharp", "E", "F", "F sharp", "G", "G sharp", "A", "A sharp", "B"];

/// What a part of a prompt means, as half a sentence.
pub(super) fn of(catalogue: &Catalogue, meanings: &[Meaning], matcher: &Matcher<'_>) -> String {
    let one = |meaning: &Meaning| match meaning {
        Meaning::Condition(condition) => of_condition(catalogue, condition, matcher),
        Meaning::Setting(setting) => of_setting(*setting),
    };
    meanings.iter().map(one).collect::<Vec<_>>().join(" and ")
}

fn of_condition(catalogue: &Catalogue, condition: &Condition, matcher: &Matcher<'_>) -> String {
    let Condition { property, wanted } = condition;
    let evidence = matcher.evidence(condition);
    let positive = match property {
        Property::Sound { feature, least, most, .. } => sound(*feature, *least, *most),
        Property::Tagged { tags } => {
            let by = match (evidence.looked_at_listeners, evidence.tracks) {
                (true, true) => "listeners, or by a network, an estimate",
                (true, false) => "listeners",
                (false, _) => "a network, an estimate",
            };
            format!("tagged {} by {by}", tags.join(" or "))
        }
        Property::Released { first, last } => released(*first, *last),
        Property::Genre { said, .. } => match (evidence.listeners, evidence.tracks) {
            (true, true) => format!("of a genre called {said}, or tagged so by listeners"),
            (true, false) => format!("tagged {said} by listeners"),
            (false, _) => format!("of a genre called {said}"),
        },
        Property::By(artist) => format!("by {}", catalogue.artist_name(*artist)),
        Property::LikeArtist(artist) => {
            format!("close to what {} made", catalogue.artist_name(*artist))
        }
        Property::LikeTrack(row) => {
            let track = catalogue.track(*row);
            match track.artist() {
                Some(artist) => format!("close to {} by {artist}", track.display_title()),
                None => format!("close to {}", track.display_title()),
            }
        }
        Property::Version(version) => version_name(*version).to_owned(),
        Property::Popular if !wanted => return "seldom played here".to_owned(),
        Property::Popular => "among the most played here".to_owned(),
    };
    if *wanted { positive } else { format!("not {positive}") }
}

fn version_name(version: Version) -> &'static str {
    match version {
        Version::Original => "an original",
        Version::Remaster => "a remaster",
        Version::Live => "a live recording by its title",
        Version::Acoustic => "an acoustic version by its title",
        Version::Demo => "a demo by its title",
        Version::Remix => "a remix by its title",
        Version::Instrumental => "an instrumental version by its title",
        Version::Edit => "an edit by its title",
    }
}

fn released(first: u16, last: u16) -> String {
    match (first, last) {
        (first, last) if first == last => format!("released {first}"),
        (first, last) if first == *YEARS.start() => format!("released until {last}"),
        (first, last) if last == *YEARS.end() => format!("released since {first}"),
        (first, last) => format!("released {first} to {last}"),
    }
}

fn sound(feature: AudioFeature, least: f32, most: f32) -> String {
    match feature {
        AudioFeature::Key => format!("in {}", PITCHES[(least as usize).min(11)]),
        AudioFeature::Mode if least > 0.5 => "in major".to_owned(),
        AudioFeature::Mode => "in minor".to_owned(),
        AudioFeature::TimeSignature => format!("{least:.0} beats a bar"),
        AudioFeature::Tempo => between("a tempo", [least, most], |bpm| format!("{bpm:.0} bpm")),
        AudioFeature::DurationMs => {
            between("a length", [least, most], |ms| minutes_and_seconds(ms as u32))
        }
        AudioFeature::Loudness => between("loudness", [least, most], |db| format!("{db:.0} dB")),
        other => between(other.name(), [least, most], |value| format!("{value:.2}")),
    }
}

fn between(name: &str, [least, most]: [f32; 2], written: impl Fn(f32) -> String) -> String {
    match (least > 0.0 || least < 0.0 && least.is_finite(), most.is_finite()) {
        (true, true) => format!("{name} from {} to {}", written(least), written(most)),
        (true, false) => format!("{name} from {}", written(least)),
        _ => format!("{name} up to {}", written(most)),
    }
}

fn of_setting(setting: Setting) -> String {
    match setting {
        Setting::Explore(explore) => format!("the dial at {:.0} % new", explore * 100.0),
        Setting::Familiarity(Familiarity::New) => "only what is new to you".to_owned(),
        Setting::Familiarity(Familiarity::Heard) => "only what you have played".to_owned(),
        Setting::Familiarity(Familiarity::Owned) => "only what you saved".to_owned(),
        Setting::Familiarity(Familiarity::Any) => "anything".to_owned(),
        Setting::Tracks(1) => "a mix of 1 track".to_owned(),
        Setting::Tracks(tracks) => format!("a mix of {tracks} tracks"),
        Setting::Minutes(minutes) => format!("a mix of some {minutes} minutes"),
    }
}

/// "1 track", "12 tracks".
pub(super) fn counted(tracks: usize) -> String {
    if tracks == 1 { "1 track".to_owned() } else { format!("{tracks} tracks") }
}

/// What goes with the genres of a part of a prompt, to stand behind its meaning.
pub(super) fn alike(genres: &[&str]) -> String {
    format!(", and what is called alike: {}", genres.join(", "))
}

/// That tracks were taken that are not all of what was said.
pub(super) fn nearly(exact: usize, near: usize) -> String {
    let taken = match near {
        1 => "the one that comes nearest to it is taken".to_owned(),
        near => format!("the {near} that come nearest to it are taken"),
    };
    match exact {
        0 => format!("no track is all of this; {taken}"),
        1 => format!("1 track is all of this; {taken} too"),
        exact => format!("{} are all of this; {taken} too", counted(exact)),
    }
}
