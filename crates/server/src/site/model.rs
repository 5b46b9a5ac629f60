//! The model page: what was learned, whether its word can be taken, and the way back to an earlier
//! one.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use segue::{WorldStatus, plain_name};
use segue_store::ModelEntry;
use serde_json::{Value, json};

use super::feedback::Back;
use super::feedback::back;
use super::frame::{Asked, answer, frame};
use crate::access::{Access, Admin, Scope};
use crate::api::{go_on_without_world, use_model};
use crate::app::App;
use crate::error::ApiResult;
use crate::extract::Submitted;
use crate::importing;
use crate::imports::ImportState;
use crate::page::calibration::Bin;
use crate::page::layout::{Flash, Section};
use crate::page::model::{
    self as view, ComparisonRow, ComparisonView, MetricView, ModelPage, ModelRow,
};
use crate::page::words::Words;

/// A model with its card read.
struct Known {
    entry: ModelEntry,
    card: Value,
    bytes: u64,
}

/// The page.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(access): Extension<Access>,
    asked: Asked,
) -> ApiResult<Response> {
    let frame = frame(&app, &asked, Section::Model).await?;
    let models = read(&app).await?;
    let world = app.readers.run(|store| Ok(WorldStatus::find(store)?)).await?;
    let active = models.iter().find(|model| model.entry.active);
    let chosen = |side: &str| {
        let version = asked.param(side)?;
        models.iter().find(|model| model.entry.version == version)
    };
    let comparison = chosen("left").zip(chosen("right")).map(|(left, right)| compare(left, right));
    let training =
        app.imports.statuses().iter().any(|status| status.state == ImportState::Training);
    let words = &frame.words;
    let model = ModelPage {
        learned: active.map(|known| known.learned(words)).unwrap_or_default(),
        calibration: active.map(Known::calibration).unwrap_or_default(),
        metrics: active.map(Known::metrics).unwrap_or_default(),
        measured_on: active.and_then(|known| known.measured_on(words)),
        models: models.iter().map(|known| known.row(words)).collect(),
        comparison,
        training: training.then(|| "A model is learning from what was just imported.".to_owned()),
        world: world.as_ref().map(|world| world_said(words, world)),
        learns_at_night: app.config.trains_at_night
            && models.first().is_some_and(|newest| newest.entry.active),
        may_change: access.scope == Scope::Admin,
    };
    Ok(answer(&frame, view::view(&frame, &model)))
}

/// The world in use, for whoever looks: its path on this machine is not for everybody.
fn world_said(words: &Words, world: &WorldStatus) -> String {
    match (world.recordings, world.state.problem()) {
        (Some(recordings), None) => format!(
            "The world in use knows {}. Each time Segue learns, what is near to what is played \
             here can be in mixes from then on.",
            words.count(recordings as u64, "song", "songs")
        ),
        (_, problem) => format!(
            "The world in use {}. Mixes go on without its file, but Segue cannot learn again until \
             another one is dropped on the page of imports, or this one is let go.",
            problem.unwrap_or("cannot be read")
        ),
    }
}

/// Every model that can serve, newest first.
async fn read(app: &Arc<App>) -> ApiResult<Vec<Known>> {
    let shared = Arc::clone(app);
    let read = app.readers.run(move |store| {
        let entries = store.models()?.into_iter().rev().filter(|e| shared.models.serves(&e.kind));
        let known = entries.map(|entry| {
            let weights = store.model_files(&entry.version)?.weights;
            let bytes = std::fs::metadata(weights).map_or(0, |file| file.len());
            let card: Value = serde_json::from_str(&entry.card).unwrap_or_default();
            // The card of a set holds that of its likability, which the figures here are of.
            let card = match card.get("likability") {
                Some(likability) => json!({"card": likability, "set": card}),
                None => card,
            };
            Ok(Known { entry, card, bytes })
        });
        known.collect()
    });
    read.await
}

impl Known {
    fn number(&self, path: &str) -> Option<f64> {
        self.card.pointer(path)?.as_f64()
    }

    fn count(&self, path: &str) -> u64 {
        self.number(path).unwrap_or(0.0) as u64
    }

    /// Figures on what listeners told, or where there are none on all that was held out.
    fn figure(&self, name: &str) -> Option<f64> {
        let of = |what: &str| self.number(&format!("/card/report/{what}/{name}"));
        of("told").or_else(|| of("held_out"))
    }

