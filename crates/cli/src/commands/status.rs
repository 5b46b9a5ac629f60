//! `segue status`: what the store holds.

use clap::Args;
use serde_json::json;

use segue::{SourceOutcome, WorldStatus};

use super::connect::in_a_line;
use crate::home::{Home, read_library};
use crate::terminal::{print_json, print_line, table};

/// Show what has been imported and learned, and which servers it is connected to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  segue status\n  \
    segue status --sources    which source of retrieval gave what was liked\n  \
    segue status --json")]
pub(crate) struct StatusArgs {
    /// Show what became of the picks of all mixes within a week, by the sources that named them:
    /// members of the set, liked artists, sound, the history. A pick of several counts for each.
    #[arg(long)]
    sources: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: StatusArgs, home: &Home) -> anyhow::Result<()> {
    let library = read_library(home)?;
    if args.sources {
        return show_sources(&library.source_outcomes()?, args.json);
    }
    let store = library.store();
    let status = store.status()?;
    let listeners = store.listeners()?;
    let world = library.world_status()?;
    let connections = store.connections()?;
    if args.json {
        let home = home.path()?;
        return print_json(&json!({
            "home": home,
            "store": status,
            "listeners": listeners,
            "world": world,
            "connections": connections,
        }));
    }
    print_line(&format!("Home      {}", home.path()?.display()))?;
    print_line(&format!("Database  {:.1} MB", status.database_bytes as f64 / 1e6))?;
    print_line(&format!(
        "Tracks    {}, {} of them with audio features, {} analysed in files, of {} {}",
        status.tracks,
        status.tracks_with_features,
        status.tracks_analysed,
        status.works,
        if status.works == 1 { "work" } else { "works" }
    ))?;
    print_line(&format!("Plays     {}", status.listens))?;
    print_line(&format!("Feedback  {}", status.feedback))?;
    if status.friendships > 0 {
        print_line(&format!("Friends   {} friendships, each one way", status.friendships))?;
    }
    if status.artist_tags > 0 {
        print_line(&format!("Tags      {} of artists, given by people", status.artist_tags))?;
    }
    print_line(&format!("Mixes     {} shown", status.impressions))?;
    if let Some(experiment) = store.running_experiment()? {
        print_line(&format!(
            "Running   experiment `{}`; {} mixes were made as shadows",
            experiment.name, status.shadows
        ))?;
    }
    let model = status.active_model.as_deref().unwrap_or("none yet; run `segue train`");
    print_line(&format!("Models    {model}"))?;
    if let Some(world) = &world {
        print_line(&format!("World     {}", world_in_words(world)))?;
    }
    for connection in &connections {
        print_line(&format!("Connected {}", in_a_line(connection)))?;
    }
    if status.unfinished_imports > 0 {
        print_line(&format!(
            "{} imports were interrupted; run them again to finish them",
            status.unfinished_imports
        ))?;
    }
    if !listeners.is_empty() {
        let mut rows = table(&["listener", "plays", "feedback", "first", "last"]);
        for listener in &listeners {
            let day = |moment: Option<segue_core::Timestamp>| {
                moment.map(|t| t.to_string()[..10].to_owned())
            };
            rows.add_row([
                listener.id.to_string(),
                listener.listens.to_string(),
                listener.feedback.to_string(),
                day(listener.first).unwrap_or_default(),
                day(listener.last).unwrap_or_default(),
            ]);
        }
        print_line(&rows.to_string())?;
    }
    Ok(())
}

/// The world in use, and what is wrong with its file if something is.
fn world_in_words(WorldStatus { path, state, recordings, .. }: &WorldStatus) -> String {
    let path = path.display();
    match (state.problem(), recordings) {
        (None, Some(recordings)) => format!("`{path}`, {recordings} recordings"),
        (problem, _) => format!(
            "`{path}` {}; mixes go on without it, the next training does not: `segue world use \
             FILE` takes one, `segue world drop` goes on without",
            problem.unwrap_or("cannot be read")
        ),
    }
}

fn show_sources(outcomes: &[SourceOutcome], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return print_json(&json!(outcomes));
    }
    if outcomes.is_empty() {
        return print_line("no mix was shown yet whose sources were logged");
    }
    let mut rows = table(&["source", "picks", "played", "liked", "disliked"]);
    for of in outcomes {
        let share = |count: usize| format!("{:.1} %", 100.0 * count as f64 / of.picks as f64);
        let shares = [of.played, of.liked, of.disliked].map(share);
        rows.add_row([of.source.to_owned(), of.picks.to_string()].into_iter().chain(shares));
    }
    print_line(&rows.to_string())
}
