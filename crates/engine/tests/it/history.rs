//! The data behind the charts of a history.

use jiff::civil::{Date, date};
use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;
use segue_core::{
    EndReason, Listen, ListenerId, Moment, Source, Timestamp, Track, TrackId, WorkId,
};
use segue_engine::Catalogue;
use segue_engine::history::{
    DatedPlays, Period, PeriodKind, Review, ReviewRequest, Streak, artist_eras,
};

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

fn read(listens: &[Listen]) -> DatedPlays {
    DatedPlays::from_listens(&catalogue(), listens, &TimeZone::UTC)
}

const TODAY: Date = date(2024, 12, 31);

fn review_in(zone: &TimeZone, listens: &[Listen], period: Period) -> Review {
    let plays = DatedPlays::from_listens(&catalogue(), listens, zone);
    Review::of(&catalogue(), &plays, ReviewRequest { period, today: TODAY, named: 9 })
}

/// A review of `period`, such as "2024-03", in UTC.
fn review(listens: &[Listen], period: &str) -> Review {
    review_in(&TimeZone::UTC, listens, Period::parse(period, TODAY).unwrap())
}

#[test]
fn hours_days_and_months_are_those_where_the_listener_is() {
    // a Sunday evening in London, Monday morning in Tokyo, and another month
    let listens = [listen(0, "2024-03-31T20:30:00Z")];
    let in_zone = |hours: i8| {
        let zone = TimeZone::fixed(Offset::constant(hours));
        let review = review_in(&zone, &listens, Period::All);
        let (weekday, hour, count) = review.heat_map.peak().unwrap();
        (weekday, hour, count, review.parts[0].first_day)
    };
    assert_eq!(in_zone(0), (6, 20, 1, date(2024, 3, 1)));
    assert_eq!(in_zone(9), (0, 5, 1, date(2024, 4, 1)));
}

#[test]
fn a_date_alone_stays_that_date_and_has_no_hour() {
    let mut by_day = listen(0, "2024-03-31T00:00:00Z");
    by_day.moment = Moment::Day;
    let review = review_in(&TimeZone::fixed(Offset::constant(-5)), &[by_day], Period::All);
    assert_eq!(review.busiest_day.unwrap().day, date(2024, 3, 31));
    assert_eq!((review.heat_map.total(), review.heat_map.plays_without_hour), (0, 1));
}

#[test]
fn what_was_skipped_is_no_play() {
    let with = |ms: Option<u32>, skipped: Option<bool>, end_reason| Listen {
        ms_played: ms,
        skipped,
        end_reason,
        ..listen(0, "2024-03-01T00:00:00Z")
    };
    let (unknown, finished) = (EndReason::Unknown, EndReason::Finished);
    let rows = [
        with(Some(30_000), Some(true), EndReason::SkippedForward), // long enough, whatever then
        with(None, None, unknown),                                 // a scrobble
        with(Some(12_000), None, finished),                        // a short track, to its end
        with(Some(29_999), None, unknown),
        with(Some(0), None, unknown),
        with(None, Some(true), unknown),
    ];
    let review = review(&rows, "all");
    assert_eq!((review.sums.plays, review.left_aside.skipped), (3, 3));
}

#[test]
fn what_cannot_be_drawn_is_counted_by_reason() {
    let mut listens = vec![listen(0, "2024-03-01T00:00:00Z"); 5];
    listens[1].private_session = true;
    listens[1].at = None; // private goes before undated
    listens[2].end_reason = EndReason::Failed;
    listens[3].at = None;
    listens[4].track = TrackId::new("elsewhere");
    let review = review(&listens, "all");
    let aside = review.left_aside;
    assert_eq!((aside.private, aside.failed, aside.undated, aside.not_in_catalogue), (1, 1, 1, 1));
    assert_eq!((review.heat_map.total(), aside.total()), (1, 4));
}

#[test]
fn months_without_a_play_are_there_and_empty() {
    let mut long = listen(0, "2023-12-31T23:59:59Z");
    long.ms_played = Some(200_000);
    let parts = review(&[long, listen(1, "2024-03-01T00:00:00Z")], "all").parts;
    let rows: Vec<(Date, u64, u64, u64)> = parts
        .iter()
        .map(|part| (part.first_day, part.plays, part.ms_played, part.plays_without_time))
        .collect();
    assert_eq!(
        rows,
        [
            (date(2023, 12, 1), 1, 200_000, 0),
            (date(2024, 1, 1), 0, 0, 0),
            (date(2024, 2, 1), 0, 0, 0),
            (date(2024, 3, 1), 1, 0, 1)
        ]
    );
}

