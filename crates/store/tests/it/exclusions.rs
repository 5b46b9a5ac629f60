//! Excluded plays are left out when the log is read, and come back.

use segue_core::{DeviceClass, Listen, Moment, Timestamp, Track};
use segue_store::{Exclusion, Store};

use crate::fixtures::{at, import, listener, played, scrobble, stream, track, version_of};

fn store_with_five_plays() -> (Store, Vec<Track>) {
    let mut store = Store::open_in_memory().unwrap();
    let tracks = vec![track("a"), version_of("a", "a live"), track("b"), track("c"), track("d")];
    let mut listens: Vec<Listen> = tracks
        .iter()
        .enumerate()
        .map(|(i, song)| stream("ann", song, i as i64 * 1000, 200))
        .collect();
    listens[2].device = DeviceClass::Car;
    listens[3].context = Some("sleep".into());
    let records: Vec<_> =
        listens.into_iter().zip(&tracks).map(|(listen, song)| played(listen, song)).collect();
    import(&mut store, "plays", &records);
    (store, tracks)
}

fn heard(store: &Store) -> Vec<String> {
    store.listens(&listener("ann")).unwrap().iter().map(|listen| listen.track.to_string()).collect()
}

#[test]
fn each_kind_of_exclusion_leaves_out_its_plays_until_taken_back() {
    let (mut store, tracks) = store_with_five_plays();
    let everything = ["a", "a live", "b", "c", "d"];
    assert_eq!(heard(&store), everything);
    let third = store.all_listens(&listener("ann")).unwrap()[2].at.unwrap();
    let of_play = |track: &Track, at| Exclusion::Play { track: track.id.clone(), at };
    let cases: [(Exclusion, &[&str]); 8] = [
        (Exclusion::Period { from: at(1000), to: at(3000) }, &["a", "c", "d"]),
        (Exclusion::Device(DeviceClass::Car), &["a", "a live", "c", "d"]),
        (Exclusion::Context("sleep".into()), &["a", "a live", "b", "d"]),
        (Exclusion::Track(tracks[0].id.clone()), &["a live", "b", "c", "d"]),
        (Exclusion::Work(tracks[0].work.clone()), &["b", "c", "d"]),
        (Exclusion::Artist("ARTIST OF b".into()), &["a", "a live", "c", "d"]),
        (of_play(&tracks[2], third), &["a", "a live", "c", "d"]),
        (of_play(&tracks[1], third), &everything),
    ];
    for (exclusion, left) in cases {
        let id = store.exclude(&listener("ann"), &exclusion).unwrap();
        assert_eq!(
            store.exclude(&listener("ann"), &exclusion).unwrap(),
            id,
            "{exclusion:?} is not added twice"
        );
        assert_eq!(store.exclusions(&listener("ann")).unwrap(), [(id, exclusion.clone())]);
        assert_eq!(heard(&store), left, "{exclusion:?}");
        assert_eq!(store.all_listens(&listener("ann")).unwrap().len(), 5);
        assert!(store.include_again(id).unwrap());
        assert!(!store.include_again(id).unwrap());
        assert_eq!(heard(&store), everything, "without {exclusion:?}");
    }
}

#[test]
fn the_exclusions_of_one_listener_leave_another_alone() {
    let (mut store, tracks) = store_with_five_plays();
    store.exclude(&listener("bob"), &Exclusion::Track(tracks[0].id.clone())).unwrap();
    assert_eq!(heard(&store).len(), 5);
}

#[test]
fn plays_that_come_after_an_exclusion_are_left_out_too() {
    let (mut store, tracks) = store_with_five_plays();
    store.exclude(&listener("ann"), &Exclusion::Work(tracks[0].work.clone())).unwrap();
    let later = version_of("a", "a remaster");
    import(&mut store, "later", &[played(stream("ann", &later, 9000, 200), &later)]);
    assert_eq!(heard(&store), ["b", "c", "d"]);
}

#[test]
fn a_single_play_that_was_excluded_stays_out_however_often_it_comes_again() {
    let (mut store, tracks) = store_with_five_plays();
    let play = store.all_listens(&listener("ann")).unwrap()[0].clone();
    let only = Exclusion::Play { track: play.track.clone(), at: play.at.unwrap() };
    store.exclude(&listener("ann"), &only).unwrap();
    let again =
        [played(play, &tracks[0]), played(stream("ann", &tracks[0], 9000, 200), &tracks[0])];
    import(&mut store, "again", &again);
    assert_eq!(heard(&store), ["a live", "b", "c", "d", "a"], "another play of it counts");
    assert_eq!(store.all_listens(&listener("ann")).unwrap().len(), 6);
}

#[test]
fn a_day_that_is_left_out_has_the_plays_of_which_only_that_day_is_known() {
    let mut store = Store::open_in_memory().unwrap();
    let songs = ["a", "b", "c"].map(track);
    store.add_tracks(&songs).unwrap();
    let day = |position: usize| -> Timestamp {
        format!("2025-12-{}T00:00:00Z", 24 + position).parse().unwrap()
    };
    let plays: Vec<Listen> = songs
        .iter()
        .enumerate()
        .map(|(position, song)| Listen {
            at: Some(day(position)),
            moment: Moment::Day,
            ..scrobble("ann", song, 0)
        })
        .collect();
    store.append_listens(&plays).unwrap();
    let ann = listener("ann");
    // The 25th in Honolulu, in Paris and in Auckland.
    for (from, to) in [
        ("2025-12-25T10:00:00Z", "2025-12-26T10:00:00Z"),
        ("2025-12-24T23:00:00Z", "2025-12-25T23:00:00Z"),
        ("2025-12-24T11:00:00Z", "2025-12-25T11:00:00Z"),
    ] {
        let period = Exclusion::Period { from: from.parse().unwrap(), to: to.parse().unwrap() };
        let id = store.exclude(&ann, &period).unwrap();
        let left: Vec<_> =
            store.listens(&ann).unwrap().into_iter().map(|play| play.track).collect();
        assert_eq!(left, [songs[0].id.clone(), songs[2].id.clone()], "{from}");
        store.include_again(id).unwrap();
    }
}
