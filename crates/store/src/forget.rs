//! Forgetting a listener: rows, what was derived from them, and the bytes they stood in.
//!
//! What is removed:
//!
//! - listens, feedback, exclusions, lists, impressions, and the names that clients gave to events;
//! - friendships, those of others with them included;
//! - models that learnt from the listener, files included;
//! - tracks, works and contexts that no other listener's rows mention and no catalogue listed, and
//!   what no other listener's mixes say;
//! - connections to servers, with their passwords;
//! - files that were made from what the store held;
//! - uploads of the listener that were not read yet, and those that were set aside;
//! - checkpoints of imports whose rows were all of this listener, so that the files can be imported
//!   again;
//! - the listener's name.
//!
//! Forgetting is a fence. What was read before it must not be published after it: a training
//! registers its model, and an import commits its rows, only if
//! [`Marks::forgotten`](crate::Marks::forgotten) is what it was when they read what they work on.
//! Both are checked in the transaction that writes.
//!
//! Imports that brought rows of other listeners too stay, and lose the name of their file, because
//! it often contains a person's name.
//!
//! `secure_delete` overwrites the rows in the database, `VACUUM` drops free pages, and truncating
//! the write-ahead log drops its copies. Backups are not reached.

use rusqlite::{Connection, params};
use rustc_hash::FxHashSet;
use segue_core::ListenerId;
use serde::Serialize;

use crate::keys::{Key, key};
use crate::names::find_listener;
use crate::settle::rows_changed;
use crate::slates::StoredSlate;
use crate::{
    Result, Store, StoreError, api_keys, connections, derived, friendships, model_files, runs,
    secrets, uploads,
};

/// What [`Store::forget`] removed, as counts of rows. All are zero if the listener was not in the
/// store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ForgetReport {
    /// Whether the listener was in the store at all, be it only as somebody's friend. `false` is no
    /// error: nothing had to be removed.
    pub found: bool,
    /// How many plays were removed, excluded ones among them.
    pub listens: u64,
    /// How many pieces of explicit feedback were removed, those taken back later among them.
    pub feedback: u64,
    /// How many friendships were removed, those of others with the listener among them.
    pub friendships: u64,
    /// How many keys of a server were taken away because they were for this listener.
    pub keys: u64,
    /// How many exclusions from the taste profile were removed.
    pub exclusions: u64,
    /// How many lists were removed.
    pub lists: u64,
    /// How many logged slates were removed, shadows of experiments among them.
    pub impressions: u64,
    /// How many connections to servers were removed, with their passwords.
    pub connections: u64,
    /// How many uploads of the listener were removed that had been received and not been read.
    pub uploads: u64,
    /// How many checkpoints of imports were removed. The files can be imported again from their
    /// beginning.
    pub imports: u64,
    /// How many tracks were removed because only this listener's rows mentioned them. Tracks of a
    /// catalogue stay.
    pub tracks: u64,
    /// Versions of the models that were removed, files included, because they had learnt from this
    /// listener.
    pub models: Vec<String>,
    /// Whether an active model is among them. Until another one is trained or activated, there is
    /// none of its kind.
    pub active_model_removed: bool,
    /// Whether the bytes are gone from the disk too. `false` if another process was reading the
    /// store: forgetting again, or the next time when nobody reads, completes it.
    pub erased: bool,
}

impl Store {
    /// Forgets a listener: their rows, the models that learnt from them, and the bytes on disk. The
    /// database is rewritten, which takes about a second per million listens and as much free disk
    /// as it is large. Backups are not reached.
    ///
    /// ```
    /// use segue_core::ListenerId;
    /// use segue_store::{Event, Store};
    ///
    /// let ann = ListenerId::new("ann");
    /// let mut store = Store::open_in_memory()?;
    /// store.append(&[Event::Listener(ann.clone()).into()])?;
    /// assert!(store.forget(&ann)?.found);
    /// assert_eq!(store.listener(&ann)?, None);
    /// # Ok::<(), segue_store::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::StoreError::Busy`] or [`crate::StoreError::Database`], and then nothing was
    /// removed, or [`crate::StoreError::Io`] when files of a model, or files that were made from
    /// the store, could not be. Everything else was removed then, and forgetting again tries the
    /// files again.
    pub fn forget(&mut self, listener: &ListenerId) -> Result<ForgetReport> {
        // Before the rows, so that a crash in between leaves nothing to bring them back from.
        let mut uploads = self.remove_uploads(listener)?;
        if let Some(library) = self.folder() {
            secrets::remove_of(library, listener)?;
        }
        let mut report = self.write(|connection, _| {
            runs::fold(connection)?;
            let friendships = friendships::remove(connection, listener)?;
            let keys = api_keys::void_of(connection, listener)?;
            let report = match find_listener(connection, listener)? {
                Some(key) => remove(connection, listener, key)?,
                None => {
                    // A name that is not known yet may be in what is being read.
                    pass_fence(connection)?;
                    ForgetReport { found: friendships + keys > 0, ..ForgetReport::default() }
                }
            };
            Ok(ForgetReport { friendships, keys, ..report })
        })?;
        self.forget_cache();
        // And those that came in the meantime: from now on the fence keeps them out.
        uploads += self.remove_uploads(listener)?;
        (report.uploads, report.found) = (uploads, report.found || uploads > 0);
        let remove_files = |library| {
            let derived = derived::remove_all(library);
            model_files::remove_files(library, &report.models).and(derived)
        };
        let files = self.folder().map_or(Ok(()), remove_files);
        // Those of an earlier forgetting, which a crash cut off.
        let files = files.and(self.remove_orphans());
        // Whatever became of the files, the bytes of the rows go.
        report.erased = self.erase()?;
        files.map(|()| report)
    }

