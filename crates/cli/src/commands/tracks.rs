//! `segue tracks`: what is known better of a song than services and estimates know it.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use segue_core::{AudioFeature, AudioFeatures, TrackId};
use serde_json::json;

use crate::home::{Home, open_library, read_library};
use crate::terminal::{print_json, print_line, say, table};

/// Set how a song sounds, where you know better: its tempo, its energy, its key.
///
/// What is set counts before what services tell and what Segue estimates: in mixes by words, in
/// similar tracks that go by these features, and in models from the next training on. It counts for
/// everybody in the library. A running server takes it over within seconds.
#[derive(Debug, Args)]
#[command(after_help = "\
Features:
  danceability, energy, speechiness, acousticness, instrumentalness, liveness, valence (0 to 1),
  tempo (beats a minute), loudness (dB), key (0 = C to 11 = B), mode (1 = major, 0 = minor),
  time_signature (beats a bar)

Examples:
  segue tracks set spotify:track:4uLU6hMCjMI75M1A2tKUQC energy=.2 tempo=174
  segue tracks unset spotify:track:4uLU6hMCjMI75M1A2tKUQC tempo
  segue tracks overrides")]
pub(crate) struct TracksArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Set features of a song; what was set before and is not named stays.
    Set {
        /// Its id, as `segue mix --json` prints it.
        track: String,
        /// What is known better, such as `tempo=174`.
        #[arg(required = true, value_name = "FEATURE=VALUE")]
        features: Vec<String>,
    },
    /// Take back what was set of a song.
    Unset {
        /// Its id.
        track: String,
        /// Which features [default: all].
        #[arg(value_name = "FEATURE")]
        features: Vec<String>,
    },
    /// List what was set.
    Overrides {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(args: TracksArgs, home: &Home) -> anyhow::Result<()> {
    match args.what {
        What::Overrides { json } => list(&read_library(home)?.store().overrides()?, json),
        What::Set { track, features } => {
            let set = features.iter().map(|text| assignment(text));
            change(&track, &set.collect::<anyhow::Result<Vec<_>>>()?, home)
        }
        What::Unset { track, features } if features.is_empty() => {
            change(&track, &AudioFeature::ALL.map(|feature| (feature, f32::NAN)), home)
        }
        What::Unset { track, features } => {
            let unset = features.iter().map(|name| Ok((feature(name)?, f32::NAN)));
            change(&track, &unset.collect::<anyhow::Result<Vec<_>>>()?, home)
        }
    }
}

/// Sets features of a track to values; no number takes one back.
fn change(track: &str, values: &[(AudioFeature, f32)], home: &Home) -> anyhow::Result<()> {
    let mut library = open_library(home)?;
    let store = library.store_mut();
    let id = TrackId::new(track);
    let track = store.track(&id)?;
    let track = track.with_context(|| format!("there is no track `{id}` in the catalogue"))?;
    let mut features = store.overrides_of(&id)?;
    for (feature, value) in values {
        features.set(*feature, *value);
    }
    store.override_features(&id, &features)?;
    let title = track.display_title();
    match in_words(&features) {
        words if words.is_empty() => say(&format!("nothing is set of `{title}` any more")),
        words => say(&format!("`{title}`, for everybody here: {words}")),
    }
    Ok(())
}

fn feature(name: &str) -> anyhow::Result<AudioFeature> {
    let names = || AudioFeature::ALL.map(AudioFeature::name).join(", ");
    AudioFeature::from_name(name)
        .with_context(|| format!("there is no feature `{name}`: expected {}", names()))
}

/// `tempo=174`.
fn assignment(text: &str) -> anyhow::Result<(AudioFeature, f32)> {
    let (name, value) = text
        .split_once('=')
        .with_context(|| format!("`{text}` is not of the form FEATURE=VALUE, such as tempo=174"))?;
    let feature = feature(name)?;
    let number: f32 =
        value.parse().with_context(|| format!("`{value}` in `{text}` is not a number"))?;
    let range = feature.valid_range();
    if feature == AudioFeature::DurationMs {
        bail!("the length of a song cannot be set");
    }
    if !range.contains(&number) {
        bail!("`{name}` goes from {} to {}, not to {value}", range.start(), range.end());
    }
    if !feature.may_be_set_to(number) {
        bail!("`{name}` is a whole number, not {value}");
    }
    Ok((feature, number))
}

fn in_words(features: &AudioFeatures) -> String {
    let known = AudioFeature::ALL.into_iter().filter_map(|feature| {
        let value = features.get(feature)?;
        Some(format!("{} {value}", feature.name()))
    });
    known.collect::<Vec<_>>().join(", ")
}

fn list(overrides: &[(TrackId, AudioFeatures)], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let rows: Vec<_> = overrides
            .iter()
            .map(|(track, features)| json!({"track": track, "features": features}))
            .collect();
        return print_json(&rows);
    }
    let mut rows = table(&["track", "set by hand"]);
    for (track, features) in overrides {
        rows.add_row([track.to_string(), in_words(features)]);
    }
    print_line(&rows.to_string())
}
