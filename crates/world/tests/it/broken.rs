//! Builds that something goes wrong with: they are killed, the disk is full, a dump is damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_world::build::{BuildConfig, BuildReport, build};
use segue_world::{Result, WorldError};

use crate::people::{Played, factors, lines, played};

/// What a process of its own is to build: the dump and the world, a line each.
const TASK: &str = "SEGUE_TEST_BUILD";

fn config(dump: &Path) -> BuildConfig {
    BuildConfig { listens: vec![dump.to_owned()], ..BuildConfig::default() }
}

fn built(dump: &Path, out: &Path) -> Result<BuildReport> {
    build(&config(dump), out, &mut factors, &mut |_| {})
}

/// The listens of many people, part after part in the order of time.
fn members(count: i64) -> Vec<Vec<Played>> {
    let evening = |evening: i64| {
        let person = |user: u32| {
            (0..20_i64).map(move |song| {
                let number = (song * i64::from(user % 3 + 1)) % 40;
                let at = evening * 86_400 + song * 200;
                played(user, at, &format!("Artist {}", number / 2), &format!("Song {number}"))
            })
        };
        (0..40).flat_map(person).collect()
    };
    (0..count).map(evening).collect()
}

/// A tar of such members, and where the header of each lies.
fn tar_of(members: &[Vec<Played>]) -> (Vec<u8>, Vec<usize>) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut headers = Vec::new();
    for (number, listens) in members.iter().enumerate() {
        let content = lines(listens);
        headers.push(tar.get_ref().len());
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        let name = format!("2023/{number}.listens");
        tar.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    (tar.into_inner().unwrap(), headers)
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut packer = zstd::Encoder::new(Vec::new(), 1).unwrap();
    packer.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut packer, content).unwrap();
    packer.finish().unwrap()
}

#[test]
#[ignore = "the other tests run it in processes of its own"]
fn a_process_that_builds() {
    let Ok(task) = std::env::var(TASK) else { return };
    let (dump, out) = task.split_once('\n').unwrap();
    if let Err(error) = built(Path::new(dump), Path::new(out)) {
        println!("failed: {error}");
    }
}

/// That test as a process of its own, behind a command that runs it.
fn process(before: &[&str], dump: &Path, out: &Path) -> Command {
    let own = std::env::current_exe().unwrap();
    let mut words: Vec<&std::ffi::OsStr> = before.iter().map(AsRef::as_ref).collect();
    words.push(own.as_os_str());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command.args(["--exact", "broken::a_process_that_builds", "--ignored", "--nocapture"]);
    command.env(TASK, format!("{}\n{}", dump.display(), out.display()));
    command
}

#[test]
fn a_build_that_is_killed_again_and_again_ends_in_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let [dump, whole, out] = ["dump.tar", "whole", "killed"].map(|name| folder.path().join(name));
    fs::write(&dump, tar_of(&members(12)).0).unwrap();
    let begun = Instant::now();
    assert!(process(&[], &dump, &whole).stdout(Stdio::null()).status().unwrap().success());
    let usual = begun.elapsed();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut killed = 0;
    for _ in 0..25 {
        let mut child = process(&[], &dump, &out).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(usual.mul_f64(rng.random_range(0.1..1.0)).max(Duration::from_millis(1)));
        child.kill().unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        if out.exists() {
            // It was killed behind the last step but one, or not in time.
            assert_eq!(fs::read(&whole).unwrap(), fs::read(&out).unwrap());
            fs::remove_file(&out).unwrap();
        }
    }
    built(&dump, &out).unwrap();
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&out).unwrap());
    assert!(killed > 0, "every build was done before it was killed");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_with_the_file_and_the_next_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let [dump, whole, out] = ["dump.tar", "whole", "full"].map(|name| folder.path().join(name));
    fs::write(&dump, tar_of(&members(6)).0).unwrap();
    built(&dump, &whole).unwrap();
    let mut failed = Vec::new();
    for blocks in [0, 1, 8, 24, 60, 120] {
        // No file may become longer: the system refuses to write on, as it does where the disk is
        // full.
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = process(&["sh", "-c", &limited], &dump, &out).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let Some((_, error)) = text.split_once("failed: ") else {
            assert!(out.exists(), "{text}");
            fs::remove_file(&out).unwrap();
            continue;
        };
        assert!(error.contains("full.building/"), "{error}");
        assert!(!out.exists(), "nothing half built has the name of a world");
        failed.push(error.lines().next().unwrap().to_owned());
    }
    assert!(failed.len() >= 3, "{failed:?}");
    built(&dump, &out).unwrap();
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&out).unwrap());
}

