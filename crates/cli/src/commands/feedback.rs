//! `segue feedback`: what the listener did with a track, or thinks of it. It is in the log when the
//! command returns, and the next mix goes by it; so do tracks that lie near it. `segue tell` is the
//! old name and does the same.

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use segue::{Library, PlayDetails, Reaction, Snapshot};
use segue_core::{ListenerId, Timestamp, TrackId};
use segue_engine::{Likability, TrackIdx};
use segue_store::{Event, Store};
use serde::Serialize;
use serde_json::json;

use crate::home::{Home, open_library};
use crate::terminal::{print_json, print_line, say};

/// Give feedback on tracks, what you did with them or think of them: the next mix goes by it, and
/// similar tracks move too.
///
/// Tracks are given by their number in your latest mix (`3`, `5-8`) or by their id. Nothing is
/// trained: feedback counts at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue feedback like 3                 the third track of your latest mix
  segue feedback finished 1 2 4-6       played to the end
  segue feedback skipped 7 --after 12   left after twelve seconds
  segue feedback not-for-me 8           and less of what is like it
  segue feedback never spotify:track:4uLU6hMCjMI75M1A2tKUQC
  segue feedback cleared 8              takes your feedback on it back")]
pub(crate) struct FeedbackArgs {
    /// What you did, or think.
    what: What,
    /// Numbers in your latest mix, or track ids.
    #[arg(required = true, value_name = "TRACK")]
    tracks: Vec<String>,
    /// Whose feedback it is [default: the only listener].
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// How many seconds were heard of a track that was finished or skipped [default: not known].
    #[arg(long, value_name = "SECONDS")]
    after: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Played to its end.
    Finished,
    /// Left before its end.
    Skipped,
    /// Liked.
    Like,
    /// Disliked: not to be picked again.
    NotForMe,
    /// Never again.
    Never,
    /// Kept in the library.
    Saved,
    /// Takes feedback back.
    Cleared,
}

impl What {
    /// What it is to the log, which is decided in one place for every way to answer.
    fn reaction(self) -> Reaction {
        match self {
            Self::Finished => Reaction::FINISHED,
            Self::Skipped => Reaction::SKIPPED,
            Self::Like => Reaction::LIKE,
            Self::NotForMe => Reaction::NOT_FOR_ME,
            Self::Never => Reaction::NEVER,
            Self::Saved => Reaction::SAVED,
            Self::Cleared => Reaction::CLEARED,
        }
    }
}

/// A track whose predicted likability moved.
#[derive(Serialize)]
struct Moved {
    track: TrackId,
    title: String,
    before: f32,
    after: f32,
}

/// Most tracks that are named as moved.
const NAMED: usize = 3;
/// Smaller changes are not worth a line.
const LEAST_CHANGE: f32 = 0.005;

pub(crate) fn run(args: &FeedbackArgs, home: &Home) -> anyhow::Result<()> {
    let mut library = open_library(home)?;
    let listener = library.listener(args.listener.as_deref())?;
    let store = library.store();
    let latest = store.impressions(&listener, 1)?.pop().map(|(_, impression)| impression.slate);
    let picks: Vec<TrackId> =
        latest.iter().flat_map(|slate| &slate.picks).map(|pick| pick.track.clone()).collect();
    let tracks = resolve(store, &args.tracks, &picks)?;

    // Tracks that could have been picked instead show what the answer changes.
    let watched: Vec<TrackId> = latest
        .iter()
        .flat_map(|slate| &slate.shortlist)
        .map(|listed| listed.track.clone())
        .filter(|track| !tracks.contains(track))
        .collect();
    let snapshot = match watched.is_empty() {
        true => None,
        false => Some(library.snapshot()?).filter(|snapshot| snapshot.model.is_some()),
    };
    let expected = |library: &Library| match &snapshot {
        Some(snapshot) => likabilities(snapshot, library.store(), &listener, &watched),
        None => Ok(Vec::new()),
    };
    let before = expected(&library)?;
    library.record(args.events(&listener, &tracks))?;
    let moved = moved(&before, &expected(&library)?);
    if args.json {
        return print_json(&json!({"listener": listener, "tracks": tracks, "moved": moved}));
    }
    say(&format!(
        "noted of {} {}",
        tracks.len(),
        if tracks.len() == 1 { "track" } else { "tracks" }
    ));
    if before.is_empty() {
        return Ok(());
    }
    say(if moved.is_empty() { "no other track moved by half a point" } else { "what moved most:" });
    for Moved { title, before, after, .. } in moved {
        print_line(&format!("{:.0} % → {:.0} %  {title}", before * 100.0, after * 100.0))?;
    }
    Ok(())
}

