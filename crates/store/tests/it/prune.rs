//! Old mixes go, what is still needed stays, and the disk gets the room back.

use segue_core::{Enrolment, Exposure, Impression, Reason, Timestamp, TrackId};
use segue_store::{Appended, Entry, Event, ListName, Retention, Store};
use tempfile::TempDir;

use crate::fixtures::{at, listener, scrobble, track};
use crate::impressions::impression;

/// What is older than a moment goes.
fn since(moment: Timestamp) -> Retention {
    Retention {
        mixes_since: moment,
        most_bytes: None,
        tiring_since: at(50),
        client_ids_since: Timestamp::UNIX_EPOCH,
    }
}

/// A store with a hundred songs, and their ids.
fn store_with_songs() -> (TempDir, Store, Vec<TrackId>) {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let songs: Vec<_> = (0..100).map(|i| track(&format!("song {i}"))).collect();
    store.add_tracks(&songs).unwrap();
    (library, store, songs.into_iter().map(|song| song.id).collect())
}

fn of_experiment(name: &str, exposure: Exposure, mix: Impression) -> Impression {
    let enrolment = Enrolment { experiment: name.to_owned(), arm: "bold".to_owned(), exposure };
    Impression { enrolment: Some(enrolment), ..mix }
}

#[test]
fn old_mixes_go_and_what_is_asked_for_later_is_the_rest() {
    let (_library, mut store, ids) = store_with_songs();
    for second in 0..100 {
        store.log_impression(&impression("bob", &ids, 30, at(second))).unwrap();
    }
    let all = store.impressions(&listener("bob"), 1_000).unwrap();
    let told = store.prunable(&since(at(60))).unwrap();
    assert_eq!(store.impressions(&listener("bob"), 1_000).unwrap(), all, "nothing has gone yet");
    let report = store.prune(&since(at(60))).unwrap();
    assert_eq!((report.before, report.removed, report.tiring, report.needed), (100, 60, 10, 0));
    assert_eq!((report.oldest_before, report.oldest_after), (Some(at(0)), Some(at(60))));
    assert!(report.bytes_after < report.bytes_before, "{report:?}");
    assert_eq!(segue_store::PruneReport { bytes_after: told.bytes_after, ..report }, told);
    assert_eq!(store.impressions(&listener("bob"), 1_000).unwrap(), all[..40]);
    assert_eq!(store.showings(&listener("bob"), 1_000).unwrap().len(), 40);
    assert!(store.check().problems.is_empty());
    assert_eq!(store.prune(&since(at(60))).unwrap().removed, 0);
}

#[test]
fn what_a_running_experiment_a_list_or_an_answer_needs_stays() {
    let (_library, mut store, ids) = store_with_songs();
    let mix = |second| impression("bob", &ids, 5, at(second));
    store.start_experiment("stopped", "{}", at(0)).unwrap();
    let stopped = |exposure, second| of_experiment("stopped", exposure, mix(second));
    store.log_impression(&stopped(Exposure::Shown, 1)).unwrap();
    store.log_impression(&stopped(Exposure::Shadow, 1)).unwrap();
    store.log_impression(&stopped(Exposure::Shown, 30)).unwrap();
    store.stop_experiment("stopped", at(31)).unwrap();
    store.start_experiment("running", "{}", at(2)).unwrap();
    store.log_impression(&of_experiment("running", Exposure::Shadow, mix(3))).unwrap();
    let kept = store.log_impression(&mix(4)).unwrap();
    let list = store
        .keep_as_list(
            &ListName { kind: "own".into(), name: "mine".into(), edition: String::new() },
            kept,
        )
        .unwrap();
    store.log_impression(&mix(5)).unwrap();
    store.log_impression(&impression("cid", &ids, 5, at(6))).unwrap();

    let report = store.prune(&since(at(20))).unwrap();
    assert_eq!((report.before, report.removed, report.needed), (7, 2, 4), "{report:?}");
    let [lost] = &report.experiments[..] else { panic!("{report:?}") };
    assert_eq!((lost.name.as_str(), lost.removed, lost.left), ("stopped", 2, 1));
    assert_eq!(store.experiment_impressions("stopped").unwrap().len(), 1);
    assert_eq!(store.experiment_impressions("running").unwrap().len(), 1);
    assert!(store.impression(list.impression).unwrap().is_some());
    assert_eq!(store.impressions(&listener("cid"), 9).unwrap().len(), 1);
}

