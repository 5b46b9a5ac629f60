//! The mix and the shelves. All of them go through the pipeline and are logged before they are
//! shown.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use segue::{Chosen, Found, KeptListener, PromptProblem, PromptReading, Prompted};
use segue_core::{Impression, ListenerId, Timestamp, TrackId};
use segue_engine::experiment::Settings;
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::{MixOutcome, MixRequest};
use segue_engine::shelves::{self, Filled};
use segue_engine::{ArtistIdx, TrackIdx};

use super::cards;
use super::frame::{self, Asked, answer, frame};
use crate::access::Access;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::imports::ImportStatus;
use crate::mixing::{self, CountsAs};
use crate::page::card::card;
use crate::page::dial::Preview;
use crate::page::layout::{Frame, Section};
use crate::page::mix::Mix;
use crate::page::search::Search;
use crate::page::shelves::{HomePage, SHOWN_PICKS, ShelfView};
use crate::page::urls::{self, MixSettings};
use crate::page::words::Words;
use crate::page::{mix as mix_view, search as search_view, shelves as shelves_view, welcome};

/// Cards on a shelf.
const SHELF: u32 = 8;
/// A favourite that fewer tracks are like leaves its turn to the next.
const FEWEST_SIMILAR: usize = shelves::SHORTEST as usize + 1;
/// Tracks that a shelf about a favourite chooses from.
const MOST_SIMILAR: usize = 400;
/// Most tracks found.
const MOST_FOUND: usize = 60;
const MOST_ARTISTS_FOUND: usize = 12;
const SECONDS_PER_DAY: i64 = 86_400;

/// `/`: shelves and the mix, or, before there is any history, what this is.
pub(super) async fn home(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    asked: Asked,
) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Listen).await?;
    let Some(id) = frame::listener(&frame) else {
        return Ok(answer(&frame, welcome::view(&frame, "me")));
    };
    if app.snapshot.load().model.is_none() {
        return Ok(without_model(&app, &frame, &access));
    }
    let (frame, mix, listener) =
        mixed(&app, frame, &id, Shown { asked: &asked, most: SHOWN_PICKS }).await?;
    let shelves = fill_shelves(&app, listener, &mix, counts(&asked)).await?;
    Ok(answer(&frame, shelves_view::view(&frame, &HomePage { mix, shelves })))
}

/// Where there is no model yet, or one is being trained.
fn without_model(app: &App, frame: &Frame, access: &Access) -> Response {
    let shown = |status: &ImportStatus| !status.is_over() && status.is_shown_to(access);
    let running = app.imports.statuses().into_iter().find(shown);
    if let Some(running) = running {
        return Redirect::to(&urls::import(&running.id)).into_response();
    }
    match &frame.listener {
        // Whoever was invited brings what they have.
        Some(own) if frame.is_own && frame.is_new && !frame.only_looks => {
            answer(frame, welcome::view(frame, own))
        }
        // What else is done about it concerns whoever runs this.
        Some(_) if frame.is_own => Redirect::to("/history").into_response(),
        _ => Redirect::to("/model").into_response(),
    }
}

/// `/mix`: the mix as a list.
pub(super) async fn mix(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Listen).await?;
    let Some(id) = frame::listener(&frame) else { return Ok(Redirect::to("/").into_response()) };
    let (frame, mix, _) =
        mixed(&app, frame, &id, Shown { asked: &asked, most: usize::MAX }).await?;
    Ok(answer(&frame, mix_view::view(&frame, &mix)))
}

