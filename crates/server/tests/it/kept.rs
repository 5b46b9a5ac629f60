//! What is kept in memory is never stale. A server goes through a season of plays, words,
//! exclusions, imports, trainings and forgetting, in an order that a seed draws. A second server on
//! the same library keeps nobody, so that it reads everything anew, and both have to answer alike.
//!
//! A snapshot is of one moment by design, so the second server takes its own at the same moments.
//! `SEGUE_TEST_SEEDS` says through how many seasons it goes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::Timestamp;
use segue_engine::policy::PolicyKind;
use serde_json::{Value, json};

use crate::world::{ARTISTS, Reply, TRACKS, World, artist, request, track_id};

/// Who plays, speaks and is forgotten. Nobody knows of Cleo at the beginning.
const LISTENERS: [&str; 3] = ["ada", "bob", "cleo"];
/// What happens in a season.
const STEPS: usize = 60;
/// How far two numbers may be apart that are worked out at moments that differ by milliseconds, as
/// a part of the larger one.
const TOLERANCE: f64 = 1e-3;

#[tokio::test]
async fn what_is_kept_answers_as_what_is_on_disk_whatever_happened() {
    let seeds = std::env::var("SEGUE_TEST_SEEDS").map_or(4, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let mut season = Season::begin(seed).await;
        for _ in 0..STEPS {
            season.step().await;
            if season.rng.random_bool(0.6) {
                let who = season.anybody();
                season.compare(who).await;
            }
        }
        for who in LISTENERS.into_iter().chain(["nobody"]) {
            season.compare(who).await;
        }
    }
}

/// A play that a scrobbler told of without its length.
struct Scrobbled {
    who: &'static str,
    track: String,
    began: Timestamp,
}

/// Two servers on one library, and what happened so far.
struct Season {
    kept: World,
    fresh: World,
    rng: ChaCha8Rng,
    seed: u64,
    happened: Vec<String>,
    scrobbled: Option<Scrobbled>,
    rejected: Vec<(&'static str, String)>,
    /// Whom the last step was about.
    concerned: &'static str,
}

impl Season {
    async fn begin(seed: u64) -> Self {
        let kept = World::new().await;
        // The one song of which nobody else says that anybody plays it: see `make_popular`.
        let liked = json!({"track": track_id(0, 0), "kind": "like"});
        kept.post("/v1/listeners/eve/feedback", &liked).await.ok();
        kept.app.build().await.unwrap();
        let fresh = kept.that_keeps_nobody().await;
        Self {
            kept,
            fresh,
            rng: ChaCha8Rng::seed_from_u64(seed),
            seed,
            happened: Vec::new(),
            scrobbled: None,
            rejected: Vec::new(),
            concerned: LISTENERS[0],
        }
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..100) {
            0..18 => self.play().await,
            18..36 => self.say().await,
            36..42 => self.take_back().await,
            42..46 => self.tell_of_several().await,
            46..54 => self.exclude().await,
            54..60 => self.include_again().await,
            60..65 => self.scrobble().await,
            65..70 => self.complete().await,
            70..73 => self.delete_play().await,
            73..78 => self.import().await,
            78..82 => self.train().await,
            82..86 => self.swap_model().await,
            86..88 => self.forget().await,
            88..92 => self.describe().await,
            92..95 => self.open_lists().await,
            _ => self.look().await,
        }
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        *all.choose(&mut self.rng).unwrap()
    }

