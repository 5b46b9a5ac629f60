//! What was played, by week, month and year: the API, the page, the picture, and whose clock it is.

use axum::body::Body;
use axum::http::{Method, Request};
use segue_core::{Listen, ListenerId, Moment, Source, TrackId};
use serde_json::{Value, json};

use crate::world::{Reply, World, artist, request, track_id};

/// Ada's forty plays begin at 8 on 5 January 2026 in UTC, an hour apart, every third one skipped.
const ADA: &str = "/v1/listeners/ada/history";

async fn patch(world: &World, listener: &str, body: &Value) -> Reply {
    let path = format!("/v1/listeners/{listener}");
    world.send(request(Method::PATCH, &path, Some(body))).await
}

async fn form(world: &World, path: &str, fields: &str) -> Reply {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    world.send(request.body(Body::from(fields.to_owned())).unwrap()).await
}

#[tokio::test]
async fn a_month_has_the_most_played_and_what_was_new() {
    let world = World::new().await;
    let answer = world.get(&format!("{ADA}?period=2026-01&time_zone=UTC&limit=3")).await.ok();
    let review = &answer["review"];
    assert_eq!((&answer["time_zone"], &review["period"]), (&json!("UTC"), &json!("2026-01")));
    assert_eq!(review["sums"]["plays"], 27, "the skipped ones are no plays");
    assert_eq!(review["left_aside"]["skipped"], 13);
    assert_eq!(review["sums"]["artists"], 8);
    let top = &review["top"];
    let names: Vec<&str> = top["artists"]
        .as_array()
        .unwrap()
        .iter()
        .map(|top| top["artist"].as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 3);
    assert!(names.contains(&artist(0).as_str()), "{names:?}");
    assert_eq!(top["albums"].as_array().unwrap().len(), 3);
    assert_eq!(review["discoveries"].as_array().unwrap().len(), 3);
    assert_eq!(
        (review["first_day"].as_str(), review["sums"]["days"].as_u64()),
        (Some("2026-01-05"), Some(2))
    );
    let december = world.get(&format!("{ADA}?period=2025-12")).await.ok();
    assert_eq!(
        (&december["review"]["sums"]["plays"], &december["review"]["first_day"]),
        (&json!(0), &Value::Null)
    );
    let nobody = world.get("/v1/listeners/nobody/history").await.ok();
    assert_eq!(nobody["review"]["sums"]["plays"], 0);
}

#[tokio::test]
async fn days_begin_where_the_listener_said_they_are() {
    let world = World::new().await;
    let days = async |query: &str| {
        let answer = world.get(&format!("{ADA}?period=2026-W02{query}")).await.ok();
        let parts = answer["review"]["parts"].as_array().unwrap().clone();
        let plays: Vec<u64> = parts.iter().map(|part| part["plays"].as_u64().unwrap()).collect();
        (answer["time_zone"].as_str().unwrap().to_owned(), plays)
    };
    let (_, in_utc) = days("&time_zone=UTC").await;
    let tokyo = "Asia/Tokyo".to_owned();
    assert_eq!(
        patch(&world, "ada", &json!({"time_zone": "asia/tokyo"})).await.ok()["time_zone"],
        tokyo
    );
    let (zone, in_tokyo) = days("").await;
    assert_eq!(zone, tokyo, "as the table of time zones spells it");
    assert_ne!(in_utc, in_tokyo);
    assert_eq!(days("&time_zone=UTC").await.1, in_utc, "for this once");
    assert_eq!(patch(&world, "ada", &json!({})).await.ok()["time_zone"], tokyo, "nothing was said");
    let back = patch(&world, "ada", &json!({"time_zone": null})).await.ok();
    assert_eq!(back.get("time_zone"), None);
}

#[tokio::test]
async fn what_is_no_zone_or_period_is_refused() {
    let world = World::new().await;
    for zone in ["Mars/Olympus", "../../../etc/passwd", "%00", ""] {
        let reply = world.get(&format!("{ADA}?time_zone={zone}")).await;
        assert_eq!(reply.error(), (400, "bad_time_zone".to_owned()), "{zone}");
    }
    for period in ["2026-13", "today", "2025-W53", "", "99999", "2026-01-05", "%F0%9F%8E%B5"] {
        let reply = world.get(&format!("{ADA}?period={period}")).await;
        assert_eq!(reply.error(), (400, "unknown_period".to_owned()), "{period}");
    }
    assert_eq!(patch(&world, "ada", &json!({"time_zone": "x"})).await.error().1, "bad_time_zone");
    assert_eq!(patch(&world, "ada", &json!({"zone": "UTC"})).await.status.as_u16(), 422);
    let nobody = patch(&world, "nobody", &json!({"time_zone": "UTC"})).await;
    assert_eq!(nobody.error(), (404, "unknown_listener".to_owned()));
    assert_eq!(world.get(&format!("{ADA}/picture.gif")).await.error().1, "no_such_picture");
    assert_eq!(world.get(&format!("{ADA}?limit=0")).await.error().1, "bad_limit");
}

