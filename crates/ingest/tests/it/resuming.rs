//! An import that was cut off goes on where it stopped.

use std::fs;

use segue_ingest::{Earlier, ImportProgress, IngestError, import};

use crate::support::{Memory, check, extended, options};

#[test]
fn rows_of_a_cut_off_import_are_counted_as_such_and_handed_on_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endsong_0.json");
    fs::write(&path, extended(100)).unwrap();

    let mut cut_off = Memory { fails_after: Some(37), ..Memory::default() };
    let error = import(&[&path], &options(), &mut (), &mut cut_off).unwrap_err();
    assert!(matches!(error, IngestError::Sink { .. }));
    assert!(cut_off.ended.is_empty());

    let mut resumed =
        Memory { earlier: Earlier { rows: 37, complete: false }, ..Memory::default() };
    let report = import(&[&path], &options(), &mut (), &mut resumed).unwrap();
    check(&report, &resumed);
    assert_eq!(
        (report.files[0].rows_read, report.files[0].already_imported, report.files[0].listens),
        (100, 37, 63)
    );

    let mut whole = Memory::default();
    import(&[&path], &options(), &mut (), &mut whole).unwrap();
    assert_eq!(cut_off.records, whole.records[..37]);
    assert_eq!(resumed.records, whole.records);
}

#[test]
fn content_is_known_again_wherever_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b, c) = (
        folder.path().join("endsong_0.json"),
        folder.path().join("copy.json"),
        folder.path().join("c.json"),
    );
    fs::write(&a, extended(10)).unwrap();
    fs::write(&b, extended(10)).unwrap();
    fs::write(&c, extended(11)).unwrap();
    let mut memory = Memory::default();
    import(&[a, b, c], &options(), &mut (), &mut memory).unwrap();
    let prints: Vec<_> = memory.begun.iter().map(|file| &file.fingerprint).collect();
    assert_eq!(prints[0], prints[1]);
    assert_ne!(prints[0], prints[2]);
}

#[test]
fn a_file_that_was_imported_to_its_end_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endsong_0.json");
    fs::write(&path, extended(100)).unwrap();

    let mut memory = Memory { earlier: Earlier { rows: 99, complete: true }, ..Memory::default() };
    let mut bytes_read = 0;
    let mut observer =
        |progress: ImportProgress<'_>| bytes_read = bytes_read.max(progress.bytes_read);
    let report = import(&[&path], &options(), &mut observer, &mut memory).unwrap();
    check(&report, &memory);
    let file = &report.files[0];
    assert_eq!((file.rows_read, file.already_imported, file.kept()), (99, 99, 0));
    assert_eq!(file.note.as_deref(), Some("already imported: not read again"));
    assert_eq!(bytes_read, 0, "its rows were not looked at");
}
