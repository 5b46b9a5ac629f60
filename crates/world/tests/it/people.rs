//! Made-up people whose listens are written as a dump of JSON lines.

use std::fs;
use std::path::{Path, PathBuf};

use segue_world::build::{BuildConfig, BuildReport, Factors, HeardRows, build};
use segue_world::{Result, World};

/// A listen of a made-up dump.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    pub(crate) user: u32,
    pub(crate) at: i64,
    pub(crate) artist: String,
    pub(crate) title: String,
    pub(crate) mbid: Option<String>,
}

pub(crate) fn played(user: u32, at: i64, artist: &str, title: &str) -> Played {
    let (artist, title) = (artist.to_owned(), title.to_owned());
    Played { user, at: 1_700_000_000 + at, artist, title, mbid: None }
}

pub(crate) fn write(path: &Path, listens: &[Played]) {
    fs::write(path, lines(listens)).unwrap();
}

/// Listens as JSON lines.
pub(crate) fn lines(listens: &[Played]) -> String {
    let line = |one: &Played| {
        let mut info = serde_json::Map::new();
        info.extend(one.mbid.clone().map(|mbid| ("recording_mbid".to_owned(), mbid.into())));
        let listen = serde_json::json!({
            "user_id": one.user, "user_name": "x", "timestamp": one.at,
            "track_metadata": {
                "artist_name": one.artist, "track_name": one.title, "additional_info": info,
            },
        });
        format!("{listen}\n")
    };
    listens.iter().map(line).collect()
}

/// Two numbers a row that tell rows apart.
pub(crate) fn factors(heard: HeardRows) -> Result<Factors> {
    let values = (0..heard.columns).flat_map(|row| [row as f32, 1.0]).collect();
    Ok(Factors { width: 2, values, settings: "{}".to_owned() })
}

/// A world of some listens, with the file and the report.
pub(crate) fn world(folder: &Path, listens: &[Played]) -> (World, PathBuf, BuildReport) {
    let dump = folder.join("listens.jsonl");
    write(&dump, listens);
    let out = folder.join("people.world");
    let config = BuildConfig { listens: vec![dump], ..BuildConfig::default() };
    let report = build(&config, &out, &mut factors, &mut |_| {}).unwrap();
    assert!(report.adds_up(), "{report:?}");
    (World::open(&out).unwrap(), out, report)
}

/// Twelve people in two camps, each of whom plays the ten songs of theirs on three evenings.
pub(crate) fn two_camps() -> Vec<Played> {
    let mut listens = Vec::new();
    for user in 0..12_u32 {
        for evening in 0..3_i64 {
            for song in 0..10_i64 {
                let camp = i64::from(user % 2);
                // Each begins elsewhere, so that neighbours are no matter of the order.
                let number = (song + i64::from(user)) % 10 + 10 * camp;
                let at = evening * 86_400 + song * 200;
                let (artist, title) = (format!("Artist {number}"), format!("Song {number}"));
                listens.push(played(user, at, &artist, &title));
            }
        }
    }
    listens
}
