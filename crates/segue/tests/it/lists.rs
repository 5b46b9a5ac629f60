//! Lists are made once for their day or week, differ from day to day, and stay.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use segue::{
    Error, EveryWeek, KeptAs, Library, ListKind, ListName, Refreshed, SavedList, Snapshot, TrackId,
};

use crate::{ann, bob, now, request, trained};

fn at(days: i64) -> Zoned {
    now().to_zoned(TimeZone::UTC).checked_add(days.days()).unwrap()
}

fn refresh(library: &mut Library, snapshot: &Snapshot, days: i64) -> Vec<Refreshed> {
    library.refresh_lists(snapshot, &ann(), &at(days)).unwrap()
}

fn list(refreshed: &[Refreshed], kind: ListKind) -> &SavedList {
    refreshed.iter().find(|one| one.name.kind == kind.key()).unwrap().list.as_ref().unwrap()
}

fn named(name: &str) -> KeptAs {
    KeptAs { name: name.to_owned(), weekly: None }
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
    let kept = library.keep_list(&named(" Friday "), mixes[0].id).unwrap();
    assert_eq!((kept.name.name.as_str(), kept.is_opened), ("Friday", true));
    assert_eq!(library.keep_list(&named("Friday"), mixes[0].id).unwrap(), kept, "said twice");
    for (name, mix) in
        [("Friday", mixes[1].id), (" ", mixes[1].id), (&*"x".repeat(201), mixes[1].id)]
    {
        assert!(
            matches!(library.keep_list(&named(name), mix), Err(Error::BadListName { .. })),
            "{name}"
        );
    }
    assert!(library.keep_list(&named("Monday"), segue::ImpressionId(99_999)).is_err());

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

#[test]
fn a_weekly_list_is_another_each_week_of_what_its_words_say_and_stays_when_it_is_ended() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let prompt = "energetic, half new, 10 songs";
    let asked = segue::MixRequest { seed: 3, ..request() };
    let asked = snapshot.prompted(prompt, asked, segue::Chosen::default()).unwrap().request;
    let mix = library.mix(&snapshot, &ann(), &asked).unwrap();
    let weekly = Some(EveryWeek { prompt: prompt.to_owned(), day: at(0).date() });
    let kept = KeptAs { name: "Loud".to_owned(), weekly };
    let first = library.keep_list(&kept, mix.id).unwrap();
    assert_eq!(first.name.edition, "2026-W09", "the mix that was shown is this week's");
    assert!(matches!(library.keep_list(&kept, mix.id), Err(Error::BadListName { .. })), "taken");

    let loud = |refreshed: &[Refreshed]| {
        refreshed.iter().find(|one| one.name.kind == ListName::WEEKLY).cloned()
    };
    let same = loud(&refresh(&mut library, &snapshot, 0)).unwrap();
    assert_eq!((same.is_new, same.list.unwrap().id), (false, first.id));
    let next = loud(&refresh(&mut library, &snapshot, 7)).unwrap();
    let next = next.list.unwrap();
    assert_eq!((next.name.name.as_str(), next.name.edition.as_str()), ("Loud", "2026-W10"));
    let [first, next] = [&first, &next].map(|list| tracks(&library, list));
    assert_eq!(next.len(), 10);
    assert!(next.iter().all(|track| !first.contains(track)), "another one");

    assert!(library.store_mut().end_weekly_list(&ann(), "Loud").unwrap());
    assert_eq!(loud(&refresh(&mut library, &snapshot, 14)), None);
    let lists = library.store().lists(&ann()).unwrap();
    assert_eq!(lists.iter().filter(|list| list.name.name == "Loud").count(), 2, "they stay");
}

#[test]
fn a_weekly_list_that_nothing_fits_any_more_says_why() {
    let (_folder, mut library) = trained();
    let snapshot = library.snapshot().unwrap();
    let mix = library.mix(&snapshot, &ann(), &request()).unwrap();
    let weekly = Some(EveryWeek { prompt: "by nobody".to_owned(), day: at(-7).date() });
    library.keep_list(&KeptAs { name: "None".to_owned(), weekly }, mix.id).unwrap();
    let refreshed = refresh(&mut library, &snapshot, 0);
    let none = refreshed.iter().find(|one| one.name.name == "None").unwrap();
    assert!(none.left_out.as_ref().unwrap().starts_with("none of this is understood"));
    library.forget(&ann()).unwrap();
    assert_eq!(library.store().weekly_lists(&ann()).unwrap(), []);
}
