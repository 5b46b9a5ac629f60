//! Mixes: made, shown again, and taken along as playlists.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use segue::{Chosen, PromptReading};
use segue_core::{Enrolment, Impression, ListenerId, Pick, Slate, Sources, Timestamp, TrackId};
use segue_engine::Catalogue;
use segue_engine::UncertaintySource;
use segue_engine::experiment::Settings;
use segue_engine::mix::filters::Familiarity;
use segue_engine::mix::sentence::sentence;
use segue_engine::pipeline::MixRequest;
use segue_engine::playlist::{Playlist, PlaylistFormat};
use segue_engine::policy::PolicyKind;
use segue_store::ImpressionId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::records::ReasonShape;
use super::shapes::{TrackShape, check_name};
use crate::access::Access;
use crate::app::App;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::extract::{Body, InPath, Object, Params};
use crate::limits::{LONGEST_MIX, LONGEST_UNCERTAIN_MIX, MOST_NAMES};
use crate::mixing::{self, Mixed};

/// Which works may be picked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FamiliarityShape {
    /// All.
    #[default]
    Any,
    /// In the listener's library or playlists.
    Owned,
    /// Played before.
    Heard,
    /// Never played, liked or owned.
    New,
}

impl From<FamiliarityShape> for Familiarity {
    fn from(shape: FamiliarityShape) -> Self {
        match shape {
            FamiliarityShape::Any => Self::Any,
            FamiliarityShape::Owned => Self::Owned,
            FamiliarityShape::Heard => Self::Heard,
            FamiliarityShape::New => Self::New,
        }
    }
}

/// What a mix is to be like. All of it may be left out.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MixShape {
    /// The dial: 0 plays what the listener knows, 1 what they do not; .3 if left out.
    #[schema(minimum = 0, maximum = 1)]
    pub(crate) explore: Option<f32>,
    /// How many tracks, 1 to 500; 30 if left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) length: Option<u32>,
    /// Seed of the draw: the same seed and history give the same mix. A number, or its digits as
    /// text, as answers have it.
    #[serde(deserialize_with = "seed")]
    #[schema(value_type = Option<SeedShape>)]
    pub(crate) seed: Option<u64>,
    /// Which works may be picked; any if left out.
    pub(crate) familiarity: Option<FamiliarityShape>,
    /// Works played within this many days are left out; 1 if left out, 0 for none.
    pub(crate) no_repeat_days: Option<u32>,
    /// Most tracks by one artist; 3 if left out.
    #[schema(minimum = 1)]
    pub(crate) artist_cap: Option<u32>,
    /// Most tracks from one album; 2 if left out.
    #[schema(minimum = 1)]
    pub(crate) album_cap: Option<u32>,
    /// How tracks are drawn from the short-list, such as `plackett-luce`.
    pub(crate) policy: Option<String>,
    /// Tracks to choose from, such as what can be played; all if left out.
    pub(crate) within: Option<Vec<String>>,
    /// Only what is on a connected server of the listener in some version, by the name of the
    /// connection; see `segue connect`.
    pub(crate) on: Option<String>,
    /// Tracks to leave out.
    pub(crate) exclude_tracks: Vec<String>,
    /// Tracks that stay on show beside these, such as the rest of a list of which one is replaced.
    /// They are left out, count against the caps, and the dial is kept over all together.
    pub(crate) beside: Vec<String>,
    /// Artists to leave out.
    pub(crate) exclude_artists: Vec<String>,
    /// Tracks to go on from, the last one played last, instead of the history: more of that.
    pub(crate) after: Vec<String>,
    /// What the mix is to be like, in words, such as `mellow, 90s, like Massive Attack, an hour`.
    /// Settings that are given beside it win over its words.
    pub(crate) prompt: Option<String>,
}

/// A seed as it may be sent.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum SeedShape {
    Number(u64),
    Digits(String),
}