    fn who(&mut self) -> &'static str {
        self.concerned = self.one_of(&LISTENERS);
        self.concerned
    }

    /// Whoever the last step was about, as often as not.
    fn anybody(&mut self) -> &'static str {
        match self.rng.random_bool(0.5) {
            true => self.concerned,
            false => self.one_of(&["ada", "bob", "cleo", "nobody"]),
        }
    }

    fn track(&mut self) -> String {
        track_id(self.rng.random_range(0..ARTISTS), self.rng.random_range(0..TRACKS))
    }

    /// A moment of the last weeks, half an hour from every full hour before now: days and sittings
    /// end between two such moments, not while the servers are asked.
    fn moment(&mut self) -> Timestamp {
        let hours = self.rng.random_range(0..1_000);
        let before = Duration::from_secs(3_600 * hours + 1_800);
        let second = (Timestamp::now() - before).as_second();
        Timestamp::from_second(second).unwrap()
    }

    /// Tells the server that keeps listeners. What it refuses is refused for good reason, as what
    /// is about songs that went with somebody.
    async fn tell(&mut self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        self.happened.push(format!("{method} {path} {}", body.unwrap_or(&Value::Null)));
        let reply = self.kept.send(request(method, path, body)).await;
        assert!(reply.status.as_u16() < 500, "{}: {}", self.so_far(), reply.text());
        reply
    }

    async fn post(&mut self, path: &str, body: &Value) -> Reply {
        self.tell(Method::POST, path, Some(body)).await
    }

    fn so_far(&self) -> String {
        let happened = self.happened.join("\n");
        format!("season {}, in which this happened:\n{happened}\n", self.seed)
    }

    fn a_play(&mut self) -> Value {
        let end = self.one_of(&["finished", "skipped", "stopped", "unknown"]);
        let mut play = json!({"track": self.track(), "end": end});
        if self.rng.random_bool(0.6) {
            play["at"] = json!(self.moment());
        }
        if self.rng.random_bool(0.3) {
            play["ms_played"] = json!(self.rng.random_range(0..200_000));
        }
        if self.rng.random_bool(0.2) {
            play["device"] = json!("car");
        }
        if self.rng.random_bool(0.2) {
            play["context"] = json!("playlist:sleep");
        }
        play
    }

    /// A play, sometimes one that is told twice or under the name of what was told before.
    async fn play(&mut self) {
        let (who, mut play) = (self.who(), self.a_play());
        let is_named = self.rng.random_bool(0.5);
        if is_named {
            play["client_id"] = json!(format!("play {}", self.rng.random_range(0..6)));
        }
        for _ in 0..self.rng.random_range(1..3) {
            self.post(&format!("/v1/listeners/{who}/listens"), &play).await;
        }
    }

    /// An opinion on a song or an artist, through `/v1`, on the page or by a client of gorse.
    async fn say(&mut self) {
        let who = self.who();
        let kind = self.one_of(&["like", "dislike", "ban", "saved", "cleared"]);
        let (song, artist) = (self.track(), artist(self.rng.random_range(0..ARTISTS)));
        let field = if self.rng.random_bool(0.6) {
            format!("track={song}")
        } else {
            format!("artist={artist}")
        };
        match self.rng.random_range(0..4) {
            0 => self.say_on_page(who, &field, kind).await,
            1 => {
                let kind = self.one_of(&["star", "dislike", "save", "ban", "skip", "finish"]);
                let row = json!([{"FeedbackType": kind, "UserId": who, "ItemId": song}]);
                self.post("/api/feedback", &row).await;
                if ["star", "dislike", "ban"].contains(&kind) && self.rng.random_bool(0.3) {
                    let path = format!("/api/feedback/{kind}/{who}/{song}");
                    self.tell(Method::DELETE, &path, None).await;
                }
            }
            _ => {
                let (target, value) = field.split_once('=').unwrap();
                let said = json!({target: value, "kind": kind});
                self.post(&format!("/v1/listeners/{who}/feedback"), &said).await;
            }
        }
        if ["ban", "dislike"].contains(&kind) {
            self.rejected.push((who, field));
        }
    }

    async fn say_on_page(&mut self, who: &str, field: &str, kind: &str) {
        let fields = format!("{field}&kind={kind}").replace(' ', "+");
        self.happened.push(format!("{who} says on the page {fields}"));
        let form = Request::post(format!("/listeners/{who}/feedback"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(fields));
        let reply = self.kept.send(form.unwrap()).await;
        assert!(reply.status.is_redirection(), "{}: {}", self.so_far(), reply.text());
    }

    /// What was not wanted is taken back, as the page undoes it.
    async fn take_back(&mut self) {
        let Some((who, field)) = self.rejected.choose(&mut self.rng).cloned() else { return };
        self.say_on_page(who, &field, "cleared").await;
        self.compare(who).await;
    }

    /// What several listeners did, in one request.
    async fn tell_of_several(&mut self) {
        let (ada, bob) = (self.a_play(), self.a_play());
        let artist = artist(self.rng.random_range(0..ARTISTS));
        let events = json!([
            {"listener": self.who(), "listen": ada},
            {"listener": self.who(), "listen": bob},
            {"listener": self.who(), "feedback": {"artist": artist, "kind": "like"}},
        ]);
        self.post("/v1/events", &events).await;
    }

    async fn exclude(&mut self) {
        let (who, from) = (self.who(), self.moment());
        let what = match self.rng.random_range(0..6) {
            0 => json!({"period": {"from": from, "to": from + Duration::from_secs(200_000)}}),
            1 => json!({"device": "car"}),
            2 => json!({"context": "playlist:sleep"}),
            3 => json!({"artist": artist(self.rng.random_range(0..ARTISTS))}),
            _ => json!({"track": self.track()}),
        };
        self.post(&format!("/v1/listeners/{who}/exclusions"), &what).await;
    }

    /// An exclusion is taken back, and sometimes another one takes its place at once.
    async fn include_again(&mut self) {
        let path = format!("/v1/listeners/{}/exclusions", self.who());
        let listed = self.kept.get(&path).await.ok();
        let listed = listed["exclusions"].as_array().unwrap().iter();
        let numbers: Vec<i64> = listed.filter_map(|one| one["id"].as_i64()).collect();
        let Some(number) = numbers.choose(&mut self.rng) else { return };
        self.tell(Method::DELETE, &format!("{path}/{number}"), None).await;
        if self.rng.random_bool(0.5) {
            let track = self.track();
            self.post(&path, &json!({"track": track})).await;
        }
    }

    /// A scrobbler tells of a play, of a song that the catalogue has or of another one.
    async fn scrobble(&mut self) {
        let (who, began) = (self.who(), self.moment());
        let (by, number) = (self.rng.random_range(0..ARTISTS), self.rng.random_range(0..TRACKS));
        let is_new = self.rng.random_bool(0.3);
        let title = if is_new { format!("New {number}") } else { format!("Song {by:02}.{number}") };
        let metadata = json!({"artist_name": artist(by), "track_name": &title});
        let listen = json!({"listened_at": began.as_second(), "track_metadata": metadata});
        self.scrobbler(
            who,
            "submit-listens",
            json!({"listen_type": "import", "payload": [listen]}),
        )
        .await;
        if is_new {
            self.make_popular(&[(title, artist(by))]).await;
        }
        self.scrobbled = Some(Scrobbled { who, track: track_id(by, number), began });
    }

    async fn scrobbler(&mut self, who: &str, path: &str, body: Value) {
        self.happened.push(format!("{who} {path} {body}"));
        let mut sent = request(Method::POST, &format!("/1/{path}"), Some(&body));
        sent.headers_mut().insert("authorization", format!("Token {who}").parse().unwrap());
        let reply = self.kept.send(sent).await;
        assert!(reply.status.as_u16() < 500, "{}: {}", self.so_far(), reply.text());
    }

    /// A player tells how long the play lasted that was scrobbled last: its row becomes another.
    async fn complete(&mut self) {
        let Some(Scrobbled { who, track, began }) = self.scrobbled.take() else { return };
        self.concerned = who;
        let end = self.one_of(&["finished", "skipped"]);
        let ms_played = if end == "finished" { 180_000 } else { 4_000 };
        let at = began + Duration::from_millis(ms_played);
        let play = json!({"track": track, "at": at, "end": end, "ms_played": ms_played});
        self.compare(who).await;
        self.post(&format!("/v1/listeners/{who}/listens"), &play).await;
        let path = format!("/v1/listeners/{who}/explanation?track={track}");
        self.compare_on(who, Method::GET, &path, None).await;
    }

    /// A scrobbler deletes a play.
    async fn delete_play(&mut self) {
        let who = self.who();
        let mut asked = request(Method::GET, &format!("/1/user/{who}/listens?count=5"), None);
        asked.headers_mut().insert("authorization", format!("Token {who}").parse().unwrap());
        let listed = self.kept.send(asked).await;
        if !listed.status.is_success() {
            return;
        }
        let listed = listed.json();
        let Some(play) = listed["payload"]["listens"].as_array().unwrap().choose(&mut self.rng)
        else {
            return;
        };
        let (at, msid) = (&play["listened_at"], &play["recording_msid"]);
        self.scrobbler(who, "delete-listen", json!({"listened_at": at, "recording_msid": msid}))
            .await;
    }

    /// A file is imported while mixes are made; sometimes something is played meanwhile.
    async fn import(&mut self) {
        let (who, plays) = (self.who(), self.rng.random_bool(0.5));
        let mut table = "track_name,artist_name,played_at,ms_played\n".to_owned();
        let mut songs = Vec::new();
        for _ in 0..self.rng.random_range(1..6) {
            let (by, number) = (self.rng.random_range(0..ARTISTS), self.rng.random_range(0..8));
            let (at, title) = (self.moment(), format!("Song {by:02}.{number}"));
            table += &format!("{title},{},{at},180000\n", artist(by));
            songs.push((title, artist(by)));
        }
        self.happened.push(format!("import for {who}: {table}"));
        let upload = Request::post(format!("/v1/imports?listener={who}")).body(table.into());
        let begun = self.kept.send(upload.unwrap()).await.ok();
        if plays {
            self.play().await;
        }
        let path = format!("/v1/imports/{}", begun["id"].as_str().unwrap());
        while self.kept.get(&path).await.json()["state"] != "done" {
            for who in LISTENERS {
                // One that is logged would make a listener of somebody unknown, and who there is
                // counts in what is popular.
                self.kept.get(&format!("/v1/listeners/{who}/mix/preview?length=3")).await.ok();
            }
        }
        if plays {
            // It may have come after the snapshot that the import takes.
            self.kept.app.build().await.unwrap();
        }
        self.fresh.app.build().await.unwrap();
        self.compare(who).await;
        self.make_popular(&songs).await;
        self.build().await;
    }

    /// Says of songs that many play them. What nobody plays is named for some listeners alone, and
    /// by design not before a new pool is due.
    async fn make_popular(&mut self, songs: &[(String, String)]) {
        let described = songs
            .iter()
            .map(|(title, by)| json!({"title": title, "artists": [by], "popularity": 0.5}));
        self.post("/v1/tracks", &Value::Array(described.collect())).await;
    }

    /// Both take a snapshot.
    async fn build(&self) {
        self.kept.app.build().await.unwrap();
        self.fresh.app.build().await.unwrap();
    }

    async fn train(&mut self) {
        self.post("/v1/models/train", &json!({})).await;
        self.fresh.app.build().await.unwrap();
    }

    async fn swap_model(&mut self) {
        let listed = self.kept.get("/v1/models").await.ok();
        let models = listed["models"].as_array().unwrap();
        let version = models.choose(&mut self.rng).map(|model| model["version"].clone());
        let swapped = match version {
            Some(version) if self.rng.random_bool(0.6) => {
                let path = format!("/v1/models/{}/activate", version.as_str().unwrap());
                self.post(&path, &json!({})).await
            }
            _ => self.post("/v1/models/rollback", &json!({})).await,
        };
        if swapped.status.is_success() {
            let path =
                format!("/v1/models/{}/activate", swapped.json()["version"].as_str().unwrap());
            self.fresh.post(&path, &json!({})).await.ok();
        }
    }

    /// Somebody is forgotten, and models with them. Most often there is soon another one.
    async fn forget(&mut self) {
        let path = format!("/v1/listeners/{}", self.who());
        self.tell(Method::DELETE, &path, None).await;
        self.fresh.app.build().await.unwrap();
        if self.rng.random_bool(0.7) {
            self.train().await;
        }
    }

    /// Something becomes known of a song, or set by hand.
    async fn describe(&mut self) {
        let track = self.track();
        if self.rng.random_bool(0.5) {
            let set = json!({"features": {"tempo": self.rng.random_range(60..200)}});
            self.tell(Method::PUT, &format!("/v1/tracks/{track}/overrides"), Some(&set)).await;
        } else {
            let number = self.rng.random_range(0..20);
            let by = artist(self.rng.random_range(0..ARTISTS));
            let (id, title) = (format!("n{number}"), format!("Late {number}"));
            let song = json!([{"id": id, "title": title, "artists": [by], "popularity": 0.5}]);
            self.post("/v1/tracks", &song).await;
        }
        self.build().await;
    }

    /// Lists are made and looked at, so that what is on them was shown.
    async fn open_lists(&mut self) {
        let path = format!("/v1/listeners/{}/lists", self.who());
        let made = self.post(&format!("{path}/refresh"), &json!({})).await.json();
        let lists = made["lists"].as_array().into_iter().flatten();
        let numbers: Vec<i64> = lists.filter_map(|made| made["list"]["id"].as_i64()).collect();
        let Some(number) = numbers.choose(&mut self.rng) else { return };
        self.tell(Method::GET, &format!("{path}/{number}"), None).await;
    }

    /// A mix that nobody compares.
    async fn look(&mut self) {
        let path = format!("/v1/listeners/{}/mixes", self.anybody());
        let shape = self.a_mix();
        self.post(&path, &shape).await;
    }

    fn a_mix(&mut self) -> Value {
        let policy = self.one_of(&PolicyKind::ALL).name();
        json!({
            "explore": self.one_of(&[0.0, 0.3, 0.7, 1.0]),
            "length": self.one_of(&[1, 4, 6, 8, 12, 60]),
            "policy": policy,
            "seed": self.rng.random_range(0..1_000),
            "no_repeat_days": self.one_of(&[0, 1, 30]),
            "artist_cap": self.one_of(&[1, 3, 99]),
            "album_cap": self.one_of(&[2, 99]),
            "familiarity": self.one_of(&["any", "any", "owned", "heard", "new"]),
        })
    }

    /// Asks both servers the same, and expects the same of them.
    async fn compare(&mut self, who: &str) {
        self.happened.push(format!("the same of {who}"));
        let path = format!("/v1/listeners/{who}/mixes");
        for _ in 0..3 {
            let shape = self.a_mix();
            self.compare_on(who, Method::POST, &path, Some(&shape)).await;
        }
        let (one, other) = (self.track(), self.track());
        let seed = self.rng.random_range(0..1_000);
        for path in [
            format!("/v1/listeners/{who}/explanation?track={one}"),
            format!("/v1/listeners/{who}/explanation?track={other}"),
            format!("/v1/listeners/{who}/taste"),
            format!("/v1/listeners/{who}/history?time_zone=UTC"),
            format!("/v1/tracks/{one}/similar"),
            format!("/v1/path?from={one}&to={other}&count=5"),
            format!("/?explore=0.5&seed={seed}"),
            format!("/mix?explore=0.5&seed={seed}"),
            format!("/tracks/{one}"),
            format!("/artists/{}", artist(3).replace(' ', "%20")),
            "/taste".to_owned(),
        ] {
            if self.rng.random_bool(0.3) {
                self.compare_on(who, Method::GET, &path, None).await;
            }
        }
    }

    async fn compare_on(&self, who: &str, method: Method, path: &str, body: Option<&Value>) {
        let asked = || {
            let mut asked = request(method.clone(), path, body);
            let cookie = format!("segue_listener={who}").parse().unwrap();
            asked.headers_mut().insert(header::COOKIE, cookie);
            // What a page shows early is not logged, so that it has no number.
            asked.headers_mut().insert("sec-purpose", "prefetch".parse().unwrap());
            asked
        };
        let begun = Timestamp::now().as_second();
        let kept = self.kept.send(asked()).await;
        let fresh = self.fresh.send(asked()).await;
        let is_of_one_second = Timestamp::now().as_second() == begun;
        let asked = format!("{who} {path} {}", body.unwrap_or(&Value::Null));
        assert_eq!(kept.status, fresh.status, "{}{asked}\n{}", self.so_far(), kept.text());
        let difference = match serde_json::from_slice::<Value>(&kept.body) {
            Ok(answer) => difference(&answer, &fresh.json(), "answer"),
            Err(_) => difference(&json!(kept.text()), &json!(fresh.text()), "page"),
        };
        // What was just played twice counts less than two plays a second later.
        if let Some(difference) = difference.filter(|_| is_of_one_second) {
            panic!("{}asked by {asked}, they differ in {difference}", self.so_far());
        }
    }
}

