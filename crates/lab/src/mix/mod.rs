//! How good are the mixes that a library gets? The pipeline that serves is run at a moment in the
//! past, and what listeners played after it is the judge.
//!
//! ```text
//! plays ─► MixCut ─► before: Index, ModelSet ─► Mixer at every dial ─┐
//!                └─► after: repeats, discoveries, finished or not ───┴► Report
//! ```
//!
//! Recommenders are compared on one question at a time by [`next_track`](crate::next_track). Here
//! the whole is asked: retrieval, filters, set of models, policy, caps and all, once for a mix of
//! what the listener knows (did they play it in the following week?) and once for what they do not
//! (did they turn to it at all?). Beside it stand rules that fit in a line, under the same caps:
//! who cannot beat "what you played most" has no need of models.
//!
//! Listeners were not shown these mixes. What they would have liked but did not come across counts
//! as a miss, so that figures of discoveries are low for everybody: compare them, never read them
//! as satisfaction.

mod baselines;
mod benchmark;
mod cut;
mod measures;
mod page;
mod processor;
mod report;

use std::sync::Arc;

use anyhow::{Result, bail};
use segue::world::World;
use segue_core::{ListenerId, Timestamp, Track, TrackId, WorkId};
use segue_engine::dataset::plays::Plays;
use segue_engine::pipeline::{LONGEST_MIX, MixRequest};
use segue_engine::policy::PolicyKind;
use segue_engine::{Catalogue, Interactions, ItemIdx, ListenerIdx};
use segue_models::set::SetConfig;

use self::benchmark::Benchmark;
use crate::next_track::{FEW_CUTS, FEW_LISTENERS};
use crate::progress::Progress;
use crate::report::Report;

pub use cut::{FEWEST_WORKS, HeldOutPlays, MixCase, MixCut};
pub use measures::MixFigure;
pub use page::write_page;
pub use report::{MixResult, MixRow, PlayCalibration, RowKind};

/// How mixes of the shipped pipeline are measured: where plays are cut, for how many listeners, at
/// which settings of the dial and under which policies. The options of `segue evaluate mix` become
/// this.
#[derive(Clone, Debug)]
pub struct MixOptions {
    /// Which plays are put aside to judge by.
    pub held_out: HeldOutPlays,
    /// At how many moments, each with models of its own; `None` for [`FEW_CUTS`] where there are
    /// fewer than [`FEW_LISTENERS`] listeners, else one.
    pub cuts: Option<usize>,
    /// Listeners for whom mixes are made, at most; everybody's plays are learned from.
    pub listeners: usize,
    /// What every mix has in common: its length, caps and the pause before a repeat. Dial, policy,
    /// seed and moment are set for each.
    pub request: MixRequest,
    /// Settings of the dial, 0 to 1.
    pub dials: Vec<f32>,
    /// The policies that draw.
    pub policies: Vec<PolicyKind>,
    /// How models are fitted.
    pub set: SetConfig,
    /// Seed of everything random.
    pub seed: u64,
}

impl Default for MixOptions {
    /// The newest tenth of everybody's plays, two hundred listeners, the mix as it is served, by
    /// the policy that is served and by the one that takes the best.
    fn default() -> Self {
        Self {
            held_out: HeldOutPlays::Share(0.1),
            cuts: None,
            listeners: 200,
            request: MixRequest::new(Timestamp::UNIX_EPOCH),
            dials: vec![0.0, 0.3, 0.5, 1.0],
            policies: vec![PolicyKind::Greedy, PolicyKind::default()],
            set: SetConfig::default(),
            seed: 1,
        }
    }
}

impl MixOptions {
    /// Takes off what a mix has and a list of research has not: caps by artist and album, and the
    /// pause before something is played again.
    pub fn without_rules(mut self) -> Self {
        self.request.artist_cap = LONGEST_MIX;
        self.request.album_cap = LONGEST_MIX;
        self.request.no_repeat_days = 0;
        self
    }
}

/// What is measured on: a catalogue and everybody's plays in its rows.
pub struct MixData {
    /// What the data are called in reports.
    pub name: String,
    /// Every track, those included that only came with later plays: each cut takes them out.
    pub catalogue: Arc<Catalogue>,
    /// Everybody's plays.
    pub plays: Vec<Plays>,
    /// The world that the library is used with. It is taken as it is, with what its people played
    /// after a cut, too.
    pub world: Option<World>,
}

