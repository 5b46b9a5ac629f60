//! Reads a dump of listens and says what is in it, and how long that takes.
//!
//! ```sh
//! cargo run --release -p segue-world --example read_dump -- /tmp/dumps/listens.tar
//! ```

use std::path::PathBuf;
use std::time::Instant;

use segue_world::Result;
use segue_world::dump::{
    DumpListen, DumpMemberReport, ListenPiece, ListenSink, Member, read_listens,
};

#[derive(Default)]
struct Counter {
    rows: u64,
    listens: u64,
    sums: Sums,
}

#[derive(Default)]
struct Sums {
    identified: u64,
    bytes_of_names: u64,
}

impl ListenPiece for Sums {
    fn listen(&mut self, listen: DumpListen<'_>) -> Result<()> {
        self.identified += u64::from(listen.recording.is_some());
        self.bytes_of_names += (listen.artist.len() + listen.title.len()) as u64;
        Ok(())
    }
}

impl ListenSink for Counter {
    type Piece = Sums;

    fn begin(&mut self, _: &Member) -> Result<bool> {
        Ok(true)
    }

    fn piece(&mut self) -> Sums {
        Sums::default()
    }

    fn end(&mut self, member: &Member, pieces: Vec<Sums>, report: &DumpMemberReport) -> Result<()> {
        self.rows += report.rows;
        self.listens += report.listens;
        for piece in pieces {
            self.sums.identified += piece.identified;
            self.sums.bytes_of_names += piece.bytes_of_names;
        }
        for (reason, rows) in &report.dropped {
            eprintln!("{}: {rows} rows dropped: {reason}", member.name);
        }
        if let Some(broken) = &report.broken {
            eprintln!("{}: {broken}", member.name);
        }
        Ok(())
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from).ok_or("which dump?")?;
    let begun = Instant::now();
    let mut counter = Counter::default();
    let threads = std::thread::available_parallelism()?.get();
    read_listens(&path, threads, &mut counter)?;
    let seconds = begun.elapsed().as_secs_f64();
    let Counter { rows, listens, sums: Sums { identified, bytes_of_names } } = counter;
    eprintln!("{rows} rows, {listens} listens, {identified} with a recording");
    eprintln!("{bytes_of_names} bytes of names");
    eprintln!("{seconds:.2} s, {:.0} rows a second", rows as f64 / seconds);
    Ok(())
}
