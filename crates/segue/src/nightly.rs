//! Learning without being told: what a server asks once a night.
//!
//! A play or an answer counts in the next mix as it is. What only a training brings is what others
//! learn from it: neighbours of songs that came lately, factors, sequences, who is alike. So a
//! library that is played in goes on learning every night, and finds everything out anew once a
//! week, as the data may warrant other members by then.

use segue_core::Timestamp;
use segue_store::{ModelEntry, Store};
use serde_json::Value;

use crate::Result;
use crate::models::{Models, Start};

/// Fewer new plays and answers than this teach nothing that mixes do not know by themselves.
const FEWEST_ROWS: u64 = 20;
/// Hours after which everything is found out anew.
const FRESH_EVERY_HOURS: i64 = 7 * 24;

/// How a library is to be trained in the night that began at `night`, or `None` if it is not: where
/// too little came since the model in use was trained, where one was trained this night, and where
/// somebody went back to an earlier one, which is theirs to end.
///
/// # Errors
/// When the store cannot be read.
pub fn due_training(store: &Store, models: &dyn Models, night: Timestamp) -> Result<Option<Start>> {
    let mut all = store.models()?;
    all.retain(|entry| models.serves(&entry.kind));
    all.sort_by_key(|entry| entry.created_at);
    let log_end = store.marks()?.log_end();
    // Without one in use, of which somebody who was forgotten may have been a part, another is due.
    let newest = match (all.last(), store.active_model()?) {
        (Some(newest), Some(_)) => newest,
        _ => return Ok((log_end >= FEWEST_ROWS).then_some(Start::Fresh)),
    };
    if newest.created_at >= night || !newest.active {
        return Ok(None);
    }
    let is_stale = found_out_at(&all, newest)
        .is_none_or(|at| night.duration_since(at).as_hours() >= FRESH_EVERY_HOURS);
    let is_worth_it = match newest.log_end {
        Some(known) => log_end.saturating_sub(known) >= FEWEST_ROWS,
        // Models of earlier versions do not say what they know.
        None => is_stale,
    };
    Ok(is_worth_it.then_some(if is_stale { Start::Fresh } else { Start::Continue }))
}

/// When the model was trained from nothing that this one went on from; `None` if that one is not
/// kept any more.
fn found_out_at(all: &[ModelEntry], model: &ModelEntry) -> Option<Timestamp> {
    let mut first = model;
    // No longer than there are models, whatever the cards say.
    for _ in all {
        let Some(before) = continued_from(first) else { return Some(first.created_at) };
        first = all.iter().find(|entry| entry.version == before)?;
    }
    None
}

/// The version that a model went on from, as its card has it.
fn continued_from(model: &ModelEntry) -> Option<String> {
    let card: Value = serde_json::from_str(&model.card).ok()?;
    Some(card.get("continued_from")?.as_str()?.to_owned())
}
