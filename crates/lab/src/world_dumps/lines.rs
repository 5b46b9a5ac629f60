//! Listens as JSON lines, a file a month, in a packed archive.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::iter::Peekable;

use segue_core::Timestamp;
use serde_json::{Value, json};

use super::archive::{add_member, finish};
use super::listens::{PlantedListen, PlantedListens};
use super::planted::PlantedWorld;

/// Writes the listens of a world as ListenBrainz's dump of JSON lines, packed with Zstandard.
///
/// A listen is the same as in the [tar of Parquet](super::write_parquet_tar), and says how long its
/// recording is beside.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_lines(world: &PlantedWorld, out: &mut dyn Write) -> io::Result<()> {
    let mut lengths: BTreeMap<String, u64> = BTreeMap::new();
    for listen in PlantedListens::new(*world) {
        *lengths.entry(month(&listen)).or_default() += line(world, &listen).len() as u64;
    }
    let mut out = BufWriter::new(zstd::Encoder::new(out, 0)?);
    let mut listens = PlantedListens::new(*world).peekable();
    for (month, bytes) in lengths {
        let name = format!("listenbrainz-listens-dump-1-20260601-000003-full/listens/{month}");
        add_member(&mut out, &name, bytes, &mut |out| {
            write_month(world, &month, &mut listens, out)
        })?;
    }
    finish(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.flush()
}

fn write_month(
    world: &PlantedWorld,
    name: &str,
    listens: &mut Peekable<PlantedListens>,
    out: &mut dyn Write,
) -> io::Result<()> {
    while let Some(listen) = listens.next_if(|listen| month(listen) == name) {
        out.write_all(line(world, &listen).as_bytes())?;
    }
    Ok(())
}

/// The file of a listen: `2026/6.listens`.
fn month(listen: &PlantedListen) -> String {
    let moment = Timestamp::from_second(listen.at_s).map_or(String::new(), |at| at.to_string());
    let (year, month) = (moment.get(..4).unwrap_or("0"), moment.get(5..7).unwrap_or("0"));
    format!("{year}/{}.listens", month.trim_start_matches('0'))
}

fn line(world: &PlantedWorld, listen: &PlantedListen) -> String {
    let recording = world.recording(listen.recording);
    let (artist, title) = listen.spelling().of(&recording);
    let mut more = json!({
        "duration_ms": recording.duration_ms,
        "submission_client": "made up",
    });
    if let Some(mbid) = listen.identified(world).mbid(&recording) {
        more["recording_mbid"] = Value::from(mbid);
    }
    let line = json!({
        "user_id": listen.user,
        "user_name": format!("listener{}", listen.user),
        "timestamp": listen.at_s,
        "track_metadata": {
            "artist_name": artist,
            "track_name": title,
            "release_name": world.release_name(world.release_of(listen.recording)),
            "additional_info": more,
        },
        "recording_msid": world.msid(&artist, &title),
    });
    format!("{line}\n")
}
