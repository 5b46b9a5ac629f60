//! A real server: supysonic, where it is installed. `SEGUE_TEST_SUPYSONIC` names the folder with
//! its programs if they are not on the path.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::connect::{connect_as, with_line};
use crate::listening::trained;
use crate::segue::stderr;

/// The programs of supysonic, if it is here.
fn programs() -> Option<PathBuf> {
    let folders: Vec<PathBuf> = match std::env::var_os("SEGUE_TEST_SUPYSONIC") {
        Some(folder) => vec![folder.into()],
        None => std::env::split_paths(&std::env::var_os("PATH")?).collect(),
    };
    folders.into_iter().find(|folder| folder.join("supysonic-server").is_file())
}

/// A server of a folder of music, stopped when it goes out of scope.
struct Supysonic {
    folder: tempfile::TempDir,
    programs: PathBuf,
    address: String,
    server: Option<Child>,
}

impl Supysonic {
    /// Starts it; `None` where it lacks waitress, gevent or gunicorn to serve with.
    fn start(programs: PathBuf) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let at = folder.path().display();
        let config = format!(
            "[base]\ndatabase_uri = sqlite:///{at}/supysonic.db\n[webapp]\ncache_dir = {at}/cache\n\
             [daemon]\nsocket = {at}/daemon.sock\nrun_watcher = false\n"
        );
        fs::write(folder.path().join(".supysonic"), config).unwrap();
        let address = format!("http://{free}");
        let mut supysonic = Self { folder, programs, address, server: None };
        for song in 0..30 {
            write_flac(&supysonic.music().join(format!("{song:02}.flac")), song);
        }
        supysonic.cli(&["user", "add", "ann", "-p", "sesame"]);
        let music = supysonic.music();
        supysonic.cli(&["folder", "add", "music", music.to_str().unwrap()]);
        supysonic.cli(&["folder", "scan", "--foreground", "music"]);
        let port = free.port().to_string();
        let mut server = supysonic.command("supysonic-server");
        server.args(["--host", "127.0.0.1", "-p", &port]);
        server.stdout(Stdio::null()).stderr(Stdio::null());
        let mut server = server.spawn().unwrap();
        let mut is_listening = false;
        while !is_listening && server.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_millis(50));
            is_listening = TcpStream::connect(free).is_ok();
        }
        supysonic.server = Some(server);
        is_listening.then_some(supysonic)
    }

    fn music(&self) -> PathBuf {
        self.folder.path().join("music")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.env("HOME", self.folder.path()).current_dir(self.folder.path());
        command
    }

    fn cli(&self, args: &[&str]) -> Output {
        let output = self.command("supysonic-cli").args(args).output().unwrap();
        assert!(output.status.success(), "supysonic-cli {args:?}: {}", stderr(&output));
        output
    }
}

impl Drop for Supysonic {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// A file of FLAC without any sound: a length and tags are all that a server reads of it.
fn write_flac(path: &Path, song: i32) {
    const RATE: u64 = 44_100;
    let mut info = vec![0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    info.extend(((RATE << 44) | (1 << 41) | (15 << 36) | (RATE * 200)).to_be_bytes());
    info.extend([0; 16]);
    let mut tags = Vec::new();
    tags.extend(5_u32.to_le_bytes());
    tags.extend(b"segue");
    let artist = format!("Artist {}", song / 4);
    let fields =
        [format!("TITLE=Song {song}"), format!("ARTIST={artist}"), format!("ALBUM=By {artist}")];
    tags.extend((fields.len() as u32).to_le_bytes());
    for field in &fields {
        tags.extend((field.len() as u32).to_le_bytes());
        tags.extend(field.as_bytes());
    }
    let block = |kind: u8, content: &[u8]| {
        let length = (content.len() as u32).to_be_bytes();
        [&[kind], &length[1..], content].concat()
    };
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = [b"fLaC".to_vec(), block(0, &info), block(0x84, &tags)].concat();
    fs::write(path, file).unwrap();
}

#[test]
fn a_real_server_is_read_and_gets_playlists_that_stay() {
    let Some(supysonic) = programs().and_then(Supysonic::start) else {
        eprintln!(
            "skipped: supysonic is not installed, or has no waitress, gevent or gunicorn to serve \
             with (SEGUE_TEST_SUPYSONIC names the folder with its programs)"
        );
        return;
    };
    let segue = trained();
    let said = connect_as(&segue, &supysonic.address, "sesame", &[]);
    assert!(said.contains("30 songs (30 new, 0 gone)"), "{said}");
    assert!(said.contains("of 20 songs that `ann` has played, 20 are there"), "{said}");
    assert!(said.contains("it takes no tokens"), "{said}");

    let playlists = |lists: &Value| -> Vec<String> {
        let lists = lists[0]["lists"].as_array().unwrap();
        let id = |list: &Value| list["playlist"].as_str().map(str::to_owned);
        lists.iter().filter_map(id).collect()
    };
    let first = segue.json(&["connect", "push", "--json"]);
    assert!(playlists(&first).len() >= 2, "{first}");
    for list in first[0]["lists"].as_array().unwrap() {
        assert_eq!(list["kept"], list["songs"].as_array().unwrap().len(), "{list}");
    }
    let second = segue.json(&["connect", "push", "--json"]);
    assert_eq!(playlists(&first), playlists(&second), "they are replaced in place");
    let read = segue.json(&["connect", "read", "--json"]);
    assert_eq!((&read[0]["taken"]["songs"], &read[0]["taken"]["added"]), (&30.into(), &0.into()));

    let args = ["connect", "subsonic", &supysonic.address, "--user", "ann"];
    assert!(stderr(&with_line(&segue, &args, "wrong")).contains("does not accept"));
}
