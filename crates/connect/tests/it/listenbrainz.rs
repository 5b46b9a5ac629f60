//! The API of ListenBrainz: pulling plays, playlists, and servers that ask for patience.

use std::sync::atomic::{AtomicUsize, Ordering};

use segue_connect::{ConnectError, ListenBrainz};
use segue_core::{ListenerId, Record, Secret, Timestamp};
use serde_json::{Value, json};

use crate::fake::{Asked, Fake, Reply};
use crate::subsonic::quick;

const TOKEN: &str = "11111111-2222-3333-4444-555555555555";

fn client(fake: &Fake) -> ListenBrainz {
    let address = fake.address.parse().unwrap();
    ListenBrainz::new(quick(), address, "ann & co".to_owned(), Secret::new(TOKEN))
}

/// When tests begin to count, in seconds since 1970.
const BEGIN: i64 = 1_700_000_000;

fn play(second: i64) -> Value {
    let track = json!({"artist_name": "A", "track_name": second.to_string()});
    json!({"listened_at": second, "track_metadata": track})
}

/// A server with plays at these seconds, which gives at most three at a time.
fn plays(seconds: &'static [i64]) -> Fake {
    Fake::start(move |asked| {
        let after = asked.number("min_ts") as i64;
        let seconds = seconds.iter().map(|second| BEGIN + second);
        let mut next: Vec<i64> = seconds.filter(|at| *at > after).collect();
        next.sort_unstable();
        let page: Vec<Value> = next.into_iter().take(3).rev().map(play).collect();
        Reply::json(&json!({"payload": {"count": page.len(), "listens": page}}))
    })
}

/// All that is pulled, from a moment on.
fn pull(fake: &Fake, mut after: Option<Timestamp>) -> (Vec<i64>, Option<Timestamp>) {
    let mut found = Vec::new();
    loop {
        let page = client(fake).listens_after(&ListenerId::new("ann"), after).unwrap();
        assert!(page.report.adds_up());
        found.extend(page.listens.iter().map(|record| match record {
            Record::Listen { listen, .. } => listen.at.unwrap().as_second() - BEGIN,
            other => panic!("{other:?}"),
        }));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    found.sort_unstable();
    found.dedup();
    (found, after)
}

#[test]
fn plays_are_pulled_from_the_oldest_on_and_later_only_what_has_come() {
    static SECONDS: [i64; 8] = [100, 200, 300, 300, 400, 500, 600, 700];
    let fake = plays(&SECONDS);
    let (found, upto) = pull(&fake, None);
    assert_eq!(found, [100, 200, 300, 400, 500, 600, 700]);
    let first = &fake.asked()[0];
    assert_eq!(first.path, "/1/user/ann%20%26%20co/listens");
    assert_eq!((first.field("min_ts"), first.field("max_ts")), (Some("1"), None));
    let (again, _) = pull(&fake, upto);
    assert_eq!((again, upto.unwrap().as_second()), (vec![], BEGIN + 700));
    let (rest, _) = pull(&fake, Some(Timestamp::from_second(BEGIN + 450).unwrap()));
    assert_eq!(rest, [500, 600, 700]);
    assert_eq!(pull(&plays(&[]), None), (vec![], None));
}

#[test]
fn the_token_is_in_a_header_and_in_nothing_that_is_said() {
    let fake = Fake::start(|asked| {
        let token =
            asked.headers.iter().find(|one| one.to_lowercase().starts_with("authorization"));
        Reply::Say(401, Vec::new(), json!({"error": token}).to_string().into_bytes())
    });
    let error = client(&fake).validate().unwrap_err();
    assert!(
        matches!(error, ConnectError::NotAccepted { .. }) && !format!("{error:?}").contains(TOKEN)
    );
    let asked = &fake.asked()[0];
    assert!(asked.headers.iter().any(|one| one.ends_with(&format!("Token {TOKEN}"))));
    assert!(!asked.line.contains(TOKEN));
}

#[test]
fn a_token_has_to_be_that_of_the_user() {
    let says = |said: Value| client(&Fake::start(move |_| Reply::json(&said))).validate();
    assert!(says(json!({"valid": true, "user_name": "Ann & Co"})).is_ok());
    let other = says(json!({"valid": true, "user_name": "bob"})).unwrap_err();
    assert!(other.to_string().contains("`bob`"), "{other}");
    assert!(says(json!({"valid": false})).is_err());
}

#[test]
fn a_server_that_asks_for_patience_gets_it() {
    let asked = AtomicUsize::new(0);
    let fake = Fake::start(move |_| match asked.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::Say(429, vec!["Retry-After: 0".to_owned()], Vec::new()),
        1 => Reply::Say(503, vec!["X-RateLimit-Reset-In: 0.1".to_owned()], Vec::new()),
        _ => {
            let headers = ["X-RateLimit-Remaining: 0", "X-RateLimit-Reset-In: 1"];
            let said = json!({"valid": true, "user_name": "ann & co"}).to_string();
            Reply::Say(200, headers.map(str::to_owned).to_vec(), said.into_bytes())
        }
    });
    let begun = std::time::Instant::now();
    client(&fake).validate().unwrap();
    assert_eq!(fake.asked().len(), 3);
    assert!(begun.elapsed().as_millis() >= 1_100, "it waited as it was asked to");

    let long = |headers: Vec<String>| {
        let fake = Fake::start(move |_| Reply::Say(429, headers.clone(), Vec::new()));
        let error = client(&fake).validate().unwrap_err();
        (fake.asked().len(), error)
    };
    let (times, error) = long(vec!["Retry-After: 3600".to_owned()]);
    assert!(times == 1 && matches!(error, ConnectError::Busy { seconds: 3_600, .. }), "{error}");
    let (times, error) = long(vec!["Retry-After: 0".to_owned()]);
    assert!(times == 5 && matches!(error, ConnectError::Status { status: 429, .. }), "{error}");
    assert_eq!(long(Vec::new()).0, 1, "who does not say how long is not asked again");
}

