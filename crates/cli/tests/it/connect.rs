//! `segue connect`: mixes in the player that one already has, against a server of a few lines.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::fake::{Asked, Fake, Reply};
use crate::listening::trained;
use crate::segue::{Segue, stderr};

const PASSWORD: &str = "sesame-street";

/// A server with songs of [`Segue::write_catalogue`] under names of its own, and playlists.
#[derive(Default)]
struct Server {
    songs: Vec<Value>,
    playlists: BTreeMap<String, (String, Vec<String>)>,
    comments: BTreeMap<String, String>,
    made: usize,
    /// Whether it lets nobody remove a playlist.
    is_stubborn: bool,
}

impl Server {
    /// The songs from `from` to `to` of the catalogue of the tests, by name.
    fn with_songs(from: i32, to: i32) -> Arc<Mutex<Self>> {
        let song = |song: i32| {
            let artist = format!("Artist {}", song / 4 % 20);
            json!({"id": format!("s{song:02}"), "title": format!("Song {song}"), "artist": artist,
                   "album": "Album", "duration": 200, "playCount": 2})
        };
        let songs = (from..to).map(song).collect();
        Arc::new(Mutex::new(Self { songs, ..Self::default() }))
    }

    fn start(server: &Arc<Mutex<Self>>) -> Fake {
        let server = Arc::clone(server);
        Fake::start(move |asked| server.lock().unwrap().answer(asked))
    }

    fn answer(&mut self, asked: &Asked) -> Reply {
        if asked.field("t").is_none() {
            return Reply::failed("1.16.1", 40, "Wrong username or password");
        }
        let songs = asked.all("songId").map(str::to_owned);
        match asked.path.rsplit('/').next().unwrap() {
            "ping.view" => Reply::ok(json!({"openSubsonic": true, "type": "fake"})),
            "search3.view" => {
                let from = asked.number("songOffset").min(self.songs.len());
                Reply::ok(json!({"searchResult3": {"song": self.songs[from..]}}))
            }
            "getPlaylists.view" => Reply::ok(json!({"playlists": {"playlist": self.listed()}})),
            "getPlaylist.view" => {
                let songs = &self.playlists[asked.field("id").unwrap()].1;
                let entries: Vec<Value> = songs.iter().map(|id| json!({"id": id})).collect();
                Reply::ok(json!({"playlist": {"entry": entries}}))
            }
            "createPlaylist.view" => match asked.field("playlistId") {
                Some(id) => {
                    self.playlists.get_mut(id).unwrap().1 = songs.collect();
                    Reply::ok(json!({}))
                }
                None => {
                    let id = self.put(asked.field("name").unwrap(), songs.collect());
                    Reply::ok(json!({"playlist": {"id": id}}))
                }
            },
            "updatePlaylist.view" => {
                let [id, comment] = ["playlistId", "comment"].map(|one| asked.field(one).unwrap());
                self.comments.insert(id.to_owned(), comment.to_owned());
                Reply::ok(json!({}))
            }
            "deletePlaylist.view" => {
                let id = asked.field("id").unwrap();
                if self.is_stubborn {
                    return Reply::failed("1.16.1", 50, "not allowed");
                }
                self.playlists.remove(id);
                Reply::ok(json!({}))
            }
            "getAlbumList2.view" => Reply::ok(json!({"albumList2": {}})),
            other => Reply::failed("1.16.1", 0, other),
        }
    }

    fn put(&mut self, name: &str, songs: Vec<String>) -> String {
        self.made += 1;
        let id = format!("p{}", self.made);
        self.playlists.insert(id.clone(), (name.to_owned(), songs));
        id
    }

    fn listed(&self) -> Vec<Value> {
        let playlists = self.playlists.iter();
        let listed = playlists.map(|(id, (name, songs))| {
            let comment = self.comments.get(id);
            json!({"id": id, "name": name, "owner": "ann", "songCount": songs.len(),
                   "comment": comment})
        });
        listed.collect()
    }

    fn song(&mut self, id: &str) -> &mut Value {
        self.songs.iter_mut().find(|song| song["id"] == id).unwrap()
    }
}

