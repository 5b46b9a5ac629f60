//! Opening a store, and the two ways into its database: one writer with its caches, and readers on
//! a snapshot.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::cache::WriteCache;
use crate::names::KnownNames;
use crate::{Result, StoreError, model_files, runs, schema, uploads};

/// How long a writer waits for another before it gives up.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it sleeps between two tries. SQLite's own handler soon sleeps for a tenth of a second,
/// and then misses every moment between two commits of a writer that has much to write.
const RETRY: Duration = Duration::from_millis(1);
/// Pause between two batches of an import, so that another waiting writer gets its turn.
pub(crate) const TURN: Duration = Duration::from_millis(3);
/// Prepared statements kept from one transaction to the next: more than the crate has in all.
const STATEMENTS: usize = 64;
/// Page cache of a connection, in KiB. Whoever writes touches pages of many tables and indexes
/// again and again.
const PAGE_CACHE_KIB: i64 = 16 * 1024;
/// Pages of the write-ahead log, after which it is moved into the database: what SQLite does.
const LOG_PAGES: i64 = 1_000;
/// The same in an import: a quarter of a gigabyte.
const LONG_LOG_PAGES: i64 = 65_536;
/// Bytes that the write-ahead log keeps on the disk once it was moved.
const EMPTY_LOG_BYTES: i64 = 16 << 20;
/// Page cache of one of several connections for reading, in KiB. They read histories once, from end
/// to end, and the system has the pages anyway; eight caches of the usual size, which fill as the
/// database grows, would be most of what a server takes up.
const READER_PAGES_KIB: i64 = 2 * 1024;

/// The event log, the catalogue and the registry of models in one library folder. Everything that
/// Segue remembers goes through this type.
///
/// ```
/// use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
/// use segue_store::Store;
///
/// let library = tempfile::tempdir()?;
/// let (ann, song) = (ListenerId::new("ann"), TrackId::new("song"));
/// let mut store = Store::open(library.path())?;
/// store.add_tracks(&[Track::new(song.clone(), WorkId::new("song"), "Song")])?;
/// let play = Listen::new(ann.clone(), song, Timestamp::UNIX_EPOCH, Source::Segue);
/// store.append_listens(&[play.clone()])?;
///
/// let reopened = Store::open(library.path())?;
/// assert_eq!(reopened.listens(&ann)?, [play]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It can be sent between threads but not shared by them: a server puts it behind a mutex or opens
/// one for each thread. Any number of processes may open the same folder.
pub struct Store {
    pub(crate) connection: Connection,
    library: Option<PathBuf>,
    /// Whether it was opened to read, so that nothing is tidied on the way.
    is_to_read: bool,
    /// Whether to wait for another writer.
    patient: Arc<AtomicBool>,
    cache: WriteCache,
    /// Whether the write-ahead log may be longer than single writes leave it.
    has_long_log: bool,
    pub(crate) track_names: RefCell<KnownNames>,
}

impl Store {
    /// Name of the database file inside the library folder. Beside it lie its write-ahead log and
    /// the folder of models.
    pub const DATABASE: &'static str = "segue.db";

    /// Opens the store in a library folder, and creates both if they do not exist. A database of an
    /// older version is brought up to date. Nothing is removed.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`], [`StoreError::ForeignDatabase`] and [`StoreError::Corrupt`] say
    /// what is wrong with the file found; [`StoreError::MissingDatabase`] that it is lost;
    /// [`StoreError::Io`] that the folder cannot be used.
    pub fn open(library: &Path) -> Result<Self> {
        create_private(library).map_err(StoreError::io("create", library))?;
        check_not_lost(library)?;
        let connection = Connection::open(library.join(Self::DATABASE))?;
        Self::prepare(connection, Some(library.to_owned()))
    }