    fn remove_uploads(&self, listener: &ListenerId) -> Result<u64> {
        self.folder().map_or(Ok(0), |library| uploads::remove_of(library, listener))
    }

    /// Rewrites the database without what was deleted, and empties the write-ahead log.
    pub(crate) fn erase(&self) -> Result<bool> {
        match self.connection.execute_batch("VACUUM").map_err(Into::into) {
            Err(crate::StoreError::Busy) => return Ok(false),
            outcome => outcome?,
        }
        self.fold_log()
    }
}

fn pass_fence(connection: &Connection) -> Result<()> {
    connection.execute("UPDATE forgotten SET times = times + 1", [])?;
    Ok(())
}

/// Refuses to publish what was read when `forgotten` was what
/// [`Marks::forgotten`](crate::Marks::forgotten) was.
pub(crate) fn check_fence(connection: &Connection, forgotten: i64) -> Result<()> {
    let now: i64 = connection.query_row("SELECT times FROM forgotten", [], |row| row.get(0))?;
    if now == forgotten { Ok(()) } else { Err(StoreError::ForgottenSince) }
}

fn remove(connection: &Connection, listener: &ListenerId, key: Key) -> Result<ForgetReport> {
    let brought = mentioned_tracks(connection, key)?;
    let of_listener = |sql: &str| -> Result<u64> { Ok(connection.execute(sql, [key])? as u64) };
    let mut report = ForgetReport {
        found: true,
        listens: of_listener("DELETE FROM listens WHERE listener = ?1")?,
        feedback: of_listener("DELETE FROM feedback WHERE listener = ?1")?,
        exclusions: of_listener("DELETE FROM exclusions WHERE listener = ?1")?,
        lists: of_listener("DELETE FROM lists WHERE listener = ?1")?,
        connections: connections::remove_of(connection, key)?,
        impressions: of_listener("DELETE FROM impressions WHERE listener = ?1")?,
        ..remove_models(connection, key)?
    };
    of_listener("DELETE FROM weekly_lists WHERE listener = ?1")?;
    of_listener("DELETE FROM client_ids WHERE listener = ?1")?;
    of_listener("DELETE FROM latest_imports WHERE listener = ?1")?;
    of_listener("DELETE FROM reported WHERE listener = ?1")?;
    of_listener("DELETE FROM runs WHERE listener = ?1")?;
    of_listener("DELETE FROM completed WHERE listener = ?1")?;
    // New rows take the numbers after the last one that is left, and must count as not folded.
    connection
        .execute("UPDATE folded SET upto = (SELECT COALESCE(MAX(id), 0) FROM listens)", [])?;
    report.imports = remove_imports(connection, listener, key)?;
    report.tracks = remove_unmentioned(connection, &brought)?;
    remove_unsaid(connection)?;
    of_listener("DELETE FROM listeners WHERE id = ?1")?;
    pass_fence(connection)?;
    Ok(report)
}

/// Models that learnt from the listener.
fn remove_models(connection: &Connection, listener: Key) -> Result<ForgetReport> {
    let sql = "DELETE FROM models \
               WHERE id IN (SELECT model FROM model_listeners WHERE listener = ?1) \
               RETURNING version, active";
    let mut report = ForgetReport::default();
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([listener])?;
    while let Some(row) = rows.next()? {
        report.models.push(row.get(0)?);
        report.active_model_removed |= row.get::<_, bool>(1)?;
    }
    report.models.sort();
    Ok(report)
}

