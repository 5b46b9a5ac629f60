//! Reading and pushing by themselves, while `segue serve --connections` runs.

use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use segue::{Library, ServerConnection};

use super::{push, read};

/// How often it is looked whose morning it is; also how long a server that failed is left alone.
const LOOK_EVERY: Duration = Duration::from_secs(15 * 60);
/// The hour of the day from which on a listener's lists are put on their server.
const MORNING: i8 = 5;

/// Reads and pushes each connection once a day, early in its listener's morning, as long as the
/// process lives. What fails is logged and tried again.
pub(crate) fn follow(mut library: Library) {
    thread::spawn(move || {
        loop {
            if let Err(error) = catch_up(&mut library, Timestamp::now()) {
                tracing::warn!("connections could not be read: {error:#}");
            }
            thread::sleep(LOOK_EVERY);
        }
    });
}

/// Does what is due by `now`.
fn catch_up(library: &mut Library, now: Timestamp) -> anyhow::Result<()> {
    for connection in library.store().connections()? {
        if !is_due(library, &connection, now)? {
            continue;
        }
        let name = connection.name.as_str();
        match read_and_push(library, name) {
            Ok(()) => tracing::info!(name, "read and pushed a connection"),
            Err(error) => tracing::warn!(name, "a connection failed: {error:#}"),
        }
    }
    Ok(())
}

/// Whether it is morning where the listener is, of a day on which nothing was pushed yet.
fn is_due(
    library: &Library,
    connection: &ServerConnection,
    now: Timestamp,
) -> anyhow::Result<bool> {
    let zone = segue::time_zone(library.store(), &connection.listener)?;
    let local = zone.to_datetime(now);
    let pushed = connection.pushed_at.map(|at| zone.to_datetime(at).date());
    Ok(local.hour() >= MORNING && pushed != Some(local.date()))
}

fn read_and_push(library: &mut Library, name: &str) -> anyhow::Result<()> {
    let connection = library.connection(name)?;
    read::read(library, &connection).context("reading")?;
    let snapshot = library.snapshot()?;
    // Reading has noted that it was read.
    let connection = library.connection(name)?;
    push::push(library, &snapshot, &connection).context("pushing")?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)] // a failed unwrap is a failed test
mod tests {
    use segue_core::ListenerId;
    use segue_store::Store;

    use super::*;

    #[test]
    fn a_connection_is_due_once_a_morning_where_the_listener_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut library = Library::open(folder.path()).unwrap();
        let ann = ListenerId::new("ann");
        let connection = |pushed: Option<&str>| ServerConnection {
            name: "home".to_owned(),
            service: "subsonic".to_owned(),
            address: "http://127.0.0.1:1".to_owned(),
            user: "ann".to_owned(),
            access: "token".to_owned(),
            listener: ann.clone(),
            lists_within: true,
            counts_plays: false,
            read_at: None,
            pushed_at: pushed.map(|at| at.parse().unwrap()),
            songs: 0,
            failure: None,
        };
        let store: &mut Store = library.store_mut();
        store.raise_latest_import(&ann, "lastfm", Timestamp::UNIX_EPOCH).unwrap();
        assert!(store.set_time_zone(&ann, Some("Asia/Tokyo")).unwrap());
        let due = |pushed: Option<&str>, now: &str| {
            is_due(&library, &connection(pushed), now.parse().unwrap()).unwrap()
        };
        assert!(!due(None, "2026-11-29T19:59:00Z"), "4:59 in Tokyo");
        assert!(due(None, "2026-11-29T20:00:00Z"));
        assert!(!due(Some("2026-11-29T20:00:30Z"), "2026-11-29T20:15:00Z"), "done");
        assert!(!due(Some("2026-11-29T20:00:30Z"), "2026-11-30T14:00:00Z"), "23:00 that day");
        assert!(due(Some("2026-11-29T20:00:30Z"), "2026-11-30T20:00:00Z"));
    }
}
