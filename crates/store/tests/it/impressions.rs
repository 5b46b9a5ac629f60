//! What was shown comes back to the last bit.

use segue_core::{
    AudioFeature, Impression, Parameters, Pick, PolicySpec, Reason, Shortlisted, Slate,
    SlateConfig, Sources, Timestamp, TrackId,
};
use segue_store::{Store, StoreError};

use crate::fixtures::{at, listener, track};

pub(crate) fn impression(
    who: &str,
    tracks: &[TrackId],
    picked: usize,
    when: Timestamp,
) -> Impression {
    let reasons = [
        Reason::Liked,
        Reason::BackAfter { days: 400 },
        Reason::SoundsLike {
            anchor: "Someone – \"Song\"".into(),
            features: vec![AudioFeature::Tempo],
        },
        Reason::StepOutside { differences: vec![] },
    ];
    let picks = tracks[..picked].iter().enumerate().map(|(i, track)| Pick {
        track: track.clone(),
        drawn: (picked - i - 1) as u32,
        propensity: 1.0 / (tracks.len() - i) as f64 * 0.1,
        propensity_error: 1.0 / (i as f64 + 11.0),
        likability: 1.0 / (i as f32 + 3.0),
        uncertainty: f32::MIN_POSITIVE,
        new_to_listener: i % 2 == 0,
        new_artist: i % 4 == 0,
        sources: if i % 3 == 0 { Sources::default() } else { Sources::EASE.with(Sources::HISTORY) },
        reason: reasons[i % reasons.len()].clone(),
    });
    let parameters = Parameters::default()
        .with("temperature", 0.1)
        .with("epsilon", 1.0 / 3.0)
        .with("optimism", 1.0 / 7.0);
    let config = SlateConfig {
        policy: PolicySpec { parameters, ..PolicySpec::new("plackett-luce", 1) },
        model: "v1".into(),
        seed: u64::MAX - 3,
        explore: 0.3,
        new_slots: 4,
        new_artist_slots: 3,
        arrival_slots: 2,
        artist_cap: 3,
        album_cap: u32::MAX,
        beside: Vec::new(),
    };
    let offered = |(i, track): (usize, &TrackId)| Shortlisted {
        track: track.clone(),
        score: 1.0 / (i as f32 + 7.0),
        new_to_listener: i % 3 == 0,
        new_artist: i % 6 == 0,
        arrival: i % 6 == 0,
        factors: if who == "ann" { vec![0.5 / (i as f32 + 1.0), -1.0] } else { Vec::new() },
    };
    let shortlist = tracks.iter().enumerate().map(offered).collect();
    let slate = Slate { listener: listener(who), config, picks: picks.collect(), shortlist };
    Impression::new(when, slate)
}

#[test]
fn slates_come_back_exactly_and_latest_first() {
    let mut store = Store::open_in_memory().unwrap();
    let tracks: Vec<_> = (0..50).map(|i| track(&format!("song {i}"))).collect();
    store.add_tracks(&tracks).unwrap();
    let ids: Vec<TrackId> = tracks.iter().map(|track| track.id.clone()).collect();
    let first = impression("ann", &ids, 30, at(0));
    let second = impression("ann", &ids[10..], 5, at(1));
    let first_id = store.log_impression(&first).unwrap();
    store.log_impression(&impression("bob", &ids, 3, at(2))).unwrap();
    let second_id = store.log_impression(&second).unwrap();
    assert_eq!(
        store.impressions(&listener("ann"), 10).unwrap(),
        [(second_id, second.clone()), (first_id, first)]
    );
    assert_eq!(store.impressions(&listener("ann"), 1).unwrap(), [(second_id, second)]);
}

