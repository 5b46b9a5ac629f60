//! A home folder of its own, and the binary to run in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;
use serde_json::{Value, json};

pub(crate) struct Segue {
    folder: tempfile::TempDir,
}

impl Segue {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder().join("home")
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("segue").unwrap();
        command.env("SEGUE_HOME", self.home()).current_dir(self.folder()).args(args);
        command
    }

    /// Runs and expects success; returns stdout.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "segue {args:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs, expects success and reads stdout as JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(args)).unwrap()
    }

    /// Runs and expects failure; returns stderr.
    pub(crate) fn fail(&self, args: &[&str], status: i32) -> String {
        let output = self.command(args).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "segue {args:?}: {}", stderr(&output));
        stderr(&output)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.folder().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Writes a Spotify export of `plays` plays of 20 songs by 5 artists, even songs finished, odd
    /// ones skipped.
    pub(crate) fn write_export(&self, name: &str, plays: usize) {
        let rows: Vec<Value> = (0..plays).map(export_row).collect();
        self.write(name, &serde_json::to_string(&rows).unwrap());
    }

    /// Writes audio features for the songs of [`Self::write_export`] and as many more that nobody
    /// has played.
    pub(crate) fn write_catalogue(&self, name: &str) {
        let mut table = String::from(
            "track_id,track_name,artist_name,popularity,energy,valence,tempo,duration_ms\n",
        );
        for song in 0..80 {
            let energy = if song % 2 == 0 { 0.8 } else { 0.2 } + f64::from(song) / 1000.0;
            let (artist, valence, tempo) = (song / 4 % 20, 1.0 - energy, 90 + song);
            table += &format!(
                "{},Song {song},Artist {artist},{},{energy},{valence},{tempo},200000\n",
                uri(song),
                song % 100
            );
        }
        self.write(name, &table);
    }
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn uri(song: i32) -> String {
    format!("spotify:track:{song:022}")
}

fn export_row(play: usize) -> Value {
    let song = (play * 7 % 20) as i32;
    let (ms_played, reason) =
        if song % 2 == 0 { (200_000, "trackdone") } else { (9_000, "fwdbtn") };
    let minutes = play * 5;
    let (day, hour, minute) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    json!({
        "ts": format!(
            "20{:02}-{:02}-{:02}T{hour:02}:{minute:02}:00Z",
            10 + day / 336, 1 + day / 28 % 12, 1 + day % 28
        ),
        "username": "secret-user-name",
        "ip_addr_decrypted": "203.0.113.77",
        "user_agent_decrypted": "secret-agent",
        "conn_country": "XQ",
        "platform": "Android OS 9 API 28 (secret, phone)",
        "ms_played": ms_played,
        "master_metadata_track_name": format!("Song {song}"),
        "master_metadata_album_artist_name": format!("Artist {}", song / 4),
        "master_metadata_album_album_name": "Album",
        "spotify_track_uri": uri(song),
        "reason_start": "trackdone",
        "reason_end": reason,
        "shuffle": false,
        "skipped": reason == "fwdbtn",
        "offline": false,
        "incognito_mode": false,
    })
}
