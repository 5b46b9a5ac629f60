//! The submission protocol of Audioscrobbler, as its clients use it.

use axum::body::Body;
use axum::http::{Method, Request};
use segue_core::{FeedbackKind, FeedbackTarget, Listen, ListenerId, Source, Timestamp};
use serde_json::json;

use crate::world::{Reply, Socket, World, request, track_id};

/// A time at which nobody of the world plays anything.
const EVENING: i64 = 1_780_000_000;
const MBID: &str = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae";

fn now() -> i64 {
    Timestamp::now().as_second()
}

fn md5(text: &str) -> String {
    format!("{:x}", md5::compute(text))
}

/// The address of a handshake.
fn handshake(place: &str, user: &str, key: &str, second: i64) -> String {
    let proof = md5(&format!("{}{second}", md5(key)));
    format!("{place}?hs=true&p=1.2.1&c=tst&v=1.0&u={user}&t={second}&a={proof}")
}

/// The session that a handshake begins.
async fn session(world: &World, user: &str, key: &str) -> String {
    let reply = world.get(&handshake("/audioscrobbler/", user, key, now())).await;
    let text = reply.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((reply.status.as_u16(), lines[0], lines.len()), (200, "OK", 4), "{text}");
    assert_eq!(lines[2], "http://localhost/audioscrobbler/nowplaying");
    assert_eq!(lines[3], "http://localhost/audioscrobbler/submissions");
    lines[1].to_owned()
}

async fn post(world: &World, path: &str, form: &str) -> Reply {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()));
    world.send(request.unwrap()).await
}

/// What a submission is answered with.
async fn submit(world: &World, session: &str, plays: &str) -> String {
    let form = format!("s={session}&{plays}");
    let reply = post(world, "/audioscrobbler/submissions", &form).await;
    assert_eq!(reply.status.as_u16(), 200, "{}", reply.text());
    reply.text()
}

/// A play as clients write it.
fn play(number: usize, artist: &str, title: &str, at: i64) -> String {
    let [a, t, i, o] = ["a", "t", "i", "o"].map(|name| format!("{name}%5B{number}%5D"));
    format!(
        "{a}={artist}&{t}={title}&{i}={at}&{o}=P&r[{number}]=&l[{number}]=&b[{number}]=&\
         n[{number}]=3&m[{number}]="
    )
}

fn plays(world: &World, who: &str) -> Vec<Listen> {
    world.store().all_listens(&ListenerId::new(who)).unwrap()
}

#[tokio::test]
async fn a_submission_is_on_disk_brings_its_track_and_counts_once() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let id = session(&world, "ann", &ann).await;
    let full = format!(
        "a[0]=Nina+Simone&t[0]=Sinnerman&i[0]={EVENING}&o[0]=Xsecret&r[0]=&l[0]=622&\
         b[0]=Pastel%20Blues&n[0]=10&m[0]={}",
        MBID.to_uppercase()
    );
    for _ in 0..2 {
        assert_eq!(submit(&world, &id, &full).await, "OK\n");
    }
    let played = plays(&world, "ann");
    assert_eq!(played.len(), 1, "{played:?}");
    assert_eq!((played[0].source, played[0].skipped), (Source::LastFm, None));
    assert_eq!(played[0].at.map(Timestamp::as_second), Some(EVENING));
    let track = world.store().track(&played[0].track).unwrap().unwrap();
    assert_eq!(
        (track.title.as_str(), &*track.artists, track.album.as_deref()),
        ("Sinnerman", &["Nina Simone".to_owned()][..], Some("Pastel Blues"))
    );
    assert_eq!((track.recording_mbid.as_deref(), track.duration_ms()), (Some(MBID), Some(622_000)));
    let bytes = std::fs::read(world.library().join("segue.db-wal")).unwrap();
    assert!(!bytes.windows(7).any(|found| found == b"Xsecret"), "where it came from is not read");
}