    fn learned(&self, words: &Words) -> Vec<String> {
        let is_without = self.card.get("set").is_some() && self.card["card"].is_null();
        let mut learned = match is_without {
            true => self.learned_without_likability(words),
            false => self.learned_likability(words),
        };
        learned.extend(self.learned_elsewhere());
        learned
    }

    /// What the members of a world know, by the names that `segue train` has for them.
    fn learned_elsewhere(&self) -> Option<String> {
        let members = self.card.pointer("/set/members")?.as_array()?;
        let names = members.iter().filter_map(|member| member["member"].as_str());
        let told: Vec<String> = names
            .filter_map(|name| Some(format!("{} ({})", plain_name(name), elsewhere(name)?)))
            .collect();
        (!told.is_empty()).then(|| {
            format!(
                "It knows what many people elsewhere play, summed up in the world that it was \
                 trained with: {}.",
                told.join("; ")
            )
        })
    }

    fn learned_likability(&self, words: &Words) -> Vec<String> {
        let tracks = words.count(self.count("/card/data/tracks"), "track", "tracks");
        let audible = self.count("/card/data/audible_tracks");
        let sounds = match audible == self.count("/card/data/tracks") {
            true => format!("It knows {tracks}, and how each of them sounds."),
            false => {
                format!("It knows {tracks}, and how {} of them sound.", words.grouped(audible))
            }
        };
        let likes = words.count(self.count("/card/data/likes"), "like", "likes");
        let dislikes = words.count(self.count("/card/data/dislikes"), "dislike", "dislikes");
        let listeners = words.count(self.count("/card/data/listeners"), "listener", "listeners");
        vec![
            format!(
                "It learned from {likes} and {dislikes} of {listeners}: what was finished, \
                 skipped, liked or turned down."
            ),
            sounds,
            "It has never seen a name of a listener: it reads a history, so it serves somebody \
             new as well."
                .to_owned(),
            "On top of it, every answer to a pick moves what it expects of similar tracks, at once."
                .to_owned(),
        ]
    }

    /// Of a set that nobody's skips or likes could teach what is liked.
    fn learned_without_likability(&self, words: &Words) -> Vec<String> {
        let listeners = words.count(self.count("/set/listeners"), "listener", "listeners");
        let items = words.count(self.count("/set/items"), "song", "songs");
        vec![
            format!("It learned from what {listeners} played: {items}, when and along with what."),
            "Nothing says yet what is not liked: no skip, no \"not for me\". So it ranks, and \
             states no odds."
                .to_owned(),
        ]
    }

    fn measured_on(&self, words: &Words) -> Option<String> {
        let rows = self.figure("rows")? as u64;
        let split = match self.card.pointer("/card/split").and_then(Value::as_str) {
            Some("listeners") => "of listeners whom it had not seen while it learned",
            _ => "that were kept from it while it learned",
        };
        Some(format!("Measured on {} {split}.", words.count(rows, "answer", "answers")))
    }

    fn metrics(&self) -> Vec<MetricView> {
        let auc = self.card.pointer("/card/report/reliability/auc").and_then(Value::as_array);
        let ends = auc.and_then(|ends| Some((ends.first()?.as_f64()?, ends.get(1)?.as_f64()?)));
        let interval = ends.map(|(low, high)| format!("95 % interval {low:.3} to {high:.3}"));
        let of = |name: &str, label: &str, meaning: &str, interval: Option<String>| {
            let (label, meaning) = (label.to_owned(), meaning.to_owned());
            self.figure(name).map(|value| MetricView {
                name: label,
                meaning,
                value: format!("{value:.3}"),
                interval,
            })
        };
        let metrics = [
            of(
                "auc",
                "AUC",
                "How often it puts something liked above something disliked; .5 is chance.",
                interval,
            ),
            of("accuracy", "Accuracy", "How often it is right when it has to say yes or no.", None),
            of(
                "log_loss",
                "Log-loss",
                "How surprised it was by the answers; lower is better, .693 is a coin.",
                None,
            ),
            of(
                "ece",
                "Calibration error",
                "How far its odds are from what happened, on average.",
                None,
            ),
        ];
        metrics.into_iter().flatten().collect()
    }

    fn calibration(&self) -> Vec<Bin> {
        let bins = self.card.pointer("/card/report/reliability/bins").and_then(Value::as_array);
        let bin = |bin: &Value| {
            let rows = bin["rows"].as_u64()?;
            let observed = bin["observed"].as_f64()?;
            let (low, high) = wilson(observed, rows);
            Some(Bin {
                predicted: bin["predicted"].as_f64()?,
                happened: observed,
                low,
                high,
                count: rows,
            })
        };
        bins.map(|bins| bins.iter().filter_map(bin).collect()).unwrap_or_default()
    }