/// Runs with a line on stdin.
pub(crate) fn with_line(segue: &Segue, args: &[&str], line: &str) -> Output {
    let mut command = segue.command(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    child.wait_with_output().unwrap()
}

fn connect(segue: &Segue, address: &str, more: &[&str]) -> String {
    connect_as(segue, address, PASSWORD, more)
}

/// Connects and returns everything that was said.
pub(crate) fn connect_as(segue: &Segue, address: &str, password: &str, more: &[&str]) -> String {
    let args = [&["connect", "subsonic", address, "--user", "ann"], more].concat();
    let output = with_line(segue, &args, password);
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output)
}

fn taken(segue: &Segue) -> Value {
    segue.json(&["connect", "read", "--json"])[0]["taken"].clone()
}

fn opinion(segue: &Segue, song: &str) -> Vec<String> {
    let library = segue::Library::open_to_read(segue.home()).unwrap();
    let said = library.store().feedback(&segue::ListenerId::new("ann")).unwrap();
    let of_song = said.into_iter().filter(|said| {
        matches!(&said.target, segue::FeedbackTarget::Track(id) if id.as_str().ends_with(song))
    });
    of_song.map(|said| format!("{:?}", said.kind)).collect()
}

/// Everything in the files of a folder but for one of them.
fn bytes_below(folder: &Path, without: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => bytes.extend(bytes_below(&path, without)),
            false if path.file_name().unwrap() == without => {}
            false => bytes.extend(fs::read(&path).unwrap()),
        }
    }
    bytes
}

#[test]
fn reading_twice_adds_nothing_and_a_star_is_taken_back_only_by_who_gave_it() {
    let (segue, server) = (trained(), Server::with_songs(0, 30));
    server.lock().unwrap().song("s02")["starred"] = json!("2026-01-01T00:00:00Z");
    server.lock().unwrap().song("s04")["userRating"] = json!(1);
    let fake = Server::start(&server);
    let said = connect(&segue, &fake.address, &[]);
    assert!(said.contains("30 songs (30 new, 0 gone), 2 stars and ratings"), "{said}");
    assert!(said.contains("of 20 songs that `ann` has played, 20 are there"), "{said}");
    assert!(said.contains("60 plays are counted there and were not taken in"), "{said}");
    let again = taken(&segue);
    assert_eq!(
        (&again["songs"], &again["new_songs"], &again["added"]),
        (&json!(30), &json!(0), &json!(0))
    );
    assert_eq!(
        (opinion(&segue, "song 2"), opinion(&segue, "song 4")),
        (vec!["Like".to_owned()], vec!["Dislike".to_owned()])
    );

    // Said here since: the star there no longer decides.
    segue.run(&["feedback", "never", "name:artist 1␟song 4"]);
    server.lock().unwrap().song("s04").as_object_mut().unwrap().remove("userRating");
    server.lock().unwrap().song("s02")["starred"] = Value::Null;
    assert_eq!(taken(&segue)["taken_back"], 1);
    assert_eq!(opinion(&segue, "song 2"), ["Like", "Cleared"]);
    assert_eq!(opinion(&segue, "song 4").last().unwrap(), "Ban");
    assert_eq!(taken(&segue)["added"], 0);

    server.lock().unwrap().song("s06")["starred"] = json!("2026-02-01T00:00:00Z");
    assert_eq!(taken(&segue)["added"], 1);
    segue.run(&["connect", "drop", "home"]);
    let said = connect(&segue, &fake.address, &[]);
    assert!(said.contains("1 stars and ratings (0 taken back); 0 entries added"), "{said}");
    server.lock().unwrap().songs.retain(|song| song["id"] != "s29");
    server.lock().unwrap().song("s28")["id"] = json!("moved");
    let moved = taken(&segue);
    assert_eq!((&moved["gone"], &moved["new_songs"]), (&json!(1), &json!(0)));
}

#[test]
fn plays_are_taken_in_when_asked_for_and_then_only_what_has_come() {
    let (segue, server) = (trained(), Server::with_songs(0, 30));
    let fake = Server::start(&server);
    connect(&segue, &fake.address, &[]);
    let listens = || segue.json(&["status", "--json"])["store"]["listens"].as_u64().unwrap();
    let before = listens();
    segue.run(&["connect", "read", "home", "--plays"]);
    assert_eq!(listens(), before + 60);
    segue.run(&["connect", "read"]);
    assert_eq!(listens(), before + 60);
    let now = json!("2026-11-01T10:00:00Z");
    server.lock().unwrap().song("s02")["playCount"] = json!(5);
    server.lock().unwrap().song("s02")["played"] = now;
    segue.run(&["connect", "read"]);
    assert_eq!(listens(), before + 63);
    server.lock().unwrap().song("s02")["id"] = json!("another id after a scan");
    segue.run(&["connect", "read"]);
    assert_eq!(listens(), before + 63);
    segue.run(&["connect", "drop", "home"]);
    connect(&segue, &fake.address, &["--plays"]);
    assert_eq!(listens(), before + 63, "nothing counts again after the connection was dropped");
}

