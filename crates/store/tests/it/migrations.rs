//! A store of an older schema opens as one of today, with everything that was in it.

use std::path::Path;

use rusqlite::{Connection, params};
use segue_core::{ArtistTag, Impression, Reason, Record, Sources, TrackId};
use segue_store::{NewModel, Store};

use crate::api_keys::key;
use crate::fixtures::{at, import, listener, track};
use crate::impressions::impression;

/// The scripts as they were released, up to the first that moves rows by code.
const RELEASED: [&str; 19] = [
    include_str!("../../src/schema/v1.sql"),
    include_str!("../../src/schema/v2.sql"),
    include_str!("../../src/schema/v3.sql"),
    include_str!("../../src/schema/v4.sql"),
    include_str!("../../src/schema/v5.sql"),
    include_str!("../../src/schema/v6.sql"),
    include_str!("../../src/schema/v7.sql"),
    include_str!("../../src/schema/v8.sql"),
    include_str!("../../src/schema/v9.sql"),
    include_str!("../../src/schema/v10.sql"),
    include_str!("../../src/schema/v11.sql"),
    include_str!("../../src/schema/v12.sql"),
    include_str!("../../src/schema/v13.sql"),
    include_str!("../../src/schema/v14.sql"),
    include_str!("../../src/schema/v15.sql"),
    include_str!("../../src/schema/v16.sql"),
    include_str!("../../src/schema/v17.sql"),
    include_str!("../../src/schema/v18.sql"),
    include_str!("../../src/schema/v19.sql"),
];

/// An empty database as a release with the first so many scripts left it.
fn database_of(schema: usize, library: &Path) -> Connection {
    let connection = Connection::open(library.join(Store::DATABASE)).unwrap();
    RELEASED[..schema].iter().for_each(|script| connection.execute_batch(script).unwrap());
    connection.pragma_update(None, "application_id", i32::from_be_bytes(*b"SEGU")).unwrap();
    connection.pragma_update(None, "user_version", schema as u32).unwrap();
    connection
}

fn key_of_track(connection: &Connection, track: &TrackId) -> u32 {
    let name = track.as_str();
    let sql = "INSERT OR IGNORE INTO tracks (name, work, version, title, artists, listed) \
               SELECT ?1, id, 0, ?1, '[]', 1 FROM works WHERE name = ?1";
    connection
        .execute("INSERT OR IGNORE INTO works (name) VALUES (?1)", [name])
        .and_then(|_| connection.execute(sql, [name]))
        .unwrap();
    let sql = "SELECT id FROM tracks WHERE name = ?1";
    connection.query_row(sql, [name], |row| row.get(0)).unwrap()
}

fn log_without_picks(connection: &Connection, id: i64, impression: &Impression) {
    let slate = &impression.slate;
    let mut shortlist = Vec::new();
    for offered in &slate.shortlist {
        shortlist.extend(key_of_track(connection, &offered.track).to_le_bytes());
        shortlist.extend(offered.score.to_le_bytes());
        let arrival = u8::from(offered.arrival) << 1;
        shortlist
            .push(u8::from(offered.new_to_listener) | arrival | u8::from(offered.new_artist) << 2);
    }
    let sql = "INSERT OR IGNORE INTO listeners (id, name) VALUES (1, ?1)";
    connection.execute(sql, [slate.listener.as_str()]).unwrap();
    let config = serde_json::to_string(&slate.config).unwrap();
    let sql =
        "INSERT INTO impressions (id, listener, at, config, shortlist) VALUES (?1, 1, ?2, ?3, ?4)";
    let values = params![id, impression.at.as_microsecond(), config, shortlist];
    connection.execute(sql, values).unwrap();
}

/// Writes a slate as releases from the fifth to the nineteenth schema did; before the sixth picks
/// had no sources.
fn log_as_columns(connection: &Connection, schema: usize, id: i64, impression: &Impression) {
    log_without_picks(connection, id, impression);
    let mut picks: Vec<u8> = Vec::new();
    for pick in &impression.slate.picks {
        let with_sources = schema >= 6 && !pick.sources.is_empty();
        picks.extend(key_of_track(connection, &pick.track).to_le_bytes());
        picks.extend(pick.drawn.to_le_bytes());
        picks.extend(pick.propensity.to_le_bytes());
        picks.extend(pick.propensity_error.to_le_bytes());
        picks.extend(pick.likability.to_le_bytes());
        picks.extend(pick.uncertainty.to_le_bytes());
        let [new, new_artist] = [pick.new_to_listener, pick.new_artist].map(u8::from);
        picks.push(new | new_artist << 2 | u8::from(with_sources) << 3);
        picks.extend(pick.sources.bits().to_le_bytes().iter().filter(|_| with_sources));
        let reason = serde_json::to_vec(&pick.reason).unwrap();
        picks.extend((reason.len() as u32).to_le_bytes());
        picks.extend(reason);
    }
    let offers = impression.slate.shortlist.iter();
    let factors: Vec<u8> =
        offers.flat_map(|offer| &offer.factors).flat_map(|factor| factor.to_le_bytes()).collect();
    let factors = (!factors.is_empty()).then_some(factors);
    let sql = "UPDATE impressions SET picks = ?2, factors = ?3 WHERE id = ?1";
    connection.execute(sql, params![id, picks, factors]).unwrap();
}