#[tokio::test]
async fn a_picture_is_a_drawing_or_pixels_and_names_nobody() {
    let world = World::new().await;
    for period in ["2026", "2026-01", "2026-W02", "all", "1999"] {
        let svg = world.get(&format!("{ADA}/picture.svg?period={period}")).await;
        assert_eq!(svg.headers["content-type"], "image/svg+xml");
        let svg = svg.text();
        assert!(svg.starts_with("<svg xmlns=") && !svg.contains("ada"), "{svg}");
        assert_eq!(svg.contains("Nothing is on record."), period == "1999");
        let png = world.get(&format!("{ADA}/picture.png?period={period}")).await;
        assert_eq!(png.headers["content-type"], "image/png");
        assert!(png.body.starts_with(b"\x89PNG") && png.body.len() > 10_000, "{}", png.body.len());
    }
}

#[tokio::test]
async fn the_page_shows_a_period_and_every_play() {
    let world = World::new().await;
    world.store().set_time_zone(&ListenerId::new("ada"), Some("Asia/Tokyo")).unwrap();
    let page = world.get("/history?period=2026-01").await.text();
    for expected in
        ["January 2026", "Most played", "Asia/Tokyo", "13 skipped", "/history?period=2026-02"]
    {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains("/history?period=2025-12"), "there is nothing to go back to");
    let mut path = Some("/history/plays".to_owned());
    let mut rows = 0;
    while let Some(asked) = path {
        let page = world.get(&asked).await.text();
        rows += page.matches("<time>").count();
        assert!(page.contains("Tuesday, 6 January 2026"), "local days");
        path = page
            .split("href=\"/history/plays?before=")
            .nth(1)
            .map(|rest| format!("/history/plays?before={}", rest.split('"').next().unwrap()));
    }
    assert_eq!(rows, 40, "skipped ones too");
    assert_eq!(world.get("/history/plays?before=x").await.status.as_u16(), 400);
}

#[tokio::test]
async fn an_hour_is_told_only_where_it_is_known() {
    let world = World::new().await;
    let play = Listen {
        moment: Moment::Day,
        ..Listen::new(
            ListenerId::new("bob"),
            TrackId::new(track_id(3, 2)),
            "2026-02-01T00:00:00Z".parse::<segue_core::Timestamp>().unwrap(),
            Source::ListenBrainz,
        )
    };
    world.store().append_listens(&[play]).unwrap();
    world.store().set_time_zone(&ListenerId::new("bob"), Some("America/New_York")).unwrap();
    let request = Request::get("/history/plays").header("cookie", "segue_listener=bob");
    let page = world.send(request.body(Body::empty()).unwrap()).await.text();
    assert!(page.contains("Sunday, 1 February 2026") && page.contains("<time></time>"));
}

#[tokio::test]
async fn a_form_says_where_the_listener_is() {
    let world = World::new().await;
    let path = "/listeners/ada/time-zone";
    let reply = form(&world, path, "time_zone=America/New York&back=/history").await;
    assert_eq!(
        (reply.status.as_u16(), reply.headers["location"].to_str().unwrap()),
        (303, "/history")
    );
    let said = world.get("/v1/listeners/ada").await.ok();
    assert_eq!(said["time_zone"], "America/New_York");
    for nonsense in ["", "+", "Nowhere/At All"] {
        let reply = form(&world, path, &format!("time_zone={nonsense}")).await;
        assert_eq!(reply.status.as_u16(), 400, "{nonsense}");
    }
}

#[tokio::test]
async fn a_day_that_is_left_out_is_a_day_where_the_listener_is() {
    let world = World::new().await;
    world.store().set_time_zone(&ListenerId::new("ada"), Some("Asia/Tokyo")).unwrap();
    let fields = "kind=period&from=2026-01-06&to=2026-01-06&back=/taste";
    assert_eq!(form(&world, "/listeners/ada/exclusions", fields).await.status.as_u16(), 303);
    let exclusions = world.get("/v1/listeners/ada/exclusions").await.ok();
    assert_eq!(
        exclusions["exclusions"][0]["exclusion"]["period"],
        json!({"from": "2026-01-05T15:00:00Z", "to": "2026-01-06T15:00:00Z"})
    );
    assert!(world.get("/taste").await.text().contains("6 January 2026 to 6 January 2026"));
}