#[test]
fn lists_keep_their_playlists_and_leave_those_of_others_alone() {
    let (segue, server) = (trained(), Server::with_songs(0, 60));
    let theirs = server.lock().unwrap().put("Today", vec!["s01".to_owned()]);
    let fake = Server::start(&server);
    connect(&segue, &fake.address, &[]);
    assert_eq!(opinion(&segue, "song 1"), ["Saved"], "it is on a playlist of theirs");
    segue.run(&["mix", "-n", "6", "--keep", "Friday", "--on", "home"]);
    let pushed = segue.json(&["connect", "push", "--json"])[0]["lists"].clone();
    let pushed: BTreeMap<&str, &Value> =
        pushed.as_array().unwrap().iter().map(|one| (one["name"].as_str().unwrap(), one)).collect();
    for name in ["Today", "This week's finds", "Friday"] {
        let list = pushed[name];
        assert_eq!((&list["missing"], &list["is_new"]), (&json!(0), &json!(true)), "{list}");
        assert_eq!(list["kept"], list["songs"].as_array().unwrap().len(), "{list}");
        let id = list["playlist"].as_str().unwrap();
        assert_eq!(json!(server.lock().unwrap().playlists[id].1), list["songs"]);
    }
    let today = pushed["Today"]["playlist"].as_str().unwrap();
    assert_ne!(today, theirs);
    assert_eq!(server.lock().unwrap().playlists[&theirs].1, ["s01"]);

    let said = segue.run(&["connect", "push"]);
    assert!(said.contains("Today:") && !said.contains("a new playlist"), "{said}");
    server.lock().unwrap().playlists.remove(today);
    let said = segue.run(&["connect", "push", "home"]);
    assert!(said.lines().any(|line| line.contains("Today") && line.contains("a new playlist")));
    assert_eq!(taken(&segue)["added"], 0, "what was pushed is not read as saved");
    let other = Segue::new();
    connect(&other, &fake.address, &[]);
    let statements = &other.json(&["status", "--json"])["store"]["feedback"];
    assert_eq!(statements, 1, "nor by another library: the one is on a playlist of theirs");
    assert_eq!(segue.json(&["connect", "--json"])[0]["songs"], 60);
}

#[test]
fn lists_are_made_of_what_is_there_unless_any_song_is_asked_for() {
    let (segue, server) = (trained(), Server::with_songs(0, 24));
    let fake = Server::start(&server);
    connect(&segue, &fake.address, &["--any-song"]);
    let lists = |segue: &Segue| segue.json(&["connect", "push", "--json"])[0]["lists"].clone();
    let missing = |lists: &Value| {
        lists.as_array().unwrap().iter().map(|one| one["missing"].as_u64().unwrap()).sum::<u64>()
    };
    assert!(missing(&lists(&segue)) > 0);

    let other = trained();
    connect(&other, &fake.address, &[]);
    assert_eq!(missing(&lists(&other)), 0);
    let mix = other.json(&["mix", "-n", "12", "--on", "home", "--json"]);
    let there: Vec<String> = (0..24).map(|song| format!("Song {song}")).collect();
    let picks = mix["picks"].as_array().unwrap();
    assert_eq!(picks.len(), 12);
    assert!(picks.iter().all(|pick| there.contains(&pick["title"].as_str().unwrap().to_owned())));
    let error = other.fail(&["mix", "--on", "hone"], 1);
    assert!(error.contains("did you mean `home`?"), "{error}");
}