#[test]
fn a_member_that_lies_about_its_length_is_left_out_and_the_others_count() {
    let folder = tempfile::tempdir().unwrap();
    let members = members(3);
    let (content, headers) = tar_of(&members);
    for change in [-512_i64, -3, 512, 700] {
        let mut content = content.clone();
        let at = headers[1];
        let mut header = tar::Header::from_byte_slice(&content[at..at + 512]).clone();
        header.set_size(header.size().unwrap().saturating_add_signed(change));
        header.set_cksum();
        content[at..at + 512].copy_from_slice(header.as_bytes());
        let [dump, out] = ["lies.tar", "world"].map(|name| folder.path().join(name));
        fs::write(&dump, content).unwrap();
        let report = built(&dump, &out).unwrap();
        fs::remove_file(&out).unwrap();
        let broken: Vec<&str> = report
            .members
            .iter()
            .filter(|member| member.broken.is_some())
            .map(|member| member.member.as_str())
            .collect();
        assert_eq!(broken, ["lies.tar/2023/1.listens"], "{change}: {report:?}");
        assert!(report.adds_up(), "{change}: {report:?}");
        let kept = (members[0].len() + members[2].len()) as u64;
        assert_eq!(report.listens + report.duplicates + report.by_too_few, kept, "{change}");
    }
}

#[test]
fn an_archive_whose_checksum_does_not_fit_is_refused_and_read_anew_once_it_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let [dump, whole, out] = ["a.tar.zst", "whole", "out"].map(|name| folder.path().join(name));
    let sound = packed(&tar_of(&members(4)).0);
    fs::write(&dump, &sound).unwrap();
    built(&dump, &whole).unwrap();

    let mut damaged = sound.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&dump, damaged).unwrap();
    let refused = built(&dump, &out);
    let Err(WorldError::Malformed { path, reason }) = &refused else { panic!("{refused:?}") };
    assert_eq!(path, &dump);
    assert!(reason.contains("checksum") && reason.contains("download it again"), "{reason}");
    assert!(!out.exists());
    let journal = fs::read_to_string(folder.path().join("out.building/journal")).unwrap();
    assert_eq!(journal, "", "nothing that came of it is gone on from");

    fs::write(&dump, sound).unwrap();
    built(&dump, &out).unwrap();
    assert_eq!(fs::read(&whole).unwrap(), fs::read(&out).unwrap());
}

#[test]
fn an_archive_that_is_cut_off_counts_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let [dump, out] = ["a.tar.zst", "out"].map(|name| folder.path().join(name));
    let whole = packed(&tar_of(&members(8)).0);
    fs::write(&dump, &whole[..whole.len() - 200]).unwrap();
    let report = built(&dump, &out).unwrap();
    assert!(report.listens > 0 && report.adds_up(), "{report:?}");
    assert!(report.members.iter().any(|member| member.broken.is_some()), "{report:?}");
}

#[test]
fn of_two_builds_of_one_world_the_second_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [dump, out] = ["dump.tar", "out"].map(|name| folder.path().join(name));
    fs::write(&dump, tar_of(&members(2)).0).unwrap();
    let mut others = Vec::new();
    build(&config(&dump), &out, &mut factors, &mut |_| others.push(built(&dump, &out))).unwrap();
    let is_refused =
        |other: &Result<BuildReport>| matches!(other, Err(WorldError::BeingBuilt { .. }));
    assert!(others.len() > 4 && others.iter().all(is_refused), "{others:?}");
    assert!(out.exists());
}

fn fails(dump: &Path, out: &Path) {
    let mut fails = |_| Err(WorldError::Factors { reason: "a test".to_owned() });
    let failed = build(&config(dump), out, &mut fails, &mut |_| {});
    assert!(matches!(failed, Err(WorldError::Factors { .. })), "{failed:?}");
}

#[test]
fn a_journal_that_was_cut_off_is_gone_on_from_its_last_whole_line() {
    let folder = tempfile::tempdir().unwrap();
    let [dump, out] = ["dump.tar", "out"].map(|name| folder.path().join(name));
    fs::write(&dump, tar_of(&members(3)).0).unwrap();
    fails(&dump, &out);
    let journal: PathBuf = folder.path().join("out.building/journal");
    let whole = fs::read(&journal).unwrap();
    for cut in [1, 40, whole.len() - 10] {
        fs::write(&journal, &whole[..whole.len() - cut]).unwrap();
        fails(&dump, &out);
        let text = fs::read_to_string(&journal).unwrap();
        let members = |text: &str| text.lines().filter(|line| line.ends_with("]}")).count();
        assert_eq!((text.lines().count(), members(&text)), (3, 3), "{cut}: {text}");
    }
}

#[test]
fn a_build_that_may_not_take_the_memory_says_so_and_goes_on_with_more() {
    let folder = tempfile::tempdir().unwrap();
    let [dump, out] = ["dump.tar", "out"].map(|name| folder.path().join(name));
    fs::write(&dump, tar_of(&members(3)).0).unwrap();
    let little = BuildConfig { memory_mb: 0, ..config(&dump) };
    let refused = build(&little, &out, &mut factors, &mut |_| {});
    let Err(WorldError::NeedsMemory { needed_mb, allowed_mb: 0 }) = refused else {
        panic!("{refused:?}");
    };
    assert!(needed_mb >= 1);
    built(&dump, &out).unwrap();
}
