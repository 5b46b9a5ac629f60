//! The catalogue: looked up, searched, described, and where there is a file, heard.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use segue_audio::covers::CoverSize;
use segue_core::{
    AudioAnalysis, AudioFeature, AudioFeatures, Descriptor, Measurement, Track, TrackId,
};
use segue_engine::sound::estimates;
use segue_engine::sound::learned::FeatureFit;
use segue_engine::sound::origin::FeatureOrigin;
use segue_engine::{Catalogue, TrackIdx};
use segue_ingest::identity;
use segue_store::{Appended, Entry, Event};
use serde::{Deserialize, Serialize};
use tower_http::services::ServeFile;
use utoipa::{IntoParams, ToSchema};

use super::shapes::{TrackShape, check_name, limit};
use crate::app::App;
use crate::covers::AskedCover;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{Body, InPath, Object, Params};
use crate::limits::{MOST_ARTISTS, MOST_TRACKS};
use crate::music::{files_of_song, on_disk};

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchParams {
    /// Words of title, artist or album, in any order. A track is found if it holds, for each of
    /// them, a word that begins with it. A word with which none begins anywhere is looked for
    /// within words, and one that is nowhere is read as the one that is most like it.
    query: Option<String>,
    /// How many at most, 1 to 1000; 50 if left out.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// Tracks found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Tracks {
    tracks: Vec<TrackShape>,
}

/// Tracks that match every word, the most popular first.
#[utoipa::path(get, path = "/v1/tracks", tag = "tracks", params(SearchParams),
    responses((status = 200, body = Tracks), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn search(
    State(app): State<Arc<App>>,
    Params(SearchParams { query, limit: asked }): Params<SearchParams>,
) -> ApiResult<Json<Tracks>> {
    let limit = limit(asked, 50)?;
    let snapshot = app.snapshot.load_full();
    let found = app.search(snapshot, move |snapshot| {
        let found = snapshot.search(query.as_deref().unwrap_or_default(), limit);
        found.tracks.into_iter().map(|row| TrackShape::of(&snapshot.catalogue, row)).collect()
    });
    let tracks = found.await?;
    Ok(Json(Tracks { tracks }))
}

/// One track, with what was measured in its file.
#[derive(Serialize, ToSchema)]
#[schema(as = TrackInFull)]
pub(crate) struct WholeTrack {
    #[serde(flatten)]
    track: TrackShape,
    /// Who says what each of `features` is: `set` (by hand, for everybody in the library),
    /// `told` by a service, `measured` in the file, or an estimate by `tags` of a network or by a map
    /// that was `learned` from songs of the library.
    feature_origins: BTreeMap<&'static str, &'static str>,
    /// How far off the features are that are `learned`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    learned: Vec<LearnedShape>,
    /// What was measured; left out where there was no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    analysis: Option<AnalysisShape>,
}

/// How well a feature is told from files, by songs of this library that were held out. Errors are
/// mean absolute ones, in the unit of the feature.
#[derive(Serialize, ToSchema)]
#[schema(as = LearnedFeature)]
struct LearnedShape {
    feature: &'static str,
    /// How many songs it was learned from: those with a file, of which a service tells it as well.
    songs: usize,
    error: f64,
    /// The error of what was measured or of the estimate by tags, on those of the songs that have
    /// one: the map was better on these.
    #[serde(skip_serializing_if = "Option::is_none")]
    estimate_error: Option<f64>,
    /// The error of the mean of the other songs.
    mean_error: f64,
}

impl WholeTrack {
    fn of(catalogue: &Catalogue, row: TrackIdx) -> Self {
        let origin =
            |feature: AudioFeature| Some((feature, catalogue.feature_origin(row, feature)?));
        let origins: Vec<(AudioFeature, FeatureOrigin)> =
            AudioFeature::ALL.into_iter().filter_map(origin).collect();
        let learned = origins.iter().filter(|(_, origin)| *origin == FeatureOrigin::Learned);
        let fit = |feature| catalogue.learned_features()?.fit(feature);
        Self {
            track: TrackShape::of(catalogue, row),
            learned: learned
                .filter_map(|(feature, _)| fit(*feature))
                .map(LearnedShape::of)
                .collect(),
            feature_origins: origins
                .iter()
                .map(|(feature, by)| (feature.name(), by.name()))
                .collect(),
            analysis: catalogue.analysis(row).map(AnalysisShape::of),
        }
    }
}

impl LearnedShape {
    fn of(fit: &FeatureFit) -> Self {
        Self {
            feature: fit.feature.name(),
            songs: fit.songs,
            error: fit.error,
            estimate_error: fit.estimate_error,
            mean_error: fit.mean_error,
        }
    }
}

/// What was measured in a file.
#[derive(Serialize, ToSchema)]
#[schema(as = Analysis)]
struct AnalysisShape {
    /// Which version of the analysis it is.
    version: u32,
    measurements: Vec<MeasurementShape>,
    /// What a network calls the sound, likeliest first, at most five tags: guesses.
    tags: Vec<&'static str>,
}

/// One number that was measured.
#[derive(Serialize, ToSchema)]
#[schema(as = Measurement)]
struct MeasurementShape {
    name: &'static str,
    /// Empty where it has none.
    unit: &'static str,
    value: f32,
    /// 0 to 1; 1 for what follows from its definition.
    confidence: f32,
    /// What it says.
    definition: &'static str,
    /// Whose definition that is.
    source: &'static str,
}

impl AnalysisShape {
    fn of(analysis: &AudioAnalysis) -> Self {
        let shape = |(descriptor, measured): (Descriptor, Measurement)| MeasurementShape {
            name: descriptor.name(),
            unit: descriptor.unit(),
            value: measured.value,
            confidence: measured.confidence,
            definition: descriptor.definition(),
            source: descriptor.source(),
        };
        Self {
            version: analysis.version,
            measurements: analysis.measurements().map(shape).collect(),
            tags: estimates::fitting_tags(analysis),
        }
    }
}

/// One track, with what was measured in its file.
#[utoipa::path(get, path = "/v1/tracks/{track}", tag = "tracks",
    params(("track" = String, Path, description = "Its id, percent-encoded.")),
    responses((status = 200, body = WholeTrack), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    InPath(track): InPath<String>,
) -> ApiResult<Json<WholeTrack>> {
    let snapshot = app.snapshot.load();
    let row = snapshot.find(&track)?;
    Ok(Json(WholeTrack::of(&snapshot.catalogue, row)))
}

/// What is known of a track. What is left out is learnt from other sources, or stays unknown.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    /// Its id; made from artist and title if left out.
    #[serde(default)]
    id: Option<String>,
    /// Its title.
    title: String,
    /// Artists as credited, the main one first.
    #[serde(default)]
    artists: Vec<String>,
    #[serde(default)]
    album: Option<String>,
    #[serde(default)]
    genre: Option<String>,
    /// Year of first release.
    #[serde(default)]
    year: Option<u16>,
    /// Popularity from 0 to 1.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    popularity: Option<f32>,
    /// Where the sound file is.
    #[serde(default)]
    location: Option<String>,
    /// How it sounds: danceability, energy, key, loudness, mode, speechiness, acousticness,
    /// instrumentalness, liveness, valence, tempo, duration_ms, time_signature.
    #[serde(default)]
    features: BTreeMap<String, f32>,
}