/// The tracks that are meant: by number in the latest mix, or by id.
fn resolve(store: &Store, named: &[String], picks: &[TrackId]) -> anyhow::Result<Vec<TrackId>> {
    let mut tracks = Vec::new();
    for name in named {
        match numbers(name) {
            Some((first, last)) => {
                let count = picks.len();
                if count == 0 {
                    bail!(
                        "`{name}` counts tracks of the latest mix, and there is none; \
                         run `segue mix` or give a track's id"
                    );
                }
                if first == 0 || last < first || last > count {
                    bail!("`{name}` is no track of the latest mix, which has 1 to {count}");
                }
                tracks.extend_from_slice(&picks[first - 1..last]);
            }
            None => {
                let id = TrackId::new(name.as_str());
                store.track(&id)?.with_context(|| format!("no track has the id `{name}`"))?;
                tracks.push(id);
            }
        }
    }
    Ok(tracks)
}

/// `3` or `5-8`.
fn numbers(name: &str) -> Option<(usize, usize)> {
    let (first, last) = name.split_once('-').unwrap_or((name, name));
    Some((first.parse().ok()?, last.parse().ok()?))
}

impl FeedbackArgs {
    /// The feedback on each track, as events for the log.
    fn events(&self, listener: &ListenerId, tracks: &[TrackId]) -> Vec<Event> {
        let now = Timestamp::now();
        let details = PlayDetails {
            played_ms: self.after.map(|seconds| seconds.saturating_mul(1000)),
            ..PlayDetails::default()
        };
        let reaction = self.what.reaction();
        let event =
            |track: &TrackId| reaction.about(listener.clone(), track.clone(), now, details.clone());
        tracks.iter().map(event).collect()
    }
}

/// What the model expects of a track.
struct Expected {
    track: TrackId,
    title: String,
    likability: f32,
}

/// What the model expects of tracks for a listener, as of now.
fn likabilities(
    snapshot: &Snapshot,
    store: &Store,
    listener: &ListenerId,
    tracks: &[TrackId],
) -> anyhow::Result<Vec<Expected>> {
    let catalogue = &snapshot.catalogue;
    let rows: Vec<TrackIdx> = tracks.iter().filter_map(|track| catalogue.find(track)).collect();
    let profile = snapshot.profile(store, listener)?;
    let scores = snapshot.model()?.scorer.score(&profile, &rows);
    let expected = |(row, score): (&TrackIdx, Likability)| {
        let track = catalogue.track(*row);
        Expected {
            track: track.id.clone(),
            title: format!("{} – {}", track.artists.join(", "), track.display_title()),
            likability: score.mean,
        }
    };
    Ok(rows.iter().zip(scores).map(expected).collect())
}

/// The tracks that moved most.
fn moved(before: &[Expected], after: &[Expected]) -> Vec<Moved> {
    let mut moved: Vec<Moved> = before
        .iter()
        .zip(after)
        .map(|(before, after)| Moved {
            track: before.track.clone(),
            title: before.title.clone(),
            before: before.likability,
            after: after.likability,
        })
        .filter(|moved| (moved.after - moved.before).abs() >= LEAST_CHANGE)
        .collect();
    moved.sort_by(|a, b| (b.after - b.before).abs().total_cmp(&(a.after - a.before).abs()));
    moved.truncate(NAMED);
    moved
}
