//! Which stretches of the log belong to which listener.
//!
//! An index by listener would be kept up to date in as many random places as a batch has listeners,
//! and each place is a page to write and flush. Instead the log is only appended to, and its tail
//! is folded now and then, in one sorted pass, into runs: stretches of consecutive rows of one
//! listener, with the span of time they cover. An import becomes a handful of runs. Small appends
//! fold a small step each, so that no commit takes long. A reader takes a listener's runs and scans
//! the tail that is not folded yet.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::Result;
use crate::keys::{Key, key};

/// Rows. A longer tail, which only imports leave, is folded in full by the next append. Folding
/// writes a page for each listener in the tail, so that longer tails write less.
const LONG_TAIL: i64 = 131_072;
/// Rows. A longer tail is folded by one step with each append.
const SHORT_TAIL: i64 = 4_096;
/// Rows of a step. Where thousands of listeners take turns, each row is a page to write, and all
/// clients of the commit wait for it. A step takes about 25 ms, a long tail more than half a
/// second.
const STEP: i64 = 1_024;
/// Rows. A longer tail is folded in full by a reader, if no other process is writing: scanning it
/// costs more. Small appends keep the tail shorter than this; only imports leave so much.
const TEDIOUS_TAIL: i64 = 2 * SHORT_TAIL;

/// How many plays a listener has and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlaySpan {
    pub(crate) listens: u64,
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
}

impl PlaySpan {
    /// The span that covers both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            listens: self.listens + other.listens,
            earliest: self.earliest.min(other.earliest),
            latest: self.latest.max(other.latest),
        }
    }
}

/// Spans by listener.
pub(crate) type Spans = BTreeMap<Key, PlaySpan>;

/// The last row that runs cover.
pub(crate) fn folded_upto(connection: &Connection) -> Result<i64> {
    Ok(connection.prepare_cached("SELECT upto FROM folded")?.query_row([], |row| row.get(0))?)
}

/// Folds part or all of a tail that has become long, within the current transaction.
pub(crate) fn keep_tail_short(connection: &Connection) -> Result<()> {
    let tail = tail_length(connection)?;
    if tail > LONG_TAIL {
        fold(connection)
    } else if tail > SHORT_TAIL {
        fold_first(connection, STEP)
    } else {
        Ok(())
    }
}

/// Whether reading would be faster after folding.
pub(crate) fn tail_is_worth_folding(connection: &Connection) -> Result<bool> {
    Ok(tail_length(connection)? > TEDIOUS_TAIL)
}

/// Folds the whole tail.
pub(crate) fn fold(connection: &Connection) -> Result<()> {
    fold_first(connection, NO_LIMIT)
}

/// Folds the first rows of the tail, `most` of them at most.
fn fold_first(connection: &Connection, most: i64) -> Result<()> {
    let upto = folded_upto(connection)?;
    let mut runs = tail(connection, upto, most)?;
    let Some(last) = runs.last().map(|run| run.last) else { return Ok(()) };
    if extend_last_run(connection, &runs[0])? {
        runs.remove(0);
    }
    runs.sort_unstable_by_key(|run| (run.listener, run.first));
    let mut insert = connection.prepare_cached("INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for run in &runs {
        insert.execute(params![run.listener, run.first, run.last, run.earliest, run.latest])?;
    }
    connection.execute("UPDATE folded SET upto = ?1", [last])?;
    Ok(())
}

/// What of a listener's folded stretches is behind a row, first and last row of each, in order.
/// Those before it are not looked at.
pub(crate) fn of_after(
    connection: &Connection,
    listener: Key,
    after: i64,
) -> Result<Vec<(i64, i64)>> {
    let sql = "SELECT MAX(first, ?2 + 1), last FROM runs WHERE listener = ?1 AND last > ?2 \
               AND first >= COALESCE((SELECT MAX(first) FROM runs \
                                      WHERE listener = ?1 AND first <= ?2), 0) ORDER BY first";
    let mut statement = connection.prepare_cached(sql)?;
    let runs =
        statement.query_map(params![listener, after], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(runs.collect::<rusqlite::Result<_>>()?)
}

/// How much everybody has in the log, the tail included.
pub(crate) fn spans(connection: &Connection) -> Result<Spans> {
    let mut spans = Spans::new();
    let sql = "SELECT listener, SUM(last - first + 1), MIN(earliest), MAX(latest) FROM runs \
               GROUP BY listener";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let span = PlaySpan { listens: row.get(1)?, earliest: row.get(2)?, latest: row.get(3)? };
        spans.insert(key(row.get(0)?)?, span);
    }
    for (listener, fresh) in tail_spans(connection)? {
        spans.entry(listener).and_modify(|span| *span = span.and(fresh)).or_insert(fresh);
    }
    Ok(spans)
}

/// How much everybody has in the tail.
pub(crate) fn tail_spans(connection: &Connection) -> Result<Spans> {
    let mut spans = Spans::new();
    for run in tail(connection, folded_upto(connection)?, NO_LIMIT)? {
        let fresh = PlaySpan {
            listens: run.last.abs_diff(run.first) + 1,
            earliest: run.earliest,
            latest: run.latest,
        };
        spans.entry(run.listener).and_modify(|span| *span = span.and(fresh)).or_insert(fresh);
    }
    Ok(spans)
}

/// How much one listener has in the log, the tail left out; `None` if nothing.
pub(crate) fn folded_span(connection: &Connection, listener: Key) -> Result<Option<PlaySpan>> {
    let sql = "SELECT SUM(last - first + 1), MIN(earliest), MAX(latest) FROM runs \
               WHERE listener = ?1 HAVING COUNT(*) > 0";
    let span = |row: &Row<'_>| {
        Ok(PlaySpan { listens: row.get(0)?, earliest: row.get(1)?, latest: row.get(2)? })
    };
    Ok(connection.prepare_cached(sql)?.query_row([listener], span).optional()?)
}

