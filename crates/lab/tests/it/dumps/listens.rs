//! Listens are read as they were written, whatever form the dump has.

use std::fs;

use segue_lab::world_dumps::{PlantedListens, member};
use segue_world::WorldError;
use segue_world::dump::read_listens;
use tempfile::TempDir;

use super::support::{
    Keeper, canonical, listens, packed, packed_lines, planted, read, read_bytes, tar_of,
    tar_of_parquet, world,
};

#[test]
fn a_tar_of_parquet_holds_the_listens_that_were_planted() {
    let members = read_bytes("dump.tar", &tar_of_parquet(&world()));
    let names: Vec<_> = members.iter().map(|member| member.name()).collect();
    let expected = ["dump.tar/0.parquet", "dump.tar/1.parquet", "dump.tar/2.parquet"];
    assert_eq!(names[..3], expected);
    assert_eq!(members.len(), 5);
    assert!(members.iter().all(|member| member.report.broken.is_none()));
    assert_eq!(listens(&members), planted(&world(), false));
}

#[test]
fn json_lines_in_a_packed_tar_hold_the_same_listens() {
    let members = read_bytes("dump.tar.zst", &packed_lines(&world()));
    assert!(members[0].name().ends_with("-full/listens/2026/6.listens"), "{}", members[0].name());
    assert!(members.len() > 1, "the listens are of several months");
    assert_eq!(listens(&members), planted(&world(), true));
}

#[test]
fn the_months_of_a_year_follow_each_other() {
    let mut world = world();
    world.config.days = 200;
    let members = read_bytes("dump", &packed_lines(&world));
    let months: Vec<_> = members.iter().map(|m| m.name().rsplit('/').next().unwrap()).collect();
    assert_eq!(months[3..5], ["9.listens", "10.listens"]);
    assert_eq!(listens(&members), planted(&world, true));
}

#[test]
fn members_are_read_by_themselves_as_well() {
    let world = world();
    let (parquet, lines) = (tar_of_parquet(&world), packed_lines(&world));
    let folder = TempDir::new().unwrap();
    tar::Archive::new(&parquet[..]).unpack(folder.path().join("parquet")).unwrap();
    let lines = zstd::decode_all(&lines[..]).unwrap();
    tar::Archive::new(&lines[..]).unpack(folder.path().join("lines")).unwrap();
    assert_eq!(listens(&read(&folder.path().join("parquet"))), planted(&world, false));
    let one = read(&folder.path().join("parquet/3.parquet"));
    assert_eq!(one[0].name(), "3.parquet");
    assert_eq!(one[0].listens, planted(&world, false)[2_100..2_800]);
    assert_eq!(listens(&read(&folder.path().join("lines"))), planted(&world, true));
}

#[test]
fn lines_are_read_packed_or_not_and_in_a_tar_or_not() {
    let line =
        r#"{"user_id":1,"timestamp":5,"track_metadata":{"artist_name":"A","track_name":"B"}}"#;
    let tar = tar_of(&[("1.listens", line.as_bytes()), ("COPYING", b"CC0")]);
    for content in [line.as_bytes().to_vec(), packed(line.as_bytes()), packed(&tar), tar] {
        let members = read_bytes("dump", &content);
        assert_eq!((members.len(), members[0].listens.len()), (1, 1));
        assert_eq!(members[0].report.broken, None);
    }
}

#[test]
fn files_of_a_folder_come_in_the_order_of_their_numbers() {
    let world = world();
    let listens: Vec<_> = PlantedListens::new(world).take(3).collect();
    let folder = TempDir::new().unwrap();
    for name in ["10.parquet", "2.parquet", "1.parquet"] {
        fs::write(folder.path().join(name), member(&world, &listens).unwrap()).unwrap();
    }
    fs::write(folder.path().join("README"), "about this dump").unwrap();
    let members = read(folder.path());
    let names: Vec<_> = members.iter().map(|member| member.name()).collect();
    assert_eq!(names, ["1.parquet", "2.parquet", "10.parquet"]);
}

#[test]
fn members_that_were_read_before_are_passed_over() {
    let world = world();
    for (dump, known) in [
        (tar_of_parquet(&world), "dump/1.parquet"),
        (
            packed_lines(&world),
            "dump/listenbrainz-listens-dump-1-20260601-000003-full/listens/2026/6.listens",
        ),
    ] {
        let all = read_bytes("dump", &dump);
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("dump");
        fs::write(&path, dump).unwrap();
        let mut keeper = Keeper::default();
        keeper.known.insert(known.to_owned());
        read_listens(&path, 2, &mut keeper).unwrap();
        let others: Vec<_> = all.into_iter().filter(|member| member.name() != known).collect();
        assert_eq!(keeper.members, others);
    }
}

#[test]
fn a_sink_ends_the_reading() {
    let folder = TempDir::new().unwrap();
    for dump in [tar_of_parquet(&world()), packed_lines(&world())] {
        let path = folder.path().join("dump");
        fs::write(&path, dump).unwrap();
        let mut keeper = Keeper::default();
        keeper.most_listens = Some(900);
        let error = read_listens(&path, 1, &mut keeper).unwrap_err();
        assert_eq!(error.to_string(), "`sink`: enough");
        assert!(keeper.members.len() < 2);
    }
}

#[test]
fn a_file_without_listens_is_an_error_that_says_what_is_read() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cover.jpg");
    fs::write(&path, [0xff; 2000]).unwrap();
    let error = read_listens(&path, 2, &mut Keeper::default()).unwrap_err();
    assert!(matches!(error, WorldError::Malformed { .. }));
    assert!(error.to_string().contains("a tar of Parquet"), "{error}");
    fs::write(&path, canonical(&world())).unwrap();
    let error = read_listens(&path, 2, &mut Keeper::default()).unwrap_err();
    assert!(error.to_string().contains("it holds no listens"), "{error}");
    let missing = folder.path().join("missing");
    let error = read_listens(&missing, 2, &mut Keeper::default()).unwrap_err();
    assert!(matches!(error, WorldError::Io { .. }), "{error}");
}
