//! What would another policy have earned? An answer from the log alone, by hand:
//!
//! `cargo run -p segue --example read_log`
//!
//! Every mix is logged with the probability of each pick given those before it, its propensity `p`.
//! If another policy would make the same pick with probability `π`, and the pick earned the reward
//! `r`, then the mean of `π / p · r` over the log estimates what the other would have earned
//! (inverse propensity scoring: Horvitz & Thompson 1952). Here the first pick of each mix is judged
//! and a finished track earns 1. For whole slates, intervals, self-normalised and doubly robust
//! estimates, and for when to refuse an answer, see `segue_lab::off_policy`.
#![allow(clippy::print_stdout, reason = "an example, run by hand")]

mod made_up;

use std::collections::HashSet;
use std::error::Error;

use segue::engine::policy::draw::reweigh;
use segue::engine::policy::{EpsilonGreedy, Greedy, PlackettLuce, Policy};
use segue::{
    Ending, Library, ListenerId, MixRequest, PlayDetails, Reaction, Snapshot, Timestamp, TrackId,
    TrainOptions,
};

const MIXES: i64 = 60;
const DAY_S: i64 = 86_400;

fn main() -> Result<(), Box<dyn Error>> {
    let (folder, begin, ann) = (tempfile::tempdir()?, Timestamp::now(), ListenerId::new("ann"));
    let mut library = made_up::library(folder.path(), std::slice::from_ref(&ann), begin)?;
    library.train(&TrainOptions::default(), &mut |_| {})?;
    let snapshot = library.snapshot()?;
    listen(&mut library, &snapshot, &ann, begin)?;

    // From here on there is nothing but the log, and the catalogue for artists and albums.
    let policies: [(&str, &dyn Policy); 4] = [
        ("always the best", &Greedy),
        ("half of the time any", &EpsilonGreedy { epsilon: 0.5 }),
        ("softmax, cold", &PlackettLuce { temperature: 0.2 }),
        ("softmax, hot", &PlackettLuce { temperature: 10.0 }),
    ];
    println!("policy                estimate ± standard error, from how many effective mixes");
    for (name, policy) in policies {
        let (weights, rewards) = weights_and_rewards(&library, &snapshot, &ann, policy)?;
        let terms: Vec<f64> = weights.iter().zip(&rewards).map(|(w, r)| w * r).collect();
        let (estimate, error) = mean_and_error(&terms);
        // How many mixes drawn by the other policy itself would tell as much (Kish 1965). A handful
        // means that the log cannot tell, whatever the estimate is.
        let effective = weights.iter().sum::<f64>().powi(2)
            / weights.iter().map(|weight| weight * weight).sum::<f64>();
        println!("{name:<21} {estimate:.2} ± {error:.2}, {effective:.0} of {}", terms.len());
    }
    Ok(())
}

/// Two months of mixes, of which Ann hears the first pick: to the end if it is calm.
fn listen(
    library: &mut Library,
    snapshot: &Snapshot,
    ann: &ListenerId,
    begin: Timestamp,
) -> Result<(), Box<dyn Error>> {
    for day in 0..MIXES {
        let now = Timestamp::from_second(begin.as_second() + day * DAY_S)?;
        let request =
            MixRequest { length: 5, explore: 0.6, seed: day as u64, ..MixRequest::new(now) };
        let mix = library.mix(snapshot, ann, &request)?;
        let picks = &mix.outcome.slate.picks;
        let first = picks.iter().find(|pick| pick.drawn == 0).ok_or("a mix has a first pick")?;
        let is_calm = made_up::kind(made_up::song(first.track.as_str())) == made_up::Kind::Calm;
        let reaction = if is_calm { Reaction::FINISHED } else { Reaction::SKIPPED };
        let details = PlayDetails::default();
        library.record([reaction.about(ann.clone(), first.track.clone(), now, details)])?;
    }
    Ok(())
}

/// For the first pick of every logged mix: how much likelier `policy` would have made it, and what
/// it earned.
fn weights_and_rewards(
    library: &Library,
    snapshot: &Snapshot,
    listener: &ListenerId,
    policy: &dyn Policy,
) -> Result<(Vec<f64>, Vec<f64>), Box<dyn Error>> {
    let plays = library.store().listens(listener)?;
    let finished: HashSet<(TrackId, Option<Timestamp>)> = plays
        .into_iter()
        .filter(|play| Ending::of(play) == Ending::Finished)
        .map(|play| (play.track, play.at))
        .collect();
    let (mut weights, mut rewards) = (Vec::new(), Vec::new());
    for (_, shown) in library.store().impressions(listener, usize::MAX)? {
        let propensities = reweigh(&snapshot.catalogue, &shown.slate, policy)?;
        let first = shown.slate.picks.iter().find(|pick| pick.drawn == 0);
        let first = first.ok_or("a logged mix has a first pick")?;
        weights.push(propensities[0] / first.propensity);
        let was_finished = finished.contains(&(first.track.clone(), Some(shown.at)));
        rewards.push(f64::from(u8::from(was_finished)));
    }
    Ok((weights, rewards))
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, (variance / count).sqrt())
}