/// `/fragments/mix`: the list alone, made anew.
pub(super) async fn mix_fragment(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Markup> {
    let frame = fragment_frame(&app, &asked).await?;
    let id = frame::listener(&frame).ok_or_else(nobody)?;
    let shown = asked.param("shown").and_then(|shown| shown.parse().ok()).unwrap_or(usize::MAX);
    let (frame, mix, _) = mixed(&app, frame, &id, Shown { asked: &asked, most: shown }).await?;
    Ok(mix_view::fragment(&frame, &mix, shown))
}

/// `/fragments/card`: what takes the place of a card that left: a mix of one, of what is not on the
/// page, that keeps caps and dial together with the cards that stay beside it.
pub(super) async fn card_fragment(
    State(app): State<Arc<App>>,
    asked: Asked,
) -> ApiResult<Response> {
    let frame = fragment_frame(&app, &asked).await?;
    let id = frame::listener(&frame).ok_or_else(nobody)?;
    let list = asked.param("list").unwrap_or_default();
    let settings = MixSettings::from_query(&asked.query);
    let listener = app.listeners.get(&id).await?;
    let request = match on_shelf(&listener, &list) {
        Some(shelf) => MixRequest { exclude_tracks: excluded(&settings), ..shelf },
        None if list == "mix" => {
            let asked = prompted(&app, &settings, &asked, request(&settings)).await?;
            let Ok(asked) = asked else { return Ok(StatusCode::NO_CONTENT.into_response()) };
            asked.request
        }
        None => return Ok(StatusCode::NO_CONTENT.into_response()),
    };
    let request = MixRequest { seed: rand::random(), ..request };
    let request = MixRequest { length: 1, beside: beside(&asked), ..request };
    let mixed = mixing::mix_for_page(&app, &id, request, None, counts(&asked)).await;
    let (_, outcome, listener) = match mixed {
        Err(error) if error.code == "nothing_eligible" => {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        mixed => mixed?,
    };
    let (catalogue, profile) = (&listener.snapshot.catalogue, &listener.profile);
    let pick = outcome.slate.picks.first();
    let Some(fresh) = pick.and_then(|pick| cards::of_pick(&app, catalogue, profile, pick)) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    Ok(card(&mix_view::place(&frame, &list), &fresh).into_response())
}

/// `/search`: tracks found by words.
pub(super) async fn search(State(app): State<Arc<App>>, asked: Asked) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Elsewhere).await?;
    let query = asked.param("q").unwrap_or_default();
    let query: String = query.trim().chars().take(200).collect();
    let snapshot = app.snapshot.load_full();
    let profile = match frame::listener(&frame) {
        Some(id) if snapshot.model.is_some() => Some(app.listeners.get(&id).await?),
        _ => None,
    };
    let words = query.clone();
    let found = if words.is_empty() {
        Found::default()
    } else {
        let of = Arc::clone(&snapshot);
        app.search(of, move |snapshot| snapshot.search(&words, MOST_FOUND)).await?
    };
    let profile = profile.as_ref().map(|listener| &listener.profile);
    let card = |&row: &TrackIdx| cards::of_track(&app, &snapshot.catalogue, profile, row);
    let name = |&artist: &ArtistIdx| snapshot.catalogue.artist_name(artist).to_owned();
    let search = Search {
        query,
        read_as: found.read_as,
        artists: found.artists.iter().take(MOST_ARTISTS_FOUND).map(name).collect(),
        results: found.tracks.iter().map(card).collect(),
        total: found.total as u64,
    };
    Ok(answer(&frame, search_view::view(&frame, &search)))
}

/// The frame of a fragment: its forms come back to the page that it is put into.
async fn fragment_frame(app: &Arc<App>, asked: &Asked) -> ApiResult<Frame> {
    let here = asked.param("here").unwrap_or_else(|| "/".to_owned());
    let here = crate::page::urls::local(&here).to_owned();
    Ok(Frame { here, ..frame(app, asked, Section::Listen).await? })
}

/// What the log makes of what the page shows.
fn counts(asked: &Asked) -> CountsAs {
    if asked.is_on_purpose { CountsAs::Shown } else { CountsAs::Nothing }
}

fn nobody() -> ApiError {
    ApiError::not_found("unknown_listener", "nobody is known yet").hint("import a history first")
}

/// The cards that stay on the list.
fn beside(asked: &Asked) -> Vec<TrackId> {
    let named = urls::pairs(&asked.query).filter(|(name, _)| name == "beside");
    named.take(urls::LONGEST_MIX as usize).map(|(_, track)| TrackId::new(track.as_ref())).collect()
}

fn excluded(settings: &MixSettings) -> Vec<TrackId> {
    settings.exclude.iter().map(|track| TrackId::new(track.as_str())).collect()
}

/// What the form asks of the pipeline.
fn request(settings: &MixSettings) -> MixRequest {
    MixRequest {
        explore: settings.explore,
        length: settings.length,
        familiarity: settings.familiarity,
        artist_cap: settings.artist_cap,
        no_repeat_days: settings.no_repeat_days,
        seed: settings.seed.unwrap_or_else(rand::random),
        exclude_tracks: excluded(settings),
        after: settings.after.iter().map(|track| TrackId::new(track.as_str())).collect(),
        ..MixRequest::new(Timestamp::now())
    }
}

/// Whether the address says how the mix is to be.
fn is_set(asked: &Asked) -> bool {
    asked.param("explore").is_some()
}

/// What the form has set itself; on a first visit nothing is.
fn given(settings: &MixSettings, asked: &Asked) -> Settings {
    if !is_set(asked) {
        return Settings::default();
    }
    Settings {
        explore: Some(settings.explore),
        artist_cap: Some(settings.artist_cap),
        no_repeat_days: Some(settings.no_repeat_days),
        ..Settings::default()
    }
}

