//! The cover of a file of music, in every size that there is: `cargo run --release -p segue-audio
//! --example cover -- song.flac` says where it was found, and how long each drawing took.
#![allow(clippy::print_stdout)] // it is what an example is for

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use segue_audio::covers::{CoverSize, CoverSource, drawn};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name a file of music")?;
    let path = Path::new(&path).canonicalize()?;
    let folder = path.parent().ok_or("that is no file")?;
    for source in CoverSource::of(&path, folder) {
        let begun = Instant::now();
        let Some(content) = source.read() else { continue };
        println!("{source:?}: {} bytes, read in {:.1?}", content.len(), begun.elapsed());
        for size in CoverSize::ALL {
            let begun = Instant::now();
            let bytes = drawn(&content, size).map(|picture| picture.len());
            println!("{:>4} pixels: {bytes:?} bytes in {:.1?}", size.side(), begun.elapsed());
        }
    }
    Ok(())
}