fn seed<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match Option::<SeedShape>::deserialize(from)? {
        None => Ok(None),
        Some(SeedShape::Number(seed)) => Ok(Some(seed)),
        Some(SeedShape::Digits(digits)) => {
            digits.parse().map(Some).map_err(serde::de::Error::custom)
        }
    }
}

impl MixShape {
    /// Which settings the client chose beside the words of a prompt.
    fn chosen(&self) -> Chosen {
        Chosen {
            explore: self.explore.is_some(),
            length: self.length.is_some(),
            familiarity: self.familiarity.is_some(),
        }
    }

    /// What is asked of the pipeline, and which settings the client chose itself.
    pub(crate) fn request(&self, now: Timestamp) -> ApiResult<(MixRequest, Settings)> {
        let named = [
            Some(&self.exclude_tracks),
            Some(&self.beside),
            Some(&self.exclude_artists),
            Some(&self.after),
            self.within.as_ref(),
        ];
        if named.into_iter().flatten().any(|names| names.len() > MOST_NAMES) {
            let message = format!("a list takes {MOST_NAMES} names at most");
            return Err(ApiError::bad_request("too_many_names", message));
        }
        if let Some(prompt) = &self.prompt {
            check_name("a prompt", prompt)?;
        }
        if let Some(length) = self.length.filter(|length| !(1..=LONGEST_MIX).contains(length)) {
            let message = format!("a mix has 1 to {LONGEST_MIX} tracks, not {length}");
            return Err(ApiError::bad_request("bad_mix", message));
        }
        let policy = self.policy.as_deref().map(|policy| {
            policy
                .parse::<PolicyKind>()
                .map_err(|error| ApiError::bad_request("bad_policy", error.to_string()))
        });
        let policy = policy.transpose()?;
        let is_long = self.length.is_some_and(|length| length > LONGEST_UNCERTAIN_MIX);
        if is_long
            && policy.is_some_and(|policy| policy.uncertainty_source() != UncertaintySource::None)
        {
            let message = format!(
                "a policy that explores by uncertainty picks {LONGEST_UNCERTAIN_MIX} tracks at most"
            );
            return Err(ApiError::bad_request("bad_policy", message));
        }
        let given = Settings {
            explore: self.explore,
            policy,
            artist_cap: self.artist_cap,
            album_cap: self.album_cap,
            no_repeat_days: self.no_repeat_days,
        };
        let ids = |names: &[String]| names.iter().map(|name| TrackId::new(name.as_str())).collect();
        let usual = MixRequest::new(now);
        let request = MixRequest {
            length: self.length.unwrap_or(usual.length),
            seed: self.seed.unwrap_or_else(rand::random),
            familiarity: self.familiarity.unwrap_or_default().into(),
            within: self.within.as_deref().map(ids),
            exclude_tracks: ids(&self.exclude_tracks),
            beside: ids(&self.beside),
            exclude_artists: self.exclude_artists.clone(),
            after: ids(&self.after),
            ..usual
        };
        Ok((given.apply(request), given))
    }
}

/// A pick, in playing order.
#[derive(Serialize, ToSchema)]
pub(crate) struct PickShape {
    /// The track, as the catalogue has it now.
    track: TrackShape,
    /// Predicted probability that the listener likes it.
    likability: f32,
    /// Standard deviation of that prediction.
    uncertainty: f32,
    /// Whether nothing shows that the listener knew it.
    new_to_listener: bool,
    /// Whether nothing shows that they knew anything by its main artist either.
    new_artist: bool,
    /// Its place in the order in which tracks were drawn, from 0: nearly the order of the ranking,
    /// where picks come in playing order.
    drawn: u32,
    /// Probability of this pick, given those before it.
    propensity: f64,
    /// Which sources of retrieval named it; empty in logs from before they were kept.
    #[schema(value_type = Vec<String>)]
    sources: Sources,
    /// Why, in a sentence.
    why: String,
    /// Why, as facts.
    #[schema(value_type = ReasonShape)]
    reason: segue_core::Reason,
}

