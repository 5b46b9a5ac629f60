//! Mixes at a moment in the past: nothing from after it is known, and figures are what they say.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use segue::world::World;
use segue::world::build::BuildConfig;
use segue_core::{ListenerId, Timestamp, Track, TrackId, WorkId};
use segue_engine::dataset::labels::PlayOutcome;
use segue_engine::dataset::plays::{Play, Plays};
use segue_engine::{Catalogue, WorkIdx};
use segue_ingest::identity::named_track;
use segue_lab::mix::{HeldOutPlays, MixCut, MixData, MixFigure, MixOptions, MixRow, RowKind, run};
use segue_lab::progress::Silent;
use segue_lab::simulation::community::{CommunityConfig, MadeUpCommunity};
use segue_models::set::SetConfig;

const DAY_S: i64 = 86_400;

fn library() -> MixData {
    let community = MadeUpCommunity::draw(&CommunityConfig {
        seed: 3,
        listeners: 8,
        artists: 30,
        days: 90,
        sessions: 25,
        start: Timestamp::from_second(1_700_000_000).unwrap(),
    });
    let catalogue = Catalogue::from_tracks(community.tracks);
    let read = |history: &segue_lab::simulation::community::MadeUpHistory| {
        Plays::read(&catalogue, history.listener.clone(), &history.listens, &history.feedback)
    };
    let plays = community.histories.iter().map(read).collect();
    made_up(catalogue, plays)
}

fn made_up(catalogue: Catalogue, plays: Vec<Plays>) -> MixData {
    let catalogue = Arc::new(catalogue);
    MixData { name: "made up".to_owned(), catalogue, plays, world: None }
}

/// Less of everything, for a test.
fn quick() -> MixOptions {
    let mut set = SetConfig::default();
    for likability in [&mut set.likability, &mut set.screening] {
        likability.rows = 2_000;
        likability.network.training.epochs = 1;
    }
    MixOptions { cuts: Some(1), dials: vec![0.0, 1.0], set, ..MixOptions::default() }
}

fn at(second: i64) -> Option<Timestamp> {
    Some(Timestamp::from_second(second).unwrap())
}

fn play(catalogue: &Catalogue, id: &str, at: Option<Timestamp>) -> Play {
    Play {
        track: catalogue.find(&TrackId::new(id)).unwrap(),
        at,
        outcome: PlayOutcome::Liked { weight: 1.0, plays: 1 },
        answered: false,
    }
}

#[test]
fn nothing_from_after_a_cut_is_learned_from() {
    let data = library();
    for held_out in [HeldOutPlays::Share(0.1), HeldOutPlays::Days(14.0)] {
        for number in 0..2 {
            let options = MixOptions { held_out, ..MixOptions::default() };
            let cut = MixCut::new(&data, &options, number);
            assert!(!cut.cases.is_empty());
            assert_eq!(cut.past.len(), data.plays.len());
            for case in &cut.cases {
                let past = cut.past.iter().find(|past| past.listener == case.listener).unwrap();
                assert!(past.plays.iter().all(|play| play.at.unwrap() < case.now));
                assert!(past.feedback.iter().all(|said| said.at.is_none_or(|at| at < case.now)));
                assert_eq!(past, &case.past);
                assert!(case.new.iter().all(|&work| !case.profile.knows(work)));
                let again = case.again.as_ref().unwrap();
                assert!(again.iter().all(|&work| case.profile.knows(work)));
                // Every answer is in the later plays, by the names of works.
                let whole = data.plays.iter().find(|one| one.listener == case.listener).unwrap();
                let later: HashSet<&WorkId> = whole
                    .plays
                    .iter()
                    .filter(|play| play.at.unwrap() >= case.now)
                    .map(|play| &data.catalogue.track(play.track).work)
                    .collect();
                let is_later = |work: &WorkIdx| later.contains(cut.catalogue.work_id(*work));
                assert!(case.new.iter().chain(again).all(is_later));
            }
            if let HeldOutPlays::Days(_) = held_out {
                let moment = cut.cases[0].now;
                let mut plays = cut.past.iter().flat_map(|one| &one.plays);
                assert!(plays.all(|play| play.at.unwrap() < moment), "one moment for everybody");
            }
        }
    }
}

#[test]
fn tracks_that_only_later_plays_brought_are_not_in_the_catalogue() {
    let track = |number: u32| {
        let id = format!("t{number}");
        Track::new(TrackId::new(&*id), WorkId::new(&*id), &*id)
    };
    let mut tracks: Vec<Track> = (0..13).map(track).collect();
    tracks[11].popularity = Some(0.5);
    let catalogue = Catalogue::from_tracks(tracks);
    // Ten tracks in turn, and then three more: of the twelfth there is more to know.
    let mut plays: Vec<Play> =
        (0..27).map(|day| play(&catalogue, &format!("t{}", day % 10), at(day * DAY_S))).collect();
    plays.extend((10..12).map(|n| play(&catalogue, &format!("t{n}"), at((18 + n) * DAY_S))));
    plays.push(play(&catalogue, "t3", at(30 * DAY_S)));
    let listener = ListenerId::new("ann");
    let plays = vec![Plays { listener, plays, feedback: Vec::new(), friends: Vec::new() }];
    let data = made_up(catalogue, plays);
    let cut = MixCut::new(&data, &MixOptions::default(), 0);
    assert_eq!((cut.later_tracks, cut.unanswerable), (1, 1));
    let is_there = |id: &str| cut.catalogue.find(&TrackId::new(id)).is_some();
    assert!(!is_there("t10") && is_there("t11"), "its popularity was known");
    assert!(is_there("t12"), "nobody plays it at any time");
    assert_eq!((cut.unplayed, cut.unplayed_met), (2, 1));
    let case = &cut.cases[0];
    assert_eq!((case.new.len(), case.again.as_ref().unwrap().len()), (1, 1));
}