    /// Opens the store in a library folder to read it, which changes nothing there and works where
    /// nothing can be written. A folder without a database reads as an empty store.
    ///
    /// A database of an older version has to be brought up to date for that, and is.
    ///
    /// # Errors
    /// As [`Self::open`]. Whatever would write fails with [`StoreError::Database`].
    pub fn open_to_read(library: &Path) -> Result<Self> {
        check_not_lost(library)?;
        let path = library.join(Self::DATABASE);
        if !path.exists() {
            return Self::open_in_memory();
        }
        let connection = reading_connection(&path)?;
        match schema::check(&connection, &path)? {
            schema::SCHEMA => {
                let store = Self::configure(connection, Some(library.to_owned()))?;
                Ok(Self { is_to_read: true, ..store })
            }
            _ => Self::open(library),
        }
    }

    /// A store that lives only as long as the value, for tests. It registers no models and makes no
    /// backups: both need a folder.
    ///
    /// # Errors
    /// Only when memory runs out.
    pub fn open_in_memory() -> Result<Self> {
        Self::prepare(Connection::open_in_memory()?, None)
    }

    fn prepare(connection: Connection, library: Option<PathBuf>) -> Result<Self> {
        let path = library.as_deref().unwrap_or(Path::new(":memory:")).join(Self::DATABASE);
        // Before anything is changed: the file may be another program's.
        schema::check(&connection, &path)?;
        let store = Self::configure(connection, library)?;
        let connection = &store.connection;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "journal_size_limit", EMPTY_LOG_BYTES)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "secure_delete", true)?;
        schema::migrate(connection, &path)?;
        Ok(store)
    }

    fn configure(mut connection: Connection, library: Option<PathBuf>) -> Result<Self> {
        let patient = Arc::new(AtomicBool::new(true));
        connection.busy_handler(Some(wait_for_writer(patient.clone())))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "cache_size", -PAGE_CACHE_KIB)?;
        Ok(Self {
            connection,
            cache: WriteCache::new(library.clone()),
            library,
            is_to_read: false,
            patient,
            has_long_log: false,
            track_names: RefCell::default(),
        })
    }

    /// The library folder, or an error that names what needs one.
    pub(crate) fn library(&self, needed_for: &'static str) -> Result<&Path> {
        self.library.as_deref().ok_or(StoreError::NeedsFolder(needed_for))
    }

    /// The same store as one of several connections that are for reading, which keeps little of the
    /// database in memory.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn as_reader(self) -> Result<Self> {
        self.connection.pragma_update(None, "cache_size", -READER_PAGES_KIB)?;
        Ok(self)
    }

    /// How often a write found that others had written since the one before. Where two writes of
    /// this store leave the same number, nobody else moved the [marks](Self::marks) between them.
    /// The first write counts as one.
    pub fn foreign_writes(&self) -> u64 {
        self.cache.foreign_writes
    }

    /// Moves what the write-ahead log holds into the database and empties the log, so that one file
    /// holds everything: what comes behind damage in a log is lost without a word. Says whether it
    /// could; somebody who reads keeps it from that.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub fn fold_log(&self) -> Result<bool> {
        let fold = "PRAGMA wal_checkpoint(TRUNCATE)";
        let busy: i64 = self.connection.query_row(fold, [], |row| row.get(0))?;
        Ok(busy == 0)
    }

    /// The folder that it was opened in; `None` for one in memory.
    pub fn folder(&self) -> Option<&Path> {
        self.library.as_deref()
    }

    /// Whether it was opened to read, so that nothing in its folder may be written.
    pub(crate) fn is_to_read(&self) -> bool {
        self.is_to_read
    }

    /// Runs `work` in a write transaction that is committed if it succeeds and leaves no trace if
    /// it fails.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut WriteCache) -> Result<T>,
    ) -> Result<T> {
        let Self { connection, cache, .. } = self;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        // What other processes committed since may contradict what this one remembers.
        let outcome = cache.stay_valid_for(&transaction).and_then(|()| {
            let value = work(&transaction, cache)?;
            runs::keep_tail_short(&transaction)?;
            cache.note_log_state(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        if outcome.is_err() {
            // A memory that could not be brought up to date has holes as well.
            cache.forget_all();
        } else {
            // The commit has moved it if it was long.
            self.has_long_log = false;
        }
        outcome
    }

    /// As [`Self::write`] for one of many large transactions: the write-ahead log grows longer
    /// before it is moved into the database, so that pages which one after the other changes are
    /// written there once. After the last of them, [`Self::write`] or [`Self::shorten_log`] moves
    /// it: the next play that somebody tells of must not wait for that.
    pub(crate) fn write_much<T>(
        &mut self,
        work: impl FnOnce(&Connection, &mut WriteCache) -> Result<T>,
    ) -> Result<T> {
        let name = "wal_autocheckpoint";
        self.connection.pragma_update(None, name, LONG_LOG_PAGES)?;
        let outcome = self.write(work);
        self.has_long_log = true;
        self.connection.pragma_update(None, name, LOG_PAGES)?;
        if outcome.is_err() {
            self.shorten_log();
        }
        outcome
    }

    /// Moves a long write-ahead log into the database, as far as nobody reads what is older. What
    /// is committed stays where this fails, and another writer does it then.
    pub(crate) fn shorten_log(&mut self) {
        if mem::take(&mut self.has_long_log) {
            let _ = self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        }
    }

    /// Runs `work` on one consistent state of the database, whatever others write meanwhile.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let snapshot = self.connection.unchecked_transaction()?;
        work(&snapshot)
    }

    /// Drops everything remembered about rows.
    pub(crate) fn forget_cache(&mut self) {
        self.cache.forget_all();
        self.track_names.borrow_mut().clear();
    }

    /// As [`Self::write`] but does not wait for another writer: returns `None` instead, and where
    /// the store was opened to read.
    pub(crate) fn write_if_free<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<Option<T>> {
        if self.is_to_read {
            return Ok(None);
        }
        self.patient.store(false, Ordering::Relaxed);
        let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate);
        self.patient.store(true, Ordering::Relaxed);
        let transaction = match begun.map_err(StoreError::from) {
            Ok(transaction) => transaction,
            Err(StoreError::Busy) => return Ok(None),
            Err(error) => return Err(error),
        };
        let value = work(&transaction)?;
        transaction.commit()?;
        Ok(Some(value))
    }
}