/// A listener's stretches that reach back to `earliest` or further, with the tail left out: first
/// and last row and the latest play, the latest of them first.
pub(crate) fn latest_first(
    connection: &Connection,
    listener: Key,
    earliest: i64,
) -> Result<Vec<(i64, i64, i64)>> {
    let sql = "SELECT first, last, latest FROM runs WHERE listener = ?1 AND earliest <= ?2 \
               ORDER BY latest DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let runs = statement.query_map(params![listener, earliest], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(runs.collect::<rusqlite::Result<_>>()?)
}

#[derive(Clone, Copy)]
struct Run {
    listener: Key,
    first: i64,
    last: i64,
    earliest: i64,
    latest: i64,
}

fn tail_length(connection: &Connection) -> Result<i64> {
    let sql = "SELECT COALESCE((SELECT MAX(id) FROM listens), 0) - upto FROM folded";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// What SQLite takes as no limit.
const NO_LIMIT: i64 = -1;

/// The runs of the rows after `upto`, `most` of these rows at most, in the order of the log.
fn tail(connection: &Connection, upto: i64, most: i64) -> Result<Vec<Run>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, listener, at FROM listens WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut rows = statement.query([upto, most])?;
    let mut runs: Vec<Run> = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, listener, at) = (row.get(0)?, key(row.get(1)?)?, row.get(2)?);
        match runs.last_mut() {
            Some(run) if run.listener == listener && run.last + 1 == id => {
                run.last = id;
                run.earliest = run.earliest.min(at);
                run.latest = run.latest.max(at);
            }
            _ => runs.push(Run { listener, first: id, last: id, earliest: at, latest: at }),
        }
    }
    Ok(runs)
}

/// Lengthens the run that ends right before this one, if there is one of the same listener.
fn extend_last_run(connection: &Connection, run: &Run) -> Result<bool> {
    let sql = "UPDATE runs SET last = ?3, earliest = MIN(earliest, ?4), latest = MAX(latest, ?5) \
               WHERE listener = ?1 AND last = ?2 - 1 \
               AND first = (SELECT MAX(first) FROM runs WHERE listener = ?1)";
    let changed = connection
        .execute(sql, params![run.listener, run.first, run.last, run.earliest, run.latest])?;
    Ok(changed == 1)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;
    use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};

    use super::*;
    use crate::Store;

    fn listen(who: usize, second: i64) -> Listen {
        let at = Timestamp::from_second(second).unwrap();
        Listen::new(
            ListenerId::new(format!("listener {who}")),
            TrackId::new("song"),
            at,
            Source::Segue,
        )
    }

    #[test]
    fn folding_at_any_moment_changes_nothing_that_is_read() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut store = Store::open_in_memory().unwrap();
        store.add_tracks(&[Track::new(TrackId::new("song"), WorkId::new("song"), "Song")]).unwrap();
        let mut log: Vec<Listen> = Vec::new();
        for _ in 0..200 {
            let who = rng.random_range(0..3);
            let batch: Vec<Listen> = (0..rng.random_range(1..6))
                .map(|_| listen(who, rng.random_range(0..10_000)))
                .collect();
            store.append_listens(&batch).unwrap();
            log.extend(batch);
            match rng.random_range(0..4) {
                0 => fold(&store.connection).unwrap(),
                1 => fold_first(&store.connection, rng.random_range(1..6)).unwrap(),
                _ => {}
            }
            for summary in store.listeners().unwrap() {
                let theirs: Vec<Listen> =
                    log.iter().filter(|listen| listen.listener == summary.id).cloned().collect();
                assert_eq!(store.all_listens(&summary.id).unwrap(), theirs);
                assert_eq!(store.listener(&summary.id).unwrap().as_ref(), Some(&summary));
                let page = store.listens_page(&summary.id, None, 10).unwrap();
                let mut latest = theirs.clone();
                latest.sort_by_key(|listen| listen.at);
                let latest: Vec<Listen> = latest.into_iter().rev().take(10).collect();
                assert_eq!(page.into_iter().map(|(_, listen)| listen).collect::<Vec<_>>(), latest);
                assert_eq!(summary.listens, theirs.len() as u64);
                assert_eq!(summary.first, theirs.iter().filter_map(|listen| listen.at).min());
                assert_eq!(summary.last, theirs.iter().filter_map(|listen| listen.at).max());
            }
        }
    }

    #[test]
    fn plays_that_come_one_by_one_never_leave_a_tail_that_a_reader_must_fold() {
        let mut store = Store::open_in_memory().unwrap();
        store.add_tracks(&[Track::new(TrackId::new("song"), WorkId::new("song"), "Song")]).unwrap();
        for second in 0..600 {
            let batch: Vec<Listen> = (0..20).map(|i| listen(i, second)).collect();
            store.append_listens(&batch).unwrap();
            assert!(
                !tail_is_worth_folding(&store.connection).unwrap(),
                "after {} plays",
                second * 20
            );
        }
        assert!(folded_upto(&store.connection).unwrap() > 0);
    }

    #[test]
    fn the_plays_of_one_listener_are_one_run_however_often_they_are_folded() {
        let mut store = Store::open_in_memory().unwrap();
        store.add_tracks(&[Track::new(TrackId::new("song"), WorkId::new("song"), "Song")]).unwrap();
        for second in 0..10 {
            store.append_listens(&[listen(0, second)]).unwrap();
            fold(&store.connection).unwrap();
        }
        assert_eq!(of_after(&store.connection, 1, 0).unwrap(), [(1, 10)]);
    }
}
