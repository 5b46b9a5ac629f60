//! When a row is a listen.

use std::str::from_utf8;

use super::super::report::{DumpDropReason, DumpMemberReport};
use super::{DumpListen, ListenPiece, Mbid};
use crate::Result;

/// What a row says, before it is known whether that is enough.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Row<'a> {
    pub(in super::super) user: Option<i64>,
    pub(in super::super) at_s: Option<i64>,
    pub(in super::super) recording: Option<&'a [u8]>,
    pub(in super::super) artist: Option<&'a [u8]>,
    pub(in super::super) title: Option<&'a [u8]>,
    pub(in super::super) duration_ms: Option<u32>,
}

impl<'a> Row<'a> {
    /// Hands the row on if it is a listen, and counts it either way.
    pub(in super::super) fn take(
        self,
        piece: &mut dyn ListenPiece,
        report: &mut DumpMemberReport,
    ) -> Result<()> {
        match self.listen() {
            Ok(listen) => {
                report.keep_row();
                piece.listen(listen)
            }
            Err(reason) => {
                report.drop_row(reason);
                Ok(())
            }
        }
    }

    fn listen(self) -> std::result::Result<DumpListen<'a>, DumpDropReason> {
        Ok(DumpListen {
            user: self.user.ok_or(DumpDropReason::NoUser)?,
            at_s: self.at_s.ok_or(DumpDropReason::NoTime)?,
            recording: self.recording.and_then(Mbid::from_text),
            artist: name(self.artist, DumpDropReason::NoArtist)?,
            title: name(self.title, DumpDropReason::NoTitle)?,
            duration_ms: self.duration_ms,
        })
    }
}

/// Longest name, in bytes. Who takes listens keeps names: it should not have to fear them.
pub(crate) const LONGEST_NAME: usize = 16 << 10;

/// A text that says something.
fn name(text: Option<&[u8]>, missing: DumpDropReason) -> std::result::Result<&str, DumpDropReason> {
    let text = text.ok_or(missing)?;
    if text.len() > LONGEST_NAME {
        return Err(DumpDropReason::TooLong);
    }
    let text = from_utf8(text).map_err(|_| DumpDropReason::NotText)?;
    if text.trim().is_empty() { Err(missing) } else { Ok(text) }
}
