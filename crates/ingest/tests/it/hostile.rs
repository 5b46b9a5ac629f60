//! Input made to break the reader ends in an account or an error that names file and line, in
//! bounded memory.

use std::fs;
use std::io::Write;
use std::path::Path;

use segue_ingest::{FileReport, ImportLimits, IngestError};

use crate::support::{
    Memory, extended, extended_row, options, read, read_text, read_zip, try_import, zip,
};

fn note(report: &FileReport) -> &str {
    assert!(report.incomplete, "{report:?}");
    report.note.as_deref().unwrap()
}

#[test]
fn a_truncated_file_keeps_the_rows_before_and_names_the_line() {
    let whole = extended(20);
    let cut = &whole[..whole.len() - 300];
    let (report, memory) = read_text("endsong_0.json", cut);
    assert_eq!((report.rows_read, memory.listens().len()), (19, 19));
    let line = cut.lines().count();
    let note = note(&report);
    assert!(
        note.contains("endsong_0.json") && note.contains("ends in the middle of a row"),
        "{note}"
    );
    // The row begins up to five lines before the end.
    let named: usize =
        note.split("line ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
    assert!((line - 5..=line).contains(&named), "{note}, {line}");
}

#[test]
fn a_truncated_part_does_not_keep_the_others_from_being_read() {
    let (whole, good) = (extended(20), extended(3));
    let (report, memory) = read_zip(&[
        ("endsong_0.json", &whole.as_bytes()[..5000]),
        ("endsong_1.json", good.as_bytes()),
    ]);
    assert!(note(&report.files[0]).contains("my_export.zip/endsong_0.json"));
    assert_eq!(report.files[1].listens, 3);
    assert!(memory.listens().len() > 3);
}

#[test]
fn a_broken_row_costs_one_row() {
    let rows = [
        extended_row(1, "A", 1),
        extended_row(2, "B", 1).replace("true,", "tru,"),
        extended_row(3, "C", 1),
    ];
    let (report, memory) = read_text("endsong_0.json", &format!("[{}]", rows.join(",")));
    assert_eq!((report.rows_read, memory.listens().len()), (3, 2));
    assert!(!report.incomplete);
}

#[test]
fn lone_surrogates_control_characters_and_huge_numbers_are_mended() {
    let rows = [
        extended_row(1, "lone \\ud83d", 1),
        extended_row(2, "nul \0 byte", 1),
        extended_row(3, "huge", 1).replace("\"ms_played\":1,", "\"ms_played\":1e9999,"),
        extended_row(4, "long", 1)
            .replace("\"ms_played\":1,", &format!("\"ms_played\":{},", "9".repeat(5000))),
    ];
    let (report, memory) = read_text("endsong_0.json", &format!("[{}]", rows.join(",")));
    let titles: Vec<_> = memory.tracks().iter().map(|track| track.title.clone()).collect();
    assert_eq!(titles, ["lone \u{fffd}", "nul   byte", "huge", "long"]);
    assert_eq!(report.listens, 4);
    assert!(memory.listens()[2..].iter().all(|listen| listen.ms_played.is_none()));
}

#[test]
fn deep_nesting_ends_in_an_error_with_file_and_line() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for text in [
        format!("[{},\n{{\"x\":{deep}}}]", extended_row(1, "A", 1)),
        format!("[{},\n{deep}]", extended_row(1, "A", 1)),
    ] {
        let (report, memory) = read_text("endsong_0.json", &text);
        assert_eq!(memory.listens().len(), 1);
        let note = note(&report);
        assert!(
            note.contains("endsong_0.json") && note.contains("line 6") && note.contains("nesting"),
            "{note}"
        );
    }
}

#[test]
fn an_endless_row_is_refused_before_it_fills_memory() {
    let text = format!("[{},{{\"ts\":\"{}\"}}]", extended_row(1, "A", 1), "x".repeat(3 << 20));
    let (report, memory) = read_text("endsong_0.json", &text);
    assert_eq!(memory.listens().len(), 1);
    assert!(note(&report).contains("a row exceeds the limit"));
    let lines = format!(
        "{{\"timeMs\":1577836800123,\"artist\":\"A\",\"track\":\"T\"}}\n{}",
        "x".repeat(3 << 20)
    );
    let (report, memory) = read_text("pano.jsonl", &lines);
    assert_eq!(memory.listens().len(), 1);
    assert!(note(&report).contains("line 2: a line exceeds the limit"));
}

