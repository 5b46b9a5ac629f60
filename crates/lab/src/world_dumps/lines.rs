//! Listens as JSON lines, a file a month, in a packed archive.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::iter::Peekable;

use segue_core::Timestamp;
use serde_json::{Value, json};

use super::archive::{add_member, write_packed};
use super::listens::{PlantedListen, PlantedListens};
use super::planted::PlantedWorld;

const FOLDER: &str = "listenbrainz-listens-dump-1-20260601-000003-full/listens";

/// Writes the listens of a world as ListenBrainz's dump of JSON lines, packed with Zstandard.
///
/// A listen is the same as in the [tar of Parquet](super::write_parquet_tar), and says how long its
/// recording is beside.
///
/// # Errors
/// Where `out` cannot be written.
pub fn write_lines(world: &PlantedWorld, out: &mut dyn Write) -> io::Result<()> {
    let mut lengths: BTreeMap<Month, u64> = BTreeMap::new();
    for listen in PlantedListens::new(*world) {
        *lengths.entry(month(&listen)).or_default() += line(world, &listen).len() as u64;
    }
    let mut listens = PlantedListens::new(*world).peekable();
    write_packed(out, &mut |out| {
        for (&(year, month), &bytes) in &lengths {
            let name = format!("{FOLDER}/{year}/{month}.listens");
            add_member(out, &name, bytes, &mut |out| {
                write_month(world, (year, month), &mut listens, out)
            })?;
        }
        Ok(())
    })
}

fn write_month(
    world: &PlantedWorld,
    of: Month,
    listens: &mut Peekable<PlantedListens>,
    out: &mut dyn Write,
) -> io::Result<()> {
    while let Some(listen) = listens.next_if(|listen| month(listen) == of) {
        out.write_all(line(world, &listen).as_bytes())?;
    }
    Ok(())
}

/// A year and a month of it.
type Month = (u32, u32);

fn month(listen: &PlantedListen) -> Month {
    let moment = Timestamp::from_second(listen.at_s).map_or(String::new(), |at| at.to_string());
    let number = |digits: Option<&str>| digits.and_then(|digits| digits.parse().ok()).unwrap_or(0);
    (number(moment.get(..4)), number(moment.get(5..7)))
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
