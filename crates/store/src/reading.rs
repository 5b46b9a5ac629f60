//! Histories handed on row by row: one of them, whole or only what came since it was last read, or
//! everybody's.
//!
//! Somebody's million plays as a list are hundreds of megabytes that whoever folds them needs for a
//! moment, and memory that is taken in such portions is not given back in the same. So rows are
//! handed on one by one, and the name of a track is looked up once for all its plays.
//!
//! Everybody's are read in the order of the log: where plays arrived one by one, the rows of a
//! listener are scattered, and reading listener after listener would fetch every page of the
//! database once for each.
//!
//! Who has read a history can read on from there: the log is appended to. Sometimes it is not. An
//! import completes rows, somebody is forgotten, works are settled, an exclusion takes plays back
//! or brings them again; then all has to be read anew, and the mark tells. A row that a play
//! completed which was told live is in no mark of one history: whoever told it is answered
//! [`Appended::Completed`](crate::Appended::Completed), and [`Store::heard_from_since`] names the
//! listener.

use std::collections::BTreeSet;

use rusqlite::{Connection, Params, Row};
use rustc_hash::FxHashMap;
use segue_core::{Feedback, Listen, ListenerId, Source, TrackId};

use crate::codes::{Coded, from_column};
use crate::exclusions::{Excluder, PlayKeys};
use crate::feedback::{FEEDBACK, feedback_of};
use crate::keys::{Key, key};
use crate::listens::for_each_after;
use crate::names::{KnownNames, find_listener};
use crate::{Marks, Result, Store};

/// What a play says of itself, but for names.
const PLAYS: &str = "SELECT track, context, at, moment, ms_played, start_reason, end_reason, \
     skipped, private_session, device, source, listener FROM listens";

/// Who takes a history in.
pub trait HistoryReader {
    /// What the reader knows a track by, such as its row in a catalogue.
    type Track: Copy;

    /// Looks a track up: once, whatever the number of its plays.
    fn track(&mut self, id: &TrackId) -> Self::Track;

    /// Takes a play, in the order of the log. `listen` names neither track nor context, and leaves
    /// open whether it was shuffled or offline.
    fn listen(&mut self, track: Self::Track, listen: &Listen);

    /// Takes a word, in the order of the log and after all plays. One without a time was said right
    /// after the latest before it.
    fn feedback(&mut self, said: &Feedback);
}

/// Who takes everybody's history in.
pub trait HistoriesReader {
    /// What the reader knows a track by, such as its row in a catalogue.
    type Track: Copy;

    /// Takes the next listener, in the order of their ids and before anything else: they are
    /// numbered from 0.
    fn listener(&mut self, listener: ListenerId);

    /// Looks a track up: once, whoever played it and how often.
    fn track(&mut self, id: &TrackId) -> Self::Track;

    /// Takes a play, in the order of the log. `listen` names neither listener, track nor context,
    /// and leaves open whether it was shuffled or offline.
    fn listen(&mut self, listener: usize, track: Self::Track, listen: &Listen);

    /// Takes a word, in the order of the log and after all plays. One without a time was said right
    /// after the latest of the listener before it.
    fn feedback(&mut self, listener: usize, said: Feedback);
}

/// How far a history was read, and of what else in the store that depends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryMark {
    listens: i64,
    feedback: i64,
    /// What changes where something else happened than that rows were appended: rows of imports,
    /// how often somebody was forgotten and works were settled, the listener's exclusions and the
    /// last of them.
    rewritten: [i64; 5],
}