/// Makes the folder of a library, which is nobody else's business. One that is there stays as it
/// is: somebody may have meant it so.
pub(crate) fn create_private(library: &Path) -> io::Result<()> {
    if library.exists() {
        return Ok(());
    }
    if let Some(parent) = library.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(library) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// A folder that once held a store and has lost its database must not be taken for a new one: all
/// that lies in it would be without an owner.
fn check_not_lost(library: &Path) -> Result<()> {
    const LEFT: [&str; 2] = [model_files::FOLDER, uploads::FOLDER];
    let path = library.join(Store::DATABASE);
    // An empty file is what a failed copy leaves; opening a new database leaves one too.
    if fs::metadata(&path).is_ok_and(|found| found.len() > 0) {
        return Ok(());
    }
    let holds_some = |folder: &Path| fs::read_dir(folder).is_ok_and(|mut all| all.next().is_some());
    match LEFT.iter().find(|left| holds_some(&library.join(left))) {
        Some(left) => Err(StoreError::MissingDatabase { path, beside: left }),
        None => Ok(()),
    }
}

/// A connection that cannot write. The log beside a database needs an index, which is made where
/// there is none; where it cannot be made, a database without a log is read as it is. A log that a
/// crash left has to be worked off first, which changes nothing that is in the store.
fn reading_connection(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    let readable = connection.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |_| Ok(()));
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    match readable.map_err(|error| error.sqlite_error_code()) {
        Err(Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) if has_log => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(path, flags)?;
            connection.pragma_update(None, "query_only", true)?;
            Ok(connection)
        }
        Err(Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)) => {
            let place = percent_encoded(path);
            let flags = flags | OpenFlags::SQLITE_OPEN_URI;
            Ok(Connection::open_with_flags(format!("file:{place}?immutable=1"), flags)?)
        }
        _ => Ok(connection),
    }
}