/// A world of twelve people who play forty songs.
fn world(folder: &Path) -> World {
    let mut lines = String::new();
    for (user, place) in (0..12).flat_map(|user| (0..25).map(move |place| (user, place))) {
        let song = (place + 2 * user) % 40;
        let listen = serde_json::json!({
            "user_id": user, "user_name": "somebody", "timestamp": 1_600_000_000 + place * 200,
            "track_metadata":
                {"artist_name": format!("Artist {song}"), "track_name": format!("Song {song}")},
        });
        lines.push_str(&format!("{listen}\n"));
    }
    let dump = folder.join("listens.jsonl");
    std::fs::write(&dump, lines).unwrap();
    let out = folder.join("people.world");
    let config = BuildConfig { listens: vec![dump], ..BuildConfig::default() };
    segue::build_world(&config, &out, &mut |_| {}).unwrap();
    World::open(&out).unwrap()
}

#[test]
fn of_a_world_is_there_what_is_drawn_by_the_plays_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let song = |number: u32| {
        let artist = vec![format!("Artist {number}")];
        named_track(None, artist, &format!("Song {number}"))
    };
    // Songs 0 to 19 were played all along, 20 to 24 later, and 50, which the world does not know,
    // later too. Of song 30 a training drew what it knew by all plays.
    let tracks = (0..25).chain([30, 50]).map(song).collect();
    let catalogue = Catalogue::from_tracks(tracks);
    let id = |number: u32| song(number).id;
    let play =
        |number: u32, day: u32| play(&catalogue, id(number).as_str(), at(i64::from(day) * DAY_S));
    let early = (0..180).map(|day| play(day % 20, day));
    let late = (20..25).chain([50, 3, 4]).zip(180..).map(|(number, day)| play(number, day));
    let plays = early.chain(late).collect();
    let listener = ListenerId::new("ann");
    let plays = vec![Plays { listener, plays, feedback: Vec::new(), friends: Vec::new() }];
    let options = MixOptions { held_out: HeldOutPlays::Days(8.0), ..quick() };
    let mut data = made_up(catalogue, plays);

    let without = MixCut::new(&data, &options, 0);
    assert_eq!((without.unanswerable, without.cases[0].new.len()), (6, 0));
    data.world = Some(world(folder.path()));
    let cut = MixCut::new(&data, &options, 0);
    assert_eq!((cut.unanswerable, cut.cases[0].new.len(), cut.later_tracks), (1, 5, 1));
    let is_there = |number: u32| cut.catalogue.find(&id(number)).is_some();
    assert!(is_there(20) && is_there(30) && is_there(28) && !is_there(50));

    let report = run(&options, &data, &Silent).unwrap().data;
    let is_new = |row: &&MixRow| row.kind == RowKind::Mix && row.explore == Some(1.0);
    let found = report.rows.iter().find(is_new).unwrap();
    let members = report.rows.iter().filter(|row| row.name.starts_with("world-")).count();
    assert!(found.figures[MixFigure::Recall.name()].mean > 0.0, "{found:?}");
    assert_eq!(members, 3);
}

#[test]
fn works_of_an_undated_history_are_put_aside_whole() {
    let mut data = library();
    for play in data.plays.iter_mut().flat_map(|one| &mut one.plays) {
        play.at = None;
    }
    let cut = MixCut::new(&data, &MixOptions::default(), 0);
    assert!(!cut.cases.is_empty());
    for case in &cut.cases {
        assert!(case.again.is_none() && !case.new.is_empty());
        let mut plays = case.past.plays.iter();
        assert!(plays.all(|play| !case.new.contains(&cut.catalogue.work(play.track))));
    }
}

#[test]
fn figures_lie_in_their_ranges_and_the_dial_is_what_it_says() {
    let report = run(&quick(), &library(), &Silent).unwrap();
    let found = &report.data;
    assert!(found.cases > 2 && found.cases_with_repeats > 0 && found.cases_with_discoveries > 0);
    for row in &found.rows {
        assert_eq!((row.failed, row.lists <= found.cases), (0, true), "{row:?}");
        assert!((0.0..=1.0).contains(&row.coverage), "{row:?}");
        for (name, mean) in &row.figures {
            assert!((0.0..=1.0).contains(&mean.mean), "{name} of {row:?}");
            let (low, high) = (mean.low.unwrap(), mean.high.unwrap());
            assert!(low <= mean.mean + 1e-9 && mean.mean <= high + 1e-9, "{name} of {row:?}");
        }
        let new = row.figure(MixFigure::New).unwrap().mean;
        match (row.kind, row.explore) {
            (RowKind::Repeats, _) => assert_eq!(new, 0.0, "{row:?}"),
            (RowKind::Discoveries, _) => assert_eq!(new, 1.0, "{row:?}"),
            (RowKind::Mix, Some(dial)) => assert!((new - f64::from(dial)).abs() < 0.2, "{row:?}"),
            (RowKind::Mix, None) => panic!("a mix has a dial"),
        }
    }
    let kinds: HashSet<&str> = found.rows.iter().map(|row| row.name).collect();
    assert!(kinds.contains("greedy") && kinds.contains("most played"), "{kinds:?}");
}

#[test]
fn what_is_missing_is_said() {
    let mut data = library();
    data.plays.truncate(1);
    data.plays[0].plays.truncate(3);
    let error = run(&quick(), &data, &Silent).unwrap_err().to_string();
    assert!(error.contains("1 listener(s)"), "{error}");
    data.plays[0].plays.clear();
    let error = run(&quick(), &data, &Silent).unwrap_err().to_string();
    assert!(error.contains("no plays"), "{error}");
}
