//! The file of a world: opened or refused, verified, and handed on in part.

use std::fs;
use std::sync::LazyLock;

use proptest::prelude::*;
use segue_world::{RecordingIdx, World, WorldError};

use crate::people::{two_camps, world};

#[test]
fn a_world_that_was_cut_off_changed_or_is_of_tomorrow_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (_, path, _) = world(folder.path(), &two_camps());
    let bytes = fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        let path = folder.path().join("other.world");
        fs::write(&path, bytes).unwrap();
        match World::open(&path) {
            Ok(_) => panic!("it was opened"),
            Err(error) => error,
        }
    };
    for length in [0, 7, 64, 130, bytes.len() / 2, bytes.len() - 1] {
        let error = refused(&bytes[..length]);
        assert!(matches!(error, WorldError::Malformed { .. }), "{length}: {error}");
    }
    let mut newer = bytes.clone();
    newer[8] = 9;
    assert!(matches!(refused(&newer), WorldError::Newer { found: 9, supported: 1, .. }));
    let mut table = bytes.clone();
    let at = table.len() - 100;
    table[at] ^= 1;
    assert!(matches!(refused(&table), WorldError::Malformed { .. }));
}

#[test]
fn verifying_names_the_section_that_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let (open, path, _) = world(folder.path(), &two_camps());
    open.verify(&mut |_| {}).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(8).position(|bytes| bytes == b"Artist 3").unwrap();
    bytes[at] ^= 0x20;
    let path = folder.path().join("damaged.world");
    fs::write(&path, bytes).unwrap();
    let error = World::open(&path).unwrap().verify(&mut |_| {}).unwrap_err().to_string();
    assert!(error.contains("`artists`") && error.contains("damaged.world"), "{error}");
}

#[test]
fn a_part_of_a_world_is_a_world_of_the_best_known() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, _, _) = world(folder.path(), &two_camps());
    let out = folder.path().join("small.world");
    assert_eq!(whole.export(7, &out).unwrap(), 7);
    let part = World::open(&out).unwrap();
    part.verify(&mut |_| {}).unwrap();
    assert_eq!((part.len(), part.manifest().part_of.clone()), (7, Some(whole.digest())));
    for row in (0..7).map(RecordingIdx) {
        assert_eq!(part.names(row), whole.names(row));
        assert_eq!(part.people(row), whole.people(row));
        let factors = |world: &World| world.factors().unwrap().vector(row.0).unwrap().to_vec();
        assert_eq!(factors(&part), factors(&whole));
        let (artist, title) = part.names(row);
        assert_eq!(part.find(artist, title), Some(row));
        assert_eq!(part.artist_name(part.artist(row)), whole.artist_name(whole.artist(row)));
        let near = |world: &World| -> Vec<_> {
            world.neighbours(row).filter(|(near, _)| near.0 < 7).collect()
        };
        assert_eq!(near(&part), near(&whole));
    }
    assert!(matches!(whole.export(7, &out), Err(WorldError::Exists { .. })));
}

static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let (_, path, _) = world(folder.path(), &two_camps());
    fs::read(&path).unwrap()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is flipped, questions have some answer or none, and nothing panics.
    #[test]
    fn damage_gives_wrong_answers_at_worst(
        flips in proptest::collection::vec(any::<(usize, u8)>(), 1..40),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = BYTES.clone();
        let length = bytes.len();
        for (at, with) in flips {
            // Sections alone: the table is compared with its digest before anything is asked.
            bytes[64 + at % (length * 2 / 5)] ^= with;
        }
        let path = folder.path().join("damaged.world");
        fs::write(&path, bytes).unwrap();
        if let Ok(world) = World::open(&path) {
            for row in (0..world.len() as u32).map(RecordingIdx) {
                let (artist, title) = world.names(row);
                let _ = (world.find(artist, title), world.mbid(row));
                let _ = world.factors().map(|index| index.vector(row.0).is_some());
                let artist = world.artist(row);
                let _ = world.artist_name(artist);
                let _ = (world.neighbours(row).count(), world.recordings_of(artist).count());
            }
        }
    }
}