#[test]
fn a_password_is_in_one_file_and_in_nothing_that_is_said() {
    let (segue, server) = (trained(), Server::with_songs(0, 30));
    let fake = Server::start(&server);
    let mut said = connect(&segue, &fake.address, &[]);
    for args in [&["connect"][..], &["connect", "--json"], &["connect", "push"]] {
        let output = segue.command(args).env("RUST_LOG", "trace").output().unwrap();
        said += &(String::from_utf8_lossy(&output.stdout) + &*stderr(&output));
    }
    drop(server);
    said += &segue.run(&["backup", "copy"]);
    assert!(!said.contains(PASSWORD), "{said}");
    let secret = PASSWORD.as_bytes();
    let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    assert!(!holds(&bytes_below(segue.folder(), "secrets.json")));
    assert!(holds(&bytes_below(&segue.home(), "")));
    assert!(fake.asked().iter().all(|asked| !asked.line.contains('?')));
    assert!(fake.asked().iter().all(|asked| !asked.body.contains(PASSWORD)));

    let report = segue.json(&["forget", "--listener", "ann", "--yes", "--json"]);
    assert_eq!(report["connections"], 1);
    assert!(!holds(&bytes_below(&segue.home(), "")));
    assert!(segue.fail(&["connect", "read"], 1).contains("nothing is connected yet"));
}

#[test]
fn what_goes_wrong_is_said_and_leaves_what_there_was() {
    let (segue, server) = (trained(), Server::with_songs(0, 30));
    assert!(segue.fail(&["connect", "push"], 1).contains("segue connect subsonic URL"));
    let refusing = Fake::start(|_| Reply::failed("1.16.1", 40, "Wrong username or password"));
    let args = ["connect", "subsonic", &refusing.address, "--user", "ann"];
    let output = with_line(&segue, &args, PASSWORD);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("does not accept"), "{}", stderr(&output));
    assert!(stderr(&with_line(&segue, &args, "")).contains("no password"));
    assert_eq!(segue.json(&["connect", "--json"]), json!([]));

    let fake = Server::start(&server);
    connect(&segue, &fake.address, &[]);
    let other = with_line(&segue, &args, PASSWORD);
    assert!(stderr(&other).contains("give this one another `--name`"), "{}", stderr(&other));
    fs::remove_file(segue.home().join("secrets.json")).unwrap();
    let error = segue.fail(&["connect", "read"], 1);
    assert!(error.contains("connect it again under that name"), "{error}");
    connect(&segue, &fake.address, &[]);
    server.lock().unwrap().songs.clear();
    assert!(segue.fail(&["connect", "read"], 1).contains("no song was found there"));
    assert_eq!(segue.json(&["connect", "--json"])[0]["songs"], 30, "nothing is taken for gone");
    segue.run(&["connect", "drop", "home"]);
    assert!(segue.fail(&["connect", "drop", "home"], 1).contains("nothing is connected"));
}

#[test]
fn everybody_of_a_household_has_an_account_of_their_own() {
    let (segue, server) = (trained(), Server::with_songs(0, 30));
    server.lock().unwrap().song("s02")["starred"] = json!("2026-01-01T00:00:00Z");
    let fake = Server::start(&server);
    connect(&segue, &fake.address, &[]);
    connect(&segue, &fake.address, &["--name", "bobs", "--listener", "bob"]);
    let connections = segue.json(&["connect", "--json"]);
    let whose: Vec<_> =
        connections.as_array().unwrap().iter().map(|one| one["listener"].clone()).collect();
    assert_eq!(whose, [json!("bob"), json!("ann")]);
    segue.run(&["connect", "drop", "bobs"]);
    let gone = Server::start(&Server::with_songs(0, 8));
    connect(&segue, &gone.address, &["--name", "bobs", "--listener", "bob"]);
    let file = segue.home().join("secrets.json");
    let secrets = fs::read_to_string(&file).unwrap();
    fs::write(file, secrets.replace("\"bobs\"", "\"nobodys\"")).unwrap();
    let output = segue.command(&["connect", "read", "--json"]).output().unwrap();
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &read[0]["name"]), (Some(1), &json!("home")));
    assert!(stderr(&output).contains("`bobs` failed"), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 of 2 connections failed"), "{}", stderr(&output));
    segue.run(&["forget", "--listener", "bob", "--yes"]);
    assert_eq!(segue.json(&["connect", "--json"]).as_array().unwrap().len(), 1);
    assert_eq!(opinion(&segue, "song 2"), ["Like"]);
}