impl HistoryMark {
    fn of(connection: &Connection, listener: Option<Key>) -> Result<Self> {
        let sql = "SELECT (SELECT COALESCE(MAX(id), 0) FROM listens), \
                   (SELECT COALESCE(MAX(id), 0) FROM feedback), \
                   (SELECT COALESCE(SUM(rows), 0) FROM imports), \
                   (SELECT times FROM forgotten), (SELECT times FROM settled_works), \
                   (SELECT COUNT(*) FROM exclusions WHERE listener = ?1), \
                   (SELECT COALESCE(MAX(id), 0) FROM exclusions WHERE listener = ?1)";
        let mark = |row: &Row<'_>| {
            let rewritten = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?];
            Ok(Self { listens: row.get(0)?, feedback: row.get(1)?, rewritten })
        };
        Ok(connection.prepare_cached(sql)?.query_row([listener], mark)?)
    }
}

impl Store {
    /// Hands on what belongs to the taste profile of a listener, plays that they excluded left out:
    /// what [`Self::listens`] and [`Self::feedback`] return. Returns how far that was. Of a
    /// listener who is not in the store there is nothing.
    ///
    /// # Errors
    /// [`crate::StoreError::Corrupt`] or [`crate::StoreError::Database`].
    ///
    /// # Examples
    /// ```
    /// use segue_core::{Feedback, Listen, ListenerId, Source, Track, TrackId, WorkId};
    /// use segue_store::{HistoryReader, Store};
    ///
    /// /// Counts the plays of each track.
    /// #[derive(Default)]
    /// struct Counts(Vec<(TrackId, u32)>);
    ///
    /// impl HistoryReader for Counts {
    ///     type Track = usize;
    ///
    ///     fn track(&mut self, id: &TrackId) -> usize {
    ///         self.0.push((id.clone(), 0));
    ///         self.0.len() - 1
    ///     }
    ///
    ///     fn listen(&mut self, track: usize, _: &Listen) {
    ///         self.0[track].1 += 1;
    ///     }
    ///
    ///     fn feedback(&mut self, _: &Feedback) {}
    /// }
    ///
    /// let (ann, song) = (ListenerId::new("ann"), TrackId::new("song"));
    /// let mut store = Store::open_in_memory()?;
    /// store.add_tracks(&[Track::new(song.clone(), WorkId::new("song"), "Song")])?;
    /// let play = Listen::new(ann.clone(), song.clone(), None, Source::Segue);
    /// store.append_listens(&[play.clone(), play.clone()])?;
    ///
    /// let mut counts = Counts::default();
    /// let mark = store.read_history(&ann, &mut counts)?;
    /// assert_eq!(counts.0, [(song, 2)]);
    ///
    /// store.append_listens(&[play])?;
    /// let mut news = Counts::default();
    /// assert!(store.read_news(&ann, &mark, &mut news)?.is_some());
    /// assert_eq!(news.0[0].1, 1);
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    pub fn read_history<R: HistoryReader>(
        &self,
        listener: &ListenerId,
        reader: &mut R,
    ) -> Result<HistoryMark> {
        self.fold_if_free()?;
        self.read(|connection| {
            let key = find_listener(connection, listener)?;
            if let Some(key) = key {
                let excluder = Excluder::load(connection, key)?;
                self.hand_on(
                    connection,
                    Whose { listener, key, after: None },
                    Some(&excluder),
                    reader,
                )?;
            }
            HistoryMark::of(connection, key)
        })
    }

    /// Hands on what came since a mark of the same listener, in time that grows with that alone,
    /// and returns how far it is now. `None`, and nothing handed on, where more happened than that
    /// rows were appended: then [`Self::read_history`] has to read all.
    ///
    /// # Errors
    /// As [`Self::read_history`].
    pub fn read_news<R: HistoryReader>(
        &self,
        listener: &ListenerId,
        since: &HistoryMark,
        reader: &mut R,
    ) -> Result<Option<HistoryMark>> {
        self.read(|connection| {
            let key = find_listener(connection, listener)?;
            let mark = HistoryMark::of(connection, key)?;
            if mark.rewritten != since.rewritten {
                return Ok(None);
            }
            if let Some(key) = key
                && mark != *since
            {
                let excluder = Excluder::load(connection, key)?;
                let whose = Whose { listener, key, after: Some(since) };
                self.hand_on(connection, whose, Some(&excluder), reader)?;
            }
            Ok(Some(mark))
        })
    }

