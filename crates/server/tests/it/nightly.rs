//! Learning by itself at night.

use std::ops::Range;

use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use segue_server::NightSchedule;
use serde_json::{Value, json};

use crate::world::{TRACKS, World, track_id};

/// A time of the day that so many days from now is.
fn at(days: i64, time: Time) -> Zoned {
    let today = Zoned::now().with_time_zone(TimeZone::UTC);
    let day = today.date().checked_add(days.days()).unwrap();
    day.to_datetime(time).to_zoned(TimeZone::UTC).unwrap()
}

/// Ada plays all songs of some artists.
async fn play(world: &World, artists: Range<usize>) {
    let songs = artists.flat_map(|artist| (0..TRACKS).map(move |song| track_id(artist, song)));
    let plays: Vec<Value> = songs.map(|id| json!({"track": id, "end": "finished"})).collect();
    world.post("/v1/listeners/ada/listens", &json!(plays)).await.ok();
}

fn in_use(world: &World) -> String {
    world.store().active_model().unwrap().unwrap().version
}

#[tokio::test]
async fn what_was_played_is_learned_once_a_night() {
    let world = World::new().await;
    let first = in_use(&world);
    // The model was made from nothing: all of the log is new.
    let mut schedule = NightSchedule::default();
    assert_eq!(schedule.catch_up(&world.app, &at(1, time(2, 59, 0, 0))).await.unwrap(), None);
    let night = at(1, time(3, 0, 0, 0));
    let learned = schedule.catch_up(&world.app, &night).await.unwrap();
    assert_eq!(learned.as_deref(), Some("continued-2"), "it went on from {first}");
    assert_eq!(in_use(&world), "continued-2");
    play(&world, 0..5).await;
    assert_eq!(schedule.catch_up(&world.app, &night).await.unwrap(), None, "once");

    let mut restarted = NightSchedule::default();
    let learned = restarted.catch_up(&world.app, &at(2, time(12, 0, 0, 0))).await.unwrap();
    assert_eq!(learned.as_deref(), Some("continued-3"), "a server that was off at night");
    let learned = restarted.catch_up(&world.app, &at(9, time(3, 5, 0, 0))).await.unwrap();
    assert_eq!(learned, None, "nobody played since");
    play(&world, 5..10).await;
    let learned = restarted.catch_up(&world.app, &at(10, time(3, 5, 0, 0))).await.unwrap();
    assert_eq!(learned.as_deref(), Some("formula-4"), "a week later from nothing");
}

#[tokio::test]
async fn who_went_back_to_an_earlier_model_keeps_it() {
    let world = World::new().await;
    let first = in_use(&world);
    world.post("/v1/models/train", &json!({})).await.ok();
    world.store().activate(&first).unwrap();
    play(&world, 0..5).await;
    let mut schedule = NightSchedule::default();
    let learned = schedule.catch_up(&world.app, &at(1, time(3, 0, 0, 0))).await.unwrap();
    assert_eq!((learned, in_use(&world)), (None, first));
}

#[tokio::test]
async fn a_few_plays_are_not_worth_a_training() {
    let world = World::new().await;
    world.post("/v1/models/train", &json!({})).await.ok();
    play(&world, 0..1).await;
    let mut schedule = NightSchedule::default();
    let learned = schedule.catch_up(&world.app, &at(1, time(3, 0, 0, 0))).await.unwrap();
    assert_eq!((learned, in_use(&world).as_str()), (None, "formula-2"));
}
