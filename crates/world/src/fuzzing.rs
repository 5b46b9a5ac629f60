//! A door for the fuzz target: any bytes as a dump of anything.

use std::fs;
use std::sync::Arc;

use crate::dump::{
    DumpListen, DumpMemberReport, ListenPiece, ListenSink, Member, TableReport, read_canonical,
    read_features, read_listens, read_redirects,
};
use crate::{Result, WorldError};

/// Holds the reader to its promises.
#[derive(Default)]
struct Counter {
    is_open: bool,
}

/// How many listens there were.
struct Piece(u64);

impl ListenPiece for Piece {
    fn listen(&mut self, listen: DumpListen<'_>) -> Result<()> {
        assert!(!listen.artist.is_empty() && !listen.title.is_empty(), "{listen:?}");
        self.0 += 1;
        Ok(())
    }
}

impl ListenSink for Counter {
    type Piece = Piece;

    fn begin(&mut self, _: &Member) -> Result<bool> {
        assert!(!self.is_open, "a member begins within another");
        self.is_open = true;
        Ok(true)
    }

    fn piece(&mut self) -> Piece {
        Piece(0)
    }

    fn end(
        &mut self,
        member: &Member,
        pieces: Vec<Piece>,
        report: &DumpMemberReport,
    ) -> Result<()> {
        assert!(self.is_open, "{member:?} ends and has not begun");
        assert_eq!(report.listens, pieces.iter().map(|piece| piece.0).sum::<u64>(), "{report:?}");
        assert_eq!(
            report.rows,
            report.listens + report.dropped.values().sum::<u64>(),
            "{report:?}"
        );
        self.is_open = false;
        Ok(())
    }
}

/// Reads content as listens, names, redirects and features.
///
/// # Panics
/// When an account does not add up, or an error does not name the file.
pub fn read_dump(content: &[u8]) {
    let path = std::env::temp_dir().join(format!("segue-dump-{}", std::process::id()));
    fs::write(&path, content).expect("the folder for temporary files can be written");
    check(read_listens(&path, 1, &mut Counter::default()).map(|()| TableReport::default()));
    check(read_canonical(&path, &mut |_| Ok(())));
    check(read_redirects(&path, &mut |_| Ok(())));
    check(read_features(&path, &Arc::default(), &mut |_, _| Ok(())));
    // Where it stays behind, the next content takes its place.
    let _ = fs::remove_file(&path);
}

fn check(read: Result<TableReport>) {
    match read {
        Ok(report) => {
            assert_eq!(report.rows, report.kept + report.dropped.values().sum::<u64>());
        }
        Err(WorldError::Malformed { path, reason }) => {
            assert!(path.to_string_lossy().contains("segue-dump-"), "{path:?}: {reason}");
        }
        Err(error) => panic!("{error}"),
    }
}
