//! The artist of each title, learnt from those files of an export that name artists.

use std::io::BufRead;

use rustc_hash::FxHashMap;

use super::{artist_and_title, daily, library};
use crate::input::read_error;
use crate::table::{Delimited, Header, read_objects};
use crate::{Context, IngestError};

/// What is known of an export before its plays are read: the artist of each title that only one of
/// the listener's artists has.
#[derive(Default)]
pub(crate) struct Artists {
    /// `None` where several artists share the title.
    by_title: FxHashMap<String, Option<String>>,
    /// Whether the play activity is among the files, which tells of each play what the daily tracks
    /// tell of a day.
    pub(crate) beside_activity: bool,
}

impl Artists {
    /// The artist of a title, where there is no doubt.
    pub(crate) fn artist_of(&self, title: &str) -> Option<&str> {
        self.by_title.get(&key(title))?.as_deref()
    }

    fn learn(&mut self, artist: &str, title: &str) {
        self.by_title
            .entry(key(title))
            .and_modify(|known| {
                if known.as_deref().is_some_and(|known| key(known) != key(artist)) {
                    *known = None;
                }
            })
            .or_insert_with(|| Some(artist.to_owned()));
    }

    /// Learns from a daily-tracks or a library file; the context takes the account of that reading,
    /// which keeps no row.
    ///
    /// # Errors
    /// As reading the file does.
    pub(crate) fn learn_from(
        &mut self,
        input: &mut dyn BufRead,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let beginning = input.fill_buf().map_err(|error| read_error(error, context.path(), 1))?;
        match beginning.trim_ascii_start().first() {
            Some(b'[') => self.learn_from_library(input, context),
            _ => self.learn_from_daily_tracks(input, context),
        }
    }

    fn learn_from_daily_tracks(
        &mut self,
        input: &mut dyn BufRead,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let mut table = Delimited::open(input, context)?;
        let Some(header) = table.next(context)?.map(Header::new) else { return Ok(()) };
        while let Some(row) = table.next(context)? {
            if let Some((Some(artist), title)) =
                header.cell(row, &[daily::DESCRIPTION]).map(artist_and_title)
            {
                self.learn(artist, title);
            }
        }
        Ok(())
    }

    fn learn_from_library(
        &mut self,
        input: &mut dyn BufRead,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        read_objects(input, context, |object, _| {
            if let (Some(artist), Some(title)) =
                (object.cell(library::ARTIST), object.cell(library::TITLE))
            {
                self.learn(artist, title);
            }
            Ok(())
        })
    }
}

fn key(name: &str) -> String {
    name.trim().to_lowercase()
}
