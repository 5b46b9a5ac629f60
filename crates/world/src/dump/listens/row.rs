//! When a row is a listen.

use std::str::from_utf8;

use super::super::report::{DropReason, MemberReport};
use super::{Listen, ListenPiece, Mbid};
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
        report: &mut MemberReport,
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

    fn listen(self) -> std::result::Result<Listen<'a>, DropReason> {
        Ok(Listen {
            user: self.user.ok_or(DropReason::NoUser)?,
            at_s: self.at_s.ok_or(DropReason::NoTime)?,
            recording: self.recording.and_then(Mbid::from_text),
            artist: name(self.artist, DropReason::NoArtist)?,
            title: name(self.title, DropReason::NoTitle)?,
            duration_ms: self.duration_ms,
        })
    }
}

/// Longest name, in bytes. Who takes listens keeps names: it should not have to fear them.
pub(crate) const LONGEST_NAME: usize = 16 << 10;

/// A text that says something.
fn name(text: Option<&[u8]>, missing: DropReason) -> std::result::Result<&str, DropReason> {
    let text = text.ok_or(missing)?;
    if text.len() > LONGEST_NAME {
        return Err(DropReason::TooLong);
    }
    let text = from_utf8(text).map_err(|_| DropReason::NotText)?;
    if text.trim().is_empty() { Err(missing) } else { Ok(text) }
}
