//! MusicBrainz's canonical data: three tables in a packed archive.

use std::io::{self, Write};

use super::archive::{add_streamed, write_packed};
use super::planted::{Kind, PlantedWorld};

const FOLDER: &str = "musicbrainz-canonical-dump-20260601-080003/canonical";
const NAMES: [&str; 10] = [
    "id",
    "artist_credit_id",
    "artist_mbids",
    "artist_credit_name",
    "release_mbid",
    "release_name",
    "recording_mbid",
    "recording_name",
    "combined_lookup",
    "score",
];

/// Writes the canonical dump of a world, packed with Zstandard.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_canonical(world: &PlantedWorld, out: &mut dyn Write) -> io::Result<()> {
    write_packed(out, &mut |out| {
        let mut add = |name: &str, table: &TextTable| {
            add_streamed(out, &format!("{FOLDER}/{name}"), &mut |out| table(world, out))
        };
        add("canonical_musicbrainz_data.csv", &write_names)?;
        add("canonical_recording_redirect.csv", &write_recordings)?;
        add("canonical_release_redirect.csv", &write_releases)
    })
}

type TextTable = dyn Fn(&PlantedWorld, &mut dyn Write) -> io::Result<()>;

fn write_names(world: &PlantedWorld, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(NAMES)?;
    for number in 0..world.config.recordings {
        let recording = world.recording(number);
        let release = world.release_of(number);
        let mut lookup = format!("{}{}", recording.artist, recording.title).to_lowercase();
        lookup.retain(char::is_alphanumeric);
        rows.write_record([
            &(number + 1).to_string(),
            &(world.artists_of(number)[0] + 1).to_string(),
            &recording.artists.join(","),
            &recording.artist,
            &world.mbid(Kind::Release, release),
            &world.release_name(release),
            &recording.mbid,
            &recording.title,
            &lookup,
            &(world.hash(12, release) % 1_000_000).to_string(),
        ])?;
    }
    rows.flush()
}

fn write_recordings(world: &PlantedWorld, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["recording_mbid", "canonical_recording_mbid", "canonical_release_mbid"])?;
    for number in (0..world.config.recordings).filter(|&number| world.has_version(number)) {
        rows.write_record([
            &world.mbid(Kind::Version, number),
            &world.mbid(Kind::Recording, number),
            &world.mbid(Kind::Release, world.release_of(number)),
        ])?;
    }
    rows.flush()
}

/// Each release stands for itself and for one in another country.
fn write_releases(world: &PlantedWorld, out: &mut dyn Write) -> io::Result<()> {
    let mut rows = csv::Writer::from_writer(out);
    rows.write_record(["release_mbid", "canonical_release_mbid", "release_group_mbid"])?;
    for number in (0..world.config.recordings).step_by(100) {
        let release = world.release_of(number);
        let canonical = world.mbid(Kind::Release, release);
        let group = world.mbid(Kind::Release, !release);
        rows.write_record([&world.mbid(Kind::Release, release ^ (1 << 31)), &canonical, &group])?;
    }
    rows.flush()
}