    /// Hands on what belongs to everybody's taste profile, what they excluded left out: what
    /// [`Self::listens`] and [`Self::feedback`] return for each. A listener of whom nothing is left
    /// is handed on all the same.
    ///
    /// # Errors
    /// As [`Self::read_history`].
    ///
    /// # Examples
    /// ```
    /// use segue_core::{Feedback, Listen, ListenerId, Source, Track, TrackId, WorkId};
    /// use segue_store::{HistoriesReader, Store};
    ///
    /// #[derive(Default)]
    /// struct Counts(Vec<(ListenerId, u32)>);
    ///
    /// impl HistoriesReader for Counts {
    ///     type Track = ();
    ///
    ///     fn listener(&mut self, listener: ListenerId) {
    ///         self.0.push((listener, 0));
    ///     }
    ///
    ///     fn track(&mut self, _: &TrackId) {}
    ///
    ///     fn listen(&mut self, listener: usize, _: (), _: &Listen) {
    ///         self.0[listener].1 += 1;
    ///     }
    ///
    ///     fn feedback(&mut self, _: usize, _: Feedback) {}
    /// }
    ///
    /// let [ann, bob] = ["ann", "bob"].map(ListenerId::new);
    /// let song = TrackId::new("song");
    /// let mut store = Store::open_in_memory()?;
    /// store.add_tracks(&[Track::new(song.clone(), WorkId::new("song"), "Song")])?;
    /// let play = |who: &ListenerId| Listen::new(who.clone(), song.clone(), None, Source::Segue);
    /// store.append_listens(&[play(&bob), play(&ann), play(&bob)])?;
    ///
    /// let mut counts = Counts::default();
    /// store.read_histories(&mut counts)?;
    /// assert_eq!(counts.0, [(ann, 1), (bob, 2)]);
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    pub fn read_histories<R: HistoriesReader>(&self, reader: &mut R) -> Result<()> {
        self.read(|connection| {
            let everybody = Everybody::read(connection, reader)?;
            let mut names = self.track_names.borrow_mut();
            everybody.hand_on_plays(connection, &mut names, reader)?;
            everybody.hand_on_feedback(connection, &mut names, reader)
        })
    }

