//! What a listener played, by week, month and year, where they are.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use segue_core::{Feedback, Listen, ListenerId, Timestamp, TrackId};
use segue_engine::history::{DatedPlays, Review, ReviewRequest};
use segue_engine::{Catalogue, TrackIdx};
use segue_store::{DeletedPlays, HistoryReader, Store};

use crate::{Library, Result, catalogue};

impl Library {
    /// A week, month, year or all time of a listener's history: the most played, what was new,
    /// streaks, and what its charts are drawn from. It reads the whole history and the catalogue.
    ///
    /// Days begin and end in `time_zone`, which is most often [`time_zone`]'s answer.
    ///
    /// # Errors
    /// When the store cannot be read. Of somebody unknown there is an empty review.
    ///
    /// # Examples
    /// ```
    /// use jiff::civil::date;
    /// use segue::engine::history::{Period, ReviewRequest};
    /// use segue::{Library, ListenerId, time_zone};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let library = Library::open(folder.path())?;
    /// let ann = ListenerId::new("ann");
    /// let zone = time_zone(library.store(), &ann)?;
    /// let period = Period::parse("2026-11", date(2026, 11, 29)).expect("it is a month");
    /// let request = ReviewRequest { period, today: date(2026, 11, 29), named: 10 };
    /// assert_eq!(library.review(&ann, &zone, request)?.sums.plays, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn review(
        &self,
        listener: &ListenerId,
        time_zone: &TimeZone,
        request: ReviewRequest,
    ) -> Result<Review> {
        let catalogue = catalogue(self.store())?;
        review(self.store(), &catalogue, listener, time_zone, request)
    }
}

/// A period of a history, for callers who have a catalogue. Every play counts that a listener is
/// shown as theirs: all but those that they deleted one by one. What they left out of their taste
/// is among them: it was played all the same.
///
/// # Errors
/// When the store cannot be read.
pub fn review(
    store: &Store,
    catalogue: &Catalogue,
    listener: &ListenerId,
    time_zone: &TimeZone,
    request: ReviewRequest,
) -> Result<Review> {
    let deleted = store.deleted_plays(listener)?;
    let mut shown =
        ShownPlays { catalogue, time_zone, deleted: &deleted, plays: DatedPlays::default() };
    store.read_all_plays(listener, &mut shown)?;
    Ok(Review::of(catalogue, &shown.plays.in_order(), request))
}

/// Reads the plays that a listener is shown.
struct ShownPlays<'a> {
    catalogue: &'a Catalogue,
    time_zone: &'a TimeZone,
    deleted: &'a DeletedPlays,
    plays: DatedPlays,
}

#[derive(Clone, Copy)]
struct ShownTrack<'a> {
    row: Option<TrackIdx>,
    /// The seconds of plays that were deleted.
    deleted: Option<&'a BTreeSet<i64>>,
}

impl<'a> HistoryReader for ShownPlays<'a> {
    type Track = ShownTrack<'a>;

    fn track(&mut self, id: &TrackId) -> Self::Track {
        ShownTrack { row: self.catalogue.find(id), deleted: self.deleted.of(id) }
    }

    fn listen(&mut self, ShownTrack { row, deleted }: Self::Track, listen: &Listen) {
        let is_in = |(deleted, at): (&BTreeSet<i64>, Timestamp)| deleted.contains(&at.as_second());
        if !deleted.zip(listen.at).is_some_and(is_in) {
            self.plays.add(self.catalogue, row, listen, self.time_zone);
        }
    }

    fn feedback(&mut self, _: &Feedback) {}
}

/// The time zone that a listener is in: the one that they said, else that of this machine.
///
/// # Errors
/// When the store cannot be read.
pub fn time_zone(store: &Store, listener: &ListenerId) -> Result<TimeZone> {
    Ok(named_time_zone(store.time_zone(listener)?.as_deref()))
}

/// The time zone of a name that a listener said, else that of this machine: where nobody said, or
/// the name is in no table any more.
pub fn named_time_zone(said: Option<&str>) -> TimeZone {
    said.and_then(|name| TimeZone::get(name).ok()).unwrap_or_else(TimeZone::system)
}
