//! `segue prune`: old mixes go from the log, after it was said what that costs.

use anyhow::Context as _;
use clap::Args;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use segue::{PruneReport, retention};

use crate::home::{Home, open_library, read_library};
use crate::terminal::{print_json, print_line};

/// Take old mixes out of the log, so that it does not grow for ever.
///
/// Plays and feedback are never pruned. Mixes that a running experiment or a list needs stay, and
/// so does the last one of each listener. What goes is gone for estimates from the log (`segue
/// evaluate policy`, `segue status --sources`) and for the readout of experiments that were
/// stopped. The names that clients gave to events are kept for 90 days: an older event that is sent
/// again counts twice.
///
/// Nothing is pruned unless this is run: let cron or a timer do it once a month. Segue may be in
/// use meanwhile; rewriting the database at the end takes as much free disk as it is large.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  segue prune --dry-run                       what would go, and what \
        that costs\n  segue prune                                 mixes of more than 400 days\n  \
        segue prune --older-than 13months\n  segue prune --older-than 2y --keep-mb 500   and no \
        more than 500 MB of mixes"
)]
pub(crate) struct PruneArgs {
    /// Age from which on mixes go, such as `400d`, `13months` or `2y`.
    #[arg(long, default_value = "400d", value_name = "AGE")]
    older_than: Span,
    /// Megabytes of mixes that are kept at most, the latest ones [default: no limit].
    #[arg(long, value_name = "MB")]
    keep_mb: Option<u64>,
    /// Say what would go, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &PruneArgs, home: &Home) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let since = now
        .to_zoned(TimeZone::UTC)
        .checked_sub(args.older_than.abs())
        .context("`--older-than` reaches beyond all calendars")?;
    let most_bytes = args.keep_mb.map(|megabytes| megabytes.saturating_mul(1_000_000));
    let retention = retention(now, since.timestamp(), most_bytes);
    let report = match args.dry_run {
        true => read_library(home)?.store().prunable(&retention)?,
        false => open_library(home)?.store_mut().prune(&retention)?,
    };
    if args.json {
        return print_json(&report);
    }
    print_report(&report, args.dry_run)
}

fn print_report(report: &PruneReport, is_dry: bool) -> anyhow::Result<()> {
    let day = |moment: Option<Timestamp>| {
        moment.map_or("none".to_owned(), |moment| moment.to_string()[..10].to_owned())
    };
    let left = report.before - report.removed;
    let [before, after] = [report.oldest_before, report.oldest_after].map(day);
    let go = if is_dry { "would go" } else { "went" };
    print_line(&format!("Mixes       {} of {} {go}", report.removed, report.before))?;
    print_line(&format!("Estimates   rest on {left} mixes from {after} on, before from {before}"))?;
    print_line(&format!("Fatigue     {} of those that {go} still made songs rest", report.tiring))?;
    for lost in &report.experiments {
        let (name, removed, left) = (&lost.name, lost.removed, lost.left);
        print_line(&format!("Experiment  `{name}` loses {removed} mixes and keeps {left}"))?;
    }
    if report.needed > 0 {
        print_line(&format!(
            "Kept        {} older ones: a running experiment, a list or an answer needs them",
            report.needed
        ))?;
    }
    print_line(&format!("Events      {} names of clients {go}", report.client_ids))?;
    let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    if !is_dry {
        let [before, after] = [report.bytes_before, report.bytes_after].map(megabytes);
        print_line(&format!("Database    {after}, before {before}"))?;
    }
    Ok(())
}
