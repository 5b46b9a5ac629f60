//! A community written out as the files a real listener would bring: one Spotify export per
//! listener and one table of audio features. Nothing of the simulation but these files reaches the
//! rest of the demo.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use segue_core::{
    AudioFeature, EndReason, Feedback, FeedbackKind, FeedbackTarget, Listen, ListenerId, Track,
    TrackId,
};
use segue_lab::simulation::community::{MadeUpCommunity, MadeUpHistory};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What was written, ready to be imported.
pub(super) struct Exports {
    /// The table of audio features.
    pub(super) catalogue: PathBuf,
    /// One folder per listener.
    pub(super) listeners: Vec<(ListenerId, PathBuf)>,
}

/// Writes the community's files into `folder`.
pub(super) fn write(community: &MadeUpCommunity, folder: &Path) -> anyhow::Result<Exports> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let catalogue = folder.join("tracks.csv");
    write_catalogue(&community.tracks, &catalogue)?;
    let tracks: HashMap<_, _> = community.tracks.iter().map(|track| (&track.id, track)).collect();
    let mut listeners = Vec::new();
    for history in &community.histories {
        let export = folder.join(history.listener.as_str());
        write_export(history, &tracks, &export)?;
        listeners.push((history.listener.clone(), export));
    }
    Ok(Exports { catalogue, listeners })
}

fn write_catalogue(tracks: &[Track], path: &Path) -> anyhow::Result<()> {
    let mut table = csv::Writer::from_path(path)
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    let names = ["track_id", "track_name", "artist_name", "album", "genre", "year", "popularity"];
    table.write_record(names.into_iter().chain(AudioFeature::ALL.map(AudioFeature::name)))?;
    for track in tracks {
        let known = [
            track.id.to_string(),
            track.title.clone(),
            track.artists.join("; "),
            track.album.clone().unwrap_or_default(),
            track.genre.clone().unwrap_or_default(),
            track.year.map(|year| year.to_string()).unwrap_or_default(),
            track.popularity.map(|share| format!("{:.0}", share * 100.0)).unwrap_or_default(),
        ];
        let sound = AudioFeature::ALL
            .map(|f| track.features.get(f).map(|x| x.to_string()).unwrap_or_default());
        table.write_record(known.iter().chain(&sound))?;
    }
    table.flush()?;
    Ok(())
}

fn write_export(
    history: &MadeUpHistory,
    tracks: &HashMap<&TrackId, &Track>,
    folder: &Path,
) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let rows: Vec<Value> =
        history.listens.iter().map(|listen| row(listen, tracks[&listen.track])).collect();
    write_json(&folder.join("Streaming_History_Audio_2025_0.json"), &Value::Array(rows))?;
    let of_kind = |kind| history.feedback.iter().filter(move |said| said.kind == kind);
    let library = json!({
        "tracks": of_kind(FeedbackKind::Like)
            .filter_map(|said| library_entry(said, tracks))
            .collect::<Vec<_>>(),
        "bannedTracks": of_kind(FeedbackKind::Ban)
            .filter_map(|said| library_entry(said, tracks))
            .collect::<Vec<_>>(),
    });
    write_json(&folder.join("YourLibrary.json"), &library)
}

fn row(listen: &Listen, track: &Track) -> Value {
    let end = match listen.end_reason {
        EndReason::Finished => "trackdone",
        EndReason::SkippedForward => "fwdbtn",
        EndReason::Logout => "logout",
        _ => "unknown",
    };
    json!({
        "ts": listen.at.map(|at| at.to_string()),
        "ms_played": listen.ms_played,
        "master_metadata_track_name": track.title,
        "master_metadata_album_artist_name": track.artist(),
        "master_metadata_album_album_name": track.album,
        "spotify_track_uri": track.id.as_str(),
        "reason_start": "trackdone",
        "reason_end": end,
        "skipped": listen.skipped,
        "incognito_mode": listen.private_session,
    })
}

fn library_entry(said: &Feedback, tracks: &HashMap<&TrackId, &Track>) -> Option<Value> {
    let FeedbackTarget::Track(id) = &said.target else { return None };
    let track = tracks[id];
    Some(json!({
        "artist": track.artist(), "album": track.album, "track": track.title, "uri": id.as_str(),
    }))
}

fn write_json(path: &Path, value: &Value) -> anyhow::Result<()> {
    let file = File::create(path).with_context(|| format!("cannot write `{}`", path.display()))?;
    let mut out = BufWriter::new(file);
    serde_json::to_writer(&mut out, value)?;
    out.flush()?;
    Ok(())
}