#[tokio::test]
async fn fifty_plays_come_at_once_and_an_export_of_them_adds_none() {
    let world = World::new().await;
    let id = session(&world, "me", "nothing").await;
    let batch = |count: usize| -> String {
        let plays = (0..count)
            .map(|n| play(n, "Artist", &format!("Song+{}", n % 7), EVENING + 300 * n as i64));
        plays.collect::<Vec<_>>().join("&")
    };
    assert_eq!(submit(&world, &id, &batch(51)).await, "FAILED 50 plays are the most\n");
    assert_eq!(submit(&world, &id, &batch(50)).await, "OK\n");
    assert_eq!(plays(&world, "me").len(), 50);
    let mut export =
        "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n".to_owned();
    for n in 0..50 {
        export += &format!("{},,Artist,,,,Song {},\n", EVENING + 300 * n, n % 7);
    }
    let import = world.import("?listener=me", export).await;
    assert_eq!(import["state"], "done", "{import}");
    let listens = (0..50).map(|n| {
        let metadata = json!({"artist_name": "Artist", "track_name": format!("Song {}", n % 7)});
        json!({"listened_at": EVENING + 300 * n, "track_metadata": metadata})
    });
    let body = json!({"listen_type": "import", "payload": listens.collect::<Vec<_>>()});
    let mut told = request(Method::POST, "/1/submit-listens", Some(&body));
    told.headers_mut().insert("authorization", "Token me".parse().unwrap());
    world.send(told).await.ok();
    assert_eq!(plays(&world, "me").len(), 50, "whichever way they come");
}

#[tokio::test]
async fn ratings_are_a_like_a_ban_and_a_skip() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let id = session(&world, "ann", &ann).await;
    let rated: Vec<String> = ["L", "B", "S", "?"]
        .iter()
        .enumerate()
        .map(|(n, rating)| {
            let bare = play(n, "Artist", &format!("Song+{n}"), EVENING + 300 * n as i64);
            format!("{bare}&r[{n}]={rating}")
        })
        .collect();
    for _ in 0..2 {
        assert_eq!(submit(&world, &id, &rated.join("&")).await, "OK\n");
    }
    let skipped: Vec<Option<bool>> = plays(&world, "ann").iter().map(|play| play.skipped).collect();
    assert_eq!(skipped, [None, Some(true), Some(true), None]);
    let said = world.store().feedback(&ListenerId::new("ann")).unwrap();
    let said: Vec<_> = said
        .iter()
        .map(|said| match &said.target {
            FeedbackTarget::Track(track) => {
                (world.store().track(track).unwrap().unwrap().title, said.kind)
            }
            FeedbackTarget::Artist(artist) => panic!("{artist}"),
        })
        .collect();
    let expected =
        [("Song 0".to_owned(), FeedbackKind::Like), ("Song 1".to_owned(), FeedbackKind::Ban)];
    assert_eq!(said, expected, "once, though it was sent twice");
}

#[tokio::test]
async fn a_play_that_cannot_be_kept_holds_up_none_behind_it() {
    let world = World::new().await;
    let id = session(&world, "ada", "").await;
    let before = plays(&world, "ada").len();
    let long = "x".repeat(600);
    let batch = [
        play(0, "Artist", "Song", 5),
        play(1, "Artist", "Song", now() + 86_400),
        play(2, "Artist", &long, EVENING),
        play(3, "Artist", "", EVENING),
        play(4, "", "Song", EVENING),
        "a[5]=Artist&t[5]=Song&i[5]=tomorrow".to_owned(),
        "a[6]=Artist&t[6]=Song".to_owned(),
        "a[7]=A%00B&t[7]=%ff%fe&i[7]=1".to_owned(),
        format!("a[8]=Artist&t[8]=Song&i[8]={EVENING}&l[8]=-4&m[8]=no+mbid"),
    ];
    assert_eq!(submit(&world, &id, &batch.join("&")).await, "OK\n");
    assert_eq!(plays(&world, "ada").len(), before + 1);
    assert_eq!(submit(&world, &id, "x=1").await, "FAILED there is no play in it\n");
}