fn remove_imports(connection: &Connection, listener: &ListenerId, key: Key) -> Result<u64> {
    let sql = "DELETE FROM imports WHERE listener = ?1 \
               OR id IN (SELECT import FROM import_listeners GROUP BY import \
               HAVING MIN(listener) = ?2 AND MAX(listener) = ?2)";
    let removed = connection.execute(sql, params![listener.as_str(), key])?;
    let sql = "UPDATE imports SET name = '' \
               WHERE id IN (SELECT import FROM import_listeners WHERE listener = ?1)";
    connection.execute(sql, [key])?;
    connection.execute("DELETE FROM import_listeners WHERE listener = ?1", [key])?;
    Ok(removed as u64)
}

/// Tracks that the listener's rows mention, or their servers hold.
fn mentioned_tracks(connection: &Connection, listener: Key) -> Result<FxHashSet<Key>> {
    let mut tracks = connections::brought_for(connection, listener)?;
    for sql in [
        "SELECT DISTINCT track FROM listens WHERE listener = ?1",
        "SELECT DISTINCT track FROM feedback WHERE listener = ?1 AND track IS NOT NULL",
    ] {
        collect(connection, sql, [listener], &mut tracks)?;
    }
    Ok(tracks)
}

/// Removes tracks that were `brought` by the one forgotten and that nothing left in the store
/// mentions, then works and contexts left without a mention.
///
/// A row dropped as a duplicate may have described a track that no row mentions. Such a track is
/// removed together with the last mention of its work, because another listener may know the same
/// work under another name.
pub(crate) fn remove_unmentioned(connection: &Connection, brought: &FxHashSet<Key>) -> Result<u64> {
    let mentioned = all_mentioned(connection)?;
    let mut unlisted = Vec::new();
    let mut kept_works = FxHashSet::default();
    let mut statement = connection.prepare("SELECT id, work, listed FROM tracks")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (track, work, listed) = (key(row.get(0)?)?, key(row.get(1)?)?, row.get(2)?);
        if listed || mentioned.contains(&track) {
            kept_works.insert(work);
        } else {
            unlisted.push((track, work));
        }
    }
    unlisted.retain(|(track, work)| brought.contains(track) || !kept_works.contains(work));
    let mut delete = connection.prepare("DELETE FROM tracks WHERE id = ?1")?;
    for (track, _) in &unlisted {
        delete.execute([track])?;
    }
    connection.execute("DELETE FROM works WHERE id NOT IN (SELECT work FROM tracks)", [])?;
    if !unlisted.is_empty() {
        rows_changed(connection)?;
    }
    let sql = "DELETE FROM contexts \
               WHERE id NOT IN (SELECT context FROM listens WHERE context IS NOT NULL)";
    connection.execute(sql, [])?;
    Ok(unlisted.len() as u64)
}

/// Tracks that any row mentions.
fn all_mentioned(connection: &Connection) -> Result<FxHashSet<Key>> {
    let mut tracks = FxHashSet::default();
    collect(connection, "SELECT DISTINCT track FROM listens", [], &mut tracks)?;
    collect(
        connection,
        "SELECT DISTINCT track FROM feedback WHERE track IS NOT NULL",
        [],
        &mut tracks,
    )?;
    collect(connection, "SELECT DISTINCT track FROM remote_tracks", [], &mut tracks)?;
    collect(connection, "SELECT DISTINCT track FROM sound_files", [], &mut tracks)?;
    for_each_slate(connection, |slate| tracks.extend(slate.tracks()))?;
    Ok(tracks)
}

/// Removes texts that no mix says any longer. Whoever remembers keys of texts must look for them
/// again.
pub(crate) fn remove_unsaid(connection: &Connection) -> Result<()> {
    let mut said = FxHashSet::default();
    for_each_slate(connection, |slate| said.extend(slate.texts()))?;
    let mut statement = connection.prepare("SELECT id FROM texts")?;
    let mut rows = statement.query([])?;
    let mut unsaid = Vec::new();
    while let Some(row) = rows.next()? {
        unsaid.push(key(row.get(0)?)?);
    }
    unsaid.retain(|text| !said.contains(text));
    let mut delete = connection.prepare("DELETE FROM texts WHERE id = ?1")?;
    unsaid.iter().try_for_each(|text| delete.execute([text]).map(drop))?;
    Ok(())
}

fn for_each_slate(connection: &Connection, mut see: impl FnMut(&StoredSlate)) -> Result<()> {
    let mut statement = connection.prepare("SELECT slate FROM impressions")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        see(&StoredSlate::from_row(row, 0)?);
    }
    Ok(())
}

fn collect(
    connection: &Connection,
    sql: &str,
    values: impl rusqlite::Params,
    into: &mut FxHashSet<Key>,
) -> Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        into.insert(key(row.get(0)?)?);
    }
    Ok(())
}
