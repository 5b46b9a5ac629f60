//! Two who write to one store: each gets its turn, and neither loses a row.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use segue_core::{Record, Track};
use segue_store::{Event, Store};

use crate::append::live;
use crate::fixtures::{import, listener, played, stream, track};

#[test]
fn an_import_and_a_writer_without_a_pause_both_get_on() {
    let home = tempfile::tempdir().unwrap();
    let mut server = Store::open(home.path()).unwrap();
    let song: Track = track("song");
    server.add_tracks(std::slice::from_ref(&song)).unwrap();
    let records: Vec<Record> =
        (0..45_000).map(|i| played(stream("bob", &song, i * 300, 200), &song)).collect();
    let done = AtomicBool::new(false);
    let appended = thread::scope(|scope| {
        scope.spawn(|| {
            let mut importer = Store::open(home.path()).unwrap();
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
    let home = tempfile::tempdir().unwrap();
    let [mut one, mut other] = [(), ()].map(|()| Store::open(home.path()).unwrap());
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
        assert!(refused[0].is_err(), "nobody mentions the track any more, and it went with the listener");
    }
}
