//! Shapes that several resources share.

use segue_core::{AudioFeature, AudioFeatures, Track, TrackId, WorkId};
use segue_engine::{Catalogue, TrackIdx};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiError, ApiResult};
use crate::limits::{LONGEST_NAME, MOST_PER_PAGE};

/// A track of the catalogue. What is unknown is left out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TrackShape {
    /// Its id: a URI of a service, `mbid:…`, `isrc:…`, or `name:artist␟title`.
    #[schema(value_type = String)]
    pub(crate) id: TrackId,
    /// The song that it is a version of.
    #[schema(value_type = String)]
    pub(crate) work: WorkId,
    /// Its title; the id where the source gave none.
    pub(crate) title: String,
    /// Artists as credited, the main one first.
    pub(crate) artists: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) album: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) genre: Option<String>,
    /// Year of first release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration_ms: Option<u32>,
    /// Popularity from 0 to 1, as the source sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) popularity: Option<f32>,
    /// How it sounds.
    #[schema(value_type = std::collections::BTreeMap<String, f32>)]
    pub(crate) features: AudioFeatures,
    /// Whether `features` are estimates by what was measured in a file: no service tells any.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) features_are_estimates: bool,
    /// Which of `features` are such estimates while services tell others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) estimated_features: Vec<&'static str>,
}

impl TrackShape {
    pub(crate) fn from_track(track: &Track) -> Self {
        Self {
            id: track.id.clone(),
            work: track.work.clone(),
            title: track.display_title().into_owned(),
            artists: track.artists.clone(),
            album: track.album.clone(),
            genre: track.genre.clone(),
            year: track.year,
            duration_ms: track.duration_ms(),
            popularity: track.popularity,
            features: track.features,
            features_are_estimates: false,
            estimated_features: Vec::new(),
        }
    }

    /// A track that is in the log and no longer in the catalogue.
    pub(crate) fn unknown(id: &TrackId) -> Self {
        Self::from_track(&Track::new(id.clone(), WorkId::new(id.as_str()), ""))
    }

    pub(crate) fn of(catalogue: &Catalogue, row: TrackIdx) -> Self {
        let features_are_estimates = catalogue.is_estimated(row);
        Self {
            features: catalogue.features(row),
            features_are_estimates,
            estimated_features: catalogue.filled_in(row).map(AudioFeature::name).collect(),
            ..Self::from_track(catalogue.track(row))
        }
    }
}

/// Kinds of devices.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // plain words
pub(crate) enum DeviceShape {
    Phone,
    Tablet,
    Computer,
    Web,
    Speaker,
    Tv,
    Car,
    Console,
    Unknown,
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// The `next` of the page before; left out for the first.
    pub(crate) after: Option<String>,
    /// How many at most, 1 to 1000.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<u32>,
}

impl PageParams {
    pub(crate) fn limit(&self) -> ApiResult<usize> {
        limit(self.limit, 100)
    }
}

/// A number of things to list.
pub(crate) fn limit(asked: Option<u32>, usual: u32) -> ApiResult<usize> {
    let asked = asked.unwrap_or(usual);
    if (1..=MOST_PER_PAGE).contains(&asked) {
        return Ok(asked as usize);
    }
    Err(ApiError::bad_request(
        "bad_limit",
        format!("`limit` goes from 1 to {MOST_PER_PAGE}, not to {asked}"),
    ))
}

/// A name that a client gives to something: neither empty nor endless.
pub(crate) fn check_name(what: &str, name: &str) -> ApiResult<()> {
    if name.trim().is_empty() || name.len() > LONGEST_NAME {
        let message = format!("{what} has 1 to {LONGEST_NAME} bytes and is not blank");
        return Err(ApiError::bad_request("bad_name", message));
    }
    Ok(())
}
