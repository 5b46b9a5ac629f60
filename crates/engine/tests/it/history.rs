//! The data behind the charts of a history.

use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;
use segue_core::{EndReason, Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
use segue_engine::Catalogue;
use segue_engine::history::{Charts, Month, Period, Plays, artist_eras, discovery, top};

/// Ten songs by five artists; `s9` has two versions and no year.
fn catalogue() -> Catalogue {
    let track = |i: usize| {
        let mut track = Track::new(
            TrackId::new(format!("s{i}")),
            WorkId::new(format!("w{}", i.min(9))),
            format!("Song {i}"),
        );
        track.artists = vec![format!("Artist {}", i.min(9) / 2)];
        track.year = (i < 9).then_some(1975 + 4 * i as u16);
        track
    };
    Catalogue::from_tracks((0..11).map(track).collect())
}

fn listen(track: usize, at: &str) -> Listen {
    let at: Timestamp = at.parse().unwrap();
    Listen::new(ListenerId::new("ann"), TrackId::new(format!("s{track}")), at, Source::ListenBrainz)
}

fn read(listens: &[Listen]) -> Plays {
    Plays::from_listens(&catalogue(), listens, &TimeZone::UTC)
}

fn charts(listens: &[Listen]) -> Charts {
    Charts::from_listens(&catalogue(), listens, &TimeZone::UTC)
}

#[test]
fn hours_days_and_months_are_those_where_the_listener_is() {
    // a Sunday evening in London, Monday morning in Tokyo, and another month
    let listens = [listen(0, "2024-03-31T20:30:00Z")];
    let in_zone = |hours: i8| {
        let charts =
            Charts::from_listens(&catalogue(), &listens, &TimeZone::fixed(Offset::constant(hours)));
        let (weekday, hour, count) = charts.heat_map.peak().unwrap();
        (weekday, hour, count, charts.months[0].month.to_string())
    };
    assert_eq!(in_zone(0), (6, 20, 1, "2024-03".to_owned()));
    assert_eq!(in_zone(9), (0, 5, 1, "2024-04".to_owned()));
}

#[test]
fn what_cannot_be_drawn_is_counted_by_reason() {
    let mut listens = vec![listen(0, "2024-03-01T00:00:00Z"); 5];
    listens[1].private_session = true;
    listens[1].at = None; // private goes before undated
    listens[2].end_reason = EndReason::Failed;
    listens[3].at = None;
    listens[4].track = TrackId::new("elsewhere");
    let charts = charts(&listens);
    let aside = charts.left_aside;
    assert_eq!((aside.private, aside.failed, aside.undated, aside.not_in_catalogue), (1, 1, 1, 1));
    assert_eq!((charts.heat_map.total(), aside.total()), (1, 4));
}

#[test]
fn months_without_a_play_are_there_and_empty() {
    let mut long = listen(0, "2023-12-31T23:59:59Z");
    long.ms_played = Some(200_000);
    let months = charts(&[long, listen(1, "2024-03-01T00:00:00Z")]).months;
    let rows: Vec<(String, u64, u64, u64)> = months
        .iter()
        .map(|m| (m.month.to_string(), m.plays, m.ms_played, m.plays_without_time))
        .collect();
    let row = |month: &str, plays, ms, unknown| (month.to_owned(), plays, ms, unknown);
    assert_eq!(
        rows,
        [
            row("2023-12", 1, 200_000, 0),
            row("2024-01", 0, 0, 0),
            row("2024-02", 0, 0, 0),
            row("2024-03", 1, 0, 1)
        ]
    );
}

/// Plays of `track`, `count` a month.
fn played(track: usize, months: std::ops::RangeInclusive<u32>, count: u32) -> Vec<Listen> {
    let at = |month: u32, i: u32| {
        format!("20{:02}-{:02}-{:02}T12:00:00Z", 20 + (month - 1) / 12, (month - 1) % 12 + 1, i + 1)
    };
    months
        .flat_map(|month| (0..count).map(move |i| (month, i)))
        .map(|(month, i)| listen(track, &at(month, i)))
        .collect()
}

#[test]
fn neighbouring_quarters_with_one_leader_are_one_era() {
    let mut listens = played(0, 1..=6, 5);
    listens.extend(played(2, 1..=6, 2));
    listens.extend(played(4, 7..=9, 4));
    listens.extend(played(0, 10..=10, 9)); // nine plays in a quarter lead nothing
    listens.extend(played(0, 13..=15, 4));
    let catalogue = catalogue();
    let eras = artist_eras(&catalogue, &read(&listens));
    let rows: Vec<(String, String, &str, u64, u64)> = eras
        .iter()
        .map(|era| {
            (era.from.to_string(), era.to.to_string(), era.leader(), era.top[0].plays, era.plays)
        })
        .collect();
    let row =
        |from: &str, to: &str, leader, own, all| (from.to_owned(), to.to_owned(), leader, own, all);
    assert_eq!(
        rows,
        [
            row("2020-01", "2020-06", "Artist 0", 30, 42),
            row("2020-07", "2020-09", "Artist 2", 12, 12),
            row("2021-01", "2021-03", "Artist 0", 12, 12),
        ]
    );
    assert_eq!(eras[0].top[1].name, "Artist 1");
}

#[test]
fn a_tie_ends_no_era() {
    let mut listens = played(2, 1..=3, 5);
    listens.extend(played(0, 4..=6, 5));
    listens.extend(played(2, 4..=6, 5));
    let eras = artist_eras(&catalogue(), &read(&listens));
    assert_eq!((eras.len(), eras[0].leader(), eras[0].plays), (1, "Artist 1", 45));
}

#[test]
fn a_song_comes_back_on_another_day_within_ninety() {
    let listens = [
        listen(0, "2024-01-01T12:00:00Z"),
        listen(0, "2024-01-01T15:00:00Z"), // the same meeting
        listen(1, "2024-01-01T12:00:00Z"),
        listen(1, "2024-01-03T12:00:00Z"),
        listen(2, "2024-01-01T12:00:00Z"),
        listen(2, "2024-06-01T12:00:00Z"), // too late
        listen(9, "2024-05-01T12:00:00Z"),
        listen(10, "2024-05-09T12:00:00Z"), // another version of the same song
    ];
    let months = discovery(&catalogue(), &read(&listens)).months;
    let rows: Vec<_> = months
        .iter()
        .map(|m| (m.month.month(), m.plays, m.new_works, m.new_artists, m.came_back))
        .collect();
    assert_eq!(
        rows,
        [
            (1, 5, 3, 2, Some(1)),
            (2, 0, 0, 0, Some(0)),
            (3, 0, 0, 0, None),
            (4, 0, 0, 0, None),
            (5, 2, 1, 1, None),
            (6, 1, 0, 0, None)
        ]
    );
}

#[test]
fn versions_count_as_one_song_among_the_most_played() {
    let listens = [
        listen(9, "2024-01-01T00:00:00Z"),
        listen(10, "2024-01-02T00:00:00Z"),
        listen(0, "2024-01-03T00:00:00Z"),
        listen(1, "2024-02-01T00:00:00Z"),
    ];
    let catalogue = catalogue();
    let plays = read(&listens);
    let all = top(&catalogue, &plays, Period::ALL, 2);
    let tracks: Vec<(&str, u64)> =
        all.tracks.iter().map(|track| (track.track.as_str(), track.plays)).collect();
    assert_eq!(tracks, [("s10", 2), ("s0", 1)]);
    let artists: Vec<(&str, u64)> =
        all.artists.iter().map(|a| (a.artist.as_str(), a.plays)).collect();
    assert_eq!(artists, [("Artist 0", 2), ("Artist 4", 2)]);
    let january = Period {
        from: "2024-01-01T00:00:00Z".parse().unwrap(),
        until: "2024-02-01T00:00:00Z".parse().unwrap(),
    };
    assert_eq!(top(&catalogue, &plays, january, 9).tracks.iter().map(|t| t.plays).sum::<u64>(), 3);
}

#[test]
fn decades_between_have_their_place_and_years_unknown_are_counted() {
    let decades = charts(&[
        listen(0, "2024-01-01T00:00:00Z"),
        listen(8, "2024-01-01T00:00:00Z"),
        listen(9, "2024-01-01T00:00:00Z"),
    ])
    .decades;
    let rows: Vec<(u16, u64)> = decades.decades.iter().map(|d| (d.decade, d.plays)).collect();
    assert_eq!(
        (rows, decades.plays_without_year),
        (vec![(1970, 1), (1980, 0), (1990, 0), (2000, 1)], 1)
    );
}

#[test]
fn a_history_of_nothing_draws_nothing() {
    let charts = charts(&[]);
    assert!(
        charts.months.is_empty() && charts.eras.is_empty() && charts.discovery.months.is_empty()
    );
    assert_eq!(charts.heat_map.peak(), None);
    assert_eq!(charts.discovery.share_that_came_back(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_chart_counts_every_play_once(
        rows in prop::collection::vec((0_usize..12, 0_i64..200_000_000, any::<bool>(), 0_u32..400_000), 0..200),
        offset in -12_i8..14,
    ) {
        let listens: Vec<Listen> = rows.iter().map(|&(track, second, private, ms)| {
            let at = Timestamp::from_second(1_500_000_000 + second).unwrap();
            let mut listen = Listen::new(ListenerId::new("ann"), TrackId::new(format!("s{track}")), at, Source::LastFm);
            listen.private_session = private;
            listen.ms_played = Some(ms);
            listen
        }).collect();
        let charts = Charts::from_listens(&catalogue(), &listens, &TimeZone::fixed(Offset::constant(offset)));
        let drawn = listens.len() as u64 - charts.left_aside.total();
        prop_assert_eq!(charts.heat_map.total(), drawn);
        prop_assert_eq!(charts.months.iter().map(|month| month.plays).sum::<u64>(), drawn);
        prop_assert_eq!(charts.discovery.months.iter().map(|month| month.plays).sum::<u64>(), drawn);
        let by_decade: u64 = charts.decades.decades.iter().map(|decade| decade.plays).sum();
        prop_assert_eq!(by_decade + charts.decades.plays_without_year, drawn);
        prop_assert_eq!(charts.top.tracks.iter().map(|track| track.plays).sum::<u64>(), drawn);
        let works: u64 = charts.discovery.months.iter().map(|month| month.new_works).sum();
        prop_assert_eq!(works, charts.top.tracks.len() as u64);
        for month in &charts.discovery.months {
            prop_assert!(month.new_artists <= month.new_works && month.came_back.unwrap_or(0) <= month.new_works);
        }
        prop_assert!(charts.eras.windows(2).all(|pair| pair[0].to < pair[1].from));
        let months: Vec<Month> = charts.months.iter().map(|month| month.month).collect();
        prop_assert!(months.windows(2).all(|pair| pair[1] == pair[0].plus(1)));
        let json = serde_json::to_value(&charts).unwrap();
        prop_assert_eq!(json["heat_map"]["counts"].as_array().unwrap().len(), 7);
    }
}