impl MixData {
    /// Events of recommender research, an item as a track of which nothing is known but who played
    /// it. Every event counts as a play that was heard, as a scrobble does.
    ///
    /// ```
    /// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
    /// use segue_lab::mix::MixData;
    ///
    /// let mut builder = InteractionsBuilder::default();
    /// builder.push("ann", "song", None, None)?;
    /// let data = MixData::from_events("made up".to_owned(), &builder.build(KCore::default())?);
    /// assert_eq!((data.catalogue.len(), data.plays[0].plays.len()), (1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_events(name: String, events: &Interactions) -> Self {
        let track = |row: u32| {
            let item = events.item_name(ItemIdx(row));
            Track::new(TrackId::new(item), WorkId::new(item), item)
        };
        let catalogue = Catalogue::from_tracks((0..events.items() as u32).map(track).collect());
        let of_listener = |row: u32| {
            let history = events.history(ListenerIdx(row));
            let at = |event: usize| Timestamp::from_second(history.times.get(event)?.0).ok();
            let heard = history.items.iter().enumerate().filter_map(|(event, &item)| {
                Some((catalogue.find(&TrackId::new(events.item_name(item)))?, at(event)))
            });
            Plays::heard(ListenerId::new(events.listener_name(ListenerIdx(row))), heard)
        };
        let plays = (0..events.listeners() as u32).map(of_listener).collect();
        Self { name, catalogue: Arc::new(catalogue), plays, world: None }
    }
}

/// Cuts, fits, makes mixes and judges them.
///
/// # Errors
/// If options are out of range, nobody has played enough to be asked about, or a set cannot be
/// fitted.
pub fn run(
    options: &MixOptions,
    data: &MixData,
    progress: &dyn Progress,
) -> Result<Report<MixResult>> {
    check(options, data)?;
    let cuts = options.cuts.unwrap_or(match data.plays.len() {
        few if few < FEW_LISTENERS => FEW_CUTS,
        _ => 1,
    });
    let mut benchmark = Benchmark::new(options);
    let mut asked = 0;
    for number in 0..cuts {
        let cut = MixCut::new(data, options, number);
        if cut.cases.is_empty() {
            continue;
        }
        asked += 1;
        let what = format!("cut {} of {cuts}", number + 1);
        benchmark.measure(&cut, data.world.as_ref(), &what, progress)?;
    }
    if asked == 0 {
        bail!("{}", nobody(options, data));
    }
    let result = MixResult::new(data.name.clone(), asked, benchmark)?;
    let text = result.text();
    Ok(Report { data: result, text })
}

fn check(options: &MixOptions, data: &MixData) -> Result<()> {
    let is_held_out = match options.held_out {
        HeldOutPlays::Share(share) => share > 0.0 && share < 1.0,
        HeldOutPlays::Days(days) => days > 0.0 && days.is_finite(),
    };
    if !is_held_out {
        bail!("`--test-days` is above 0");
    }
    if options.cuts == Some(0) || options.listeners == 0 {
        bail!("`--cuts` and `--listeners` are at least 1");
    }
    if options.dials.is_empty() || options.policies.is_empty() {
        bail!("`--explore` and `--policy` name at least one setting each");
    }
    if let Some(dial) = options.dials.iter().find(|dial| !(0.0..=1.0).contains(*dial)) {
        bail!("`--explore` goes from 0 to 1, not to `{dial}`");
    }
    if data.plays.iter().all(|one| one.plays.is_empty()) {
        bail!("{}: no plays to measure on; `segue import` reads some", data.name);
    }
    Ok(())
}

/// Why there is nobody to make a mix for.
fn nobody(options: &MixOptions, data: &MixData) -> String {
    let works = |one: &Plays| one.profile(&data.catalogue).interactions.len();
    let most = data.plays.iter().map(works).max().unwrap_or(0);
    let held_out = match options.held_out {
        HeldOutPlays::Share(share) => format!("the newest {:.0} %", 100.0 * share),
        HeldOutPlays::Days(days) => format!("the last {days} days"),
    };
    format!(
        "nobody can be asked about: a listener needs {FEWEST_WORKS} works before {held_out} of the \
        plays, and after it a play of something that was in the catalogue before; of {} \
        listener(s) the one with the most has {most} works",
        data.plays.len()
    )
}