#[test]
fn mixes_beyond_a_size_go_the_oldest_first() {
    let (_library, mut store, ids) = store_with_songs();
    for second in 0..50 {
        store.log_impression(&impression("bob", &ids, 30, at(second))).unwrap();
    }
    let nothing_by_age = since(Timestamp::UNIX_EPOCH);
    let all = Retention { most_bytes: Some(u64::MAX), ..nothing_by_age };
    assert_eq!(store.prunable(&all).unwrap().removed, 0);
    let some = Retention { most_bytes: Some(20_000), ..nothing_by_age };
    let report = store.prune(&some).unwrap();
    assert!((30..49).contains(&report.removed), "{report:?}");
    let left = store.impressions(&listener("bob"), 1_000).unwrap();
    assert!(left.iter().all(|(_, mix)| Some(mix.at) >= report.oldest_after));
    assert_eq!(store.prunable(&some).unwrap().removed, 0, "what is left fits");
}

#[test]
fn names_that_clients_gave_to_events_go_and_younger_ones_count_once() {
    let (_library, mut store, _) = store_with_songs();
    let play = scrobble("ann", &track("song 1"), 0);
    let entry = Entry { client_id: Some("a".into()), event: Event::Listen(play) };
    let mut tell = || store.append(std::slice::from_ref(&entry)).unwrap().remove(0).unwrap();
    assert!(matches!(tell(), Appended::New));
    assert!(matches!(tell(), Appended::Repeated));
    let keeping = |client_ids_since| Retention { client_ids_since, ..since(at(0)) };
    let now = Timestamp::now();
    assert_eq!(store.prune(&keeping(now)).unwrap().client_ids, 0);
    let in_two_days = Timestamp::from_second(now.as_second() + 2 * 86_400).unwrap();
    assert_eq!(store.prune(&keeping(in_two_days)).unwrap().client_ids, 1);
    let again = store.append(std::slice::from_ref(&entry)).unwrap().remove(0).unwrap();
    assert!(matches!(again, Appended::New));
}

#[test]
fn the_mix_that_was_shown_last_stays_though_a_list_that_nobody_opened_came_after_it() {
    let (_library, mut store, ids) = store_with_songs();
    let shown = store.log_impression(&impression("bob", &ids, 5, at(1))).unwrap();
    let name = ListName { kind: "daily".into(), name: "new".into(), edition: "1".into() };
    let list = store.make_list(&name, &impression("bob", &ids, 5, at(2))).unwrap();
    assert!(!list.is_opened);
    let report = store.prune(&since(at(20))).unwrap();
    assert_eq!((report.removed, report.needed), (0, 2), "{report:?}");
    assert!(store.impression(shown).unwrap().is_some());
}

#[test]
fn what_only_pruned_mixes_said_goes_with_them_and_is_said_again_by_who_remembers_it() {
    let (library, mut store, ids) = store_with_songs();
    let saying = |artist: &str, second| {
        let mut mix = impression("bob", &ids, 1, at(second));
        mix.slate.picks[0].reason = Reason::NewFrom { artist: artist.to_owned() };
        mix
    };
    let texts = || {
        let sql = "SELECT COUNT(*) FROM texts WHERE name LIKE 'Said %'";
        let connection = rusqlite::Connection::open(library.path().join(Store::DATABASE)).unwrap();
        connection.query_row(sql, [], |row| row.get::<_, u64>(0)).unwrap()
    };
    store.log_impression(&saying("Said once", 1)).unwrap();
    store.log_impression(&saying("Said last", 90)).unwrap();
    assert_eq!(texts(), 2);
    let mut other = Store::open(library.path()).unwrap();
    assert_eq!(other.prune(&since(at(60))).unwrap().removed, 1);
    assert_eq!(texts(), 1);
    let again = saying("Said once", 95);
    let id = store.log_impression(&again).unwrap();
    assert_eq!(other.impression(id).unwrap(), Some(again));
}
