//! How much is too much, in one table: every bound of the server, with what it protects.
//!
//! [`Limits`] holds what an operator may want to change. The constants below it are fixed, because
//! clients rely on them or because no machine is better off with another value. How many tracks a
//! mix may weigh is the pipeline's own bound. How a page looks (cards on a shelf, rows shown before
//! a press) is a matter of the page and stays there.

use std::num::NonZeroU32;
use std::time::Duration;

/// The limits of a server that an operator may change.
///
/// # Examples
/// ```
/// use std::num::NonZeroU32;
///
/// let limits = segue_server::Limits { rate: NonZeroU32::new(20), ..Default::default() };
/// assert_eq!(limits.body_bytes, 2 << 20);
/// ```
#[derive(Clone, Debug)]
pub struct Limits {
    /// Most bytes of a body, uploads of exports excepted; more is answered with 413.
    pub body_bytes: usize,
    /// Most bytes of an uploaded export, which is written to disk as it arrives.
    pub upload_bytes: u64,
    /// How many requests are worked on at a time; those beyond are turned away at once with 503.
    pub in_flight: usize,
    /// How many connections are open at a time; a further one takes the place of an idle one or is
    /// hung up on.
    pub connections: usize,
    /// How many of them one address may have, this machine and the proxy excepted; a further one
    /// takes the place of an idle one of the same address or is hung up on.
    pub connections_of_an_address: usize,
    /// Requests a second from one address, on average; bursts of twice as many pass. `None` for no
    /// limit.
    pub rate: Option<NonZeroU32>,
    /// How long a request may take, uploads and training excepted, before it is cut off.
    pub request_time: Duration,
    /// How long the head of a request may take to arrive before its connection is closed.
    pub head_time: Duration,
    /// How long a body may send no byte before the request is given up.
    pub body_time: Duration,
    /// How long an answer may wait to be read before its connection is closed.
    pub unread_time: Duration,
    /// How long requests have to end once the server stops; those still running are cut off.
    pub stop_time: Duration,
    /// How long an upload is held for somebody to look at before it is imported; later it is
    /// removed.
    pub held_time: Duration,
    /// How many listeners are held in memory at a time; those not seen for long go first.
    pub listeners: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 2 << 20,
            upload_bytes: 4 << 30,
            in_flight: 256,
            connections: 1_024,
            connections_of_an_address: 64,
            rate: None,
            request_time: Duration::from_secs(15),
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            unread_time: Duration::from_secs(30),
            stop_time: Duration::from_secs(20),
            held_time: Duration::from_secs(24 * 3600),
            listeners: 20_000,
        }
    }
}

// What one request may bring. A request is checked and written as a whole, so these bound the time
// for which one client holds a processor and the writing thread.

/// Longest name of a listener, id of a track or other name, in bytes: keeps keys of tables short.
pub(crate) const LONGEST_NAME: usize = segue_ingest::LONGEST_NAME;
/// Most events in one request: bounds what one transaction writes.
pub(crate) const MOST_EVENTS: usize = 1_000;
/// Most tracks described in one request: bounds what one transaction writes.
pub(crate) const MOST_TRACKS: usize = 1_000;
/// Most rows that one request of a gorse client brings, which loads its data in bulk.
pub(crate) const MOST_GORSE_ROWS: usize = 10_000;
/// Most listens that one request of a ListenBrainz client brings: what ListenBrainz takes.
pub(crate) const MOST_LISTENS: usize = 1_000;
/// Most bytes of a listen of a ListenBrainz client, on average over its request: the same.
pub(crate) const LONGEST_LISTEN: usize = 10_240;
/// Most plays in one request of a client of Last.fm's protocols: what Last.fm takes.
pub(crate) const MOST_SCROBBLES: usize = 50;
/// Bytes of such a request, which is read before it is known who sent it: plays whose names are as
/// long as any that are kept, each letter escaped.
pub(crate) const SCROBBLES_BYTES: usize = 256 << 10;
/// Fields of such a request that are looked at, three times those of the most plays: bounds memory.
pub(crate) const MOST_FORM_FIELDS: usize = 2_000;
/// Most artists that a track is credited to: each takes a row of the catalogue in memory.
pub(crate) const MOST_ARTISTS: usize = segue_ingest::MOST_ARTISTS;
/// Most names in a list of what a mix leaves out or chooses from: each is looked up.
pub(crate) const MOST_NAMES: usize = 20_000;
/// Bytes of an OpenSubsonic form, which is read before it is known who sent it.
pub(crate) const FORM_BYTES: usize = 64 << 10;

// What one answer may hold. These bound memory and the time for which a reader is held.

