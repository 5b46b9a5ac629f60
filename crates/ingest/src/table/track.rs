//! The track that a row describes.

use segue_core::{AudioFeature, AudioFeatures, Track, TrackId, WorkId};

use super::{TableColumn, TableLayout, TableRow, values};
use crate::namer::Namer;
use crate::spotify;
use crate::{Context, DropReason, identity};

/// Fields of a row whose values could not be understood; counted only if the row is kept.
#[derive(Default)]
pub(crate) struct Unusable(Vec<&'static str>);

impl Unusable {
    /// Notes a field.
    pub(crate) fn push(&mut self, field: &'static str) {
        self.0.push(field);
    }

    /// Enters the fields into the account.
    pub(crate) fn report(self, context: &mut Context<'_>) {
        self.0.into_iter().for_each(|field| context.unusable(field));
    }
}

/// Prefixes of identifiers that are unique in the world, kept as they are.
const SCHEMES: [&str; 5] = ["mbid:", "isrc:", "name:", "item:", "features:"];

impl TableRow<'_> {
    /// The track of this row, its features included.
    ///
    /// The identifier is, in this order: what the identifier column holds ([`track_id`]), the MBID,
    /// the ISRC, or the names. A row that has only audio features gets `features:` and a hash of
    /// them, so that the same song in two such files is one.
    ///
    /// # Errors
    /// Why the row names no track.
    pub(crate) fn track(
        &self,
        namer: &mut Namer,
        unusable: &mut Unusable,
    ) -> Result<Track, DropReason> {
        let isrc = self.text(TableColumn::Isrc).and_then(identity::isrc);
        let mbid = self.text(TableColumn::RecordingMbid).and_then(values::mbid);
        let id = match self.text(TableColumn::TrackId).map(track_id) {
            Some(Err(reason)) => return Err(reason),
            Some(Ok(id)) => id,
            None => mbid
                .as_deref()
                .map(mbid_id)
                .or_else(|| identity::track_id_from_isrc(isrc.as_deref()?)),
        };
        let artists = self.artists();
        let mut track = match (id, self.text(TableColumn::Title)) {
            (id, Some(title)) => namer.track(id, artists.iter().map(String::as_str), title),
            (Some(id), None) => untitled_track(id, artists),
            (None, None) if self.layout.names_tracks() => return Err(self.nameless()),
            (None, None) => {
                let features = self.features(unusable);
                let id = features_id(&features).ok_or(DropReason::Empty)?;
                return Ok(Track { features, ..untitled_track(id, artists) });
            }
        };
        track.features = self.features(unusable);
        track.album = self.text(TableColumn::Album).map(str::to_owned);
        let genre = self.text(TableColumn::Genre).and_then(first_of_list);
        track.genre = genre.or_else(|| self.text(TableColumn::Genres).and_then(first_of_several));
        track.isrc = isrc;
        track.recording_mbid = mbid;
        track.year = self.year(unusable);
        track.popularity =
            self.usable(TableColumn::Popularity, "popularity", values::popularity, unusable);
        Ok(track)
    }

    fn nameless(&self) -> DropReason {
        match self.text(TableColumn::Artist).or(self.text(TableColumn::Artists)) {
            Some(_) => DropReason::NoTitle,
            None => DropReason::NoTrack,
        }
    }

    fn artists(&self) -> Vec<String> {
        if let Some(several) = self.text(TableColumn::Artists) {
            let ids = self.text(TableColumn::ArtistIds).map_or(1, values::count_of_several);
            return values::list_of(several, ids);
        }
        self.text(TableColumn::Artist).map(str::to_owned).into_iter().collect()
    }

    fn year(&self, unusable: &mut Unusable) -> Option<u16> {
        self.usable(TableColumn::Year, "year", values::year, unusable).or_else(|| {
            self.usable(TableColumn::Decade, "decade", values::middle_of_decade, unusable)
        })
    }

    fn features(&self, unusable: &mut Unusable) -> AudioFeatures {
        let mut features = AudioFeatures::MISSING;
        for feature in AudioFeature::ALL {
            let Some(text) = self.feature_text(feature) else { continue };
            let usable =
                values::number(text).is_some_and(|value| features.set(feature, value as f32));
            if !usable {
                unusable.push(feature.name());
            }
        }
        features
    }

    /// The value of a cell; one that is there and cannot be understood is counted.
    pub(crate) fn usable<T>(
        &self,
        column: TableColumn,
        field: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
        unusable: &mut Unusable,
    ) -> Option<T> {
        let text = self.text(column)?;
        let value = read(text);
        if value.is_none() {
            unusable.push(field);
        }
        value
    }
}

