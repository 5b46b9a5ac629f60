//! What is damaged, cut off or a lie costs its member and no other.

use std::fs;

use proptest::prelude::*;
use segue_world::dump::{read_canonical, read_listens};
use tempfile::TempDir;

use super::support::{
    Keeper, Read, canonical, lie_about_length, listens, packed, packed_lines, places, planted,
    read_bytes, tar_of, tar_of_parquet, world,
};

/// The members that are whole, by the numbers in their names.
fn whole(members: &[Read]) -> Vec<&str> {
    let whole = members.iter().filter(|member| member.report.broken.is_none());
    whole.map(|member| member.name().trim_start_matches("dump.tar/")).collect()
}

fn broken(members: &[Read]) -> Vec<(&str, &str)> {
    let broken = members.iter().filter(|member| member.report.broken.is_some());
    broken.map(|m| (m.name().trim_start_matches("dump.tar/"), m.broken())).collect()
}

#[test]
fn of_a_tar_that_is_cut_off_the_complete_members_are_read() {
    let tar = tar_of_parquet(&world());
    let (last, _) = places(&tar)[4];
    let members = read_bytes("dump.tar", &tar[..last + 512 + 700]);
    assert_eq!(whole(&members), ["0.parquet", "1.parquet", "2.parquet", "3.parquet"]);
    let broken = broken(&members);
    assert_eq!(broken[0].0, "4.parquet");
    assert!(broken[0].1.contains("ends in the middle of it"), "{broken:?}");
    let expected = planted(&world(), false);
    assert_eq!(listens(&members), expected[..2_800]);
}

#[test]
fn of_a_stretch_of_a_tar_the_members_in_it_are_read() {
    let tar = tar_of_parquet(&world());
    let places = places(&tar);
    let stretch = &tar[places[1].0..places[3].0];
    let members = read_bytes("dump.tar", stretch);
    assert_eq!(whole(&members), ["1.parquet", "2.parquet"]);
    assert_eq!(listens(&members), planted(&world(), false)[700..2_100]);
    // A stretch that begins in the middle of a member: what comes first belongs to none.
    let members = read_bytes("dump.tar", &tar[places[1].0 + 1024..places[3].0]);
    assert_eq!(whole(&members), ["2.parquet"]);
    let broken = broken(&members);
    assert_eq!(broken[0].0, "the beginning");
    assert!(broken[0].1.contains("no member where one should begin"), "{broken:?}");
}

#[test]
fn a_damaged_member_is_broken_and_the_others_are_read() {
    let tar = tar_of_parquet(&world());
    let (at, bytes) = places(&tar)[1];
    let begin = at + 512;
    for damaged in [begin, begin + bytes / 2, begin + bytes - 6, begin + bytes - 1] {
        let mut tar = tar.clone();
        tar[damaged..damaged + 1].fill(0xa5);
        let members = read_bytes("dump.tar", &tar);
        let others: Vec<_> =
            whole(&members).into_iter().filter(|name| *name != "1.parquet").collect();
        assert_eq!(others, ["0.parquet", "2.parquet", "3.parquet", "4.parquet"]);
    }
    let mut tar = tar;
    tar[begin + 4..begin + bytes - 8].fill(0xa5);
    let members = read_bytes("dump.tar", &tar);
    assert_eq!(broken(&members)[0].0, "1.parquet");
    assert_eq!(whole(&members).len(), 4);
}

#[test]
fn a_damaged_header_costs_its_member() {
    let mut tar = tar_of_parquet(&world());
    let (at, _) = places(&tar)[2];
    tar[at + 3] ^= 1;
    let members = read_bytes("dump.tar", &tar);
    assert_eq!(whole(&members), ["0.parquet", "1.parquet", "3.parquet", "4.parquet"]);
    assert_eq!(broken(&members)[0].0, "behind 1.parquet");
}

#[test]
fn a_length_that_is_a_lie_hides_no_other_member() {
    let tar = tar_of_parquet(&world());
    let places = places(&tar);
    let (at, bytes) = places[1];
    let swallowed = places[3].0 - at - 512;
    for lie in [bytes - 600, bytes + 600, swallowed, 1 << 40, 4] {
        let mut tar = tar.clone();
        lie_about_length(&mut tar, at, lie as u64);
        let members = read_bytes("dump.tar", &tar);
        assert_eq!(
            whole(&members),
            ["0.parquet", "2.parquet", "3.parquet", "4.parquet"],
            "a length of {lie} in place of {bytes}"
        );
        assert_eq!(broken(&members)[0].0, "1.parquet");
    }
}