/// What of a mix the page shows.
struct Shown<'a> {
    /// The request, whose address holds the settings of the mix.
    asked: &'a Asked,
    /// Most picks that are put on the page; `usize::MAX` for all of them.
    most: usize,
}

/// Makes the mix that the address asks for, and logs it if it was asked for on purpose, no longer
/// than the page shows of it: what is
/// logged as shown was seen. The frame comes back with an address that gives the same mix again.
async fn mixed(
    app: &Arc<App>,
    frame: Frame,
    id: &ListenerId,
    Shown { asked, most }: Shown<'_>,
) -> ApiResult<(Frame, Mix, Arc<KeptListener>)> {
    let settings = MixSettings::from_query(&asked.query);
    let request = request(&settings);
    let (seed, given) = (request.seed, given(&settings, asked));
    let Prompted { request, explore, reading } =
        match prompted(app, &settings, asked, request).await? {
            Ok(prompted) => prompted,
            Err(problem) => return unanswerable(app, frame, id, settings, *problem).await,
        };
    let given = Settings { explore: given.explore.or(explore), ..given };
    let settings = MixSettings {
        length: request.length,
        familiarity: request.familiarity,
        explore: request.explore,
        ..settings
    };
    let request = MixRequest {
        length: request.length.min(u32::try_from(most).unwrap_or(u32::MAX)),
        ..request
    };
    let made = match mixing::mix_for_page(app, id, request, Some(given), counts(asked)).await {
        Err(error) if error.code == "nothing_eligible" => None,
        made => Some(made?),
    };
    let path = frame.here.split('?').next().unwrap_or("/").to_owned();
    let query = match is_set(asked) {
        true => settings.with_seed(seed).to_query(),
        // Settings that nobody set stay unset, or an experiment would be over with the first
        // answer.
        false => MixSettings { seed: Some(seed), ..settings.clone() }.to_short_query(),
    };
    let frame = Frame { here: format!("{path}?{query}"), ..frame };
    let Some((logged, outcome, listener)) = made else {
        let listener = app.listeners.get(id).await?;
        let why = listener.snapshot.nothing_new(&listener.profile);
        let why = why.filter(|_| settings.familiarity == Familiarity::New);
        let notes = why.iter().map(ToString::to_string).collect();
        let example = listener.snapshot.prompt_example(&listener.profile);
        let mix = Mix { settings, seed, notes, reading, example, ..Mix::default() };
        return Ok((frame, mix, listener));
    };
    // An arm of an experiment may have turned the dial.
    let settings = MixSettings { explore: outcome.slate.config.explore, ..settings };
    let mix = Mix {
        id: logged.map(|logged| logged.0),
        after: names(&listener, &settings.after),
        reading,
        example: listener.snapshot.prompt_example(&listener.profile),
        preview: effect(&listener, &outcome),
        picks: cards::of_picks(app, &listener, &outcome.slate.picks),
        seed,
        notes: outcome.notes.iter().map(ToString::to_string).collect(),
        why: why(&frame.words, &listener, &outcome),
        settings,
    };
    Ok((frame, mix, listener))
}

/// The request with what the words of the settings say, if there are any. What the address says of
/// dial, length and familiarity wins over them.
async fn prompted(
    app: &Arc<App>,
    settings: &MixSettings,
    asked: &Asked,
    request: MixRequest,
) -> ApiResult<Result<Prompted, Box<PromptProblem>>> {
    if settings.prompt.is_empty() {
        let reading = PromptReading::default();
        return Ok(Ok(Prompted { request, explore: None, reading }));
    }
    let is_set = is_set(asked);
    let chosen = Chosen { explore: is_set, length: is_set, familiarity: is_set };
    match mixing::prompted(app, &settings.prompt, request, chosen).await? {
        Ok(mut prompted) => {
            prompted.request.length = prompted.request.length.min(urls::LONGEST_MIX);
            Ok(Ok(prompted))
        }
        Err(segue::Error::Prompt(problem)) => Ok(Err(problem)),
        Err(error) => Err(error.into()),
    }
}

/// The page without a mix, where nothing can be made of the words.
async fn unanswerable(
    app: &Arc<App>,
    frame: Frame,
    id: &ListenerId,
    settings: MixSettings,
    problem: PromptProblem,
) -> ApiResult<(Frame, Mix, Arc<KeptListener>)> {
    let listener = app.listeners.get(id).await?;
    let mix = Mix {
        settings,
        notes: vec![problem.to_string()],
        example: listener.snapshot.prompt_example(&listener.profile),
        reading: problem.reading,
        ..Mix::default()
    };
    Ok((frame, mix, listener))
}

fn effect(listener: &KeptListener, outcome: &MixOutcome) -> Preview {
    let effect = listener.effect(&outcome.slate.picks);
    Preview {
        length: effect.tracks,
        new_tracks: outcome.slate.new_count() as u32,
        new_artists: effect.new_artists,
        mean_likability: Some(effect.likability as f32),
    }
}