#[test]
fn a_slate_with_an_unknown_track_is_not_logged_at_all() {
    let mut store = Store::open_in_memory().unwrap();
    store.add_tracks(&[track("known")]).unwrap();
    let ids = [TrackId::new("known"), TrackId::new("unknown")];
    let refused = store.log_impression(&impression("ann", &ids, 2, at(0)));
    assert!(matches!(refused, Err(StoreError::UnknownTrack(id)) if id.as_str() == "unknown"));
    assert_eq!(store.status().unwrap().impressions, 0);
    assert_eq!(store.status().unwrap().listeners, 0);
}

/// A configuration as builds wrote it while the three parameters were fields of it.
const OLD_CONFIG: &str = r#"{"policy":"lin-ucb/1","model":"v1","seed":18446744073709551612,
"explore":0.3,"new_slots":4,"arrival_slots":2,"artist_cap":3,"album_cap":4294967295,
"temperature":0.39999998,"epsilon":0.11,"optimism":0.3}"#;

#[test]
fn a_slate_that_an_older_build_logged_keeps_its_policy_and_parameters() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let tracks = ["a", "b"].map(track);
    store.add_tracks(&tracks).unwrap();
    let ids = tracks.map(|track| track.id);
    store.log_impression(&impression("ann", &ids, 1, at(0))).unwrap();
    let connection = rusqlite::Connection::open(library.path().join(Store::DATABASE)).unwrap();
    connection.execute("UPDATE texts SET name = ?1 WHERE name LIKE '{%'", [OLD_CONFIG]).unwrap();
    drop(connection);
    let store = Store::open(library.path()).unwrap();

    let logged = store.impressions(&listener("ann"), 1).unwrap();
    let SlateConfig { policy, seed, explore, .. } = logged[0].1.slate.config.clone();
    assert_eq!((policy.to_string().as_str(), seed, explore), ("lin-ucb/1", u64::MAX - 3, 0.3));
    let number = |name| policy.parameters.number(name);
    assert_eq!(number("temperature"), Some(0.39999998));
    assert_eq!((number("epsilon"), number("optimism")), (Some(0.11), Some(0.3)));
}

#[test]
fn showings_are_the_picks_of_the_latest_slates_that_were_shown() {
    let mut store = Store::open_in_memory().unwrap();
    let ids: Vec<TrackId> = (0..4).map(|i| TrackId::new(format!("song {i}"))).collect();
    store.add_tracks(&ids.iter().map(|id| track(id.as_str())).collect::<Vec<_>>()).unwrap();
    for picked in 1..=3 {
        store.log_impression(&impression("bob", &ids, picked, at(picked as i64))).unwrap();
    }
    let shown = store.showings(&listener("bob"), 2).unwrap();
    let expected = [3, 2].map(|picked: usize| segue_core::Showing {
        at: at(picked as i64),
        tracks: ids[..picked].to_vec(),
    });
    assert_eq!(shown, expected);
    assert!(store.showings(&listener("nobody"), 2).unwrap().is_empty());
}

#[test]
fn a_mix_takes_little_room_and_a_damaged_one_is_an_error() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let ids: Vec<TrackId> = (0..120).map(|i| TrackId::new(format!("song {i}"))).collect();
    store.add_tracks(&ids.iter().map(|id| track(id.as_str())).collect::<Vec<_>>()).unwrap();
    let mut mix = impression("bob", &ids, 30, at(0));
    mix.slate.picks.iter_mut().for_each(|pick| pick.propensity_error = 0.0);
    mix.slate.shortlist.sort_by(|one, other| one.track.cmp(&other.track));
    let id = store.log_impression(&mix).unwrap();
    assert_eq!(store.impression(id).unwrap().unwrap(), mix);

    let connection = rusqlite::Connection::open(library.path().join(Store::DATABASE)).unwrap();
    let sql = "SELECT slate FROM impressions";
    let whole: Vec<u8> = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert!(whole.len() < 1_300, "{} bytes", whole.len());
    for cut in 0..whole.len() {
        connection.execute("UPDATE impressions SET slate = ?1", [&whole[..cut]]).unwrap();
        let refused = store.impression(id);
        assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{cut}: {refused:?}");
    }
}