/// What differs by design: a mix has a number and a moment of its own, its tracks were named by the
/// sources that there were when the pool was gathered, and of what a pool holds in vain there may
/// be more in it.
const OWN: [&str; 5] = [
    "answer.id",
    "answer.at",
    "answer.picks[].sources",
    "answer.error.hint",
    "answer.error.message",
];

/// In the sentence that tells how many candidates there were, as many as were gathered.
const OF_POOL: &str = "tracks were looked at closely";

/// Where two answers differ.
fn difference(kept: &Value, fresh: &Value, place: &str) -> Option<String> {
    match (kept, fresh) {
        _ if OWN.contains(&place) => None,
        (Value::Object(one), Value::Object(other)) => {
            let mut names = one.keys().chain(other.keys());
            names.find_map(|name| difference(&kept[name], &fresh[name], &format!("{place}.{name}")))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other);
            pairs.find_map(|(one, other)| difference(one, other, &format!("{place}[]")))
        }
        (Value::Number(one), Value::Number(other)) if is_near(one, other) => None,
        (Value::String(one), Value::String(other)) if place == "page" => {
            let mut lines = one.split('<').zip(other.split('<'));
            let differs = lines.find(|(one, other)| one != other && !one.contains(OF_POOL));
            differs.map(|(one, other)| format!("the page: `{one}`, fresh `{other}`"))
        }
        _ if kept == fresh => None,
        _ => Some(format!("{place}: {kept}, fresh {fresh}")),
    }
}

fn is_near(one: &serde_json::Number, other: &serde_json::Number) -> bool {
    let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
    (one - other).abs() <= TOLERANCE * one.abs().max(other.abs())
}