#[tokio::test]
async fn a_play_that_was_taken_out_is_gone_until_it_is_taken_back() {
    let world = World::new().await;
    let plays = async || {
        let review = world.get(&format!("{ADA}?period=all")).await.ok()["review"].clone();
        let rows = world.get("/history/plays").await.text().matches("<time>").count();
        (review["sums"]["plays"].as_u64().unwrap(), rows)
    };
    assert_eq!(plays().await, (27, 40));
    let listens = world.get("/v1/listeners/ada/listens?limit=1").await.ok();
    let last = &listens["listens"][0];
    let (track, at) = (last["track"].as_str().unwrap(), last["at"].as_str().unwrap());
    let fields = format!("kind=play&value={track}&from={at}&back=/history/plays");
    assert_eq!(form(&world, "/listeners/ada/exclusions", &fields).await.status.as_u16(), 303);
    assert_eq!(plays().await, (26, 39));
    assert!(
        world.get("/taste").await.text().contains(&format!("the play of {track} on 6 January"))
    );
    assert_eq!(form(&world, "/listeners/ada/exclusions/1/remove", "").await.status.as_u16(), 303);
    assert_eq!(plays().await, (27, 40));
    let bad = form(&world, "/listeners/ada/exclusions", "kind=play&value=x&from=yesterday").await;
    assert_eq!(bad.status.as_u16(), 400);
}

#[tokio::test]
async fn dates_are_written_in_the_language_of_the_listener_and_sentences_stay_english() {
    let world = World::new().await;
    let tell = async |tag: &Value| {
        let body = json!({"date_language": tag});
        patch(&world, "ada", &body).await
    };
    for (tag, told) in
        [("en-US", "January 6, 2026"), ("de", "6. Januar 2026"), ("ja", "2026年1月6日")]
    {
        assert_eq!(tell(&json!(tag)).await.ok()["date_language"], tag);
        let pages = ["/history?period=all", "/history/plays", "/taste", "/lists"];
        for page in pages {
            let text = world.get(page).await.text();
            assert!(text.contains("<html lang=\"en\">"), "{page}");
            assert!(!text.contains("data-asks-date-language"), "{page}");
        }
        let text = world.get("/history/plays").await.text();
        assert!(text.contains(told) && text.contains("Every play"), "{tag}: {text}");
        let marked = format!("<time datetime=\"2026-01-06\" lang=\"{tag}\">");
        assert_eq!(text.contains(&marked), tag != "en-US", "English stands in an English page");
        let picture = world.get(&format!("{ADA}/picture.svg?period=2026-01")).await.text();
        assert_eq!(picture.contains("Januar 2026"), tag == "de", "{picture}");
    }
    assert_eq!(tell(&Value::Null).await.ok().get("date_language"), None);
    assert!(world.get("/history/plays").await.text().contains("6 January 2026"));
}

#[tokio::test]
async fn a_tag_that_is_none_is_refused_unrepeated_and_breaks_no_page() {
    let world = World::new().await;
    let long = "x".repeat(10_000);
    for tag in ["tlh", "", "<script>alert(1)</script>", "de; drop table", long.as_str()] {
        let body = json!({"date_language": tag});
        let reply = patch(&world, "ada", &body).await;
        assert_eq!(reply.error(), (400, "bad_date_language".to_owned()));
        assert!(tag.is_empty() || !reply.text().contains(tag));
        let fields = format!("date_language={tag}&back=/history");
        let reply = form(&world, "/listeners/ada/date-language", &fields).await;
        assert_eq!(reply.status.as_u16(), 400);
    }
    let reply =
        form(&world, "/listeners/ada/date-language", "date_language=pt-br&back=/history").await;
    assert_eq!(reply.status.as_u16(), 303);
    assert_eq!(world.get("/v1/listeners/ada").await.ok()["date_language"], "pt-BR");
    // What an older or newer version left there.
    let ada = ListenerId::new("ada");
    world.store().set_date_language(&ada, Some("qqq-Zzzz")).unwrap();
    assert!(world.get("/history/plays").await.text().contains("6 January 2026"));
}