/// A mix. It is logged: what becomes of its tracks is held to its credit.
#[derive(Serialize, ToSchema)]
pub(crate) struct MixAnswer {
    /// Names the mix in the log.
    id: i64,
    listener: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The model that scored.
    model: String,
    /// The policy that picked.
    policy: String,
    /// The dial.
    explore: f32,
    /// Asked for again with this seed, and nothing heard or answered in between, the mix is the
    /// same. A whole number, as text: it may be larger than JavaScript's numbers.
    seed: String,
    /// How many picks are new to the listener.
    new: usize,
    /// How many picks are by artists of whom nothing shows that the listener knew them.
    by_new_artists: usize,
    picks: Vec<PickShape>,
    /// What is not as asked, in sentences.
    notes: Vec<String>,
    /// The experiment that the mix is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    experiment: Option<Enrolment>,
    /// What the words of the prompt were taken to mean; left out where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PromptReadingShape>)]
    prompt: Option<PromptReading>,
}

/// What a prompt was taken to mean.
#[derive(ToSchema)]
#[schema(as = PromptReading)]
#[expect(dead_code, reason = "it describes another type")]
pub(crate) struct PromptReadingShape {
    /// The parts that were understood, in their order.
    understood: Vec<UnderstoodPartShape>,
    /// The words that were not understood, as they were written.
    not_understood: Vec<String>,
    /// What else there is to say, in English.
    notes: Vec<String>,
}

/// A part of a prompt that was understood.
#[derive(ToSchema)]
#[schema(as = UnderstoodPart)]
#[expect(dead_code, reason = "it describes another type")]
pub(crate) struct UnderstoodPartShape {
    /// The words as they were written.
    words: String,
    /// What they were read as, where a letter was wrong.
    read_as: Option<String>,
    /// What they were taken to mean, as half a sentence in English.
    meaning: String,
    /// How many tracks that is, taken alone; left out of what says nothing about tracks.
    tracks: Option<usize>,
    /// Why it has no effect; left out where it has.
    set_aside: Option<String>,
}

impl MixAnswer {
    pub(crate) fn new(
        catalogue: &Catalogue,
        id: ImpressionId,
        at: Timestamp,
        slate: &Slate,
    ) -> Self {
        let picks = slate.picks.iter().map(|pick| PickShape::new(catalogue, pick));
        Self {
            id: id.0,
            listener: slate.listener.to_string(),
            at,
            model: slate.config.model.clone(),
            policy: slate.config.policy.to_string(),
            explore: slate.config.explore,
            seed: slate.config.seed.to_string(),
            new: slate.new_count(),
            by_new_artists: slate.new_artist_count(),
            picks: picks.collect(),
            notes: Vec::new(),
            experiment: None,
            prompt: None,
        }
    }
}

impl PickShape {
    fn new(catalogue: &Catalogue, pick: &Pick) -> Self {
        let track = match catalogue.find(&pick.track) {
            Some(row) => TrackShape::of(catalogue, row),
            None => TrackShape::unknown(&pick.track),
        };
        Self {
            track,
            likability: pick.likability,
            uncertainty: pick.uncertainty,
            new_to_listener: pick.new_to_listener,
            new_artist: pick.new_artist,
            drawn: pick.drawn,
            propensity: pick.propensity,
            sources: pick.sources,
            why: sentence(&pick.reason),
            reason: pick.reason.clone(),
        }
    }
}