#[tokio::test]
async fn handshakes_prove_the_key_and_the_time() {
    let (world, [ann, bob]) = World::with_tokens(["ann", "bob"]).await;
    let keeper = world.add_key("keeper", segue_server::Scope::Admin);
    let open = Socket::of(&world.app).await;
    let mut asked = 401;
    while asked == 401 {
        let mut known = request(Method::GET, "/v1/listeners", None);
        known.headers_mut().insert("x-api-key", keeper.parse().unwrap());
        asked = world.send(known).await.status.as_u16();
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let place = "/audioscrobbler/";
    for (user, key, second, answer) in [
        ("ann", ann.as_str(), now(), "OK"),
        ("ann", &ann, now() - 200, "OK"),
        ("bob", &ann, now(), "BADAUTH"),
        ("ann", &bob, now(), "BADAUTH"),
        ("ann", &keeper, now(), "BADAUTH"),
        ("keeper", &keeper, now(), "BADAUTH"),
        ("nobody", &ann, now(), "BADAUTH"),
        ("ann", &ann, now() - 900, "BADTIME"),
        ("ann", &ann, now() + 900, "BADTIME"),
        ("ann", "", now() - 900, "BADAUTH"),
    ] {
        let reply = world.get(&handshake(place, user, key, second)).await;
        assert_eq!(reply.text().lines().next(), Some(answer), "{user} {second}");
        assert_eq!(reply.status.as_u16(), 200);
    }
    let right = handshake(place, "ann", &ann, now());
    for (from, to) in [("hs=true", "hs=1"), ("p=1.2.1", "p=1.1"), ("&u=ann", ""), ("&a=", "&b=")] {
        let reply = world.get(&right.replace(from, to)).await;
        assert!(reply.text().starts_with("FAILED "), "{from}: {}", reply.text());
    }
    assert!(world.get(&right.replace("p=1.2.1", "p=1.2")).await.text().starts_with("OK\n"));
    open.stopped().await;
}

#[tokio::test]
async fn handshakes_find_their_place_from_the_root_and_the_page_stays_where_it_is() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    for place in ["/", "/audioscrobbler", "/audioscrobbler//", "//"] {
        let reply = world.get(&handshake(place, "ann", &ann, now())).await;
        assert!(reply.text().starts_with("OK\n"), "{place}: {}", reply.text());
    }
    let mut proxied = request(Method::GET, &handshake("/", "ann", &ann, now()), None);
    proxied.headers_mut().insert("host", "music.example:8443".parse().unwrap());
    proxied.headers_mut().insert("x-forwarded-proto", "https".parse().unwrap());
    let told = world.send(proxied).await.text();
    assert!(told.contains("\nhttps://music.example:8443/audioscrobbler/submissions\n"), "{told}");
    assert_eq!(world.get("/").await.status.as_u16(), 401, "the page asks for a key");
    assert_eq!(world.get("/?hs=false").await.status.as_u16(), 401);
    assert_eq!(world.get("/taste?hs=true").await.status.as_u16(), 401);
    let page = World::new().await.get("/").await;
    assert!(page.status.is_success() && page.text().contains("<html"), "{}", page.text());
}

#[tokio::test]
async fn a_session_that_is_unknown_or_whose_key_is_gone_shakes_hands_again() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let id = session(&world, "ann", &ann).await;
    let one = play(0, "Artist", "Song", EVENING);
    for unknown in ["", "0123456789abcdef0123456789abcdef", &ann, &id.to_uppercase()] {
        assert_eq!(submit(&world, unknown, &one).await, "BADSESSION\n");
        let form = format!("s={unknown}&a=Artist&t=Song");
        let now = post(&world, "/audioscrobbler/nowplaying", &form).await;
        assert_eq!(now.text(), "BADSESSION\n");
    }
    let open = Socket::of(&world.app).await;
    world.store().revoke_key("ann's", Timestamp::now()).unwrap();
    let mut answer = submit(&world, &id, &one).await;
    while answer == "OK\n" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        answer = submit(&world, &id, &one).await;
    }
    assert_eq!(answer, "BADSESSION\n");
    let again = world.get(&handshake("/", "ann", &ann, now())).await;
    assert_eq!(again.text(), "BADAUTH\n");
    open.stopped().await;
}

