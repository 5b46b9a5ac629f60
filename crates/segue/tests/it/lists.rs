//! Lists are made once for their day or week, differ from day to day, and stay.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use segue::{Error, Library, ListKind, Refreshed, SavedList, Snapshot, TrackId};

use crate::{ann, bob, now, request, trained};

fn at(days: i64) -> Zoned {
    now().to_zoned(TimeZone::UTC).checked_add(days.days()).unwrap()
}

fn refresh(library: &mut Library, snapshot: &Snapshot, days: i64) -> Vec<Refreshed> {
    library.refresh_lists(snapshot, &ann(), &at(days)).unwrap()
}

fn list(refreshed: &[Refreshed], kind: ListKind) -> &SavedList {
    refreshed.iter().find(|one| one.kind == kind).unwrap().list.as_ref().unwrap()
}

fn tracks(library: &Library, list: &SavedList) -> Vec<TrackId> {
    let mix = library.store().impression(list.impression).unwrap().unwrap();
    mix.slate.picks.into_iter().map(|pick| pick.track).collect()
}

#[test]
fn a_list_stays_for_its_day_and_the_next_days_is_another() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let first = refresh(&mut library, &snapshot, 0);
    assert!(first.iter().filter(|one| one.list.is_some()).all(|one| one.is_new));
    let again = refresh(&mut library, &snapshot, 0);
    assert!(again.iter().all(|one| !one.is_new));
    let same = |one: &Refreshed| one.list.clone();
    let lists = |all: &[Refreshed]| all.iter().map(same).collect::<Vec<_>>();
    assert_eq!(lists(&first), lists(&again));

    let tomorrow = refresh(&mut library, &snapshot, 1);
    let days = [&first, &tomorrow].map(|all| tracks(&library, list(all, ListKind::Today)));
    assert_ne!(days[0], days[1]);
    let both = BTreeSet::from_iter(&days[0]).intersection(&BTreeSet::from_iter(&days[1])).count();
    assert!(both * 4 < days[0].len(), "{both} of {}", days[0].len());
    let kept = library.store().lists(&ann()).unwrap();
    assert!(kept.contains(list(&first, ListKind::Today)), "yesterday's stays to look at");
}

#[test]
fn the_same_library_and_day_give_the_same_lists_and_no_song_is_on_two_of_them() {
    let made = || {
        let (folder, mut library) = trained();
        let snapshot = library.snapshot().unwrap();
        let refreshed = refresh(&mut library, &snapshot, 0);
        let lists: Vec<_> =
            refreshed.iter().filter_map(|one| Some(tracks(&library, one.list.as_ref()?))).collect();
        drop(folder);
        lists
    };
    let lists = made();
    assert_eq!(lists, made());
    let all: Vec<&TrackId> = lists.iter().flatten().collect();
    assert_eq!(BTreeSet::from_iter(&all).len(), all.len());
}

#[test]
fn a_list_counts_as_shown_once_it_is_opened() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let today = list(&refresh(&mut library, &snapshot, 0), ListKind::Today).clone();
    let shown = |library: &Library| library.store().impressions(&ann(), 99).unwrap();
    assert_eq!(shown(&library), []);
    assert!(!today.is_opened);
    assert_eq!(today.never_shown as usize, tracks(&library, &today).len());

    assert_eq!(library.store_mut().open_list(&bob(), today.id, now()).unwrap(), None);
    let later = at(1).timestamp();
    let (opened, mix) = library.store_mut().open_list(&ann(), today.id, later).unwrap().unwrap();
    assert!(opened.is_opened);
    assert_eq!(mix.at, later, "when it was seen, not when it was made");
    let logged: Vec<_> = shown(&library).into_iter().map(|(id, _)| id).collect();
    assert_eq!(logged, [today.impression]);
}

#[test]
fn a_mix_is_kept_under_a_name_that_is_free() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let mixes = [7, 8].map(|seed| {
        let asked = segue::MixRequest { seed, ..request() };
        library.mix(&snapshot, &ann(), &asked).unwrap()
    });
    let kept = library.keep_list(" Friday ", mixes[0].id).unwrap();
    assert_eq!((kept.name.name.as_str(), kept.is_opened), ("Friday", true));
    assert_eq!(library.keep_list("Friday", mixes[0].id).unwrap(), kept, "said twice");
    for (name, mix) in
        [("Friday", mixes[1].id), (" ", mixes[1].id), (&*"x".repeat(201), mixes[1].id)]
    {
        assert!(matches!(library.keep_list(name, mix), Err(Error::BadListName { .. })), "{name}");
    }
    assert!(library.keep_list("Monday", segue::ImpressionId(99_999)).is_err());

    assert!(!library.store_mut().remove_list(&bob(), kept.id).unwrap());
    assert!(library.store_mut().remove_list(&ann(), kept.id).unwrap());
    assert_eq!(library.store().lists(&ann()).unwrap(), []);
}

#[test]
fn forgetting_a_listener_forgets_the_lists() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let made = refresh(&mut library, &snapshot, 0).iter().filter(|one| one.is_new).count();
    assert_eq!(library.forget(&ann()).unwrap().lists, made as u64);
    assert_eq!(library.store().lists(&ann()).unwrap(), []);
}
