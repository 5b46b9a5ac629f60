//! Seven mixes on seven days for listeners who answer nothing, with and without
//! [fatigue](segue::engine::mix::fatigue): how many different tracks they are shown, and what the
//! variety costs in predicted likability.
//!
//! `cargo run -p segue --example seven_days -- <home of a library with a model>`
//!
//! This is what the numbers of `mix/fatigue.rs` were chosen by. `segue demo --keep <folder>` makes
//! a library for it. Nothing is logged: what was shown is handed to the profile directly.
#![allow(clippy::print_stdout, reason = "an example, run by hand")]

use std::collections::HashSet;
use std::error::Error;

use segue::{Library, MixRequest, Profile, Snapshot, Timestamp};
use segue_core::{Showing, TrackId};

const DAYS: i64 = 7;
const SECONDS_PER_DAY: i64 = 86_400;
/// The week is gone through for so many listeners of the library at most.
const MOST_LISTENERS: usize = 8;
const DIALS: [f32; 3] = [0.1, 0.3, 0.5];

/// What a week of mixes was like, summed over listeners.
#[derive(Default)]
struct Week {
    places: usize,
    distinct: usize,
    new_places: usize,
    distinct_new: usize,
    likability: f64,
    likability_of_familiar: f64,
    third_times: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let home = std::env::args().nth(1).ok_or("name the home of a library")?;
    let library = Library::open(home)?;
    let snapshot = library.snapshot()?;
    let listeners = library.store().listeners()?;
    println!("dial  tires  distinct of places  new of places  third times  likability (familiar)");
    for explore in DIALS {
        for tires in [false, true] {
            let mut sum = Week::default();
            for listener in listeners.iter().take(MOST_LISTENERS) {
                let profile = snapshot.profile(library.store(), &listener.id)?;
                week(&snapshot, profile, explore, tires, &mut sum)?;
            }
            let of = listeners.len().clamp(1, MOST_LISTENERS);
            println!(
                "{explore:>4}  {tires:<5}  {:>8} of {:<6}  {:>5} of {:<6}  {:>11}  {:.3} ({:.3})",
                sum.distinct / of,
                sum.places / of,
                sum.distinct_new / of,
                sum.new_places / of,
                sum.third_times / of,
                sum.likability / sum.places as f64,
                sum.likability_of_familiar / (sum.places - sum.new_places) as f64,
            );
        }
    }
    Ok(())
}

/// Shows a listener a mix a day, and adds up what they saw.
fn week(
    snapshot: &Snapshot,
    mut profile: Profile,
    explore: f32,
    tires: bool,
    sum: &mut Week,
) -> Result<(), Box<dyn Error>> {
    let begin = profile.last_played.unwrap_or(Timestamp::UNIX_EPOCH).as_second();
    let mut showings: Vec<Showing> = Vec::new();
    let (mut seen, mut seen_new) = (HashSet::new(), HashSet::new());
    for day in 1..=DAYS {
        let at = Timestamp::from_second(begin + day * SECONDS_PER_DAY)?;
        let request = MixRequest { explore, seed: day as u64, ..MixRequest::new(at) };
        let picks = snapshot.mix(&profile, &request)?.slate.picks;
        for pick in &picks {
            let before = showings.iter().filter(|showing| showing.tracks.contains(&pick.track));
            sum.third_times += usize::from(pick.new_to_listener && before.count() >= 2);
            sum.places += 1;
            sum.likability += f64::from(pick.likability);
            seen.insert(pick.track.clone());
            if pick.new_to_listener {
                sum.new_places += 1;
                seen_new.insert(pick.track.clone());
            } else {
                sum.likability_of_familiar += f64::from(pick.likability);
            }
        }
        let tracks: Vec<TrackId> = picks.into_iter().map(|pick| pick.track).collect();
        showings.push(Showing { at, tracks });
        if tires {
            profile = profile.with_showings(&snapshot.catalogue, &showings);
        }
    }
    sum.distinct += seen.len();
    sum.distinct_new += seen_new.len();
    Ok(())
}
