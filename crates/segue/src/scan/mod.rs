//! A folder of music becomes a catalogue: its files are read for what they say of themselves,
//! become tracks that can be played, and are measured for how they sound.
//!
//! A file of the size and time that it had is not read again, one that moved is the same track by
//! its tags, and a scan that was cut off goes on where it was: files are taken in some hundred at a
//! time. A file without a title goes by its name. Files that cannot be read are named and cost
//! nobody else.

mod analyses;
mod recordings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use segue_audio::VERSION;
use segue_audio::tags::{self, Tags};
use segue_core::{AudioFeature, ListenerId, Track, TrackId};
use segue_ingest::identity::{named_track, track_id_from_isrc, track_id_from_recording};
use segue_store::{KnownSoundFile, SoundFile};
use serde::Serialize;

use self::recordings::same_recordings;
use crate::sink::settle;
use crate::{Error, Library, Result};

/// Whoever scans a folder before anything else is this listener, as whoever imports is.
const FIRST_LISTENER: &str = "me";
/// So many files are read and then taken in together.
const AT_ONCE: usize = 200;
/// Folders within folders of more levels are not looked into: links that lead in circles end there.
const DEEPEST: usize = 32;
/// At most so many unreadable files are named.
const MOST_NAMED: usize = 100;
/// Endings of the files that are looked at.
const ENDINGS: [&str; 10] =
    ["mp3", "flac", "ogg", "oga", "opus", "m4a", "aac", "wav", "aiff", "webm"];

/// Whether a file is one of music, by its ending.
pub fn is_sound_file(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

/// What a scan is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanOptions {
    /// Of whom to say how much of what they played is there.
    pub listener: Option<ListenerId>,
    /// Whether files are measured for how they sound; else their tags and lengths are read only.
    pub analyse: bool,
    /// So many files are measured at a time.
    pub threads: usize,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self { listener: None, analyse: true, threads: 2 }
    }
}

/// What became of the files of some folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScanReport {
    /// Files of music that are there.
    pub files: u64,
    /// Of those, how many were read before and have not changed.
    pub unchanged: u64,
    /// Of those, how many were read now.
    pub read: u64,
    /// Of those that were read, how many have no title in their tags and go by their names.
    pub named_by_file: u64,
    /// Files of a track that another file is already.
    pub duplicates: u64,
    /// Files that were measured now.
    pub analysed: u64,
    /// Files of whose sound nothing is known yet.
    pub unanalysed: u64,
    /// Files whose tags were read and whose sound cannot be; they are tried again once they change.
    pub undecodable: u64,
    /// Pairs of tracks under different names that are the same recording by how they sound; looked
    /// for where a file is new or was measured.
    pub same_recordings: Vec<[TrackId; 2]>,
    /// Files that were there before and are no longer.
    pub gone: u64,
    /// How many files could not be read at all.
    pub unreadable: u64,
    /// The first hundred of both kinds, with the reason.
    pub problems: Vec<ScanProblem>,
    /// Songs that the listener has played, wherever that was.
    pub played: u64,
    /// Of those, how many are among the files in some version.
    pub played_here: u64,
    /// Whoever scans is a listener from now on, by this name: there was none before.
    pub new_listener: Option<ListenerId>,
    /// What could not be read, all of it: nothing in there is taken for gone.
    #[serde(skip)]
    unread: Vec<PathBuf>,
}

/// A file or a folder that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScanProblem {
    /// Where it is.
    pub path: PathBuf,
    /// Why not.
    pub why: String,
}

/// What a scan is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanStage {
    /// Tags and lengths are read.
    Tags,
    /// Files are decoded and measured.
    Sound,
}

/// How far a scan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanProgress {
    /// What it is doing.
    pub stage: ScanStage,
    /// Files of which that is done.
    pub done: u64,
    /// Files that are there.
    pub files: u64,
}