    fn row(&self, words: &Words) -> ModelRow {
        ModelRow {
            version: self.entry.version.clone(),
            kind: self.entry.kind.clone(),
            trained: trained_at(words, self.entry.created_at),
            learned_from: words.count(self.count("/card/report/rows"), "answer", "answers"),
            bytes: self.bytes,
            headline: self.figure("auc").map_or("–".to_owned(), |auc| format!("AUC {auc:.3}")),
            active: self.entry.active,
        }
    }
}

/// What a member of a world knows; `None` for all others.
fn elsewhere(member: &str) -> Option<&'static str> {
    match member {
        "world-popular" => Some("what most of them play"),
        "world-neighbours" => Some("what they play in one sitting with songs of yours"),
        "world-ials" => Some("what those who play songs of yours play besides"),
        _ => None,
    }
}

/// 95 % interval of a share (Wilson 1927).
fn wilson(share: f64, rows: u64) -> (f64, f64) {
    const Z: f64 = 1.96;
    let n = rows.max(1) as f64;
    let middle = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let reach = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - reach).max(0.0), (middle + reach).min(1.0))
}

fn compare(left: &Known, right: &Known) -> ComparisonView {
    let figures = [
        ("auc", "AUC"),
        ("accuracy", "Accuracy"),
        ("log_loss", "Log-loss"),
        ("ece", "Calibration error"),
    ];
    let row = |&(name, label): &(&str, &str)| {
        let (a, b) = (left.figure(name), right.figure(name));
        let shown =
            |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
        let difference = a.zip(b).map_or("–".to_owned(), |(a, b)| format!("{:+.3}", b - a));
        ComparisonRow { name: label.to_owned(), left: shown(a), right: shown(b), difference }
    };
    ComparisonView {
        left: left.entry.version.clone(),
        right: right.entry.version.clone(),
        rows: figures.iter().map(row).collect(),
        verdict: verdict(left, right),
    }
}

/// Two models are measured on different answers, so that only intervals that do not meet say
/// anything.
fn verdict(left: &Known, right: &Known) -> String {
    let ends = |model: &Known| {
        let low = model.number("/card/report/reliability/auc/0")?;
        Some((low, model.number("/card/report/reliability/auc/1")?))
    };
    match (ends(left), ends(right)) {
        (Some((_, high)), Some((low, _))) if high < low => {
            format!("{} tells likes from dislikes better.", right.entry.version)
        }
        (Some((low, _)), Some((_, high))) if high < low => {
            format!("{} tells likes from dislikes better.", left.entry.version)
        }
        (Some(_), Some(_)) => "Nothing tells them apart: the intervals of their AUC overlap, and \
            each was measured on answers of its own."
            .to_owned(),
        _ => "One of them was measured without intervals, so the figures cannot be told from \
            chance."
            .to_owned(),
    }
}

/// Puts a model in use.
pub(super) async fn activate(
    _: Admin,
    State(app): State<Arc<App>>,
    Path(version): Path<String>,
    Submitted(Back { back: to }): Submitted<Back>,
) -> ApiResult<Response> {
    use_model(&app, version.clone()).await?;
    Ok(back(&to, Some(Flash { message: format!("{version} serves from now on."), undo: None })))
}

/// Learns without a world from the next training on.
pub(super) async fn drop_world(
    _: Admin,
    State(app): State<Arc<App>>,
    Submitted(Back { back: to }): Submitted<Back>,
) -> ApiResult<Response> {
    go_on_without_world(&app).await?;
    let message = "No world is in use from the next training on.".to_owned();
    Ok(back(&to, Some(Flash { message, undo: None })))
}

/// Trains a model on everything there is now.
pub(super) async fn train(
    _: Admin,
    State(app): State<Arc<App>>,
    Submitted(Back { back: to }): Submitted<Back>,
) -> ApiResult<Response> {
    let version = importing::train_in_turn(&app).await?;
    Ok(back(
        &to,
        Some(Flash {
            message: format!("{version} was trained and serves from now on."),
            undo: None,
        }),
    ))
}

/// When a model was made, by the clock of nobody in particular.
fn trained_at(words: &Words, at: Timestamp) -> String {
    let at = TimeZone::UTC.to_datetime(at);
    format!("{}, {} UTC", words.day(at.date()), words.time(at.time()))
}
