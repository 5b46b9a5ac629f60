use std::collections::HashMap;

use segue_core::{EndReason, Timestamp};
use segue_lab::simulation::community::{CommunityConfig, MadeUpCommunity};

fn small() -> CommunityConfig {
    CommunityConfig {
        seed: 7,
        listeners: 6,
        artists: 40,
        days: 60,
        sessions: 40,
        start: Timestamp::from_second(1_700_000_000).unwrap(),
    }
}

#[test]
fn the_same_seed_draws_the_same_community() {
    let (one, other) = (MadeUpCommunity::draw(&small()), MadeUpCommunity::draw(&small()));
    assert_eq!(one.tracks, other.tracks);
    for (a, b) in one.histories.iter().zip(&other.histories) {
        assert_eq!(a.listens, b.listens);
        assert_eq!(a.feedback, b.feedback);
    }
}

#[test]
fn listeners_finish_what_they_truly_like_more_often_than_what_they_do_not() {
    let community = MadeUpCommunity::draw(&small());
    let mut finished = HashMap::from([(true, 0.0), (false, 0.0)]);
    let mut plays = finished.clone();
    for history in &community.histories {
        for listen in history.listens.iter().filter(|listen| listen.end_reason != EndReason::Logout)
        {
            let likely = community.likes(history, &listen.track).unwrap() > 0.5;
            *plays.get_mut(&likely).unwrap() += 1.0;
            *finished.get_mut(&likely).unwrap() +=
                f64::from(u8::from(listen.end_reason == EndReason::Finished));
        }
    }
    let share = |likely| finished[&likely] / plays[&likely];
    assert!(
        share(true) > 0.65 && share(false) < 0.35,
        "{:.2} against {:.2}",
        share(true),
        share(false)
    );
}

#[test]
fn plays_are_in_order_and_within_the_period() {
    let config = small();
    let community = MadeUpCommunity::draw(&config);
    let end = config.start.as_second() + i64::from(config.days + 1) * 86_400;
    for history in &community.histories {
        assert!(!history.listens.is_empty());
        let mut times = history.listens.iter().map(|x| x.at.unwrap());
        assert!(times.all(|at| at >= config.start && at.as_second() < end));
        assert!(history.listens.is_sorted_by_key(|x| x.started_at()));
    }
}
