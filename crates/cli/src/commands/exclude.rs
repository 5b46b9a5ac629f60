//! `segue exclude`: plays that should teach nothing. They stay in the log, and every exclusion can
//! be taken back.

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use segue_core::{DeviceClass, Timestamp, TrackId};
use segue_store::{Exclusion, ExclusionId};
use serde_json::json;

use crate::home::{Home, open_library, read_library};
use crate::terminal::{print_json, print_line, say, table};

/// Leave plays out of the taste profile: a period, a device, a context, a track or an artist.
///
/// Nothing is deleted: `segue exclude undo` brings the plays back, and those that a client of
/// ListenBrainz deleted. Takes effect with the next mix, and in the model with the next `segue
/// train`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue exclude period 2025-12-01 2025-12-27     the Christmas songs
  segue exclude device speaker                   what the children asked the speaker for
  segue exclude context \"Sleep sounds\"
  segue exclude track spotify:track:4uLU6hMCjMI75M1A2tKUQC
  segue exclude artist \"Baby Shark Band\"
  segue exclude list
  segue exclude undo 3")]
pub(crate) struct ExcludeArgs {
    /// Whose profile [default: the only listener].
    #[arg(long, global = true, value_name = "NAME")]
    listener: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Plays that began in a period: from a day or moment on, up to but not including another.
    Period {
        /// Beginning: `2025-12-01` (UTC) or `2025-12-01T18:00:00Z`.
        from: String,
        /// End, not included.
        to: String,
    },
    /// Plays on a kind of device: phone, tablet, computer, web, speaker, tv, car or console.
    Device {
        /// The kind.
        device: String,
    },
    /// Plays from a playlist or other context of this exact name.
    Context {
        /// The name.
        name: String,
    },
    /// Plays of a song, whatever its version.
    Track {
        /// The id of any of its versions, as `segue mix --json` prints it.
        id: String,
    },
    /// Plays of everything by an artist.
    Artist {
        /// The name; letter case does not matter.
        name: String,
    },
    /// List what is excluded.
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take an exclusion back.
    Undo {
        /// Its number in `segue exclude list`.
        number: i64,
    },
}

pub(crate) fn run(args: ExcludeArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = match args.what {
        What::List { .. } => read_library(home)?,
        _ => open_library(home)?,
    };
    let listener = library.listener(args.listener.as_deref())?;
    let store = library.store_mut();
    let exclusion = match args.what {
        What::List { json } => return list(&store.exclusions(&listener)?, json),
        What::Undo { number } => {
            if !store.exclusions(&listener)?.iter().any(|(id, _)| id.0 == number) {
                bail!("`{listener}` has no exclusion {number}; `segue exclude list` shows them");
            }
            store.include_again(ExclusionId(number))?;
            say(&format!("exclusion {number} is taken back"));
            return Ok(());
        }
        What::Period { from, to } => period(&from, &to)?,
        What::Device { device } => Exclusion::Device(device_class(&device)?),
        What::Context { name } => Exclusion::Context(name),
        What::Artist { name } => Exclusion::Artist(name),
        What::Track { id } => {
            let track = store.track(&TrackId::new(id.as_str()))?;
            let track =
                track.with_context(|| format!("there is no track `{id}` in the catalogue"))?;
            Exclusion::Work(track.work)
        }
    };
    let before = store.listens(&listener)?.len();
    let id = store.exclude(&listener, &exclusion)?;
    let left_out = before - store.listens(&listener)?.len();
    say(&format!("exclusion {}: {left_out} plays of `{listener}` are left out", id.0));
    Ok(())
}

fn period(from: &str, to: &str) -> anyhow::Result<Exclusion> {
    let (from, to) = (moment(from)?, moment(to)?);
    if from >= to {
        bail!("the period ends at {to}, before it begins at {from}");
    }
    Ok(Exclusion::Period { from, to })
}

fn moment(text: &str) -> anyhow::Result<Timestamp> {
    let day: Result<jiff::civil::Date, _> = text.parse();
    match day {
        Ok(day) if text.len() == 10 => Ok(day.to_zoned(jiff::tz::TimeZone::UTC)?.timestamp()),
        _ => text.parse().with_context(|| {
            format!("`{text}` is neither a day nor a moment such as 2025-12-01T18:00:00Z")
        }),
    }
}

fn device_class(name: &str) -> anyhow::Result<DeviceClass> {
    let parsed = serde_json::from_value(json!(name.to_lowercase()));
    parsed.with_context(|| {
        format!(
            "unknown device `{name}`: expected phone, tablet, computer, web, speaker, tv, \
            car, console or unknown"
        )
    })
}

fn list(exclusions: &[(ExclusionId, Exclusion)], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let rows: Vec<_> =
            exclusions.iter().map(|(id, what)| json!({"number": id, "exclusion": what})).collect();
        return print_json(&rows);
    }
    let mut rows = table(&["number", "excluded"]);
    for (id, what) in exclusions {
        rows.add_row([id.0.to_string(), describe(what)]);
    }
    print_line(&rows.to_string())
}

fn describe(exclusion: &Exclusion) -> String {
    match exclusion {
        Exclusion::Period { from, to } => format!("from {from} to {to}"),
        Exclusion::Device(device) => {
            format!("device {}", json!(device).as_str().unwrap_or_default())
        }
        Exclusion::Context(name) => format!("context `{name}`"),
        Exclusion::Track(id) => format!("track {id}"),
        Exclusion::Work(work) => format!("song {}", work.as_str().replace('\u{1f}', " – ")),
        Exclusion::Artist(name) => format!("artist `{name}`"),
        Exclusion::Play { track, at } => {
            format!("the play of {} at {at}", track.as_str().replace('\u{1f}', " – "))
        }
    }
}
