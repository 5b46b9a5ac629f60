//! The same answer, given on the page, through `/v1` or by a client of gorse: one row, one lesson.

use axum::body::Body;
use axum::http::{Method, Request, header};
use segue::{PlayDetails, Reaction, opinion};
use segue_core::{FeedbackTarget, Listen, ListenerId, Timestamp, TrackId};
use segue_engine::dataset::labels::{PlayOutcome, outcome};
use segue_store::Event;
use serde_json::json;

use crate::world::{World, track_id};

/// Whoever answers here was never heard of before, so that what is kept of them is the answer.
const ROUTES: [&str; 3] = ["by page", "by v1", "by gorse"];

fn form(path: &str, fields: &str) -> Request<Body> {
    let request = Request::builder().method(Method::POST).uri(path);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(Body::from(fields.to_owned())).unwrap()
}

fn plays(world: &World, who: &str) -> Vec<Listen> {
    let plays = world.store().listens(&ListenerId::new(who)).unwrap();
    plays.into_iter().map(|play| Listen { at: Some(Timestamp::UNIX_EPOCH), ..play }).collect()
}

fn expected(reaction: Reaction, who: &str, track: &str) -> Listen {
    let (who, track) = (ListenerId::new(who), TrackId::new(track));
    match reaction.about(who, track, Timestamp::UNIX_EPOCH, PlayDetails::default()) {
        Event::Listen(listen) => listen,
        other => panic!("{other:?} is no play"),
    }
}

#[tokio::test]
async fn a_skip_is_the_same_row_and_teaches_the_same_wherever_it_is_given() {
    let world = World::new().await;
    let track = track_id(3, 2);
    let page = world.send(form("/listeners/by%20page/skip", &format!("track={track}"))).await;
    assert!(page.status.is_redirection(), "{}", page.status);
    let play = json!({"track": track, "end": "skipped"});
    world.post("/v1/listeners/by%20v1/listens", &play).await.ok();
    let row = json!([{"FeedbackType": "skip", "UserId": "by gorse", "ItemId": track}]);
    world.post("/api/feedback", &row).await.ok();
    for who in ROUTES {
        let kept = plays(&world, who);
        assert_eq!(kept, [expected(Reaction::SKIPPED, who, &track)], "{who}");
        assert_eq!(
            outcome(&kept[0], Some(180_000)),
            PlayOutcome::Disliked { weight: 1.0 },
            "{who}"
        );
    }
}

#[tokio::test]
async fn a_finished_track_is_the_same_row_through_both_interfaces() {
    let world = World::new().await;
    let track = track_id(3, 2);
    let play = json!({"track": track, "end": "finished"});
    world.post("/v1/listeners/by%20v1/listens", &play).await.ok();
    let row = json!([{"FeedbackType": "finish", "UserId": "by gorse", "ItemId": track}]);
    world.post("/api/feedback", &row).await.ok();
    for who in &ROUTES[1..] {
        let kept = plays(&world, who);
        assert_eq!(kept, [expected(Reaction::FINISHED, who, &track)], "{who}");
        let liked = PlayOutcome::Liked { weight: 0.5, plays: 1 };
        assert_eq!(outcome(&kept[0], Some(180_000)), liked, "{who}");
    }
}

#[tokio::test]
async fn the_time_that_a_player_measured_is_kept() {
    let world = World::new().await;
    let play = json!({"track": track_id(3, 2), "end": "skipped", "ms_played": 70_000});
    world.post("/v1/listeners/eve/listens", &play).await.ok();
    let kept = plays(&world, "eve");
    assert_eq!(kept[0].ms_played, Some(70_000));
    assert_eq!(outcome(&kept[0], Some(180_000)), PlayOutcome::Disliked { weight: 0.5 });
}

#[tokio::test]
async fn an_opinion_is_the_same_row_wherever_it_is_given() {
    let world = World::new().await;
    let track = track_id(3, 2);
    for (kind, gorse, reaction) in [
        ("like", "star", Reaction::LIKE),
        ("dislike", "dislike", Reaction::NOT_FOR_ME),
        ("saved", "save", Reaction::SAVED),
        ("ban", "ban", Reaction::NEVER),
    ] {
        let fields = format!("track={track}&kind={kind}");
        let page = world.send(form("/listeners/by%20page/feedback", &fields)).await;
        assert!(page.status.is_redirection(), "{}", page.status);
        let said = json!({"track": track, "kind": kind});
        world.post("/v1/listeners/by%20v1/feedback", &said).await.ok();
        let row = json!([{"FeedbackType": gorse, "UserId": "by gorse", "ItemId": track}]);
        world.post("/api/feedback", &row).await.ok();
        let Reaction::Opinion(kind) = reaction else { panic!("{reaction:?} is no opinion") };
        for who in ROUTES {
            let who = ListenerId::new(who);
            let kept = world.store().feedback(&who).unwrap().pop().unwrap();
            let target = FeedbackTarget::Track(TrackId::new(track.as_str()));
            assert_eq!(kept, opinion(who, target, kind, kept.at.unwrap()));
        }
    }
}