/// What became of the descriptions.
#[derive(Serialize, ToSchema)]
#[schema(as = Described)]
pub(crate) struct DescribedAnswer {
    /// Ids, in the order of the request.
    ids: Vec<String>,
    /// How many told something new.
    pub(crate) changed: usize,
}

/// Describes tracks: up to 1000. New ones join the catalogue within seconds; known ones learn what
/// was missing.
#[utoipa::path(post, path = "/v1/tracks", tag = "tracks", request_body = Vec<Description>,
    responses((status = 200, body = DescribedAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn describe(
    State(app): State<Arc<App>>,
    Body(described): Body<Vec<Object<Description>>>,
) -> ApiResult<Json<DescribedAnswer>> {
    if described.len() > MOST_TRACKS {
        let message = format!("{} tracks; a request takes {MOST_TRACKS} at most", described.len());
        return Err(ApiError::bad_request("too_many_tracks", message));
    }
    let tracks = described
        .into_iter()
        .map(|Object(one)| one.into_track())
        .collect::<ApiResult<Vec<Track>>>()?;
    describe_tracks(&app, tracks).await.map(Json)
}

/// Takes tracks into the catalogue.
pub(crate) async fn describe_tracks(app: &App, tracks: Vec<Track>) -> ApiResult<DescribedAnswer> {
    let ids = tracks.iter().map(|track| track.id.to_string()).collect();
    if tracks.is_empty() {
        return Ok(DescribedAnswer { ids, changed: 0 });
    }
    let entries = tracks.into_iter().map(|track| Entry::from(Event::Track(track))).collect();
    let outcomes =
        app.writer.append(entries).await?.into_iter().collect::<ApiResult<Vec<Appended>>>()?;
    let changed = outcomes.iter().filter(|outcome| **outcome == Appended::New).count();
    if changed > 0 {
        app.rebuild_soon();
    }
    Ok(DescribedAnswer { ids, changed })
}

impl Description {
    fn into_track(self) -> ApiResult<Track> {
        check_name("a title", &self.title)?;
        for artist in &self.artists {
            check_name("an artist", artist)?;
        }
        for (what, name) in
            [("an album", &self.album), ("a genre", &self.genre), ("a location", &self.location)]
        {
            if let Some(name) = name {
                check_name(what, name)?;
            }
        }
        if self.artists.len() > MOST_ARTISTS {
            let message = format!("a track has {MOST_ARTISTS} artists at most");
            return Err(ApiError::bad_request("too_many_artists", message));
        }
        if self.popularity.is_some_and(|popularity| !(0.0..=1.0).contains(&popularity)) {
            return Err(ApiError::bad_request("bad_popularity", "`popularity` goes from 0 to 1"));
        }
        let features = features(&self.features)?;
        if let Some(id) = &self.id {
            check_name("an id", id)?;
        }
        let mut track = identity::named_track(self.id.map(TrackId::new), self.artists, &self.title);
        track.album = self.album;
        track.genre = self.genre;
        track.year = self.year;
        track.popularity = self.popularity;
        track.location = self.location;
        track.features = features;
        Ok(track)
    }
}

pub(super) fn features(named: &BTreeMap<String, f32>) -> ApiResult<AudioFeatures> {
    let mut features = AudioFeatures::MISSING;
    for (name, &value) in named {
        let feature = AudioFeature::from_name(name).ok_or_else(|| {
            ApiError::bad_request("unknown_feature", format!("there is no feature `{name}`"))
        })?;
        if !features.set(feature, value) {
            let message = format!("{value} is out of the range of `{name}`");
            return Err(ApiError::bad_request("bad_feature", message));
        }
    }
    Ok(features)
}

/// The sound file of a track or of another release of its song, where one lies in a folder that
/// `segue scan` read or `segue serve --music` names. Parts can be asked for by `Range`.
#[utoipa::path(get, path = "/v1/tracks/{track}/audio", tag = "tracks",
    params(("track" = String, Path, description = "Its id, percent-encoded.")),
    responses((status = 200, content_type = "application/octet-stream"), (status = 206),
        (status = "4XX", body = ErrorBody)))]
