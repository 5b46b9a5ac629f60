//! Writes a large community as three tables for `segue import`: what the load generator of the
//! server needs to have something to ask for.
//!
//! ```sh
//! cargo run --release -p segue-lab --example large_home -- /tmp/large 10000 9700
//! segue --home /tmp/large/home import \
//!     /tmp/large/tracks.csv /tmp/large/plays.csv /tmp/large/words.csv
//! ```
//!
//! The numbers are of listeners and of artists, who have about ten tracks each. Same numbers, same
//! tables.

use std::fs;
use std::path::{Path, PathBuf};

use segue_core::{AudioFeature, EndReason, FeedbackKind, FeedbackTarget, Timestamp};
use segue_lab::simulation::community::{CommunityConfig, MadeUpCommunity};

/// Sessions of a listener on average, of twelve plays each.
const SESSIONS: usize = 17;
/// The first of March 2026.
const START_SECOND: i64 = 1_772_323_200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(|| PathBuf::from("large"), PathBuf::from);
    let listeners = arguments.next().map_or(Ok(10_000), |text| text.parse())?;
    let artists = arguments.next().map_or(Ok(9_700), |text| text.parse())?;
    let config = CommunityConfig {
        seed: 1,
        listeners,
        artists,
        days: 240,
        sessions: SESSIONS,
        start: Timestamp::from_second(START_SECOND)?,
    };
    let community = MadeUpCommunity::draw(&config);
    fs::create_dir_all(&folder)?;
    write_tracks(&community, &folder.join("tracks.csv"))?;
    write_plays(&community, &folder.join("plays.csv"))?;
    write_words(&community, &folder.join("words.csv"))?;
    Ok(())
}

fn write_tracks(community: &MadeUpCommunity, path: &Path) -> csv::Result<()> {
    let mut table = csv::Writer::from_path(path)?;
    let names = ["track_id", "track_name", "artist_name", "album", "genre", "year", "popularity"];
    table.write_record(names.into_iter().chain(AudioFeature::ALL.map(AudioFeature::name)))?;
    for track in &community.tracks {
        let known = [
            track.id.to_string(),
            track.title.clone(),
            track.artists.join("; "),
            track.album.clone().unwrap_or_default(),
            track.genre.clone().unwrap_or_default(),
            track.year.map(|year| year.to_string()).unwrap_or_default(),
            track.popularity.map(|share| format!("{:.0}", share * 100.0)).unwrap_or_default(),
        ];
        let value = |feature| track.features.get(feature).map(|value: f32| value.to_string());
        let sound = AudioFeature::ALL.map(|feature| value(feature).unwrap_or_default());
        table.write_record(known.iter().chain(&sound))?;
    }
    Ok(table.flush()?)
}

fn write_plays(community: &MadeUpCommunity, path: &Path) -> csv::Result<()> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record(["listener", "track_id", "ts", "ms_played", "reason_end", "skipped"])?;
    for listen in community.histories.iter().flat_map(|history| &history.listens) {
        let end = match listen.end_reason {
            EndReason::Finished => "trackdone",
            EndReason::SkippedForward => "fwdbtn",
            _ => "logout",
        };
        let skipped = listen.skipped.unwrap_or_default().to_string();
        let ms_played = listen.ms_played.unwrap_or_default().to_string();
        let at = listen.at.map(|at| at.to_string()).unwrap_or_default();
        table.write_record([
            listen.listener.as_str(),
            listen.track.as_str(),
            &at,
            &ms_played,
            end,
            &skipped,
        ])?;
    }
    Ok(table.flush()?)
}

fn write_words(community: &MadeUpCommunity, path: &Path) -> csv::Result<()> {
    let mut table = csv::Writer::from_path(path)?;
    table.write_record(["listener", "track_id", "time", "liked"])?;
    for said in community.histories.iter().flat_map(|history| &history.feedback) {
        let FeedbackTarget::Track(track) = &said.target else { continue };
        let at = said.at.map(|at| at.to_string()).unwrap_or_default();
        let word = if said.kind == FeedbackKind::Like { "like" } else { "ban" };
        table.write_record([said.listener.as_str(), track.as_str(), &at, word])?;
    }
    Ok(table.flush()?)
}