impl Library {
    /// Reads the files of some folders, takes them into the catalogue and measures how they sound.
    /// `observer` hears how far it is.
    ///
    /// # Errors
    /// [`Error::NoMusicFolder`] for what is no folder, and when the store cannot be written.
    pub fn scan(
        &mut self,
        folders: &[PathBuf],
        options: &ScanOptions,
        observer: &mut dyn FnMut(ScanProgress),
    ) -> Result<ScanReport> {
        let folders = folders.iter().map(|folder| folder_of(folder)).collect::<Result<Vec<_>>>()?;
        let mut report = ScanReport::default();
        let mut found = BTreeMap::new();
        for folder in &folders {
            look_into(Path::new(folder), DEEPEST, &mut found, &mut report);
        }
        let known = self.store().sound_files()?;
        let is_within =
            |path: &str| folders.iter().any(|folder| Path::new(path).starts_with(folder));
        let gone = known.iter().map(|known| &known.file.path).filter(|path| is_within(path));
        let gone: Vec<&String> = gone.filter(|path| !found.contains_key(*path)).collect();
        let gone = self.really_gone(&folders, &found, gone, &mut report);
        let unchanged: BTreeSet<&String> = known
            .iter()
            .filter(|known| found.get(&known.file.path) == Some(&known.file))
            .map(|known| &known.file.path)
            .collect();
        report.files = found.len() as u64;
        report.unchanged = unchanged.len() as u64;
        let fresh: Vec<SoundFile> =
            found.values().filter(|file| !unchanged.contains(&file.path)).cloned().collect();
        let (stage, files) = (ScanStage::Tags, report.files);
        let mut done = report.unchanged;
        observer(ScanProgress { stage, done, files });
        for folder in &folders {
            self.store_mut().add_music_folder(folder)?;
        }
        // Tracks that were those of a file before. They go last: what was measured of them holds
        // for a file that was moved or tagged anew.
        let mut left = Vec::new();
        for some in fresh.chunks(AT_ONCE) {
            left.extend(self.take_in(&folders, some, &mut report)?);
            done += some.len() as u64;
            observer(ScanProgress { stage, done, files });
        }
        left.extend(self.store_mut().remove_sound_files(&gone)?);
        settle(self.store_mut())?;
        if report.files > 0 && self.store().listeners()?.is_empty() {
            let listener = ListenerId::new(FIRST_LISTENER);
            self.store_mut().add_listener(&listener)?;
            report.new_listener = Some(listener);
        }
        // What can be played can be mixed; how it sounds comes later.
        if report.read + report.gone > 0 {
            self.store_mut().note_scan()?;
        }
        let any =
            options.analyse && self.analyse(options.threads, is_within, &mut report, observer)?;
        if any || report.read > 0 || !left.is_empty() {
            self.store_mut().remove_tracks_of_files(&left, !options.analyse)?;
            if any || !left.is_empty() {
                self.store_mut().note_scan()?;
            }
            report.same_recordings = same_recordings(self.store().prints()?);
        }
        let files = self.store().sound_files()?;
        report.count(files.iter().filter(|known| is_within(&known.file.path)));
        if let Some(listener) = &options.listener {
            (report.played, report.played_here) = self.store().played_in_files(listener)?;
        }
        Ok(report)
    }

    /// Of files that were not found those that are gone: not those in a folder that cannot be read,
    /// nor those of a folder that is there and empty, as where a disk is not there.
    fn really_gone(
        &self,
        folders: &[String],
        found: &BTreeMap<String, SoundFile>,
        missing: Vec<&String>,
        report: &mut ScanReport,
    ) -> Vec<String> {
        let mut emptied: BTreeSet<PathBuf> =
            missing.iter().filter_map(|path| emptied_folder(Path::new(path))).collect();
        for folder in folders {
            let is_in = |path: &String| Path::new(path).starts_with(folder);
            if !found.keys().any(is_in) && missing.iter().any(|path| is_in(path)) {
                emptied.insert(PathBuf::from(folder));
            }
        }
        for folder in &emptied {
            let why = "it is empty, where it held music before; nothing is taken for gone";
            report.note(folder, why.to_owned());
        }
        let unread = &report.unread;
        let is_gone =
            |path: &&String| !unread.iter().any(|folder| Path::new(path).starts_with(folder));
        let gone: Vec<String> = missing.into_iter().filter(is_gone).cloned().collect();
        report.gone = gone.len() as u64;
        gone
    }

    /// Forgets folders of music, with what only they brought: nothing is played from them any more.
    /// Returns how many files they held.
    ///
    /// # Errors
    /// [`Error::NoMusicFolder`] for a folder that was never scanned, and when the store cannot be
    /// written.
    pub fn drop_music(&mut self, folders: &[PathBuf]) -> Result<u64> {
        let mut dropped = 0;
        for folder in folders {
            // It may be gone by now: then its name is as it was typed.
            let name = folder_of(folder).unwrap_or_else(|_| folder.display().to_string());
            let files = self.store_mut().drop_music_folder(&name)?;
            dropped += files.ok_or_else(|| Error::NoMusicFolder(folder.clone()))?;
        }
        Ok(dropped)
    }

    fn take_in(
        &mut self,
        folders: &[String],
        files: &[SoundFile],
        report: &mut ScanReport,
    ) -> Result<Vec<TrackId>> {
        let read: Vec<_> =
            files.par_iter().map(|file| (file, read(folders, Path::new(&file.path)))).collect();
        let mut entries = Vec::new();
        for (file, read) in read {
            match read {
                Ok(ReadFile { track, is_named_by_file }) => {
                    report.read += 1;
                    report.named_by_file += u64::from(is_named_by_file);
                    entries.push((file.clone(), track));
                }
                Err(why) => report.note(Path::new(&file.path), why),
            }
        }
        Ok(self.store_mut().take_in_sound_files(&entries)?)
    }
}