pub(crate) async fn audio(
    State(app): State<Arc<App>>,
    InPath(track): InPath<String>,
    request: Request,
) -> ApiResult<Response> {
    let snapshot = app.snapshot.load_full();
    let row = snapshot.find(&track)?;
    let no_file = || ApiError::not_found("no_sound", "there is no sound file of this track here");
    let file = app.file_of_song(&snapshot.catalogue, row);
    let served = ServeFile::new(file.ok_or_else(no_file)?.path).try_call(request).await;
    let served = served.map_err(|error| ApiError::internal(&error))?;
    if served.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        let message = "the file does not go that far";
        return Err(ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "bad_range", message));
    }
    Ok(served.into_response())
}

/// How large a cover is to be.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CoverParams {
    /// Over how many pixels it is shown: the next larger of 96, 320 and 640 comes. 320 if left out.
    size: Option<u32>,
}

/// The cover of a track: the picture in its file, or `cover`, `folder`, `front` or `album` beside
/// it (JPEG, PNG or WebP), else that of another release of its song. It is a small JPEG, drawn anew
/// from what is there.
#[utoipa::path(get, path = "/v1/tracks/{track}/cover", tag = "tracks",
    params(("track" = String, Path, description = "Its id, percent-encoded."), CoverParams),
    responses((status = 200, content_type = "image/jpeg"), (status = 304),
        (status = "4XX", body = ErrorBody)))]
pub(crate) async fn cover(
    State(app): State<Arc<App>>,
    InPath(track): InPath<String>,
    Params(CoverParams { size }): Params<CoverParams>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let snapshot = app.snapshot.load_full();
    let row = snapshot.find(&track)?;
    let size = size.map_or(CoverSize::Medium, CoverSize::for_side);
    let asked = on_disk(|| {
        AskedCover::of(files_of_song(&app.music(), &snapshot.catalogue, row), size, &headers)
    });
    app.covers.answer(asked).await
}