/// A path within a URI: SQLite reads `?`, `#` and `%` as its own.
fn percent_encoded(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

/// Waits for whoever is writing: called with the number of tries so far, it says whether to try
/// again.
fn wait_for_writer(patient: Arc<AtomicBool>) -> impl FnMut(i32) -> bool {
    let mut since = Instant::now();
    move |tries| {
        if tries == 0 {
            since = Instant::now();
        }
        let again = patient.load(Ordering::Relaxed) && since.elapsed() < PATIENCE;
        if again {
            thread::sleep(RETRY);
        }
        again
    }
}

#[cfg(test)]
mod tests {
    use segue_core::{Listen, ListenerId, Record, Source, Timestamp, Track, TrackId, WorkId};

    use super::*;
    use crate::ImportedFile;

    fn track(name: &str) -> Track {
        Track::new(TrackId::new(name), WorkId::new(name), name)
    }

    #[test]
    fn a_second_writer_is_told_that_the_store_is_busy_and_readers_are_not() {
        let library = tempfile::tempdir().unwrap();
        let mut first = Store::open(library.path()).unwrap();
        let mut second = Store::open(library.path()).unwrap();
        second.connection.busy_timeout(Duration::ZERO).unwrap();
        first
            .write(|_, _| {
                assert!(matches!(second.add_tracks(&[track("theirs")]), Err(StoreError::Busy)));
                assert_eq!(second.tracks().unwrap(), []);
                Ok(())
            })
            .unwrap();
        second.add_tracks(&[track("theirs")]).unwrap();
        assert_eq!(first.tracks().unwrap(), [track("theirs")]);
    }

    #[test]
    fn a_failed_write_leaves_no_trace_in_the_database_or_the_cache() {
        let mut store = Store::open_in_memory().unwrap();
        let refused: Result<()> = store.write(|connection, cache| {
            let mut writer = crate::tracks::TrackWriter::new(connection)?;
            let (lost, by) = (track("lost"), crate::tracks::Mention::Catalogue);
            let mention = crate::tracks::TrackMention { track: &lost, by };
            writer.describe(&mut cache.tracks, mention)?;
            Err(StoreError::Busy)
        });
        assert!(refused.is_err());
        assert_eq!(store.tracks().unwrap(), []);
        store.add_tracks(&[track("lost")]).unwrap();
        assert_eq!(store.tracks().unwrap(), [track("lost")]);
    }

    #[test]
    fn a_full_disk_is_told_from_other_failures_and_loses_nothing() {
        let library = tempfile::tempdir().unwrap();
        let mut store = Store::open(library.path()).unwrap();
        let set_pages = |store: &Store, pages: i64| {
            let set = "PRAGMA max_page_count = ".to_owned() + &pages.to_string();
            store.connection.query_row(&set, [], |_| Ok(())).unwrap();
        };
        let pages: i64 =
            store.connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        set_pages(&store, pages + 4);
        let names: Vec<String> = (0..2_000).map(|number| format!("song {number}")).collect();
        let songs: Vec<Track> = names.iter().map(|name| track(name)).collect();
        let refused = store.add_tracks(&songs).unwrap_err();
        assert!(refused.is_disk_full() && !refused.is_refusal(), "{refused}");
        store.try_writing().unwrap();
        set_pages(&store, pages + 10_000);
        store.add_tracks(&songs).unwrap();
        assert_eq!(store.tracks().unwrap().len(), songs.len());
    }

    #[test]
    fn plays_come_in_once_though_the_memory_of_them_could_not_be_brought_up_to_date() {
        let library = tempfile::tempdir().unwrap();
        let spilled = library.path().join("spilled");
        let mut first = Store::open(library.path()).unwrap();
        first.cache = WriteCache::new(Some(spilled.clone()));
        let song = track("song");
        let plays: Vec<Listen> = (0..1_000)
            .map(|day| Timestamp::from_second(day * 86_400).unwrap())
            .map(|at| Listen::new(ListenerId::new("ann"), song.id.clone(), at, Source::Maloja))
            .collect();
        let import = |store: &mut Store, name: &str, plays: &[Listen]| {
            let rows = (1..).zip(plays).map(|(row, listen)| {
                (row, Record::Listen { listen: listen.clone(), track: song.clone() })
            });
            let file = ImportedFile::from_content(name.as_bytes(), "maloja/1", name, None).unwrap();
            let mut import = store.import_file(&file)?;
            import.accept_all(rows.collect())?;
            import.finish()
        };
        assert_eq!(import(&mut first, "most", &plays[..900]).unwrap().listens_added, 900);
        Store::open(library.path()).unwrap().append_listens(&plays[900..]).unwrap();
        // What was appended finds no room: the folder of the file for it is not there.
        first.cache.seen.leave_no_room();
        let refused = import(&mut first, "nothing", &[]).unwrap_err();
        assert!(matches!(refused, StoreError::Io { .. }), "{refused}");
        fs::create_dir(&spilled).unwrap();
        assert_eq!(import(&mut first, "all", &plays).unwrap().exact_duplicates, 1_000);
    }

    #[test]
    fn the_log_of_a_large_import_is_short_again_with_the_next_writes() {
        let library = tempfile::tempdir().unwrap();
        let mut store = Store::open(library.path()).unwrap();
        let songs: Vec<Track> = (0..20_000).map(|n| track(&format!("{n:0>200}"))).collect();
        let log = library.path().join("segue.db-wal");
        let bytes = || fs::metadata(&log).unwrap().len() as i64;
        store
            .write_much(|connection, cache| {
                let mut batch = crate::batch::WriteBatch::new(connection, cache)?;
                songs.iter().try_for_each(|song| batch.import_track(song).map(drop))
            })
            .unwrap();
        assert!(bytes() > EMPTY_LOG_BYTES, "it is longer: {}", bytes());
        // The first moves what is in the log, the second begins it anew.
        store.add_tracks(&[track("one")]).unwrap();
        store.add_tracks(&[track("two")]).unwrap();
        assert_eq!(bytes(), EMPTY_LOG_BYTES);
        assert_eq!(store.tracks().unwrap().len(), 20_002);
    }

    #[test]
    fn whoever_imports_moves_the_log_and_not_who_writes_next() {
        let library = tempfile::tempdir().unwrap();
        let mut store = Store::open(library.path()).unwrap();
        let rows = |of: i32| -> Vec<(u64, Record)> {
            let songs = (of * 20_000..(of + 1) * 20_000).map(|n| track(&format!("{n:0>200}")));
            (1..).zip(songs.map(Record::Track)).collect()
        };
        let begin = |store: &mut Store, name: &str, rows| {
            let file = ImportedFile::from_content(name.as_bytes(), "x/1", name, None).unwrap();
            let mut import = store.import_file(&file).unwrap();
            import.accept_all(rows).unwrap();
            import.suspend().unwrap();
            store.import_file(&file).unwrap().committed_rows()
        };
        let database = library.path().join(Store::DATABASE);
        let moved = || fs::metadata(&database).unwrap().len() as i64 > EMPTY_LOG_BYTES;
        assert_eq!(begin(&mut store, "suspended", rows(0)), 20_000);
        assert!(!moved(), "more of the file may follow");
        let file = ImportedFile::from_content(&b"suspended"[..], "x/1", "", None).unwrap();
        store.import_file(&file).unwrap().finish().unwrap();
        assert!(moved() && !store.has_long_log);

        begin(&mut store, "never finished", rows(1));
        assert!(store.has_long_log);
        let file = ImportedFile::from_content(&b"refused"[..], "x/1", "", None).unwrap();
        let mut refused = store.import_file(&file).unwrap().unless_forgotten_since(7);
        refused.accept_all(rows(0)).unwrap();
        refused.suspend().unwrap_err();
        assert!(!store.has_long_log);
    }

    #[test]
    fn commits_are_flushed_to_disk() {
        let library = tempfile::tempdir().unwrap();
        let store = Store::open(library.path()).unwrap();
        let pragma = |name: &str| -> String {
            store
                .connection
                .pragma_query_value(None, name, |row| {
                    Ok(format!("{:?}", row.get::<_, rusqlite::types::Value>(0)?))
                })
                .unwrap()
        };
        assert_eq!(pragma("synchronous"), "Integer(2)");
        assert_eq!(pragma("secure_delete"), "Integer(1)");
        assert_eq!(pragma("foreign_keys"), "Integer(1)");
        assert_eq!(pragma("journal_mode"), "Text(\"wal\")");
    }
}