#[test]
fn dropping_removes_the_playlists_that_are_ours_where_that_is_asked_and_says_what_stays() {
    let (segue, server) = (trained(), Server::with_songs(0, 60));
    let theirs = server.lock().unwrap().put("Today", vec!["s01".to_owned()]);
    let fake = Server::start(&server);
    let playlists = || server.lock().unwrap().playlists.len();
    connect(&segue, &fake.address, &[]);
    segue.run(&["connect", "push"]);
    let pushed = playlists();
    assert!(pushed > 2);
    let said = stderr(&segue.command(&["connect", "drop", "home"]).output().unwrap());
    assert!(said.contains("is dropped") && said.contains("still on the server: "), "{said}");
    assert_eq!(playlists(), pushed, "nobody asked for more");

    connect(&segue, &fake.address, &[]);
    segue.run(&["connect", "push"]);
    server.lock().unwrap().is_stubborn = true;
    let said = segue.fail(&["connect", "drop", "home", "--playlists"], 1);
    assert!(said.contains("stays connected") && said.contains("not allowed"), "{said}");
    server.lock().unwrap().is_stubborn = false;
    let ours: Vec<String> = segue.json(&["connect", "push", "--json"])[0]["lists"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|list| Some(list["playlist"].as_str()?.to_owned()))
        .collect();
    server.lock().unwrap().playlists.remove(&ours[0]);
    let left = segue.json(&["connect", "drop", "home", "--playlists", "--json"]);
    assert_eq!(left["gone"].as_array().unwrap().len(), 1, "{left}");
    assert_eq!(left["removed"].as_array().unwrap().len(), ours.len() - 1, "{left}");
    assert_eq!(left["stay"], json!([]));
    let server = server.lock().unwrap();
    assert!(ours.iter().all(|id| !server.playlists.contains_key(id)));
    assert_eq!(server.playlists[&theirs].1, ["s01"], "theirs of the same name is theirs");
}

#[test]
fn status_and_doctor_say_what_is_connected_and_what_failed_and_no_password() {
    let (segue, server) = (trained(), Server::with_songs(0, 30));
    let fake = Server::start(&server);
    connect(&segue, &fake.address, &[]);
    let said = segue.run(&["status"]);
    let line = said.lines().find(|line| line.starts_with("Connected")).unwrap();
    assert!(line.contains("`home`, subsonic at http://127.0.0.1") && line.contains("as `ann`"));
    assert!(line.contains("pushed never") && !line.contains("failed"), "{line}");

    server.lock().unwrap().songs.clear();
    segue.fail(&["connect", "read"], 1);
    for command in ["status", "doctor"] {
        let said = segue.run(&[command]);
        assert!(said.contains("failed 2") && said.contains("no song was found there"), "{said}");
        assert!(!said.contains(PASSWORD));
    }
    let failure = segue.json(&["status", "--json"])["connections"][0]["failure"].clone();
    assert!(failure["message"].as_str().unwrap().contains("no song was found"), "{failure}");
    server.lock().unwrap().songs.push(json!({"id": "s00", "title": "Song 0", "artist": "A"}));
    segue.run(&["connect", "read"]);
    assert!(!segue.run(&["status"]).contains("failed"), "it is well again");
}

/// A server with the API of ListenBrainz, with plays of songs that are MusicBrainz recordings, and
/// what was put on its playlists.
fn listenbrainz(playlists: &Arc<Mutex<BTreeMap<String, Vec<String>>>>) -> Fake {
    let playlists = Arc::clone(playlists);
    let play = |i: usize| {
        let song = i % 20;
        let recording = format!("b1a9c0e9-d987-4042-ae91-0000000000{song:02}");
        json!({"listened_at": 1_600_000_000 + i * 4_000, "track_metadata": {
            "artist_name": format!("Artist {}", song / 4), "track_name": format!("Song {song}"),
            "mbid_mapping": {"recording_mbid": recording}}})
    };
    let plays: Vec<Value> = (0..300).map(play).collect();
    Fake::start(move |asked| {
        let mut playlists = playlists.lock().unwrap();
        let said: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let tracks = said["playlist"]["track"].as_array().cloned().unwrap_or_default();
        let tracks = tracks.iter().map(|one| one["identifier"][0].as_str().unwrap().to_owned());
        let path: Vec<&str> = asked.path.split('/').skip(2).collect();
        Reply::json(&match path[..] {
            ["validate-token"] => json!({"valid": true, "user_name": "ann"}),
            ["user", "ann", "listens"] => {
                let after = asked.number("min_ts") as u64;
                let later = |one: &&Value| one["listened_at"].as_u64().unwrap() > after;
                let page: Vec<&Value> = plays.iter().filter(later).take(100).collect();
                json!({"payload": {"listens": page}})
            }
            ["playlist", "create"] => {
                let id = format!("p{}", playlists.len());
                playlists.insert(id.clone(), tracks.collect());
                json!({"status": "ok", "playlist_mbid": id})
            }
            ["playlist", id, "item", "add"] => {
                playlists.get_mut(id).unwrap().extend(tracks);
                json!({"status": "ok"})
            }
            ["playlist", id, "item", "delete"] => {
                let count = said["count"].as_u64().unwrap() as usize;
                playlists.get_mut(id).unwrap().drain(..count);
                json!({"status": "ok"})
            }
            ["playlist", id] => match playlists.get(id) {
                Some(tracks) => json!({"playlist": {"track": tracks}}),
                None => return Reply::Say(404, Vec::new(), b"{}".to_vec()),
            },
            _ => return Reply::Say(404, Vec::new(), b"{}".to_vec()),
        })
    })
}

