//! The log of plays: how a row is written and read.

use rusqlite::{CachedStatement, Connection, Row, params};
use segue_core::{Listen, ListenerId, TrackId};

use crate::codes::{Coded, from_column, to_column};
use crate::detail::Detail;
use crate::keys::{Key, key};
use crate::tracks::{DURATION, duration_ms};
use crate::{Result, runs};

const INSERT: &str = "INSERT INTO listens (listener, track, at, moment, ms_played, start_reason, \
     end_reason, skipped, shuffle, offline, private_session, device, context, source) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const COMPLETE: &str = "UPDATE listens SET \
     ms_played = CASE WHEN ?2 THEN ?3 ELSE ms_played END, \
     start_reason = CASE start_reason WHEN 0 THEN ?4 ELSE start_reason END, \
     end_reason = CASE end_reason WHEN 0 THEN ?5 ELSE end_reason END, \
     skipped = COALESCE(skipped, ?6), shuffle = COALESCE(shuffle, ?7), \
     offline = COALESCE(offline, ?8), private_session = MAX(private_session, ?9), \
     device = CASE device WHEN 0 THEN ?10 ELSE device END, \
     context = COALESCE(context, ?11) WHERE id = ?1";
const NOTE_COMPLETED: &str = "INSERT INTO completed (listener, number) \
     VALUES (?1, (SELECT COALESCE(MAX(number), 0) + 1 FROM completed)) \
     ON CONFLICT (listener) DO UPDATE SET number = excluded.number";
pub(crate) const COLUMNS: &str = "SELECT listens.id, listens.track, at, moment, ms_played, \
     start_reason, end_reason, skipped, shuffle, offline, private_session, device, contexts.name, \
     source, context";
pub(crate) const FROM: &str = "FROM listens LEFT JOIN contexts ON contexts.id = listens.context";

/// Hands on every row of a listener in the order of the log. `select` names the columns,
/// [`COLUMNS`] or others.
pub(crate) fn for_each(
    connection: &Connection,
    select: &str,
    listener: Key,
    take: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    for_each_after(connection, select, listener, 0, take)
}

/// As [`for_each`], of the rows behind one of them.
pub(crate) fn for_each_after(
    connection: &Connection,
    select: &str,
    listener: Key,
    after: i64,
    mut take: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let sql = format!("{select} WHERE listens.id BETWEEN ?1 AND ?2 ORDER BY listens.id");
    let mut stretch = connection.prepare_cached(&sql)?;
    for (first, last) in runs::of_after(connection, listener, after)? {
        let mut rows = stretch.query([first, last])?;
        while let Some(row) = rows.next()? {
            take(row)?;
        }
    }
    let sql = format!("{select} WHERE listens.id > ?1 AND listener = ?2 ORDER BY listens.id");
    let mut tail = connection.prepare_cached(&sql)?;
    let folded = runs::folded_upto(connection)?.max(after);
    let mut rows = tail.query([folded, i64::from(listener)])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

/// A play out of the first columns of a row, [`COLUMNS`].
pub(crate) fn from_row(row: &Row<'_>, listener: ListenerId, track: TrackId) -> Result<Listen> {
    Ok(Listen {
        listener,
        track,
        at: from_column(row.get(2)?)?,
        moment: Coded::from_code(row.get(3)?)?,
        ms_played: row.get(4)?,
        start_reason: Coded::from_code(row.get(5)?)?,
        end_reason: Coded::from_code(row.get(6)?)?,
        skipped: row.get(7)?,
        shuffle: row.get(8)?,
        offline: row.get(9)?,
        private_session: row.get(10)?,
        device: Coded::from_code(row.get(11)?)?,
        context: row.get(12)?,
        source: Coded::from_code(row.get(13)?)?,
    })
}

/// Hands on row, work, play and length of the track, in milliseconds, of everything a listener has
/// in the log. The plays do not name their tracks.
pub(crate) fn for_each_play(
    connection: &Connection,
    listener: &ListenerId,
    key: Key,
    mut take: impl FnMut(i64, Key, &Listen, Option<u32>) -> Result<()>,
) -> Result<()> {
    let select = format!(
        "{COLUMNS}, tracks.work, {DURATION} {FROM} JOIN tracks ON tracks.id = listens.track"
    );
    let unnamed = TrackId::new("");
    for_each(connection, &select, key, |row| {
        let listen = from_row(row, listener.clone(), unnamed.clone())?;
        take(row.get(0)?, self::key(row.get(15)?)?, &listen, duration_ms(row, 16)?)
    })
}

/// Hands on row, work, listener, play and length of the track of everything that anybody has in the
/// log after a row. The plays name neither.
pub(crate) fn for_each_play_after(
    connection: &Connection,
    row: i64,
    mut take: impl FnMut(i64, Key, Key, &Listen, Option<u32>) -> Result<()>,
) -> Result<()> {
    let sql = format!(
        "{COLUMNS}, tracks.work, listens.listener, {DURATION} {FROM} \
         JOIN tracks ON tracks.id = listens.track WHERE listens.id > ?1 ORDER BY listens.id"
    );
    let (nobody, unnamed) = (ListenerId::new(""), TrackId::new(""));
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([row])?;
    while let Some(row) = rows.next()? {
        let listen = from_row(row, nobody.clone(), unnamed.clone())?;
        let (work, listener) = (key(row.get(15)?)?, key(row.get(16)?)?);
        take(row.get(0)?, work, listener, &listen, duration_ms(row, 17)?)?;
    }
    Ok(())
}

/// The integers that stand for the names in a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowKeys {
    pub(crate) listener: Key,
    pub(crate) track: Key,
    pub(crate) context: Option<Key>,
}

/// Appends to the log, for the length of one transaction.
pub(crate) struct ListenWriter<'c> {
    insert: CachedStatement<'c>,
    complete: CachedStatement<'c>,
    note_completed: CachedStatement<'c>,
}

impl<'c> ListenWriter<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Result<Self> {
        Ok(Self {
            insert: connection.prepare_cached(INSERT)?,
            complete: connection.prepare_cached(COMPLETE)?,
            note_completed: connection.prepare_cached(NOTE_COMPLETED)?,
        })
    }

    /// Appends a play and returns its row.
    pub(crate) fn append(&mut self, keys: RowKeys, listen: &Listen) -> Result<i64> {
        let row = self.insert.insert(params![
            keys.listener,
            keys.track,
            to_column(listen.at),
            listen.moment.code(),
            listen.ms_played,
            listen.start_reason.code(),
            listen.end_reason.code(),
            listen.skipped,
            listen.shuffle,
            listen.offline,
            listen.private_session,
            listen.device.code(),
            keys.context,
            listen.source.code(),
        ])?;
        Ok(row)
    }

    /// Fills in what a row lacks and another report of the same play knows.
    pub(crate) fn complete(
        &mut self,
        row: u32,
        missing: Detail,
        keys: RowKeys,
        listen: &Listen,
    ) -> Result<()> {
        self.complete.execute(params![
            row,
            missing.has_play_time(),
            listen.ms_played,
            listen.start_reason.code(),
            listen.end_reason.code(),
            listen.skipped,
            listen.shuffle,
            listen.offline,
            listen.private_session,
            listen.device.code(),
            keys.context,
        ])?;
        self.note_completed.execute([keys.listener])?;
        Ok(())
    }
}