impl TableLayout {
    /// Whether a row of this table can stand for a track by its sound alone.
    pub(crate) fn sounds_without_names(&self) -> bool {
        !self.names_tracks() && self.feature_count() >= 8
    }
}

/// The identifier in a cell: Spotify's as a URI, a link or 22 base62 characters becomes
/// `spotify:track:…`, an MBID `mbid:…`; anything else is `item:…` as it stands, for it is unique in
/// its own data set only. `None` for a local file, of which the URI repeats the names.
fn track_id(text: &str) -> Result<Option<TrackId>, DropReason> {
    if let Some(id) =
        spotify::track_id(text).or_else(|| spotify::track_id(&format!("spotify:track:{text}")))
    {
        return Ok(Some(id));
    }
    if let Some(mbid) = values::mbid(text) {
        return Ok(Some(mbid_id(&mbid)));
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        text if text.starts_with("spotify:episode:") => Err(DropReason::Podcast),
        text if text.starts_with("spotify:local:") => Ok(None),
        lower if SCHEMES.iter().any(|scheme| lower.starts_with(scheme)) => {
            Ok(Some(TrackId::new(text)))
        }
        _ => Ok(Some(TrackId::new(format!("item:{text}")))),
    }
}

/// The identifier of a MusicBrainz recording.
pub(crate) fn mbid_id(mbid: &str) -> TrackId {
    TrackId::new(format!("mbid:{mbid}"))
}

fn first_of_list(text: &str) -> Option<String> {
    values::list(text).into_iter().next()
}

fn first_of_several(text: &str) -> Option<String> {
    values::several(text).into_iter().next()
}

/// A track of which the source gives an identifier and no title: a work of its own until another
/// source names it.
fn untitled_track(id: TrackId, artists: Vec<String>) -> Track {
    let work = WorkId::new(id.as_str());
    Track { artists, ..Track::new(id, work, "") }
}

/// FNV-1a over the bits of the features, so that the id is the same on every machine and in every
/// version.
fn features_id(features: &AudioFeatures) -> Option<TrackId> {
    if features.is_silent() {
        return None;
    }
    let bytes = features.as_array().iter().flat_map(|value| value.to_bits().to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    Some(TrackId::new(format!("features:{hash:016x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Option<String> {
        track_id(text).unwrap().map(|id| id.as_str().to_owned())
    }

    #[test]
    fn identifiers_are_known_by_their_shape() {
        let spotify = Some("spotify:track:7dTxqsaFGHOXwtzHINjfHv".to_owned());
        assert_eq!(id("7dTxqsaFGHOXwtzHINjfHv"), spotify);
        assert_eq!(id("spotify:track:7dTxqsaFGHOXwtzHINjfHv"), spotify);
        assert_eq!(id("https://open.spotify.com/track/7dTxqsaFGHOXwtzHINjfHv?si=x"), spotify);
        assert_eq!(id("https://open.spotify.com/intl-de/track/7dTxqsaFGHOXwtzHINjfHv"), spotify);
        let mbid = "D5E4FB56-e457-4684-aa31-63ce70ee5a8c";
        assert_eq!(id(mbid), Some(format!("mbid:{}", mbid.to_lowercase())));
        assert_eq!(id("42"), Some("item:42".to_owned()));
        assert_eq!(id("isrc:GBAYE0601498"), Some("isrc:GBAYE0601498".to_owned()));
        assert_eq!(id("spotify:local:Artist:Album:Title:1"), None);
        assert_eq!(track_id("spotify:episode:7dTxqsaFGHOXwtzHINjfHv"), Err(DropReason::Podcast));
    }

    #[test]
    fn the_hash_of_features_never_changes() {
        let mut features = AudioFeatures::MISSING;
        features.set(AudioFeature::Energy, 0.5);
        let id = features_id(&features).unwrap();
        assert_eq!(id.as_str(), "features:503158b3530c3b38");
        features.set(AudioFeature::Energy, 0.25);
        assert_ne!(id, features_id(&features).unwrap());
        assert_eq!(features_id(&AudioFeatures::MISSING), None);
    }
}
