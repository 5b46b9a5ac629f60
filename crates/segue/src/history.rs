//! What a listener played, by week, month and year, where they are.

use jiff::tz::TimeZone;
use segue_core::{Listen, ListenerId};
use segue_engine::Catalogue;
use segue_engine::history::{Plays, Review, ReviewRequest};
use segue_store::Store;

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
        let listens = shown_plays(self.store(), listener)?;
        Ok(review(&catalogue, &listens, time_zone, request))
    }
}

/// Every play that a listener is shown as theirs: all but those that they deleted one by one. What
/// they left out of their taste is among them: it was played all the same.
///
/// # Errors
/// When the store cannot be read.
pub fn shown_plays(store: &Store, listener: &ListenerId) -> Result<Vec<Listen>> {
    let deleted = store.deleted_plays(listener)?;
    let mut listens = store.all_listens(listener)?;
    listens.retain(|listen| !deleted.has(listen));
    Ok(listens)
}

/// A period of rows that were read already, for callers who have a catalogue.
pub fn review(
    catalogue: &Catalogue,
    listens: &[Listen],
    time_zone: &TimeZone,
    request: ReviewRequest,
) -> Review {
    Review::of(catalogue, &Plays::from_listens(catalogue, listens, time_zone), request)
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