/// What tracks are called, as far as they are known.
fn names(listener: &KeptListener, tracks: &[String]) -> Vec<String> {
    let track = |id: &String| listener.snapshot.track(&TrackId::new(id.as_str()));
    tracks.iter().filter_map(track).map(|track| track.display_title().into_owned()).collect()
}

/// How a mix came about, in sentences.
fn why(words: &Words, listener: &KeptListener, outcome: &MixOutcome) -> Vec<String> {
    let config = &outcome.slate.config;
    let grouped = |count: usize| words.grouped(count as u64);
    vec![
        format!(
            "{} of the {} tracks were looked at closely; the others are further from what you \
             like.",
            grouped(outcome.candidates),
            grouped(listener.snapshot.catalogue.len())
        ),
        format!(
            "{} made it to the short-list: likely to please, and not all of one kind.",
            grouped(outcome.slate.shortlist.len())
        ),
        format!(
            "From those, the policy {} drew {} by chance, better ones with better odds. Each \
             probability is on record.",
            config.policy,
            outcome.slate.picks.len()
        ),
        format!("The odds come from the model {}.", config.model),
    ]
}

/// The shelves of the day. They keep their order and their tracks until the listener says
/// something.
async fn fill_shelves(
    app: &Arc<App>,
    listener: Arc<KeptListener>,
    mix: &Mix,
    counts: CountsAs,
) -> ApiResult<Vec<ShelfView>> {
    let shown: Vec<TrackId> =
        mix.picks.iter().map(|card| TrackId::new(card.track.as_str())).collect();
    let excluded = excluded(&mix.settings);
    let forgotten = app.writer.forgotten();
    let filler = Arc::clone(&listener);
    let filled = app.heavy(move || {
        let mut plan = shelf_plan(&filler);
        for shelf in &mut plan.shelves {
            shelf.request.exclude_tracks.extend(shown.iter().chain(&excluded).cloned());
        }
        shelves::fill(&filler.snapshot.catalogue, plan, |request| filler.mix(request))
    });
    let page = filled.await??;
    let shelf = |filled: &Filled| ShelfView {
        id: filled.shelf.kind.key().to_owned(),
        title: filled.shelf.title.clone(),
        subtitle: filled.shelf.explanation.clone(),
        cards: cards::of_picks(app, &listener, &filled.outcome.slate.picks),
    };
    let made = page.shelves.iter().map(shelf).collect();
    let slates =
        |filled: Filled| vec![Impression::new(filled.shelf.request.now, filled.outcome.slate)];
    let mixes: Vec<Vec<Impression>> = page.shelves.into_iter().map(slates).collect();
    if !mixes.is_empty() && counts == CountsAs::Shown {
        mixing::log(app, mixes, forgotten).await?;
    }
    Ok(made)
}

/// What makes the draws of one listener independent of those of others.
fn listener_hash(listener: &ListenerId) -> u64 {
    let hash = blake3::hash(listener.as_str().as_bytes());
    let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has more than eight bytes");
    u64::from_le_bytes(*first)
}

/// Which shelves a listener gets today.
fn shelf_plan(listener: &KeptListener) -> shelves::Plan {
    let (snapshot, profile) = (&listener.snapshot, &listener.profile);
    let now = Timestamp::now();
    let today = now.as_second().div_euclid(SECONDS_PER_DAY) as u64;
    let seed = today ^ listener_hash(&profile.listener);
    let base = snapshot.completed(MixRequest { length: SHELF, seed, ..MixRequest::new(now) });
    let similar = |anchor| -> Vec<TrackId> {
        let found = snapshot.similar(anchor, MOST_SIMILAR);
        found
            .into_iter()
            .map(|similar| snapshot.catalogue.track(similar.track).id.clone())
            .collect()
    };
    let anchors = shelves::anchors(&snapshot.catalogue, profile, now).into_iter();
    let near = anchors
        .map(|anchor| (anchor, similar(anchor)))
        .find(|(_, similar)| similar.len() >= FEWEST_SIMILAR);
    let near = near.as_ref().map(|(track, similar)| shelves::Near { track: *track, similar });
    shelves::plan(&snapshot.catalogue, profile, &base, near, &snapshot.releases)
}

/// What a shelf asks of the pipeline.
fn on_shelf(listener: &KeptListener, key: &str) -> Option<MixRequest> {
    if key == "mix" {
        return None;
    }
    let shelves = shelf_plan(listener).shelves;
    shelves.into_iter().find(|shelf| shelf.kind.key() == key).map(|shelf| shelf.request)
}