    /// The ids of all listeners, in order.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn listener_ids(&self) -> Result<Vec<ListenerId>> {
        self.read(|connection| named(connection, "SELECT name FROM listeners ORDER BY name", []))
    }

    /// Of whom plays or words came since, or a play was completed, in the order of their ids. It
    /// says nothing of what exclusions, imports and forgetting changed: other [`Marks`] tell.
    ///
    /// # Errors
    /// [`crate::StoreError::Database`].
    pub fn heard_from_since(&self, marks: &Marks) -> Result<Vec<ListenerId>> {
        let sql = "SELECT name FROM listeners WHERE id IN ( \
                   SELECT listener FROM listens WHERE id > ?1 \
                   UNION SELECT listener FROM feedback WHERE id > ?2 \
                   UNION SELECT listener FROM completed WHERE number > ?3) ORDER BY name";
        let since = [marks.listens, marks.feedback, marks.completed];
        self.read(|connection| named(connection, sql, since))
    }

    /// Hands on every play of a listener, excluded ones too, and no feedback: what
    /// [`Self::all_listens`] returns.
    ///
    /// # Errors
    /// As [`Self::read_history`].
    pub fn read_all_plays<R: HistoryReader>(
        &self,
        listener: &ListenerId,
        reader: &mut R,
    ) -> Result<()> {
        self.fold_if_free()?;
        self.read(|connection| {
            let Some(key) = find_listener(connection, listener)? else { return Ok(()) };
            self.hand_on_plays(connection, Whose { listener, key, after: None }, None, reader)
        })
    }

    /// The names of the contexts that a listener played from, in order.
    ///
    /// # Errors
    /// As [`Self::read_history`].
    pub fn contexts(&self, listener: &ListenerId) -> Result<BTreeSet<String>> {
        self.fold_if_free()?;
        self.read(|connection| {
            let mut keys: BTreeSet<i64> = BTreeSet::new();
            let Some(listener) = find_listener(connection, listener)? else {
                return Ok(BTreeSet::new());
            };
            for_each_after(connection, "SELECT context FROM listens", listener, 0, |row| {
                keys.extend(row.get::<_, Option<i64>>(0)?);
                Ok(())
            })?;
            let mut name = connection.prepare_cached("SELECT name FROM contexts WHERE id = ?1")?;
            let names = keys.into_iter().map(|key| name.query_row([key], |row| row.get(0)));
            Ok(names.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn hand_on<R: HistoryReader>(
        &self,
        connection: &Connection,
        whose: Whose<'_>,
        excluder: Option<&Excluder>,
        reader: &mut R,
    ) -> Result<()> {
        self.hand_on_plays(connection, whose, excluder, reader)?;
        let after = whose.after.map_or(0, |mark| mark.feedback);
        self.for_each_feedback(connection, whose.listener, whose.key, after, |said| {
            reader.feedback(&said);
        })
    }

    fn hand_on_plays<R: HistoryReader>(
        &self,
        connection: &Connection,
        whose: Whose<'_>,
        excluder: Option<&Excluder>,
        reader: &mut R,
    ) -> Result<()> {
        let after = whose.after.map_or(0, |mark| mark.listens);
        let mut names = self.track_names.borrow_mut();
        let mut tracks = Tracks { connection, names: &mut names, pages: Vec::new() };
        let unnamed = TrackId::new("");
        let mut listen = Listen::new(whose.listener.clone(), unnamed, None, Source::Segue);
        for_each_after(connection, PLAYS, whose.key, after, |row| {
            if let Some(track) = read_into(row, excluder, &mut listen)? {
                let track = tracks.of(track, |id| reader.track(id))?;
                reader.listen(track, &listen);
            }
            Ok(())
        })
    }
}

/// Listeners by a statement that selects their names.
fn named(connection: &Connection, sql: &str, with: impl Params) -> Result<Vec<ListenerId>> {
    let mut names = connection.prepare_cached(sql)?;
    let name = |row: &Row<'_>| Ok(ListenerId::new(row.get::<_, String>(0)?));
    Ok(names.query_map(with, name)?.collect::<rusqlite::Result<_>>()?)
}

/// Who there is, by key, and what they excluded. Rows of nobody, as a foreign program may leave
/// them, are passed over, as they are where one listener is read.
struct Everybody {
    numbers: FxHashMap<Key, usize>,
    names: Vec<ListenerId>,
    excluders: FxHashMap<Key, Excluder>,
}

impl Everybody {
    /// Reads who there is, and hands their names on.
    fn read<R: HistoriesReader>(connection: &Connection, reader: &mut R) -> Result<Self> {
        let mut everybody = Self {
            numbers: FxHashMap::default(),
            names: Vec::new(),
            excluders: FxHashMap::default(),
        };
        let mut listeners = connection.prepare("SELECT id, name FROM listeners ORDER BY name")?;
        let mut rows = listeners.query([])?;
        while let Some(row) = rows.next()? {
            let listener = ListenerId::new(row.get::<_, String>(1)?);
            reader.listener(listener.clone());
            everybody.numbers.insert(key(row.get(0)?)?, everybody.names.len());
            everybody.names.push(listener);
        }
        let mut excluding = connection.prepare("SELECT DISTINCT listener FROM exclusions")?;
        let mut rows = excluding.query([])?;
        while let Some(row) = rows.next()? {
            let listener = key(row.get(0)?)?;
            everybody.excluders.insert(listener, Excluder::load(connection, listener)?);
        }
        Ok(everybody)
    }

    fn hand_on_plays<R: HistoriesReader>(
        &self,
        connection: &Connection,
        names: &mut KnownNames,
        reader: &mut R,
    ) -> Result<()> {
        let mut tracks = Tracks { connection, names, pages: Vec::new() };
        let (nobody, unnamed) = (ListenerId::new(""), TrackId::new(""));
        let mut listen = Listen::new(nobody, unnamed, None, Source::Segue);
        let mut plays = connection.prepare(&format!("{PLAYS} ORDER BY id"))?;
        let mut rows = plays.query([])?;
        while let Some(row) = rows.next()? {
            let listener = key(row.get(11)?)?;
            let Some(&number) = self.numbers.get(&listener) else { continue };
            if let Some(track) = read_into(row, self.excluders.get(&listener), &mut listen)? {
                let track = tracks.of(track, |id| reader.track(id))?;
                reader.listen(number, track, &listen);
            }
        }
        Ok(())
    }

    fn hand_on_feedback<R: HistoriesReader>(
        &self,
        connection: &Connection,
        names: &mut KnownNames,
        reader: &mut R,
    ) -> Result<()> {
        let mut feedback =
            connection.prepare(&format!("{FEEDBACK}, listener FROM feedback ORDER BY id"))?;
        let mut rows = feedback.query([])?;
        while let Some(row) = rows.next()? {
            let Some(&number) = self.numbers.get(&key(row.get(5)?)?) else { continue };
            reader.feedback(number, feedback_of(row, &self.names[number], connection, names)?);
        }
        Ok(())
    }
}

/// Whose history, and from where on.
#[derive(Clone, Copy)]
struct Whose<'a> {
    listener: &'a ListenerId,
    key: Key,
    after: Option<&'a HistoryMark>,
}

/// What a reader knows tracks by. Keys of tracks count up from 1, so that a table by key, in pages
/// that are there where a key was met, finds them at half the cost of a hash table.
struct Tracks<'a, T> {
    connection: &'a Connection,
    names: &'a mut KnownNames,
    pages: Vec<Vec<Option<T>>>,
}

/// Keys on a page.
const ON_A_PAGE: usize = 256;

impl<T: Copy> Tracks<'_, T> {
    fn of(&mut self, track: Key, find: impl FnOnce(&TrackId) -> T) -> Result<T> {
        let (page, place) = (track as usize / ON_A_PAGE, track as usize % ON_A_PAGE);
        let met = self.pages.get(page).and_then(|page| *page.get(place)?);
        if let Some(known) = met {
            return Ok(known);
        }
        let found = find(&self.names.get(self.connection, track)?);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Vec::new);
        }
        self.pages[page].resize(ON_A_PAGE, None);
        self.pages[page][place] = Some(found);
        Ok(found)
    }
}

/// Fills in the columns of [`PLAYS`], and says which track was played; `None` if that is excluded.
fn read_into(
    row: &Row<'_>,
    excluder: Option<&Excluder>,
    listen: &mut Listen,
) -> Result<Option<Key>> {
    let keys = PlayKeys { track: key(row.get(0)?)?, context: row.get(1)? };
    listen.at = from_column(row.get(2)?)?;
    listen.moment = Coded::from_code(row.get(3)?)?;
    listen.ms_played = row.get(4)?;
    listen.start_reason = Coded::from_code(row.get(5)?)?;
    listen.end_reason = Coded::from_code(row.get(6)?)?;
    listen.skipped = row.get(7)?;
    listen.private_session = row.get(8)?;
    listen.device = Coded::from_code(row.get(9)?)?;
    listen.source = Coded::from_code(row.get(10)?)?;
    let is_excluded = excluder.is_some_and(|excluder| excluder.excludes(keys, listen));
    Ok((!is_excluded).then_some(keys.track))
}