#[test]
fn plays_are_pulled_once_and_lists_become_playlists_of_recordings() {
    let (segue, playlists) = (Segue::new(), Arc::default());
    let fake = listenbrainz(&playlists);
    let args = ["connect", "listenbrainz", &fake.address, "--user", "ann"];
    let output = with_line(&segue, &args, PASSWORD);
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(said.contains("300 plays added to the history of `me`"), "{said}{}", stderr(&output));
    assert!(segue.run(&["connect", "read"]).contains("0 plays added"));
    assert_eq!(segue.json(&["status", "--json"])["store"]["listens"], 300);

    segue.run(&["train"]);
    let pushed = segue.json(&["connect", "push", "--json"])[0]["lists"].clone();
    let today = pushed.as_array().unwrap().iter().find(|one| one["kind"] == "today").unwrap();
    assert_eq!((&today["missing"], &today["is_new"]), (&json!(0), &json!(true)), "{today}");
    let id = today["playlist"].as_str().unwrap();
    let put =
        |playlists: &Mutex<BTreeMap<String, Vec<String>>>| playlists.lock().unwrap()[id].clone();
    let first = put(&playlists);
    assert_eq!(json!(first.len()), today["kept"]);
    assert!(first[0].starts_with("https://musicbrainz.org/recording/b1a9c0e9-"), "{}", first[0]);
    assert!(!segue.run(&["connect", "push"]).contains("a new playlist"));
    assert_eq!(put(&playlists), first, "replaced in place by the same");
}

#[test]
fn plays_that_come_late_are_pulled_within_two_weeks_and_none_twice() {
    const DAY: i64 = 86_400;
    const LAST: i64 = 1_700_000_000;
    let plays = Arc::new(Mutex::new((0..60).map(|day| LAST - day * DAY).collect::<Vec<i64>>()));
    let there = Arc::clone(&plays);
    let fake = Fake::start(move |asked| {
        let after = asked.number("min_ts") as i64;
        let mut later = there.lock().unwrap().clone();
        later.retain(|at| *at > after);
        later.sort_unstable();
        let play = |at: &i64| {
            json!({"listened_at": at, "track_metadata":
                {"artist_name": "A", "track_name": format!("Song {}", at % 7)}})
        };
        let page: Vec<Value> = later.iter().take(10).map(play).collect();
        match asked.path.as_str() {
            "/1/validate-token" => Reply::json(&json!({"valid": true, "user_name": "ann"})),
            _ => Reply::json(&json!({"payload": {"listens": page}})),
        }
    });
    let segue = Segue::new();
    let args = ["connect", "listenbrainz", &fake.address, "--user", "ann"];
    assert!(with_line(&segue, &args, PASSWORD).status.success());
    let listens = || segue.json(&["status", "--json"])["store"]["listens"].clone();
    assert_eq!(listens(), 60);
    // A phone was without a network for a week; another one for two months.
    plays.lock().unwrap().extend([LAST - 7 * DAY + 3_600, LAST - 56 * DAY + 3_600]);
    assert!(segue.run(&["connect", "read"]).contains("1 play added"));
    assert!(segue.run(&["connect", "read"]).contains("0 plays added"));
    assert_eq!(listens(), 61);
}