impl ScanReport {
    /// Counts what is known of the files that are there now.
    fn count<'a>(&mut self, files: impl Iterator<Item = &'a KnownSoundFile>) {
        let mut seen = BTreeSet::new();
        for known in files {
            self.duplicates += u64::from(!seen.insert(&known.track));
            self.unanalysed += u64::from(known.analysed.is_none());
            if known.undecodable == Some(VERSION) {
                self.undecodable += 1;
                self.name_as_before(Path::new(&known.file.path));
            }
        }
    }

    fn note(&mut self, path: &Path, why: String) {
        self.unreadable += 1;
        self.unread.push(path.to_owned());
        self.name(path, why);
    }

    /// Names a file that was not tried again.
    fn name_as_before(&mut self, path: &Path) {
        if !self.problems.iter().any(|problem| problem.path == path) {
            let why = "its sound could not be decoded, and it has not changed since";
            self.name(path, why.to_owned());
        }
    }

    fn name(&mut self, path: &Path, why: String) {
        if self.problems.len() < MOST_NAMED {
            self.problems.push(ScanProblem { path: path.to_owned(), why });
        }
    }
}

/// The folder that a missing file was in, or one above it, if what is left of that is there and
/// empty.
fn emptied_folder(missing: &Path) -> Option<PathBuf> {
    let there = missing.ancestors().skip(1).find(|folder| folder.is_dir())?;
    let is_empty = std::fs::read_dir(there).is_ok_and(|mut entries| entries.next().is_none());
    is_empty.then(|| there.to_owned())
}

/// A folder as it is kept: its real path, as text.
fn folder_of(folder: &Path) -> Result<String> {
    let real = folder.canonicalize().ok().filter(|real| real.is_dir());
    let text = real.and_then(|real| real.into_os_string().into_string().ok());
    text.ok_or_else(|| Error::NoMusicFolder(folder.to_owned()))
}

/// Files of music in a folder and in those within it. What begins with a dot is left alone.
fn look_into(
    folder: &Path,
    levels: usize,
    found: &mut BTreeMap<String, SoundFile>,
    report: &mut ScanReport,
) {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return report.note(folder, error.to_string()),
    };
    for entry in entries {
        let path = match entry {
            Ok(entry) => entry.path(),
            Err(error) => {
                report.note(folder, error.to_string());
                continue;
            }
        };
        let is_hidden =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if is_hidden {
            continue;
        }
        if path.is_dir() {
            if levels > 0 && !path.is_symlink() {
                look_into(&path, levels - 1, found, report);
            }
        } else if is_sound_file(&path) && path.is_file() {
            match sound_file(&path) {
                Ok(file) => drop(found.insert(file.path.clone(), file)),
                Err(why) => report.note(&path, why),
            }
        }
    }
}

fn sound_file(path: &Path) -> std::result::Result<SoundFile, String> {
    let text = path.to_str().ok_or("its name is no text that can be kept")?;
    let known = std::fs::metadata(path).map_err(|error| error.to_string())?;
    let modified = known.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Ok(SoundFile {
        path: text.to_owned(),
        size: known.len(),
        modified_us: modified.map_or(0, |since| since.as_micros() as i64),
    })
}

struct ReadFile {
    track: Track,
    is_named_by_file: bool,
}

fn read(folders: &[String], path: &Path) -> std::result::Result<ReadFile, String> {
    let tags = tags::read_tags(path).map_err(|error| error.to_string())?;
    let is_named_by_file = tags.title.is_none();
    let within = folders.iter().find_map(|folder| path.strip_prefix(folder).ok());
    let mut track = track(path, within.unwrap_or(path), tags)
        .ok_or("neither its tags nor its name say what it is")?;
    if let Some(ms) = tags::duration_ms(path) {
        track.features.set(AudioFeature::DurationMs, ms as f32);
    }
    Ok(ReadFile { track, is_named_by_file })
}

/// The track that a file is, by its tags, else by its name and by the folders that it lies
/// `within`.
fn track(path: &Path, within: &Path, tags: Tags) -> Option<Track> {
    let (artists, title) = match tags.title {
        Some(title) => (tags.artists, title),
        None => by_name(path.file_stem()?.to_str()?, tags.artists),
    };
    if title.is_empty() {
        return None;
    }
    let artists = if artists.is_empty() { tags.album_artists } else { artists };
    let (of_folder, album) = by_folders(within);
    let artists = if artists.is_empty() { of_folder.into_iter().collect() } else { artists };
    let id = tags
        .recording_mbid
        .as_deref()
        .and_then(track_id_from_recording)
        .or_else(|| track_id_from_isrc(tags.isrc.as_deref()?));
    let mut track = named_track(id, artists, &title);
    track.album = tags.album.or(album);
    track.year = tags.year.and_then(|year| u16::try_from(year).ok());
    track.genre = tags.genres.into_iter().next();
    track.recording_mbid = tags.recording_mbid;
    track.isrc = tags.isrc;
    track.location = path.to_str().map(str::to_owned);
    Some(track)
}