#[test]
fn what_is_no_answer_of_such_a_server_is_told() {
    let error = |reply: fn() -> Reply| {
        let fake = Fake::start(move |_| reply());
        client(&fake).listens_after(&ListenerId::new("ann"), None).unwrap_err()
    };
    let page = error(|| Reply::text("text/html", "<html>log in</html>"));
    assert!(matches!(page, ConnectError::WebPage { .. }));
    let odd = error(|| Reply::json(&json!({"payload": {}})));
    assert!(matches!(odd, ConnectError::Unreadable { .. }));
    let gone = error(|| Reply::Say(404, Vec::new(), br#"{"error": "no such user"}"#.to_vec()));
    assert!(gone.to_string().contains("no such user"), "{gone}");
    let hanging = error(|| Reply::Hang);
    assert!(matches!(hanging, ConnectError::TimedOut { .. }));
}

#[test]
fn a_playlist_is_made_of_recordings_and_replaced_without_ever_being_empty() {
    let fake = Fake::start(|asked: &Asked| match asked.path.as_str() {
        "/1/playlist/create" => Reply::json(&json!({"status": "ok", "playlist_mbid": "p1"})),
        "/1/playlist/p1" => Reply::json(&json!({"playlist": {"track": [{}, {}]}})),
        "/1/playlist/gone" => Reply::Say(404, Vec::new(), b"{}".to_vec()),
        _ => Reply::json(&json!({"status": "ok"})),
    });
    let recordings: Vec<String> = (0..150).map(|i| format!("r{i}")).collect();
    let server = client(&fake);
    assert_eq!(server.create_playlist("Today", &recordings).unwrap(), "p1");
    assert_eq!(server.playlist_length("p1").unwrap(), Some(2));
    assert_eq!(server.playlist_length("gone").unwrap(), None);
    server.replace_playlist("p1", 2, &recordings[..1]).unwrap();

    let asked = fake.asked();
    let body = |i: usize| -> Value { serde_json::from_str(&asked[i].body).unwrap() };
    let made = &body(0)["playlist"];
    assert_eq!(made["title"], "Today");
    assert_eq!(made["extension"]["https://musicbrainz.org/doc/jspf#playlist"]["public"], false);
    assert_eq!(made["track"][0]["identifier"][0], "https://musicbrainz.org/recording/r0");
    let length = |i: usize| body(i)["playlist"]["track"].as_array().unwrap().len();
    assert_eq!((length(0), length(1)), (100, 50));
    let paths: Vec<&str> = asked.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths[4..], ["/1/playlist/p1/item/add", "/1/playlist/p1/item/delete"]);
    assert_eq!(body(5), json!({"index": 0, "count": 2}));
}