#[test]
fn blanks_without_end_are_refused() {
    let (report, _) = read_text(
        "endsong_0.json",
        &format!("[{},{}", extended_row(1, "A", 1), " ".repeat(3 << 20)),
    );
    assert!(note(&report).contains("white space"));
}

#[test]
fn an_archive_that_unpacks_too_well_is_stopped() {
    let mut bomb = extended(2).into_bytes();
    bomb.pop();
    bomb.extend(std::iter::repeat_n(b" \n".as_slice(), 20 << 20).flatten());
    let good = extended(1);
    let (report, memory) =
        read_zip(&[("endsong_0.json", &bomb), ("endsong_1.json", good.as_bytes())]);
    assert!(note(&report.files[0]).contains("exceeds the limit"));
    assert_eq!((report.files[1].listens, memory.listens().len()), (1, 3));
}

fn read_zip_within(
    limits: ImportLimits,
    entries: &[(&str, &[u8])],
) -> (Result<segue_ingest::ImportReport, IngestError>, Memory) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    fs::write(&path, zip(entries)).unwrap();
    try_import(&path, &segue_ingest::ImportOptions { limits, ..options() })
}

#[test]
fn limits_of_archives_hold() {
    let text = extended(2000).into_bytes();
    let entries: [(&str, &[u8]); 2] = [("endsong_0.json", &text), ("endsong_1.json", &text)];
    let (report, _) = read_zip_within(
        ImportLimits { unpacked_bytes: text.len() as u64 + 1000, ..ImportLimits::default() },
        &entries,
    );
    let report = report.unwrap();
    assert!(!report.files[0].incomplete);
    assert!(note(&report.files[1]).contains("what the archive unpacks to"));
    let (result, _) =
        read_zip_within(ImportLimits { entries: 1, ..ImportLimits::default() }, &entries);
    assert!(matches!(result, Err(IngestError::TooLarge { what: "the number of entries", .. })));
    let inner = zip(&entries);
    let (report, _) = read_zip_within(
        ImportLimits { nested_archive_bytes: 100, ..ImportLimits::default() },
        &[("a.zip", &inner)],
    );
    assert!(report.unwrap().files[0].note.as_ref().unwrap().contains("an archive in an archive"));
}

#[test]
fn a_damaged_archive_is_an_error_or_an_account_and_never_a_panic() {
    let text = extended(50).into_bytes();
    let good = zip(&[("endsong_0.json", &text)]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    for at in (0..good.len()).step_by(7) {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        fs::write(&path, bad).unwrap();
        let (result, _) = try_import(&path, &options());
        if let Err(error) = result {
            assert!(error.to_string().contains("x.zip"), "{error}");
        }
    }
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    assert!(matches!(try_import(&path, &options()).0, Err(IngestError::BadArchive { .. })));
}

#[test]
fn names_of_entries_cannot_steer_the_terminal() {
    let (report, _) = read_zip(&[("endsong\u{1b}[2J_0.json", b"[{]")]);
    assert!(report.files.iter().all(|file| !file.path.to_string_lossy().contains('\u{1b}')));
    assert_eq!(report.files.len(), 1);
}

#[test]
fn a_folder_with_too_many_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..5 {
        fs::File::create(folder.path().join(format!("{i}.json")))
            .unwrap()
            .write_all(b"[]")
            .unwrap();
    }
    let limits = ImportLimits { entries: 4, ..ImportLimits::default() };
    let (result, _) =
        try_import(folder.path(), &segue_ingest::ImportOptions { limits, ..options() });
    assert!(matches!(result, Err(IngestError::TooLarge { .. })));
    assert_eq!(read(folder.path()).0.files.len(), 5);
}

#[cfg(unix)]
#[test]
fn links_in_folders_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).unwrap();
    std::os::unix::fs::symlink(Path::new("/etc/passwd"), folder.path().join("endsong_0.json"))
        .unwrap();
    assert!(read(folder.path()).0.files.is_empty());
}