/// Makes a mix for a listener, who need not be known yet. It is in the log, with the probability of
/// each pick, when it is answered.
#[utoipa::path(post, path = "/v1/listeners/{listener}/mixes", tag = "mixes",
    params(("listener" = String, Path, description = "For whom.")), request_body = MixShape,
    responses((status = 201, body = MixAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn make(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Body(Object(asked)): Body<Object<MixShape>>,
) -> ApiResult<(StatusCode, Json<MixAnswer>)> {
    check_name("a listener", &listener)?;
    let listener = ListenerId::new(listener);
    let (mut request, given) = asked.request(Timestamp::now())?;
    if let Some(name) = &asked.on {
        let there = tracks_on(&app, &listener, name.clone()).await?;
        request.within = Some(match request.within {
            Some(within) => within.into_iter().filter(|track| there.contains(track)).collect(),
            None => there.into_iter().collect(),
        });
    }
    let mut reading = None;
    let mut given = given;
    if let Some(prompt) = &asked.prompt {
        let prompted = mixing::prompted(&app, prompt, request, asked.chosen()).await??;
        given.explore = given.explore.or(prompted.explore);
        request = prompted.request;
        request.length = request.length.min(LONGEST_MIX);
        reading = Some(prompted.reading);
    }
    let Mixed { id, at, outcome, enrolment, listener } =
        mixing::mix_and_log(&app, &listener, request, Some(given)).await?;
    let answer = MixAnswer::new(&listener.snapshot.catalogue, id, at, &outcome.slate);
    let notes = outcome.notes.iter().map(ToString::to_string).collect();
    let answer = MixAnswer { notes, experiment: enrolment, prompt: reading, ..answer };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// What is on a connected server of a listener. That of somebody else is as good as unknown.
async fn tracks_on(app: &App, listener: &ListenerId, name: String) -> ApiResult<BTreeSet<TrackId>> {
    let whose = listener.clone();
    let there = app.readers.run(move |store| {
        let connections = store.connections()?;
        let is_theirs = connections.iter().any(|one| one.name == name && one.listener == whose);
        match is_theirs {
            true => Ok(Ok(store.tracks_on(&name)?)),
            false => Ok(Err(format!("`{whose}` has no connection `{name}`"))),
        }
    });
    let there = there.await?;
    let there = there.map_err(|message| ApiError::not_found("unknown_connection", message))?;
    Ok(there.into_iter().collect())
}

/// What a mix that is only looked at is to be like.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PreviewParams {
    /// The dial; .3 if left out.
    #[param(minimum = 0, maximum = 1)]
    explore: Option<f32>,
    /// How many tracks; 30 if left out.
    #[param(minimum = 1, maximum = 500)]
    length: Option<u32>,
    /// Which works may be picked.
    #[param(inline)]
    familiarity: Option<FamiliarityShape>,
    /// Works played within this many days are left out.
    no_repeat_days: Option<u32>,
    /// Most tracks by one artist.
    #[param(minimum = 1)]
    artist_cap: Option<u32>,
    /// What the mix is to be like, in words.
    prompt: Option<String>,
}

/// What a mix would be like.
#[derive(Serialize, ToSchema)]
#[schema(as = Preview)]
pub(crate) struct PreviewAnswer {
    explore: f32,
    length: u32,
    /// How many tracks would be new to the listener.
    new_tracks: u32,
    /// How many artists the listener has never heard.
    new_artists: u32,
    /// Mean of the predicted likabilities.
    mean_likability: f64,
}

/// What a mix would be like, without one being shown or logged. The seed is always the same, so
/// that settings can be compared.
#[utoipa::path(get, path = "/v1/listeners/{listener}/mix/preview", tag = "mixes",
    params(("listener" = String, Path, description = "For whom."), PreviewParams),
    responses((status = 200, body = PreviewAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn preview(
    State(app): State<Arc<App>>,
    InPath(listener): InPath<String>,
    Params(asked): Params<PreviewParams>,
) -> ApiResult<Json<PreviewAnswer>> {
    check_name("a listener", &listener)?;
    let PreviewParams { explore, length, familiarity, no_repeat_days, artist_cap, prompt } = asked;
    let shape = MixShape {
        explore,
        length,
        familiarity,
        no_repeat_days,
        artist_cap,
        seed: Some(0),
        prompt: prompt.filter(|prompt| !prompt.trim().is_empty()),
        ..MixShape::default()
    };
    let (mut request, _) = shape.request(Timestamp::now())?;
    if let Some(prompt) = &shape.prompt {
        request = mixing::prompted(&app, prompt, request, shape.chosen()).await??.request;
        request.length = request.length.min(LONGEST_MIX);
    }
    let explore = request.explore;
    let (outcome, listener) = mixing::preview(&app, &ListenerId::new(listener), request).await?;
    let effect = listener.effect(&outcome.slate.picks);
    Ok(Json(PreviewAnswer {
        explore,
        length: effect.tracks,
        new_tracks: outcome.slate.new_count() as u32,
        new_artists: effect.new_artists,
        mean_likability: effect.likability,
    }))
}

/// A mix that was made before, as it was shown.
#[utoipa::path(get, path = "/v1/mixes/{mix}", tag = "mixes",
    params(("mix" = i64, Path, description = "Its id.")),
    responses((status = 200, body = MixAnswer), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    InPath(mix): InPath<i64>,
) -> ApiResult<Json<MixAnswer>> {
    let impression = shown(&app, &access, mix).await?;
    let snapshot = app.snapshot.load();
    let answer =
        MixAnswer::new(&snapshot.catalogue, ImpressionId(mix), impression.at, &impression.slate);
    Ok(Json(MixAnswer { experiment: impression.enrolment, ..answer }))
}

/// How to write a playlist.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlaylistParams {
    /// m3u8, xspf, jspf, csv or uris.
    format: String,
    /// Its title.
    title: Option<String>,
}

/// A mix as a playlist. The header `x-segue-left-out` counts tracks that the format has no address
/// for.
#[utoipa::path(get, path = "/v1/mixes/{mix}/playlist", tag = "mixes",
    params(("mix" = i64, Path, description = "Its id."), PlaylistParams),
    responses((status = 200, body = String, content_type = "text/plain"),
        (status = "4XX", body = ErrorBody)))]
pub(crate) async fn playlist(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    InPath(mix): InPath<i64>,
    Params(PlaylistParams { format, title }): Params<PlaylistParams>,
) -> ApiResult<Response> {
    let format: PlaylistFormat =
        format.parse().map_err(|error| ApiError::bad_request("bad_format", format!("{error}")))?;
    let title = title.unwrap_or_else(|| "Segue mix".to_owned());
    check_name("a title", &title)?;
    let impression = shown(&app, &access, mix).await?;
    let snapshot = app.snapshot.load();
    let playlist =
        Playlist::from_slate(&snapshot.catalogue, &impression.slate, &title, impression.at)
            .map_err(|error| ApiError::conflict("tracks_gone", error.to_string()))?;
    let rendered = format.render(&playlist);
    let file = format!("attachment; filename=\"segue-mix-{mix}.{}\"", extension(format));
    let headers = [
        (header::CONTENT_TYPE, media_type(format).to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::HeaderName::from_static("x-segue-left-out"), rendered.left_out.to_string()),
    ];
    Ok((headers, rendered.text).into_response())
}

fn extension(format: PlaylistFormat) -> &'static str {
    match format.name() {
        "uris" => "txt",
        name => name,
    }
}

fn media_type(format: PlaylistFormat) -> &'static str {
    match format.name() {
        "m3u8" => "application/vnd.apple.mpegurl",
        "xspf" => "application/xspf+xml",
        "jspf" => "application/json",
        "csv" => "text/csv; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

/// A mix that was shown, to whoever asks if they are for one listener only.
async fn shown(app: &App, access: &Access, mix: i64) -> ApiResult<Impression> {
    let found = app.readers.run(move |store| Ok(store.impression(ImpressionId(mix))?)).await?;
    found
        .filter(Impression::was_shown)
        .filter(|found| access.require_listener(&found.slate.listener).is_ok())
        .ok_or_else(|| ApiError::not_found("unknown_mix", format!("there is no mix {mix}")))
}