#[test]
fn a_period_has_its_days_or_months_and_no_others() {
    let listens = [
        listen(0, "2024-02-26T00:00:00Z"), // a Monday
        listen(1, "2024-03-03T23:59:59Z"),
        listen(2, "2024-03-04T00:00:00Z"),
    ];
    let counts = |period: &str| -> Vec<u64> {
        review(&listens, period).parts.iter().map(|part| part.plays).collect()
    };
    assert_eq!(counts("2024-W09"), [1, 0, 0, 0, 0, 0, 1]);
    assert_eq!((counts("2024-02").len(), counts("2024-02")[25]), (29, 1));
    assert_eq!(counts("2024"), [0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(review(&listens, "2024-W10").sums.plays, 1);
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
fn an_era_does_not_last_longer_than_the_record() {
    let eras = artist_eras(&catalogue(), &read(&played(0, 2..=5, 10)));
    assert_eq!(
        (eras[0].from.to_string(), eras[0].to.to_string()),
        ("2020-02".into(), "2020-05".into())
    );
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
    let months = review(&listens, "all").discovery.months;
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
    let all = review(&listens, "all").top;
    let tracks: Vec<(&str, u64)> =
        all.tracks.iter().map(|track| (track.track.as_str(), track.plays)).collect();
    assert_eq!(tracks, [("s10", 2), ("s0", 1), ("s1", 1)]);
    let artists: Vec<(&str, u64)> =
        all.artists.iter().map(|a| (a.artist.as_str(), a.plays)).collect();
    assert_eq!(artists, [("Artist 0", 2), ("Artist 4", 2)]);
    let january = review(&listens, "2024-01").top;
    assert_eq!(january.tracks.iter().map(|track| track.plays).sum::<u64>(), 3);
}

#[test]
fn albums_of_one_name_by_several_artists_are_several() {
    let known = catalogue();
    let track = |i| known.track(known.find(&TrackId::new(format!("s{i}"))).unwrap()).clone();
    let mut tracks: Vec<Track> = (0..4).map(track).collect();
    for (track, album) in tracks.iter_mut().zip(["Best Of", "best of ", "Best Of", ""]) {
        track.album = Some(album.to_owned());
    }
    let catalogue = Catalogue::from_tracks(tracks);
    let listens: Vec<Listen> = (0..4).map(|i| listen(i, "2024-01-01T00:00:00Z")).collect();
    let plays = DatedPlays::from_listens(&catalogue, &listens, &TimeZone::UTC);
    let asked = ReviewRequest { period: Period::All, today: TODAY, named: 9 };
    let review = Review::of(&catalogue, &plays, asked);
    let albums: Vec<(&str, u64)> = review
        .top
        .albums
        .iter()
        .map(|album| (album.artist.as_deref().unwrap(), album.plays))
        .collect();
    assert_eq!(albums, [("Artist 0", 2), ("Artist 1", 1)]);
    assert_eq!(review.sums.albums, 2);
}

#[test]
fn a_month_is_compared_with_the_one_before() {
    let mut listens = played(0, 49..=50, 3); // January and February 2024
    listens.extend(played(2, 50..=50, 5));
    let february = review(&listens, "2024-02");
    let before = february.before.unwrap();
    assert_eq!((before.first_day, before.last_day), (date(2024, 1, 1), date(2024, 1, 31)));
    assert_eq!((before.sums.plays, february.sums.plays), (3, 8));
    let places: Vec<(&str, Option<u32>)> =
        february.top.artists.iter().map(|a| (a.artist.as_str(), a.place_before)).collect();
    assert_eq!(places, [("Artist 1", None), ("Artist 0", Some(1))]);
    let discovered = &february.discoveries[0];
    let new = (discovered.artist.as_str(), discovered.first_day, discovered.plays);
    assert_eq!(new, ("Artist 1", date(2024, 2, 1), 5));
    assert_eq!((february.sums.new_artists, february.sums.new_songs), (1, 1));
    assert_eq!(review(&listens, "2024-01").before, None, "nothing is known of December");
}

#[test]
fn a_month_that_goes_on_is_compared_with_as_many_days() {
    let listens = played(0, 49..=50, 20);
    let plays = read(&listens);
    let on = |today| {
        let period = Period::containing(PeriodKind::Month, today);
        let review = Review::of(&catalogue(), &plays, ReviewRequest { period, today, named: 9 });
        (review.last_day, review.before.map(|before| (before.last_day, before.sums.plays)))
    };
    assert_eq!(on(date(2024, 2, 3)), (date(2024, 2, 3), Some((date(2024, 1, 3), 3))));
    assert_eq!(on(date(2024, 2, 29)), (date(2024, 2, 29), Some((date(2024, 1, 31), 20))));
}

#[test]
fn streaks_are_days_in_a_row() {
    let listens: Vec<Listen> =
        ["2024-12-20", "2024-12-21", "2024-12-21", "2024-12-29", "2024-12-30"]
            .map(|day| listen(0, &format!("{day}T12:00:00Z")))
            .into();
    let streak = |from: i8, to: i8| Streak {
        first_day: date(2024, 12, from),
        last_day: date(2024, 12, to),
        days: (to - from) as u32 + 1,
    };
    let december = review(&listens, "2024-12");
    assert_eq!(december.longest_streak, Some(streak(29, 30)), "the latest of equals");
    assert_eq!(december.current_streak, Some(streak(29, 30)), "today can still go on with it");
    assert_eq!(
        december.busiest_day.map(|busy| (busy.day, busy.plays)),
        Some((date(2024, 12, 21), 2))
    );
    assert_eq!(review(&listens[..4], "2024-12").current_streak, None);
    assert_eq!(review(&listens, "2024-W51").longest_streak, Some(streak(20, 21)));
}

#[test]
fn plays_of_tomorrow_are_no_part_yet() {
    let plays = read(&[listen(0, "2024-03-01T00:00:00Z"), listen(0, "2024-03-02T00:00:00Z")]);
    let asked = ReviewRequest { period: Period::All, today: date(2024, 3, 1), named: 9 };
    let review = Review::of(&catalogue(), &plays, asked);
    assert_eq!((review.sums.plays, review.parts[0].plays), (1, 1));
    assert_eq!(review.discovery.months[0].plays, 1);
}

#[test]
fn a_time_at_which_nobody_can_have_listened_is_none() {
    let far = ["-000001-01-01T00:00:00Z", "1899-12-31T00:00:00Z", "9999-12-30T00:00:00Z"];
    let mut listens: Vec<Listen> = far.iter().map(|at| listen(0, at)).collect();
    listens.push(listen(0, "2024-03-01T00:00:00Z"));
    let review = review(&listens, "all");
    assert_eq!((review.left_aside.undated, review.parts.len()), (3, 1));
}

#[test]
fn periods_read_as_they_are_written() {
    for (text, first, last) in [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
        ("week", date(2024, 12, 30), date(2025, 1, 5)),
    ] {
        let period = Period::parse(text, TODAY).unwrap();
        assert_eq!(period.days(), first..=last, "{text}");
        assert_eq!(Period::parse(&period.to_string(), TODAY), Ok(period));
        assert_eq!(period.after().unwrap().before(), Some(period));
    }
    for bad in [
        "",
        "2024-13",
        "2024-00",
        "2024-1",
        "2024-W54",
        "2025-W53",
        "2024-W00",
        "24",
        "20245",
        "+202",
        "2024-+1",
        "2024-W+1",
        "0000",
        "-001",
        "2024-01-01",
        "ALL",
        "２０２４",
        "9999-W52é",
    ] {
        assert!(Period::parse(bad, TODAY).is_err(), "{bad}");
    }
    assert_eq!(Period::parse("9999", TODAY).unwrap().after(), None);
    assert_eq!(Period::parse("9999-12", TODAY).unwrap().after(), None);
    assert_eq!((Period::All.before(), Period::All.after()), (None, None));
}

#[test]
fn decades_between_have_their_place_and_years_unknown_are_counted() {
    let listens = [0, 8, 9].map(|track| listen(track, "2024-01-01T00:00:00Z"));
    let decades = review(&listens, "2024").decades;
    let rows: Vec<(u16, u64)> = decades.decades.iter().map(|d| (d.decade, d.plays)).collect();
    assert_eq!(
        (rows, decades.plays_without_year),
        (vec![(1970, 1), (1980, 0), (1990, 0), (2000, 1)], 1)
    );
}

#[test]
fn a_history_of_nothing_draws_nothing() {
    let review = review(&[], "all");
    assert!(review.parts.is_empty() && review.eras.is_empty());
    assert!(review.discovery.months.is_empty());
    assert_eq!((review.heat_map.peak(), review.first_day), (None, None));
    assert_eq!(review.discovery.share_that_came_back(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_chart_counts_every_play_once(
        rows in prop::collection::vec(
            (0_usize..12, 0_i64..200_000_000, any::<bool>(), 0_u32..400_000),
            0..200,
        ),
        offset in -12_i8..14,
    ) {
        let listens: Vec<Listen> = rows
            .iter()
            .map(|&(track, second, private, ms)| {
                let at = Timestamp::from_second(1_500_000_000 + second).unwrap();
                let mut listen = Listen::new(
                    ListenerId::new("ann"),
                    TrackId::new(format!("s{track}")),
                    at,
                    Source::LastFm,
                );
                listen.private_session = private;
                listen.ms_played = Some(ms);
                listen
            })
            .collect();
        let zone = TimeZone::fixed(Offset::constant(offset));
        let plays = DatedPlays::from_listens(&catalogue(), &listens, &zone);
        let of = |period| {
            Review::of(&catalogue(), &plays, ReviewRequest { period, today: TODAY, named: 99 })
        };
        let all = of(Period::All);
        let drawn = listens.len() as u64 - all.left_aside.total();
        let months = &all.discovery.months;
        prop_assert_eq!(all.sums.plays, drawn);
        prop_assert_eq!(all.heat_map.total() + all.heat_map.plays_without_hour, drawn);
        prop_assert_eq!(all.parts.iter().map(|part| part.plays).sum::<u64>(), drawn);
        prop_assert_eq!(months.iter().map(|month| month.plays).sum::<u64>(), drawn);
        let by_decade: u64 = all.decades.decades.iter().map(|decade| decade.plays).sum();
        prop_assert_eq!(by_decade + all.decades.plays_without_year, drawn);
        prop_assert_eq!(all.top.tracks.iter().map(|track| track.plays).sum::<u64>(), drawn);
        let works: u64 = months.iter().map(|month| month.new_works).sum();
        prop_assert_eq!(
            [works, all.sums.songs, all.sums.new_songs],
            [all.top.tracks.len() as u64; 3]
        );
        for month in months {
            prop_assert!(
                month.new_artists <= month.new_works
                    && month.came_back.unwrap_or(0) <= month.new_works
            );
        }
        prop_assert!(all.eras.windows(2).all(|pair| pair[0].to < pair[1].from));
        prop_assert!(months.windows(2).all(|pair| pair[1].month == pair[0].month.plus(1)));
        // Periods of one kind lie side by side: every play is in one of them, every song new in
        // one.
        for kind in [PeriodKind::Week, PeriodKind::Month, PeriodKind::Year] {
            let first = all.first_day.map(|day| Period::containing(kind, day));
            let periods = std::iter::successors(first, |period| period.after())
                .take_while(|period| *period.days().start() <= TODAY);
            let reviews: Vec<Review> = periods.map(of).collect();
            prop_assert_eq!(reviews.iter().map(|review| review.sums.plays).sum::<u64>(), drawn);
            prop_assert_eq!(reviews.iter().map(|review| review.sums.new_songs).sum::<u64>(), works);
            prop_assert_eq!(
                reviews.iter().map(|review| review.sums.days).sum::<u64>(),
                all.sums.days
            );
            for review in &reviews {
                prop_assert_eq!(
                    review.parts.iter().map(|part| part.plays).sum::<u64>(),
                    review.sums.plays
                );
            }
        }
        let json = serde_json::to_value(&all).unwrap();
        prop_assert_eq!(json["heat_map"]["counts"].as_array().unwrap().len(), 7);
    }
}