#[test]
fn a_length_that_is_a_lie_breaks_lines_too() {
    let line =
        r#"{"user_id":1,"timestamp":5,"track_metadata":{"artist_name":"A","track_name":"B"}}"#;
    let month = format!("{line}\n").repeat(40);
    let months = ["1.listens", "2.listens", "3.listens"].map(|name| (name, month.as_bytes()));
    let tar = tar_of(&months);
    let places = places(&tar);
    for lie in [month.len() - 900, month.len() + 700, places[2].0 - places[1].0 + month.len()] {
        let mut tar = tar.clone();
        lie_about_length(&mut tar, places[0].0, lie as u64);
        let members = read_bytes("dump.tar", &tar);
        assert_eq!(broken(&members)[0].0, "1.listens", "{lie}");
        assert_eq!(whole(&members), ["2.listens", "3.listens"], "{lie}");
        // There is no going back in a stream: what the lie covers is gone, and told of.
        let members = read_bytes("dump.tar", &packed(&tar));
        assert_eq!(broken(&members)[0].0, "1.listens", "{lie}");
        assert_eq!(whole(&members).last(), Some(&"3.listens"), "{lie}");
    }
}

#[test]
fn a_stream_that_is_cut_off_or_damaged_breaks_the_member_it_is_at() {
    let dump = packed_lines(&world());
    let members = read_bytes("dump.tar", &dump[..dump.len() / 2]);
    let last = members.last().unwrap();
    assert!(last.broken().contains("damaged or cut off"), "{}", last.broken());
    assert_eq!(last.listens, planted(&world(), true)[..last.listens.len()]);
    let mut damaged = dump.clone();
    damaged[dump.len() / 2..][..40].fill(0x5a);
    // What is unpacked may still look like listens: the checksum refuses all of it.
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("dump.tar");
    fs::write(&path, damaged).unwrap();
    let refused = read_listens(&path, 2, &mut Keeper::default()).unwrap_err().to_string();
    assert!(refused.contains("checksum") && refused.contains("dump.tar"), "{refused}");
    let members = read_bytes("dump.tar", &dump[..6]);
    assert!(members[0].broken().contains("damaged or cut off"));
    let members = read_bytes("dump.tar.zst", &dump[1..]);
    assert!(members[0].broken().contains("does not begin as its name says"));
}

#[test]
fn a_file_of_lines_that_is_cut_off_is_broken() {
    let line =
        r#"{"user_id":1,"timestamp":5,"track_metadata":{"artist_name":"A","track_name":"B"}}"#;
    let members = read_bytes("1.listens", format!("{line}\n{}", &line[..30]).as_bytes());
    assert_eq!(members[0].listens.len(), 1);
    assert_eq!(members[0].broken(), "line 2: it ends in the middle of a line: it is cut off");
}

#[test]
fn parquet_in_a_packed_archive_is_named_and_not_read() {
    let members = read_bytes("dump.tar", &packed(&tar_of_parquet(&world())));
    assert_eq!(members.len(), 5);
    assert!(members.iter().all(|member| member.broken().contains("zstd -d")));
}

#[test]
fn a_member_without_the_columns_of_listens_is_broken() {
    let mut content = tar_of_parquet(&world());
    let name = b"recording_name";
    let places: Vec<usize> =
        (0..content.len() - name.len()).filter(|&at| content[at..].starts_with(name)).collect();
    places.iter().for_each(|&at| content[at] = b'R');
    let members = read_bytes("dump.tar", &content);
    assert!(members.iter().all(|m| m.broken().contains("no column `recording_name`")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn any_damage_ends_in_an_account(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
        kind in 0..3,
    ) {
        let mut world = world();
        world.config.listens = 120;
        world.config.rows_a_member = 50;
        world.config.recordings = 80;
        let mut dump = match kind {
            0 => tar_of_parquet(&world),
            1 => packed_lines(&world),
            _ => canonical(&world),
        };
        for (at, byte) in changes {
            let at = at.index(dump.len());
            dump[at] = byte;
        }
        if is_cut {
            dump.truncate(cut.index(dump.len()));
        }
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("dump.tar");
        fs::write(&path, dump).unwrap();
        let mut keeper = Keeper::default();
        if let Ok(report) = read_canonical(&path, &mut |_| Ok(())) {
            prop_assert_eq!(report.rows, report.kept + report.dropped.values().sum::<u64>());
        }
        // The sink checks that the accounts add up.
        if read_listens(&path, 2, &mut keeper).is_ok() {
            prop_assert!(listens(&keeper.members).len() <= 120);
        }
    }
}
