//! `segue demo`: a made-up community through the real import, training, evaluation and mix.

mod exports;
mod truth;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use segue::{Imported, Library};
use segue_core::{ListenerId, Timestamp};
use segue_engine::pipeline::MixRequest;
use segue_ingest::ImportOptions;
use segue_lab::simulation::community::{CommunityConfig, MadeUpCommunity};

use crate::commands::{import, mix, train};
use crate::terminal::{self, print_line, say};

const DAY_SECONDS: i64 = 86_400;

/// Watch the whole loop on a made-up community: exports are written, imported, learned from and
/// turned into mixes.
///
/// Artists, songs and listeners are drawn from a documented model, so that the taste learned can be
/// held against the true one. Nothing touches your own Segue: the demo keeps to a folder of its
/// own.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  segue demo\n  segue demo --seed 7 --keep /tmp/segue-demo\n  \
    segue --home /tmp/segue-demo/home mix --listener listener-01")]
pub(crate) struct DemoArgs {
    /// Seed of the community, the training and the mixes.
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// How many listeners.
    #[arg(
        long,
        default_value_t = 40,
        value_parser = clap::value_parser!(u32).range(2..=2_000),
        value_name = "N"
    )]
    listeners: u32,
    /// Keep the exports and the home folder here, to go on with [default: a temporary folder,
    /// removed at the end].
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

pub(crate) fn run(args: DemoArgs) -> anyhow::Result<()> {
    let begun = Instant::now();
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = args.keep.clone().unwrap_or_else(|| temporary.path().to_owned());
    let config = CommunityConfig {
        seed: args.seed,
        listeners: args.listeners as usize,
        artists: 250,
        days: 240,
        sessions: 90,
        start: Timestamp::from_second(1_735_689_600)
            .expect("the first of January 2025 is a moment"),
    };

    say(&format!(
        "1. A community of {} listeners and {} artists is drawn (seed {}).",
        args.listeners, config.artists, args.seed
    ));
    let community = MadeUpCommunity::draw(&config);
    let plays: usize = community.histories.iter().map(|history| history.listens.len()).sum();
    let exports = exports::write(&community, &folder.join("exports"))?;
    say(&format!(
        "   {} tracks and {plays} plays are written as export files.",
        community.tracks.len()
    ));

    say("2. The files are imported.");
    let mut library = Library::open(folder.join("home"))?;
    import_all(&mut library, &exports)?;

    say("3. A set of models learns what listeners like, play again and try.");
    train::train_and_report(&mut library, args.seed)?;

    say("4. What it learned is held against the truth, on tracks that the listeners never played.");
    let (snapshot, dataset) = (library.snapshot()?, library.dataset()?);
    let scorer = snapshot.model()?.scorer.as_ref();
    truth::print(&truth::compare(&community, &dataset, scorer, args.seed))?;

    say("5. Two mixes for the first listener: near the dial's familiar end, and far from it.");
    let now =
        Timestamp::from_second(config.start.as_second() + i64::from(config.days) * DAY_SECONDS)?;
    let profile = dataset.profile(&community.histories[0].listener);
    for explore in [0.2, 0.8] {
        let request = MixRequest { explore, length: 10, seed: args.seed, ..MixRequest::new(now) };
        let outcome = snapshot.mix(&profile, &request).map_err(mix::explained)?;
        print_line(&format!("\n--explore {explore}"))?;
        mix::print_mix(&snapshot.catalogue, &outcome)?;
    }
    say(&format!("\nDone in {:.0} s.", begun.elapsed().as_secs_f64()));
    match &args.keep {
        Some(folder) => {
            say(&format!("Go on with: segue --home {} status", folder.join("home").display()))
        }
        None => {
            say("Your own: segue import my_spotify_data.zip tracks.csv && segue train && segue mix")
        }
    }
    Ok(())
}

fn import_all(library: &mut Library, exports: &exports::Exports) -> anyhow::Result<()> {
    let nobody = ImportOptions::new(ListenerId::new("nobody"));
    let Imported { report, .. } = import::import_into(library, &[&exports.catalogue], &nobody)?;
    let mut total = report.total();
    let bar = terminal::steps(exports.listeners.len() as u64, "importing");
    for (listener, export) in &exports.listeners {
        let Imported { report, counts } =
            import::import_into(library, &[export], &ImportOptions::new(listener.clone()))?;
        let sum = report.total();
        total.rows_read += sum.rows_read;
        total.listens += counts.listens_added;
        total.feedback += counts.feedback_added;
        bar.inc(1);
    }
    bar.finish_and_clear();
    say(&format!(
        "   {} rows read: {} tracks, {} plays, {} likes and bans.",
        total.rows_read, total.tracks, total.listens, total.feedback
    ));
    Ok(())
}