/// "01 - Artist - Title" says whom it is by and what it is called; "03 Title" what it is called.
fn by_name(name: &str, artists: Vec<String>) -> (Vec<String>, String) {
    let name = unnumbered(name).replace('_', " ");
    let parted = name.split_once(" - ").filter(|(_, title)| !title.trim().is_empty());
    match parted {
        Some((artist, title)) if artists.is_empty() => {
            (vec![artist.trim().to_owned()], title.trim().to_owned())
        }
        Some((_, title)) => (artists, title.trim().to_owned()),
        None => (artists, name.trim().to_owned()),
    }
}

/// Whom a file is by and of which album, by the folders that it lies within: `Artist/Album/file`,
/// `Artist - Album/file`, `Artist/file`. Files of equal names in different folders would else be
/// one song.
fn by_folders(within: &Path) -> (Option<String>, Option<String>) {
    let folders: Vec<&str> =
        within.parent().into_iter().flatten().filter_map(|folder| folder.to_str()).collect();
    let text = |name: &str| Some(name.replace('_', " ").trim().to_owned());
    match folders.as_slice() {
        [] => (None, None),
        [.., folder] if folder.contains(" - ") => {
            let (artist, album) = folder.split_once(" - ").unwrap_or((folder, folder));
            (text(artist), text(album))
        }
        [folder] => (text(folder), None),
        [.., artist, album] => (text(artist), text(album)),
    }
}

/// A name without the number of the track before it: "03 Title" and "3. Title", not "99
/// Luftballons".
fn unnumbered(name: &str) -> &str {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &name[digits..];
    let title = rest.trim_start_matches([' ', '.', '-', '_']);
    let is_parted = rest.trim_start().starts_with(['.', '-', '_']) || name.starts_with('0');
    let is_number = (1..=3).contains(&digits) && rest.len() > title.len() && is_parted;
    if is_number && !title.is_empty() { title } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_names_nobody_is_by_whom_its_folder_says() {
        let by = |path: &str| by_folders(Path::new(path));
        let (artist, album) = (Some("Ride".to_owned()), Some("Nowhere".to_owned()));
        assert_eq!(by("04.ogg"), (None, None));
        assert_eq!(by("Ride/04.ogg"), (artist.clone(), None));
        assert_eq!(by("Ride/Nowhere/04.ogg"), (artist.clone(), album.clone()));
        assert_eq!(by("Shoegaze/Ride/Nowhere/04.ogg"), (artist.clone(), album.clone()));
        assert_eq!(by("Ride - Nowhere/04.ogg"), (artist, album));
    }

    #[test]
    fn a_recording_goes_by_its_musicbrainz_id_else_by_its_isrc() {
        let mbid = "b1a9c0e9-d987-4042-ae91-78d6a3267d69";
        let id = |mbid: Option<&str>, isrc: Option<&str>| {
            let tags = Tags {
                title: Some("Taste".to_owned()),
                artists: vec!["Ride".to_owned()],
                recording_mbid: mbid.map(str::to_owned),
                isrc: isrc.map(str::to_owned),
                ..Tags::default()
            };
            track(Path::new("/m/a.ogg"), Path::new("a.ogg"), tags).unwrap().id.to_string()
        };
        assert_eq!(id(Some(mbid), Some("GBAYE0601498")), format!("mbid:{mbid}"));
        assert_eq!(id(None, Some("GB-AYE-06-01498")), "isrc:GBAYE0601498");
        assert_eq!(id(None, Some("nonsense")), id(None, None));
    }

    #[test]
    fn a_file_without_tags_goes_by_its_name() {
        let named = |name: &str| {
            let (artists, title) = by_name(name, Vec::new());
            (artists.join("+"), title)
        };
        let of = |artist: &str, title: &str| (artist.to_owned(), title.to_owned());
        assert_eq!(named("01 - Ride - Vapour Trail"), of("Ride", "Vapour Trail"));
        assert_eq!(named("03. Leave Them All Behind"), of("", "Leave Them All Behind"));
        assert_eq!(named("Ride_-_Twisterella"), of("Ride", "Twisterella"));
        assert_eq!(named("1979"), of("", "1979"));
        assert_eq!(named("99 Luftballons"), of("", "99 Luftballons"));
        assert_eq!(named("07 Seconds"), of("", "Seconds"));
        assert_eq!(named("01 - "), of("", "01 -"));
        assert_eq!(by_name("02 Ride - Unfamiliar", vec!["Ride".to_owned()]).1, "Unfamiliar");
    }
}
