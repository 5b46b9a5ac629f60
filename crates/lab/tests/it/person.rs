//! One made-up person: the history has what a real one has.

use std::collections::{BTreeMap, HashMap, HashSet};

use segue_lab::simulation::person::{PersonConfig, Scrobble, scrobbles};

const DAY_S: i64 = 86_400;
const LIST: usize = 30;

type Song<'a> = (&'a str, &'a str);

fn song(play: &Scrobble) -> Song<'_> {
    (&play.artist, &play.track)
}

/// Share of a list that is played within a week of `cut`, for lists by all plays so far, each
/// counted by how many seconds it is ago, and for everything known.
fn found(history: &[Scrobble], cut: i64, weight: fn(i64) -> f64) -> (f64, f64) {
    let second = |play: &Scrobble| play.started_at.as_second();
    let mut sums: BTreeMap<Song<'_>, f64> = BTreeMap::new();
    for play in history.iter().filter(|play| second(play) < cut) {
        *sums.entry(song(play)).or_default() += weight(cut - second(play));
    }
    let week = history.iter().filter(|play| (cut..cut + 7 * DAY_S).contains(&second(play)));
    let next: HashSet<Song<'_>> = week.map(song).collect();
    let mut list: Vec<(Song<'_>, f64)> = sums.into_iter().collect();
    list.sort_by(|a, b| b.1.total_cmp(&a.1));
    let share = |list: &[(Song<'_>, f64)]| {
        list.iter().filter(|(song, _)| next.contains(song)).count() as f64 / list.len() as f64
    };
    (share(&list[..LIST]), share(&list))
}

#[test]
fn what_was_played_lately_comes_back_before_what_was_played_most_and_most_is_rarely_heard() {
    let history = scrobbles(&PersonConfig::default());
    let last = history.last().unwrap().started_at.as_second();
    let mean = |weight: fn(i64) -> f64| {
        let cuts = (0..9).map(|cut| last - 7 * DAY_S - cut * 40 * DAY_S);
        let sums = cuts.map(|cut| found(&history, cut, weight));
        let (list, known) = sums.fold((0.0, 0.0), |sum, found| (sum.0 + found.0, sum.1 + found.1));
        (list / 9.0, known / 9.0)
    };
    let (most, known) = mean(|_| 1.0);
    let (decayed, _) = mean(|ago| (-(ago as f64) / (14 * DAY_S) as f64).exp2());
    // A real person: .256, .022, .344.
    assert!((0.2..0.35).contains(&most), "most played {most}");
    assert!((0.3..0.45).contains(&decayed) && decayed > most, "decayed {decayed}");
    assert!((0.015..0.035).contains(&known), "anything known {known}");
}

#[test]
fn a_history_is_in_order_with_sessions_that_have_gaps_and_albums_that_are_played_through() {
    let history = scrobbles(&PersonConfig { days: 730, ..PersonConfig::default() });
    let gap = |pair: &[Scrobble]| (pair[1].started_at - pair[0].started_at).get_seconds();
    assert!(history.windows(2).all(|pair| gap(pair) > 30), "one play at a time");
    let sessions = history.windows(2).filter(|pair| gap(pair) > 1_800).count() + 1;
    let plays = history.len() as f64 / sessions as f64;
    assert!((5.0..20.0).contains(&plays), "{plays} plays a session");
    // What usually follows a track is the next of its album.
    let mut follows: HashMap<(Song<'_>, Song<'_>), usize> = HashMap::new();
    for pair in history.windows(2).filter(|pair| pair[0].album == pair[1].album) {
        *follows.entry((song(&pair[0]), song(&pair[1]))).or_default() += 1;
    }
    let in_order: usize = follows.values().filter(|&&times| times > 1).sum();
    assert!(in_order as f64 > 0.05 * history.len() as f64, "{in_order} of {}", history.len());
}
