//! The short form of `bench/attack.py`: power loss, damage to every file, a full disk, rude clients
//! and a crowd of processes. It needs Python and a C compiler, and says when it skips.

use std::path::Path;
use std::process::Command;

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success())
}

#[test]
fn an_attack_finds_nothing_lost_and_nothing_damaged_served() {
    if !cfg!(target_os = "linux") || !is_there("python3") || !is_there("cc") {
        eprintln!("skipped: the attack needs Linux, python3 and cc");
        return;
    }
    let attack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/attack.py");
    let ran = Command::new("python3")
        .arg(attack)
        .args(["--short", "--segue", env!("CARGO_BIN_EXE_segue")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
    println!("{said}");
}
