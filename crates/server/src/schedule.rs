//! Lists that are there before anybody looks for them.
//!
//! Whoever opened a list within the last four weeks gets the next ones early in their morning, when
//! what they played at night is part of it. For everybody else lists are made when they look: a
//! library may have thousands of listeners who never do.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use segue_core::ListenerId;

use crate::app::App;
use crate::error::ApiResult;
use crate::lists;

/// How often it is looked whose morning it is.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// The hour of the day from which on lists are made.
const MORNING: i8 = 4;
/// Whoever opened no list for so long is left alone.
const LATELY: SignedDuration = SignedDuration::from_hours(28 * 24);

/// Makes lists in time. It keeps in memory for which day it is done with whom: after a restart it
/// looks once more, and finds them there.
#[derive(Debug, Default)]
pub struct ListSchedule {
    done: HashMap<ListenerId, Date>,
}

impl ListSchedule {
    /// Makes the lists of all whose morning has begun by `now`, as far as they are not there yet,
    /// and returns how many it made. What fails for one listener is logged and tried again next
    /// time.
    ///
    /// # Errors
    /// When it cannot be read who opens lists.
    pub async fn catch_up(&mut self, app: &Arc<App>, now: Timestamp) -> ApiResult<usize> {
        if app.snapshot.load().model.is_none() {
            return Ok(0);
        }
        let read = app.readers.run(move |store| {
            let listeners = store.listeners_who_open_lists(now - LATELY)?;
            let in_zone = |listener: ListenerId| {
                let zone = segue::time_zone(store, &listener)?;
                Ok((listener, now.to_zoned(zone)))
            };
            listeners.into_iter().map(in_zone).collect::<ApiResult<Vec<_>>>()
        });
        let mut made = 0;
        for (listener, when) in read.await? {
            let day = when.date();
            if when.hour() < MORNING || self.done.get(&listener) == Some(&day) {
                continue;
            }
            match lists::refresh(app, &listener, when).await {
                Ok(lists) => {
                    made += lists.iter().filter(|list| list.is_new).count();
                    self.done.insert(listener, day);
                }
                Err(error) => {
                    tracing::warn!(code = error.code, "no lists for somebody: {}", error.message);
                }
            }
        }
        Ok(made)
    }
}

/// Looks again and again whose morning it is. Ends with the server.
pub(crate) async fn follow_mornings(app: Arc<App>) {
    let mut schedule = ListSchedule::default();
    loop {
        match schedule.catch_up(&app, Timestamp::now()).await {
            Ok(0) => {}
            Ok(made) => tracing::info!(made, "lists made for the day"),
            Err(error) => tracing::warn!(code = error.code, "no lists: {}", error.message),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
