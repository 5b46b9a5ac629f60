//! Learning by itself: once a night, where listeners played or said enough that is new.
//!
//! It begins an hour before the first [lists of the day](crate::schedule) are due, so that most
//! know what it found. A server that does not run at night learns soon after it starts, once that
//! day.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, Zoned};
use segue::{Start, due_training};

use crate::app::App;
use crate::error::{ApiResult, CANNOT_TRAIN};
use crate::importing::{train, turn};

/// How often it is looked whether it is time.
const LOOK_EVERY: Duration = Duration::from_secs(300);
/// The hour of the day from which on the server learns, by its own clock.
const NIGHT: i8 = 3;

/// Trains once a night. It keeps in memory for which day it is done; after a restart the models
/// tell.
#[derive(Debug, Default)]
pub struct NightSchedule {
    done: Option<Date>,
}

impl NightSchedule {
    /// Trains if it is time by `now`, not done yet, and worth it, and returns the version of the
    /// model that serves from then on. While something else is imported or trained it waits for
    /// its turn.
    ///
    /// # Errors
    /// When the library cannot be read; where a training fails, which is not tried again that day.
    pub async fn catch_up(&mut self, app: &Arc<App>, now: &Zoned) -> ApiResult<Option<String>> {
        let day = now.date();
        if now.hour() < NIGHT || self.done == Some(day) {
            return Ok(None);
        }
        let night = now.start_of_day().and_then(|midnight| midnight.with().hour(NIGHT).build());
        let night = night.map_or_else(|_| now.timestamp(), |night| night.timestamp());
        // What is due is asked in turn, as an import that ends meanwhile trains as well.
        let Ok(_turn) = turn(app) else { return Ok(None) };
        let due = due(app, night).await?;
        self.done = Some(day);
        match due {
            Some(start) => learn(app, start).await.map(Some),
            None => Ok(None),
        }
    }
}

async fn due(app: &Arc<App>, night: Timestamp) -> ApiResult<Option<Start>> {
    let models = Arc::clone(app);
    app.readers.run(move |store| Ok(due_training(store, models.models.as_ref(), night)?)).await
}

/// Trains, from nothing where the model in use cannot be gone on from.
async fn learn(app: &Arc<App>, start: Start) -> ApiResult<String> {
    match train(app, start, |_| {}).await {
        Err(error) if start == Start::Continue && error.code == CANNOT_TRAIN => {
            let why = error.message;
            tracing::info!("learning from nothing, as the model cannot be gone on from: {why}");
            train(app, Start::Fresh, |_| {}).await
        }
        trained => trained,
    }
}

/// Looks again and again whether it is time. Ends with the server.
pub(crate) async fn follow_nights(app: Arc<App>) {
    let mut schedule = NightSchedule::default();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match schedule.catch_up(&app, &Zoned::now()).await {
            Ok(None) => {}
            Ok(Some(version)) => tracing::info!(version, "learned from what is new"),
            Err(error) => tracing::warn!(code = error.code, "not learned: {}", error.message),
        }
    }
}