#[tokio::test]
async fn without_keys_a_user_is_a_listener_who_is_known_and_a_key_ends_that() {
    let world = World::new().await;
    for (user, answer) in [("ada", "OK"), ("me", "OK"), ("adda", "BADAUTH"), ("", "FAILED")] {
        let reply = world.get(&handshake("/", user, "whatever", now())).await;
        assert!(reply.text().starts_with(answer), "{user}: {}", reply.text());
    }
    let id = session(&world, "bob", "whatever").await;
    let before = plays(&world, "bob").len();
    assert_eq!(submit(&world, &id, &play(0, "Artist", "Song", EVENING)).await, "OK\n");
    assert_eq!(plays(&world, "bob").len(), before + 1);
    world.delete("/v1/listeners/bob").await.ok();
    let again = submit(&world, &id, &play(0, "Artist", "Song", EVENING)).await;
    assert_eq!(again, "BADSESSION\n", "nobody who was forgotten is brought back");
    assert!(world.store().listener(&ListenerId::new("bob")).unwrap().is_none());
    let ada = session(&world, "ada", "whatever").await;
    world.add_key("keeper", segue_server::Scope::Admin);
    let open = Socket::of(&world.app).await;
    while submit(&world, &ada, &play(0, "Artist", "Song", EVENING)).await == "OK\n" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(submit(&world, &ada, &play(0, "A", "S", EVENING)).await, "BADSESSION\n");
    open.stopped().await;
}

#[tokio::test]
async fn what_plays_now_is_told_and_in_no_log() {
    let (world, [ann]) = World::with_tokens(["ann"]).await;
    let id = session(&world, "ann", &ann).await;
    let form = format!("s={id}&a=Artist&t=Song&b=Album&l=200&n=1&m=");
    let reply = post(&world, "/audioscrobbler/nowplaying", &form).await;
    assert_eq!((reply.status.as_u16(), reply.text().as_str()), (200, "OK\n"));
    let mut asked = request(Method::GET, "/1/user/ann/playing-now", None);
    asked.headers_mut().insert("authorization", format!("Token {ann}").parse().unwrap());
    let told = world.send(asked).await.ok();
    assert_eq!(told["payload"]["listens"][0]["track_metadata"]["track_name"], "Song");
    assert!(plays(&world, "ann").is_empty());
}

#[tokio::test]
async fn what_the_page_told_of_is_no_other_play() {
    let world = World::new().await;
    let at = Timestamp::from_second(EVENING + 180).unwrap();
    let told = json!({"track": track_id(3, 2), "end": "finished", "ms_played": 180_000, "at": at});
    world.post("/v1/listeners/ada/listens", &told).await.ok();
    let before = plays(&world, "ada").len();
    let id = session(&world, "ada", "").await;
    let scrobble = play(0, "Artist+03", "Song+03.2", EVENING);
    assert_eq!(submit(&world, &id, &scrobble).await, "OK\n");
    assert_eq!(plays(&world, "ada").len(), before);
}

#[tokio::test]
async fn what_is_turned_away_says_so_in_a_line() {
    let world = World::new().await;
    let large = format!("s=1&a[0]={}", "x".repeat(300 << 10));
    let reply = post(&world, "/audioscrobbler/submissions", &large).await;
    assert_eq!(reply.status.as_u16(), 413);
    assert!(reply.text().starts_with("FAILED ") && reply.text().lines().count() == 1);
    for (name, value) in [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")] {
        let mut handshake = request(Method::GET, &handshake("/", "ada", "", now()), None);
        let mut submission = Request::post("/audioscrobbler/submissions")
            .body(Body::from("s=1&a[0]=A&t[0]=S&i[0]=1"))
            .unwrap();
        for (request, method) in [(&mut handshake, "GET"), (&mut submission, "POST")] {
            request.headers_mut().insert(name, value.parse().unwrap());
            if (name, method) != ("origin", "GET") {
                let reply = world.send(std::mem::take(request)).await;
                assert_eq!(reply.status.as_u16(), 403, "{name} {method}: {}", reply.text());
            }
        }
    }
    let mut remote = request(Method::GET, &handshake("/", "ada", "", now()), None);
    remote.headers_mut().insert("host", "music.example".parse().unwrap());
    assert_eq!(world.send(remote).await.status.as_u16(), 421, "without keys, this machine only");
    let limited = World::with(|config| config.limits.rate = std::num::NonZeroU32::new(1)).await;
    let mut last = limited.get(&handshake("/", "ada", "", now())).await;
    while last.status.as_u16() == 200 {
        last = limited.get(&handshake("/", "ada", "", now())).await;
    }
    assert_eq!(last.status.as_u16(), 429);
    assert!(last.text().starts_with("FAILED ") && last.headers.contains_key("retry-after"));
}