/// Writes a slate as releases before the fifth schema did; before the third there was no column for
/// errors and factors.
fn log_as_rows(connection: &Connection, schema: usize, id: i64, impression: &Impression) {
    let key = |track: &TrackId| key_of_track(connection, track);
    let slate = &impression.slate;
    log_without_picks(connection, id, impression);
    let sql = "INSERT INTO picks (impression, position, track, drawn, propensity, likability, \
               uncertainty, new_to_listener, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    for (position, pick) in slate.picks.iter().enumerate() {
        let reason = serde_json::to_string(&pick.reason).unwrap();
        let values = params![
            id,
            position as i64,
            key(&pick.track),
            pick.drawn,
            pick.propensity,
            pick.likability,
            pick.uncertainty,
            pick.new_to_listener,
            reason
        ];
        connection.execute(sql, values).unwrap();
        if schema >= 3 {
            let sql =
                "UPDATE picks SET propensity_error = ?3 WHERE impression = ?1 AND position = ?2";
            connection.execute(sql, params![id, position as i64, pick.propensity_error]).unwrap();
        }
    }
}

/// Slates with numbers that only an exact copy keeps, and one without a pick.
fn slates(schema: usize) -> Vec<Impression> {
    let ids: Vec<TrackId> = (0..40).map(|i| TrackId::new(format!("song {i}"))).collect();
    let mut slates = [30, 0, 1].map(|picked| impression("bob", &ids, picked, at(picked as i64)));
    let odd = &mut slates[0].slate.picks;
    odd[3].propensity = f64::MIN_POSITIVE / 3.0;
    odd[4].propensity = 1.0 - f64::EPSILON / 2.0;
    odd[5].propensity = f64::NAN;
    odd[6].likability = f32::NAN;
    odd[7].reason = Reason::Genre { genre: "\u{0}'\"\u{1F3B5}".into() };
    odd[8].propensity_error = f64::NAN;
    slates[1].slate.config.beside = ids[..2].to_vec();
    for slate in slates.iter_mut().map(|shown| &mut shown.slate).filter(|_| schema < 5) {
        // No release with such a schema told artists apart.
        slate.picks.iter_mut().for_each(|pick| pick.new_artist = false);
        slate.shortlist.iter_mut().for_each(|offered| offered.new_artist = false);
    }
    for pick in slates.iter_mut().flat_map(|shown| &mut shown.slate.picks) {
        if schema < 3 {
            pick.propensity_error = 0.0;
        }
        if schema < 6 {
            pick.sources = Sources::default();
        }
    }
    if schema >= 5 {
        for (row, offered) in slates[0].slate.shortlist.iter_mut().enumerate() {
            offered.factors = vec![1.0 / (row as f32 + 3.0), -0.5];
        }
    }
    slates.into()
}

/// Every bit of a slate, NaN included.
fn bits(impression: &Impression) -> (String, Vec<[u64; 4]>) {
    let picks = impression.slate.picks.iter().map(|pick| {
        [
            pick.propensity.to_bits(),
            pick.propensity_error.to_bits(),
            pick.likability.to_bits().into(),
            pick.uncertainty.to_bits().into(),
        ]
    });
    (format!("{impression:?}"), picks.collect())
}

#[test]
fn slates_logged_by_every_release_read_back_to_the_last_bit() {
    for schema in 1..=RELEASED.len() {
        let library = tempfile::tempdir().unwrap();
        let logged = slates(schema);
        let connection = database_of(schema, library.path());
        for (id, impression) in (5..).zip(&logged) {
            match schema {
                ..5 => log_as_rows(&connection, schema, id, impression),
                _ => log_as_columns(&connection, schema, id, impression),
            }
        }
        drop(connection);

        let store = Store::open(library.path()).unwrap();
        let mut kept = store.impressions(&listener("bob"), 9).unwrap();
        kept.reverse();
        assert_eq!(
            kept.iter().map(|(id, _)| id.0).collect::<Vec<_>>(),
            [5, 6, 7],
            "schema {schema}"
        );
        for ((id, kept), logged) in kept.iter().zip(&logged) {
            assert_eq!(bits(kept), bits(logged), "schema {schema}");
            assert_eq!(store.impression(*id).unwrap().as_ref().map(bits), Some(bits(logged)));
        }
        assert_eq!(store.status().unwrap().impressions, 3);
    }
}

