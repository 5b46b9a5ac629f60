//! Two who write to one store: each gets its turn, and neither loses a row.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use segue_core::{Listen, Record, Track};
use segue_store::{Event, Store};

use crate::append::live;
use crate::fixtures::{at, import, listener, played, scrobble, stream, track};

#[test]
fn an_import_and_a_writer_without_a_pause_both_get_on() {
    let library = tempfile::tempdir().unwrap();
    let mut server = Store::open(library.path()).unwrap();
    let song: Track = track("song");
    server.add_tracks(std::slice::from_ref(&song)).unwrap();
    let records: Vec<Record> =
        (0..45_000).map(|i| played(stream("bob", &song, i * 300, 200), &song)).collect();
    let done = AtomicBool::new(false);
    let appended = thread::scope(|scope| {
        scope.spawn(|| {
            let mut importer = Store::open(library.path()).unwrap();
            let counts = import(&mut importer, "export", &records);
            done.store(true, Ordering::Release);
            assert_eq!(counts.listens_added, 45_000);
        });
        let mut appended = 0;
        while !done.load(Ordering::Acquire) {
            let event = Event::Listen(live("ann", "song", appended));
            assert!(server.append(&[event.into()]).unwrap()[0].is_ok());
            appended += 1;
        }
        appended
    });
    let listens = |who| server.listener(&listener(who)).unwrap().map(|found| found.listens);
    assert_eq!((listens("ann"), listens("bob")), (Some(appended as u64), Some(45_000)));
}

#[test]
fn names_outlive_what_others_write_and_not_what_they_forget() {
    let library = tempfile::tempdir().unwrap();
    let [mut one, mut other] = [(), ()].map(|()| Store::open(library.path()).unwrap());
    let song = track("song");
    for second in 0..3 {
        import(
            &mut other,
            &format!("file {second}"),
            &[played(stream("ann", &song, second * 900, 200), &song)],
        );
        one.append_listens(&[live("ann", "song", 10_000 + second)]).unwrap();
        other.forget(&listener("ann")).unwrap();
        assert_eq!(one.listener(&listener("ann")).unwrap(), None);
        let refused = one.append(&[Event::Listen(live("ann", "song", 20_000)).into()]).unwrap();
        assert!(
            refused[0].is_err(),
            "nobody mentions the track any more, and it went with the listener"
        );
    }
}

#[test]
fn an_import_compares_with_plays_that_others_added_between_its_batches() {
    let library = tempfile::tempdir().unwrap();
    let [mut one, mut other] = [(), ()].map(|()| Store::open(library.path()).unwrap());
    let song = track("song");
    let row = |second| played(stream("ann", &song, second, 200), &song);
    import(&mut one, "first", &[row(0)]);
    // Appended by a server, then imported by another process, which also completes a row.
    let appended = Listen { at: Some(at(1_000)), ..live("ann", "song", 0) };
    other.append_listens(&[appended]).unwrap();
    assert_eq!(import(&mut one, "second", &[row(1_001), row(2_000)]).near_duplicates, 1);
    let counts =
        import(&mut other, "third", &[row(3_000), played(scrobble("ann", &song, 4_000), &song)]);
    assert_eq!(counts.listens_added, 2);
    let longer = |second| played(stream("ann", &song, second, 100), &song);
    assert_eq!(import(&mut other, "fourth", &[longer(4_000)]).completed, 1);
    let counts = import(&mut one, "fifth", &[row(3_000), row(4_000), row(5_000)]);
    assert_eq!((counts.exact_duplicates, counts.listens_added, counts.completed), (1, 2, 0));
}
