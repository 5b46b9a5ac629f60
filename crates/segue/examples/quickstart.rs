//! From nothing to a mix, and to the next one that has learned from it:
//!
//! `cargo run -p segue --example quickstart`
//!
//! 1. Open a library in a folder.
//! 2. Import a listening history and a table of audio features. Here they are made up; put the
//!    paths of your own export and table instead (`segue import --help` lists what is read).
//! 3. Train, and take a snapshot to mix from.
//! 4. Make a mix. It is logged as shown, with the probability of every pick.
//! 5. Record what became of two picks. It counts in the next mix, without another training.
#![allow(clippy::print_stdout, reason = "an example, run by hand")]

mod made_up;

use std::error::Error;

use segue::{
    ImportOptions, Library, ListenerId, MixOutcome, MixRequest, PlayDetails, Reaction, Snapshot,
    Timestamp, TrainOptions, sentence,
};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (now, ann) = (Timestamp::now(), ListenerId::new("ann"));

    // 1. The folder is made if there is none.
    let mut library = Library::open(folder.path().join("library"))?;

    // 2. What each file is, its content tells. Reading one twice adds nothing.
    let history = made_up::write_history(folder.path(), made_up::Kind::Calm, now)?;
    let tracks = made_up::write_tracks(folder.path())?;
    let options = ImportOptions::new(ann.clone());
    let imported = library.import(&[history, tracks], &options, &mut ())?;
    let counts = imported.counts;
    println!("imported {} plays, {} rows in all", counts.listens_added, counts.rows());

    // 3. A snapshot never changes: take another one after the next import or training.
    let trained = library.train(&TrainOptions::default(), &mut |_| {})?;
    println!("trained {} on {} works", trained.version, trained.card.items);
    let snapshot = library.snapshot()?;

    // 4. `explore` is the dial: three in ten tracks are to be new to Ann. Same seed, same mix.
    let request = MixRequest { length: 10, explore: 0.3, seed: 7, ..MixRequest::new(now) };
    let mix = library.mix(&snapshot, &ann, &request)?;
    print_mix(&snapshot, &mix.outcome);

    // 5. She likes the first track and leaves the second one.
    let [first, second, ..] = &mix.outcome.slate.picks[..] else {
        return Err("a mix of ten has two picks".into());
    };
    let about = |reaction: Reaction, track: &segue::TrackId| {
        reaction.about(ann.clone(), track.clone(), now, PlayDetails::default())
    };
    library
        .record([about(Reaction::LIKE, &first.track), about(Reaction::SKIPPED, &second.track)])?;

    let next = library.mix(&snapshot, &ann, &request)?;
    println!("\nand after that:");
    print_mix(&snapshot, &next.outcome);
    Ok(())
}

fn print_mix(snapshot: &Snapshot, outcome: &MixOutcome) {
    println!("{}", outcome.headline());
    for pick in &outcome.slate.picks {
        let Some(track) = snapshot.track(&pick.track) else { continue };
        println!(
            "  {:<9} {:<13} {:>3.0} % likely, picked with probability {:.2}: {}",
            track.artist().unwrap_or("unknown"),
            track.title,
            100.0 * pick.likability,
            pick.propensity,
            sentence(&pick.reason),
        );
    }
    outcome.notes.iter().for_each(|note| println!("  note: {note}"));
}