#[test]
fn a_store_of_every_release_takes_all_that_a_new_one_takes() {
    for schema in 1..=RELEASED.len() {
        let library = tempfile::tempdir().unwrap();
        drop(database_of(schema, library.path()));
        let mut store = Store::open(library.path()).unwrap();
        for (version, kind) in [("v1", "likability"), ("s1", "set")] {
            let weights = b"weights";
            let model = NewModel {
                version,
                kind,
                created_at: at(0),
                card: "{}",
                weights,
                listeners: &[],
                log_end: 0,
                forgotten: 0,
            };
            store.register_model(&model).unwrap();
        }
        assert_eq!(store.status().unwrap().active_model.as_deref(), Some("s1"));
        store.add_tracks(&[track("song")]).unwrap();
        assert_eq!(store.tracks_added_after(at(0)).unwrap(), [TrackId::new("song")]);
        store.log_impression(&impression("ann", &[TrackId::new("song")], 1, at(0))).unwrap();
        let friendship = Record::Friendship { listener: listener("ann"), friend: listener("bob") };
        assert_eq!(import(&mut store, "friends", &[friendship]).friendships_added, 1);
        let tag = ArtistTag { artist: "Ann".into(), tag: "folk".into(), people: 2 };
        assert_eq!(import(&mut store, "tags", &[Record::ArtistTag(tag)]).artist_tags_added, 1);
        store.add_key(&key("phone", "write", 7, 0, None)).unwrap();
        assert_eq!(Store::open(library.path()).unwrap().keys().unwrap(), store.keys().unwrap());
    }
}

#[test]
fn of_models_that_were_in_use_side_by_side_the_one_that_serves_mixes_stays() {
    for (in_use, stays) in [
        (&["likability", "next-track"][..], Some("likability")),
        (&["set", "likability", "next-track"][..], Some("set")),
        (&["next-track"][..], None),
    ] {
        let library = tempfile::tempdir().unwrap();
        let connection = database_of(4, library.path());
        for kind in in_use {
            let sql = "INSERT INTO models (version, kind, created_at, active, card) \
                       VALUES (?1, ?1, 0, 1, '{}')";
            connection.execute(sql, [kind]).unwrap();
        }
        drop(connection);
        let store = Store::open(library.path()).unwrap();
        assert_eq!(store.active_model().unwrap().map(|model| model.kind).as_deref(), stays);
        assert_eq!(store.models().unwrap().len(), in_use.len(), "all of them are listed");
    }
}

#[test]
fn a_play_that_an_older_release_stamped_undated_has_no_date() {
    let sql = "INSERT INTO works (id, name) VALUES (1, 'song'); \
               INSERT INTO listeners (id, name) VALUES (1, 'ann'); \
               INSERT INTO tracks (id, name, work, version, title, artists, listed) \
               VALUES (1, 'song', 1, 0, 'Song', '[]', 1); \
               INSERT INTO listens (listener, track, at, moment, start_reason, end_reason, \
               private_session, device, source) \
               VALUES (1, 1, 946684800000000, 0, 0, 0, 0, 0, 13), \
               (1, 1, 1700000040000000, 0, 0, 0, 0, 0, 13)";
    for schema in 1..=RELEASED.len() {
        let library = tempfile::tempdir().unwrap();
        database_of(schema, library.path()).execute_batch(sql).unwrap();
        let store = Store::open(library.path()).unwrap();
        let listens = store.listens(&listener("ann")).unwrap();
        let times: Vec<_> = listens.iter().map(|listen| listen.at).collect();
        assert_eq!(times, [None, Some(at(0))], "schema {schema}");
        assert!(store.all_friends().unwrap().is_empty());
    }
}

#[test]
fn a_mix_that_cannot_be_read_is_left_out_with_its_list_and_all_else_opens() {
    for damage in [
        "UPDATE impressions SET config = '{\"length\": ' WHERE id = 6",
        "UPDATE impressions SET picks = CAST(replace(picks, '{', '[') AS BLOB) WHERE id = 7",
        "UPDATE impressions SET config = x'ff00' WHERE id = 6; \
         UPDATE impressions SET picks = 7 WHERE id = 7",
    ] {
        let library = tempfile::tempdir().unwrap();
        let connection = database_of(19, library.path());
        for (id, impression) in (5..).zip(&slates(19)) {
            log_as_columns(&connection, 19, id, impression);
            let sql = "INSERT INTO lists \
                       (listener, kind, name, edition, at, impression, never_shown) \
                       VALUES (1, 'own', ?1, '', 0, ?1, 0)";
            connection.execute(sql, [id]).unwrap();
        }
        connection.execute_batch(damage).unwrap();
        drop(connection);

        let store = Store::open(library.path()).unwrap();
        let kept = store.impressions(&listener("bob"), 9).unwrap();
        let kept: Vec<_> = kept.iter().map(|(id, _)| *id).collect();
        assert!(kept.len() < 3 && kept.last().unwrap().0 == 5, "{damage}: {kept:?}");
        let lists = store.lists(&listener("bob")).unwrap();
        let held: Vec<_> = lists.iter().map(|list| list.impression).collect();
        assert_eq!(held, kept, "{damage}");
        assert!(store.check().problems.is_empty(), "{damage}");
    }
}
