//! Small builders of rows.

use segue_core::{Listen, ListenerId, Moment, Record, Source, Timestamp, Track, TrackId, WorkId};
use segue_store::{ImportCounts, ImportedFile, Store};

pub(crate) fn listener(name: &str) -> ListenerId {
    ListenerId::new(name)
}

/// A moment so many seconds after an arbitrary one that falls on a whole minute.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_040 + second).unwrap()
}

/// A track that is the only version of its work.
pub(crate) fn track(id: &str) -> Track {
    version_of(id, id)
}

pub(crate) fn version_of(work: &str, id: &str) -> Track {
    let mut track = Track::new(TrackId::new(id), WorkId::new(work), format!("Title of {work}"));
    track.artists = vec![format!("Artist of {work}")];
    track
}

/// A scrobble: the start is known, the play time is not.
pub(crate) fn scrobble(who: &str, track: &Track, second: i64) -> Listen {
    Listen::new(listener(who), track.id.clone(), at(second), Source::ListenBrainz)
}

/// A row of a streaming service: it stamps the end and knows the play time.
pub(crate) fn stream(who: &str, track: &Track, start: i64, seconds: u32) -> Listen {
    Listen {
        moment: Moment::Ended,
        ms_played: Some(seconds * 1000),
        source: Source::SpotifyExtended,
        ..Listen::new(
            listener(who),
            track.id.clone(),
            at(start + i64::from(seconds)),
            Source::SpotifyExtended,
        )
    }
}

pub(crate) fn played(listen: Listen, track: &Track) -> Record {
    Record::Listen { listen, track: track.clone() }
}

pub(crate) fn file(fingerprint: &str) -> ImportedFile {
    ImportedFile {
        fingerprint: fingerprint.into(),
        name: format!("{fingerprint}.json"),
        listener: None,
    }
}

pub(crate) fn import(store: &mut Store, fingerprint: &str, records: &[Record]) -> ImportCounts {
    let mut import = store.import_file(&file(fingerprint)).unwrap();
    for (row, record) in records.iter().enumerate() {
        import.accept(row as u64 + 1, record.clone()).unwrap();
    }
    import.finish().unwrap()
}
