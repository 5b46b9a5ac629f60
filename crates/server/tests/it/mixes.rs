//! Mixes: made, logged as answered, made again by seed, and bounded by what was asked.

use std::collections::HashSet;
use std::sync::Arc;

use segue_core::{Enrolment, ListenerId, Secret, Timestamp, TrackId};
use segue_engine::experiment::{Arm, Design, Mode, Settings};
use segue_store::{ImpressionId, RemoteEntry, RemoteTrack, ServerConnection};
use serde_json::{Value, json};

use crate::world::{ARTISTS, FIRST, TRACKS, World, artist, ids, register, track_id};

const MIXES: &str = "/v1/listeners/ada/mixes";

#[tokio::test]
async fn a_mix_is_logged_with_the_propensities_that_were_answered() {
    let world = World::new().await;
    let mix = world.mix("ada", &json!({"length": 10, "explore": 0.5, "seed": 7})).await;
    assert_eq!(mix["picks"].as_array().unwrap().len(), 10);
    assert_eq!(
        (&mix["model"], &mix["seed"], &mix["listener"]),
        (&json!(FIRST), &json!("7"), &json!("ada"))
    );
    let logged =
        world.store().impression(ImpressionId(mix["id"].as_i64().unwrap())).unwrap().unwrap();
    assert!(logged.was_shown());
    assert_eq!(logged.slate.config.model, FIRST);
    let answered: Vec<(String, f64)> = mix["picks"].as_array().unwrap().iter().map(pick).collect();
    let on_disk: Vec<(String, f64)> =
        logged.slate.picks.iter().map(|pick| (pick.track.to_string(), pick.propensity)).collect();
    for ((answered, stated), (logged, propensity)) in answered.iter().zip(&on_disk) {
        // Read back from JSON, the last digit may differ.
        assert!(answered == logged && (stated - propensity).abs() < 1e-15, "{stated} {propensity}");
    }
    assert!(on_disk.iter().all(|(_, propensity)| *propensity > 0.0 && *propensity <= 1.0));
    let shown_again = world.get(&format!("/v1/mixes/{}", mix["id"])).await.ok();
    assert_eq!((ids(&shown_again), &shown_again["at"]), (ids(&mix), &mix["at"]));
    let whys = |mix: &Value| {
        mix["picks"].as_array().unwrap().iter().map(|pick| pick["why"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(whys(&shown_again), whys(&mix));
}

#[tokio::test]
async fn a_mix_by_words_is_of_what_they_mean_and_says_what_that_is() {
    let world = World::new().await;
    let words = "under 100 bpm, 1993-1997, glittering, half new, 8 songs";
    let mix = world.mix("ada", &json!({"prompt": words, "seed": 3})).await;
    assert_eq!((&mix["explore"], ids(&mix).len()), (&json!(0.5), 8));
    for pick in mix["picks"].as_array().unwrap() {
        let year = pick["track"]["year"].as_u64().unwrap();
        let tempo = pick["track"]["features"]["tempo"].as_f64().unwrap();
        assert!((1993..=1997).contains(&year) && tempo <= 100.0, "{year} {tempo}");
    }
    let reading = &mix["prompt"];
    assert_eq!(reading["not_understood"], json!(["glittering"]));
    assert_eq!(
        reading["understood"][1],
        json!({"words": "1993-1997", "meaning": "released 1993 to 1997", "tracks": 25})
    );

    let fixed = world.mix("ada", &json!({"prompt": "half new", "explore": 0.1})).await;
    assert_eq!(fixed["explore"], json!(0.1), "what is said beside the words wins");
    assert!(fixed["prompt"]["understood"][0]["set_aside"].is_string());
    assert!(world.mix("ada", &json!({})).await.get("prompt").is_none());

    let preview = "/v1/listeners/ada/mix/preview?prompt=1993-1997,+8+songs";
    assert_eq!(world.get(preview).await.ok()["length"], json!(8));
}

#[tokio::test]
async fn words_that_nothing_fits_are_an_error_that_says_why() {
    let world = World::new().await;
    let error = |words: String| {
        let world = &world;
        async move { world.post(MIXES, &json!({"prompt": words})).await.error() }
    };
    assert_eq!(error("glittering".to_owned()).await, (400, "bad_prompt".to_owned()));
    let reply = world.post(MIXES, &json!({"prompt": "1993, over 150 bpm"})).await;
    assert!(reply.text().contains("“1993” 5 tracks, “over 150 bpm” 0 tracks"), "{}", reply.text());
    assert_eq!(error(" ".to_owned()).await, (400, "bad_name".to_owned()));
    assert_eq!(error("a".repeat(5_000)).await, (400, "bad_name".to_owned()));
    let page = world.get("/mix?prompt=glittering").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("None of this is understood"), "{}", page.text());
}

fn pick(pick: &Value) -> (String, f64) {
    (pick["track"]["id"].as_str().unwrap().to_owned(), pick["propensity"].as_f64().unwrap())
}

#[tokio::test]
async fn the_same_seed_gives_the_same_mix_and_another_seed_another() {
    let world = World::new().await;
    let asked = |seed: u64| json!({"length": 20, "explore": 0.7, "seed": seed});
    let (first, again) = (world.mix("ada", &asked(1)).await, world.mix("ada", &asked(1)).await);
    assert_eq!(first["picks"], again["picks"]);
    assert_ne!(first["id"], again["id"], "each is an impression of its own");
    assert_ne!(ids(&first), ids(&world.mix("ada", &asked(2)).await));
    let unseeded = world.mix("ada", &json!({"length": 20, "explore": 0.7})).await;
    let seed: u64 = unseeded["seed"].as_str().unwrap().parse().unwrap();
    assert_eq!(
        ids(&unseeded),
        ids(&world.mix("ada", &asked(seed)).await),
        "the seed that was drawn can be used again"
    );
}

#[tokio::test]
async fn a_mix_keeps_to_the_filters() {
    let world = World::new().await;
    let wide =
        json!({"length": 60, "seed": 3, "artist_cap": 99, "album_cap": 99, "no_repeat_days": 0});
    let with = |more: Value| {
        let mut asked = wide.clone();
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let without = with(json!({"exclude_tracks": [track_id(5, 0)], "exclude_artists": [artist(6)]}));
    let found = ids(&world.mix("ada", &without).await);
    assert!(
        !found.contains(&track_id(5, 0)) && !found.iter().any(|id| id.starts_with("t06-")),
        "{found:?}"
    );
    let within = with(json!({"within": [track_id(5, 0), track_id(6, 1), "unheard of"]}));
    let found: HashSet<String> = ids(&world.mix("ada", &within).await).into_iter().collect();
    assert_eq!(found, HashSet::from([track_id(5, 0), track_id(6, 1)]));
    let new = world.mix("ada", &with(json!({"familiarity": "new"}))).await;
    assert!(new["picks"].as_array().unwrap().iter().all(|pick| pick["new_to_listener"] == true));
    assert!(ids(&new).iter().all(|id| id.as_str() >= "t08"), "artists 0 to 7 were played: {new}");
    let heard = world.mix("ada", &with(json!({"familiarity": "heard"}))).await;
    assert!(ids(&heard).iter().all(|id| id.as_str() < "t08"));
    let capped = ids(&world.mix("ada", &with(json!({"artist_cap": 1}))).await);
    let artists: HashSet<&str> = capped.iter().map(|id| &id[..3]).collect();
    assert_eq!((capped.len(), artists.len()), (ARTISTS, ARTISTS));
}

#[tokio::test]
async fn a_mix_of_what_is_on_a_server_holds_nothing_else_and_is_for_whoever_connected_it() {
    let world = World::new().await;
    let there = [track_id(5, 0), track_id(6, 1)];
    let connection = ServerConnection {
        name: "home".to_owned(),
        service: "subsonic".to_owned(),
        address: "http://nas:4533".to_owned(),
        user: "ada".to_owned(),
        access: "token".to_owned(),
        listener: ListenerId::new("ada"),
        lists_within: true,
        counts_plays: false,
        read_at: None,
        pushed_at: None,
        songs: 0,
        failure: None,
    };
    {
        let mut store = world.store();
        store.connect(&connection, &Secret::new("sesame")).unwrap();
        let entry = |id: &String| {
            let described = store.track(&TrackId::new(id.as_str())).unwrap().unwrap();
            let track = described.id.clone();
            let remote = RemoteTrack { remote: id.clone(), track, opinion: None, plays: 0 };
            RemoteEntry { remote, described, events: Vec::new() }
        };
        let entries = there.each_ref().map(entry);
        let forgotten = store.marks().unwrap().forgotten;
        store.take_in_remote("home", &entries, forgotten).unwrap();
    }
    let asked = json!({"on": "home", "no_repeat_days": 0});
    let found: HashSet<String> = ids(&world.mix("ada", &asked).await).into_iter().collect();
    assert_eq!(found, HashSet::from(there.clone()));
    let both = json!({"on": "home", "no_repeat_days": 0, "within": [there[0], track_id(7, 0)]});
    assert_eq!(ids(&world.mix("ada", &both).await), there[..1]);
    let unknown = (404, "unknown_connection".to_owned());
    let bobs = world.post("/v1/listeners/bob/mixes", &asked).await;
    assert_eq!(bobs.error(), unknown, "what is on the server of another is not told");
    assert_eq!(world.post(MIXES, &json!({"on": "work"})).await.error(), unknown);
}

#[tokio::test]
async fn a_mix_that_cannot_be_made_says_why() {
    let world = World::new().await;
    for (asked, expected) in [
        (json!({"explore": 1.5}), (400, "bad_mix")),
        (json!({"explore": -0.1}), (400, "bad_mix")),
        (json!({"explore": 1e300}), (400, "bad_body")),
        (json!({"length": 0}), (400, "bad_mix")),
        (json!({"length": 501}), (400, "bad_mix")),
        (json!({"length": u32::MAX}), (400, "bad_mix")),
        (json!({"artist_cap": 0}), (400, "bad_mix")),
        (json!({"policy": "roulette"}), (400, "bad_policy")),
        (json!({"familiarity": "odd"}), (422, "bad_body")),
        (json!({"seed": -1}), (422, "bad_body")),
        (json!({"sead": 1}), (422, "bad_body")),
        (json!({"within": ["unheard of"]}), (422, "nothing_eligible")),
        (json!({"exclude_tracks": vec!["x"; 20_001]}), (400, "too_many_names")),
    ] {
        let reply = world.post(MIXES, &asked).await;
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()), "{asked:.80}");
    }
    let long_name = "x".repeat(513);
    let reply = world.post(&format!("/v1/listeners/{long_name}/mixes"), &json!({})).await;
    assert_eq!(reply.error(), (400, "bad_name".to_owned()));
    for days in [0, 1, 100_000, u32::MAX] {
        world.mix("ada", &json!({"no_repeat_days": days, "familiarity": "new", "length": 1})).await;
    }
    assert_eq!(
        World::empty().await.post(MIXES, &json!({})).await.error(),
        (409, "no_model".to_owned())
    );
}

#[tokio::test]
async fn somebody_unknown_gets_a_mix_and_no_history() {
    let world = World::new().await;
    assert_eq!(ids(&world.mix("nobody%20yet", &json!({"length": 5})).await).len(), 5);
    let listens = world.get("/v1/listeners/nobody%20yet/listens").await.ok();
    assert_eq!(listens, json!({"listens": []}));
}

#[tokio::test]
async fn a_preview_is_not_logged() {
    let world = World::new().await;
    let before = world.store().status().unwrap().impressions;
    let known = world.get("/v1/listeners/ada/mix/preview?explore=0&length=10").await.ok();
    let unknown = world.get("/v1/listeners/ada/mix/preview?explore=1&length=10").await.ok();
    assert!(known["new_tracks"].as_u64() < unknown["new_tracks"].as_u64(), "{known} {unknown}");
    assert_eq!(world.store().status().unwrap().impressions, before);
    for (query, expected) in [
        ("explore=NaN", (400, "bad_mix")),
        ("explore=2", (400, "bad_mix")),
        ("length=501", (400, "bad_mix")),
        ("explore=0.5&length=-1", (400, "bad_query")),
    ] {
        let reply = world.get(&format!("/v1/listeners/ada/mix/preview?{query}")).await;
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn a_mix_can_be_taken_along_in_every_format() {
    let world = World::new().await;
    let mix = world.mix("ada", &json!({"length": 3, "seed": 1})).await;
    for (format, media) in [
        ("m3u8", "application/vnd.apple.mpegurl"),
        ("xspf", "application/xspf+xml"),
        ("jspf", "application/json"),
        ("csv", "text/csv; charset=utf-8"),
        ("uris", "text/plain; charset=utf-8"),
    ] {
        let reply = world
            .get(&format!("/v1/mixes/{}/playlist?format={format}&title=%3Cb%3E%0A%23x", mix["id"]))
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.headers["content-type"].to_str().unwrap()),
            (200, media)
        );
        assert!(reply.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        let left_out: usize = reply.headers["x-segue-left-out"].to_str().unwrap().parse().unwrap();
        assert!(left_out <= 3);
        assert!(!reply.text().contains("\n#x"), "a title must not begin a line: {}", reply.text());
    }
    let path = format!("/v1/mixes/{}/playlist", mix["id"]);
    assert_eq!(
        world.get(&format!("{path}?format=exe")).await.error(),
        (400, "bad_format".to_owned())
    );
    assert_eq!(world.get(&path).await.error(), (400, "bad_query".to_owned()));
    assert_eq!(world.get("/v1/mixes/999999").await.error(), (404, "unknown_mix".to_owned()));
    assert_eq!(world.get("/v1/mixes/-1").await.error(), (404, "unknown_mix".to_owned()));
    assert_eq!(world.get("/v1/mixes/x").await.error(), (400, "bad_path".to_owned()));
}

#[tokio::test]
async fn an_excluded_artist_teaches_nothing_until_it_is_included_again() {
    let world = World::new().await;
    let path = "/v1/listeners/ada/exclusions";
    let is_new = async || {
        let asked = json!({
            "length": 60, "seed": 1, "artist_cap": 99, "album_cap": 99, "no_repeat_days": 0,
        });
        let mix = world.mix("ada", &asked).await;
        let of_artist = |pick: &&Value| pick["track"]["id"].as_str().unwrap().starts_with("t03-");
        mix["picks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(of_artist)
            .all(|pick| pick["new_to_listener"] == true)
    };
    assert!(!is_new().await);
    let added = world.post(path, &json!({"artist": artist(3)})).await;
    assert_eq!(added.status.as_u16(), 201);
    let id = added.json()["id"].as_i64().unwrap();
    assert!(is_new().await, "from the very next mix on");
    let listed = world.get(path).await.ok();
    assert_eq!(listed["exclusions"], json!([{"id": id, "exclusion": {"artist": artist(3)}}]));
    assert_eq!(
        world.delete(&format!("/v1/listeners/bob/exclusions/{id}")).await.error(),
        (404, "unknown_exclusion".to_owned()),
        "it is not Bob's"
    );
    assert_eq!(world.delete(&format!("{path}/{id}")).await.status.as_u16(), 204);
    assert!(!is_new().await);
    assert_eq!(
        world.delete(&format!("{path}/{id}")).await.error(),
        (404, "unknown_exclusion".to_owned())
    );
}

#[tokio::test]
async fn every_kind_of_exclusion_is_taken_and_a_wrong_one_refused() {
    let world = World::new().await;
    let path = "/v1/listeners/ada/exclusions";
    for good in [
        json!({"period": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}}),
        json!({"device": "car"}),
        json!({"context": "playlist:sleep"}),
        json!({"track": track_id(0, 0)}),
        json!({"artist": artist(1)}),
    ] {
        assert_eq!(world.post(path, &good).await.status.as_u16(), 201, "{good}");
    }
    for (bad, expected) in [
        (
            json!({"period": {"from": "2026-02-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}}),
            (400, "bad_period"),
        ),
        (json!({"device": "toaster"}), (422, "bad_body")),
        (json!({"context": " "}), (400, "bad_name")),
        (json!({"track": "nowhere"}), (404, "unknown_track")),
        (json!({"artist": "a", "track": "b"}), (400, "bad_body")),
        (json!({}), (400, "bad_body")),
        (json!("car"), (422, "bad_body")),
    ] {
        let reply = world.post(path, &bad).await;
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()), "{bad}");
    }
    assert_eq!(world.get(path).await.ok()["exclusions"].as_array().unwrap().len(), 5);
}

fn arm(name: &str, explore: Option<f32>) -> Arm {
    Arm { name: name.to_owned(), share: 1, settings: Settings { explore, ..Settings::default() } }
}

async fn with_experiment(mode: Mode) -> World {
    let world = World::new().await;
    let arms = vec![arm("control", Some(0.1)), arm("bold", Some(0.9))];
    let design = Design::from_parts("dial", arms, mode, 7).unwrap();
    let text = serde_json::to_string(&design).unwrap();
    world.store().start_experiment("dial", &text, Timestamp::now()).unwrap();
    world.app.build().await.unwrap();
    world
}

#[tokio::test]
async fn a_live_experiment_decides_the_dial_unless_the_client_does() {
    let world = with_experiment(Mode::Live).await;
    let mut arms = HashSet::new();
    for listener in 0..20 {
        let listener = format!("listener-{listener}");
        let mix = world.mix(&listener, &json!({"length": 5})).await;
        let logged =
            world.store().impression(ImpressionId(mix["id"].as_i64().unwrap())).unwrap().unwrap();
        let enrolment: &Enrolment = logged.enrolment.as_ref().unwrap();
        assert_eq!(mix["experiment"], serde_json::to_value(enrolment).unwrap());
        let explore = mix["explore"].as_f64().unwrap();
        let expected = if enrolment.arm == "bold" { 0.9 } else { 0.1 };
        assert!((explore - expected).abs() < 1e-6, "{explore} in arm {}", enrolment.arm);
        arms.insert(enrolment.arm.clone());
        let own = world.mix(&listener, &json!({"length": 5, "explore": 0.5})).await;
        assert_eq!((&own["explore"], own.get("experiment")), (&json!(0.5), None));
    }
    assert_eq!(arms.len(), 2);
}

#[tokio::test]
async fn a_shadow_is_logged_and_not_shown() {
    let world = with_experiment(Mode::Shadow).await;
    let mix = world.mix("ada", &json!({"length": 5})).await;
    assert!(
        (mix["explore"].as_f64().unwrap() - 0.1).abs() < 1e-6,
        "everybody is shown the control"
    );
    let logged = world.store().experiment_impressions("dial").unwrap();
    let shown: Vec<bool> = logged.iter().map(|(_, impression)| impression.was_shown()).collect();
    assert_eq!(shown.iter().filter(|shown| !**shown).count(), 1, "{shown:?}");
    let (shadow, _) = logged.iter().find(|(_, impression)| !impression.was_shown()).unwrap();
    assert_eq!(
        world.get(&format!("/v1/mixes/{}", shadow.0)).await.error(),
        (404, "unknown_mix".to_owned())
    );
}

#[tokio::test]
async fn an_experiment_of_another_version_is_left_alone() {
    let world = World::new().await;
    world.store().start_experiment("odd", "{}", Timestamp::now()).unwrap();
    world.app.build().await.unwrap();
    assert_eq!(world.mix("ada", &json!({})).await.get("experiment"), None);
}

#[tokio::test]
async fn models_are_swapped_under_mixes_without_one_failing() {
    let world = Arc::new(World::new().await);
    register(&mut world.store(), "formula-2");
    world.app.build().await.unwrap();
    let mixer = |listener: String| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let mut made = Vec::new();
            for seed in 0..15 {
                made.push(world.mix(&listener, &json!({"length": 5, "seed": seed})).await);
            }
            made
        })
    };
    let mixers: Vec<_> = (0..6).map(|number| mixer(format!("listener-{number}"))).collect();
    for swap in 0..12 {
        let version = ["formula-1", "formula-2"][swap % 2];
        let answer = world.post(&format!("/v1/models/{version}/activate"), &json!({})).await.ok();
        assert_eq!(answer["version"], version);
    }
    let store = world.store();
    let mut models = HashSet::new();
    for mixer in mixers {
        for mix in mixer.await.unwrap() {
            let logged =
                store.impression(ImpressionId(mix["id"].as_i64().unwrap())).unwrap().unwrap();
            assert_eq!(
                mix["model"],
                logged.slate.config.model.as_str(),
                "logged under the model that made it"
            );
            models.insert(logged.slate.config.model);
        }
    }
    assert!(
        models.iter().all(|model| ["formula-1", "formula-2"].contains(&model.as_str())),
        "{models:?}"
    );
    assert_eq!(world.mix("nobody", &json!({"length": 5})).await["model"], "formula-2");
    let tracks = ARTISTS * TRACKS;
    assert_eq!(store.status().unwrap().tracks, tracks as u64);
}