/// Most rows on one page of a list, of `/v1` and of gorse.
pub(crate) const MOST_PER_PAGE: u32 = 1_000;
/// Most plays and opinions in one answer to a ListenBrainz client: what ListenBrainz gives.
pub(crate) const MOST_LISTENS_SHOWN: usize = 1_000;
/// Listeners of whom it is remembered what they play just now: bounds memory.
pub(crate) const MOST_PLAYING: usize = 20_000;
/// Furthest offset of a gorse list: what comes before it is ranked as well and thrown away.
pub(crate) const FURTHEST_OFFSET: usize = 10_000;
/// Most tracks in a mix that a client asks for.
pub(crate) const LONGEST_MIX: u32 = 500;
/// Most tracks in a mix by a policy that explores by its uncertainty: the work grows with the
/// square of their number.
pub(crate) const LONGEST_UNCERTAIN_MIX: u32 = 60;
/// Most tracks on a way from one track to another: each step is a search of its own.
pub(crate) const LONGEST_PATH: u32 = 100;
/// Most songs in an OpenSubsonic answer.
pub(crate) const MOST_SUBSONIC_SONGS: usize = 500;

// Uploads, which live on the disk until they are read.

/// Connections that are kept for this machine, so that whoever runs the server gets in.
pub(crate) const RESERVED_CONNECTIONS: usize = 32;
/// Least bytes a second of an upload, once [`UPLOAD_GRACE`] is over: one that drips keeps others
/// out.
pub(crate) const LEAST_UPLOAD_RATE: u64 = 4 << 10;
/// For how long an upload may be slower than that.
pub(crate) const UPLOAD_GRACE: Duration = Duration::from_secs(30);
/// Imports that may be held or wait to be read: bounds what uploads take of the disk.
pub(crate) const MOST_UPLOADS_WAITING: usize = 20;
/// The same of one person who came in by a key of their own, so that others get their turn.
pub(crate) const MOST_OWN_UPLOADS_WAITING: usize = 3;
/// Most files in an upload: bounds open parts; an archive may hold more.
pub(crate) const MOST_UPLOADED_FILES: usize = 500;
/// Longest name of an uploaded file, in bytes: file systems refuse much longer ones.
pub(crate) const LONGEST_FILE_NAME: usize = 120;
/// Most rows of an uploaded file: bounds for how long others wait for their turn.
pub(crate) const MOST_UPLOADED_ROWS: u64 = 20_000_000;
/// Imports whose outcome is remembered: bounds memory.
pub(crate) const REMEMBERED_IMPORTS: usize = 100;

// Memory and connections at a time.

/// Bytes of the listeners that are held in memory, profile, pool and short-list: a hundred who know
/// 10,000 works each take up a quarter of it.
pub(crate) const HELD_BYTES: usize = 256 << 20;

/// Connections for reading: each has its page cache.
pub(crate) const READERS: usize = 8;
/// Requests that may wait for the disk at once: beyond it a client is told to come back.
pub(crate) const WRITES_WAITING: usize = 1_024;
/// Requests whose entries share a transaction: bounds how long the first waits for the last.
pub(crate) const REQUESTS_PER_COMMIT: usize = 256;
/// Entries that share a transaction, those of the last request excepted: the same, by their number.
pub(crate) const ENTRIES_PER_COMMIT: usize = 4_096;
/// Longest wait for a processor, for work that keeps one busy: later nobody waits for the answer.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// Requests after which addresses that were not heard of lately are let go: bounds memory.
pub(crate) const FORGET_ADDRESSES_AFTER: u64 = 10_000;

// Covers, which are drawn out of foreign pictures.

/// Covers that are drawn at once: each can take hundreds of megabytes.
pub(crate) const COVERS_DRAWN_AT_ONCE: usize = 2;
/// Longest wait for one's turn to have a cover drawn: a page of them is drawn within it.
pub(crate) const LONGEST_WAIT_FOR_COVERS: Duration = Duration::from_secs(10);
/// Files of a song that are looked through for a cover: its own, and those of other releases.
pub(crate) const MOST_FILES_FOR_A_COVER: usize = 8;
/// Bytes of drawn covers that are kept: about a thousand cards.
pub(crate) const DRAWN_COVERS_BYTES: u64 = 32 << 20;
/// Bytes that may be taken by what is remembered of which picture is whose: about ten thousand
/// files.
pub(crate) const KNOWN_COVERS_BYTES: u64 = 8 << 20;
/// How many covers are likely to be kept.
pub(crate) const USUAL_COVERS: usize = 1_000;

// Sessions of the page.

/// How long a session lasts: a stolen cookie is of no use later.
pub(crate) const SESSION_LASTS: Duration = Duration::from_secs(30 * 24 * 3600);
/// Most sessions at a time, the oldest go when there are more: bounds memory.
pub(crate) const MOST_SESSIONS: usize = 10_000;

// Sessions of scrobblers.

/// How long such a session lasts before a client has to shake hands again: its id travels as it is.
pub(crate) const SCROBBLER_SESSION_LASTS: Duration = Duration::from_secs(24 * 3600);
/// Most sessions of one key, the oldest goes when there are more: a client that shakes hands again
/// and again ends no session but its own.
pub(crate) const MOST_SESSIONS_OF_A_SCROBBLER: usize = 16;
