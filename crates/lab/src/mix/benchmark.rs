//! Fits on one side of each cut, makes lists, and has them judged by the other side.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use segue::WorldView;
use segue::world::World;
use segue_core::{ListenerId, Slate, TrackId};
use segue_engine::pipeline::{MixError, MixRequest, Mixer};
use segue_engine::policy::PolicyKind;
use segue_engine::{Catalogue, Index, MixContext, Profile, Scorer, TrackIdx, predict};
use segue_models::ModelSet;
use segue_models::set::{MemberKind, OpenWorld, SetCard, SetData, SetScorer, SetStage};

use super::MixOptions;
use super::baselines::{RepeatRule, under_rules};
use super::cut::{MixCase, MixCut};
use super::measures::{Judge, MixFigure};
use super::processor::processor_ms;
use super::report::RowKind;
use crate::progress::Progress;

/// So many times the length of a mix is asked of a member, as caps pass some over.
const DEPTH_OF_MEMBERS: usize = 20;

/// What is known of the rows so far, over cuts.
pub(super) struct Benchmark<'a> {
    pub(super) options: &'a MixOptions,
    pub(super) rows: Vec<Row>,
    /// Whether what was played was finished, with the likability that was stated before.
    pub(super) finished: Vec<(bool, f64)>,
    pub(super) totals: Totals,
    /// What the sets hold, one a cut.
    pub(super) cards: Vec<SetCard>,
}

/// Counts over cuts.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) listeners: FxHashSet<ListenerId>,
    pub(super) cases: usize,
    pub(super) cases_again: usize,
    pub(super) cases_new: usize,
    /// Tracks of the catalogue, at the cut with the most.
    pub(super) tracks: usize,
    pub(super) later_tracks: usize,
    pub(super) unanswerable: usize,
    pub(super) unplayed: usize,
    pub(super) unplayed_met: usize,
}

/// One way to make lists, with what came of it.
pub(super) struct Row {
    pub(super) kind: RowKind,
    pub(super) name: &'static str,
    pub(super) explore: Option<f32>,
    pub(super) lists: usize,
    pub(super) values: BTreeMap<MixFigure, Vec<f64>>,
    pub(super) shown: FxHashSet<TrackId>,
    pub(super) finished: Vec<(bool, f64)>,
    pub(super) processor_ms: Option<f64>,
    /// Mixes that could not be made: they count as empty.
    pub(super) failed: usize,
}

/// What is fitted before a cut.
struct Fitted<'a> {
    cut: &'a MixCut,
    index: Index,
    scorer: SetScorer,
    judge: Judge<'a>,
}

impl<'a> Benchmark<'a> {
    pub(super) fn new(options: &'a MixOptions) -> Self {
        Self {
            options,
            rows: Vec::new(),
            finished: Vec::new(),
            totals: Totals::default(),
            cards: Vec::new(),
        }
    }

    pub(super) fn measure(
        &mut self,
        cut: &MixCut,
        world: Option<&World>,
        what: &str,
        progress: &dyn Progress,
    ) -> Result<()> {
        progress.begin(None, what);
        let fitted = self.fit(cut, world, progress)?;
        self.count(cut);
        for &policy in &self.options.policies {
            for &dial in &self.options.dials {
                progress.message(&format!("{} at {dial}", policy.name()));
                self.mix(&fitted, policy, dial)?;
            }
        }
        progress.message("rules and members alone");
        self.repeat(&fitted);
        self.discover(&fitted);
        self.finished.extend(cut.cases.iter().flat_map(|case| likabilities(&fitted, case)));
        progress.end();
        Ok(())
    }

    fn fit<'c>(
        &mut self,
        cut: &'c MixCut,
        world: Option<&World>,
        progress: &dyn Progress,
    ) -> Result<Fitted<'c>> {
        let profiles: Vec<Profile> =
            cut.past.par_iter().map(|one| one.profile(&cut.catalogue)).collect();
        let index = Index::build(&cut.catalogue, &profiles);
        let mut tell = |stage: SetStage| {
            progress.message(match stage {
                SetStage::Choosing(_) => "choosing members",
                SetStage::Ranking => "fitting rankings",
                SetStage::Fitting(_) => "fitting members",
                SetStage::Likability(_) => "fitting likability",
            });
        };
        let (options, catalogue) = (self.options, &cut.catalogue);
        let view = world.map(|world| WorldView::new(world, catalogue));
        let data = SetData {
            world: view.as_ref().map(|view| view as &dyn OpenWorld),
            ..SetData::new(catalogue, &cut.past)
        };
        let set = ModelSet::fit(&data, &options.set, options.seed, &mut tell)?;
        self.cards.push(set.card().clone());
        let judge = Judge::new(cut, &index, options.request.length as usize);
        Ok(Fitted { cut, index, scorer: set.scorer(catalogue), judge })
    }

    fn count(&mut self, cut: &MixCut) {
        let totals = &mut self.totals;
        totals.listeners.extend(cut.cases.iter().map(|case| case.listener.clone()));
        totals.cases += cut.cases.len();
        let is_asked = |case: &&MixCase| case.again.as_ref().is_some_and(|works| !works.is_empty());
        totals.cases_again += cut.cases.iter().filter(is_asked).count();
        totals.cases_new += cut.cases.iter().filter(|case| !case.new.is_empty()).count();
        totals.tracks = totals.tracks.max(cut.catalogue.len());
        totals.later_tracks += cut.later_tracks;
        totals.unanswerable += cut.unanswerable;
        totals.unplayed += cut.unplayed;
        totals.unplayed_met += cut.unplayed_met;
    }

    fn request(&self, case: &MixCase) -> MixRequest {
        MixRequest { now: case.now, ..self.options.request.clone() }
    }

    /// Mixes of everybody, by one policy at one setting of the dial.
    fn mix(&mut self, fitted: &Fitted<'_>, policy: PolicyKind, explore: f32) -> Result<()> {
        let cut = fitted.cut;
        let make = |(number, case): (usize, &MixCase)| {
            let seed = self.options.seed.wrapping_add(number as u64);
            let request = MixRequest { explore, policy, seed, ..self.request(case) };
            let (index, profile, scorer) = (&fitted.index, &case.profile, &fitted.scorer);
            Mixer { catalogue: &cut.catalogue, index, profile, scorer }
                .mix(&request)
                .map(|outcome| outcome.slate)
        };
        let before_ms = processor_ms();
        let mixes: Vec<Result<Slate, MixError>> =
            cut.cases.par_iter().enumerate().map(make).collect();
        let spent_ms = processor_ms().zip(before_ms).map(|(after, before)| after - before);
        if let (true, Some(Err(error))) = (mixes.iter().all(Result::is_err), mixes.first()) {
            bail!("no mix can be made by `{}` at {explore}: {error}", policy.name());
        }
        let row = self.row(RowKind::Mix, policy.name(), Some(explore));
        row.processor_ms = spent_ms.map(|spent_ms| spent_ms + row.processor_ms.unwrap_or_default());
        for (case, mix) in cut.cases.iter().zip(mixes) {
            row.failed += usize::from(mix.is_err());
            let (list, likabilities) = in_drawn_order(&cut.catalogue, mix.ok());
            row.add(fitted, case, &list);
            let stated = list.iter().zip(likabilities).filter_map(|(&track, likability)| {
                let finished = case.finished.get(&cut.catalogue.work(track))?;
                Some((*finished, f64::from(likability)))
            });
            row.finished.extend(stated);
        }
        Ok(())
    }

    /// Rules for what is known.
    fn repeat(&mut self, fitted: &Fitted<'_>) {
        for rule in RepeatRule::ALL {
            for case in &fitted.cut.cases {
                let ranked = rule.ranked(&fitted.cut.catalogue, case);
                self.add(fitted, case, RowKind::Repeats, rule.name(), ranked);
            }
        }
    }

    /// Popularity and each member of the set, for what is not known.
    fn discover(&mut self, fitted: &Fitted<'_>) {
        let cut = fitted.cut;
        let most = self.options.request.length as usize * DEPTH_OF_MEMBERS;
        for case in &cut.cases {
            let popular = new_and_popular(&fitted.index, &cut.catalogue, &case.profile);
            self.add(fitted, case, RowKind::Discoveries, "popularity before the cut", popular);
        }
        let alone =
            |case: &MixCase| fitted.scorer.alone(&case.profile, MixContext::at(case.now), most);
        let alone: Vec<Vec<(MemberKind, Vec<TrackIdx>)>> =
            cut.cases.par_iter().map(alone).collect();
        for (case, members) in cut.cases.iter().zip(alone) {
            for (member, ranked) in members {
                self.add(fitted, case, RowKind::Discoveries, member.name(), ranked);
            }
        }
    }

    fn add(
        &mut self,
        fitted: &Fitted<'_>,
        case: &MixCase,
        kind: RowKind,
        name: &'static str,
        ranked: Vec<TrackIdx>,
    ) {
        let request = self.request(case);
        let list = under_rules(&fitted.cut.catalogue, &case.profile, &request, ranked);
        self.row(kind, name, None).add(fitted, case, &list);
    }

    /// The row of that name, which may be there from another cut.
    fn row(&mut self, kind: RowKind, name: &'static str, explore: Option<f32>) -> &mut Row {
        let is_it = |row: &Row| row.kind == kind && row.name == name && row.explore == explore;
        let place = self.rows.iter().position(is_it).unwrap_or_else(|| {
            self.rows.push(Row {
                kind,
                name,
                explore,
                lists: 0,
                values: BTreeMap::new(),
                shown: FxHashSet::default(),
                finished: Vec::new(),
                processor_ms: None,
                failed: 0,
            });
            self.rows.len() - 1
        });
        &mut self.rows[place]
    }
}

impl Row {
    fn add(&mut self, fitted: &Fitted<'_>, case: &MixCase, list: &[TrackIdx]) {
        self.lists += 1;
        let catalogue = &fitted.cut.catalogue;
        self.shown.extend(list.iter().map(|&track| catalogue.track(track).id.clone()));
        for (figure, value) in fitted.judge.figures(case, list) {
            self.values.entry(figure).or_default().push(value);
        }
    }
}

/// The picks of a mix in the order in which they were drawn, with their likabilities.
fn in_drawn_order(catalogue: &Catalogue, slate: Option<Slate>) -> (Vec<TrackIdx>, Vec<f32>) {
    let mut picks = slate.map_or_else(Vec::new, |slate| slate.picks);
    picks.sort_by_key(|pick| pick.drawn);
    let track = |pick: &segue_core::Pick| Some((catalogue.find(&pick.track)?, pick.likability));
    picks.iter().filter_map(track).unzip()
}

/// What a listener does not know, the most popular first, one track a work.
fn new_and_popular(index: &Index, catalogue: &Catalogue, profile: &Profile) -> Vec<TrackIdx> {
    let mut seen = FxHashSet::default();
    let popular = index.popularity.most_popular().iter().copied();
    popular
        .filter(|&track| {
            let work = catalogue.work(track);
            !profile.knows(work) && seen.insert(work)
        })
        .collect()
}

/// What was stated of everything that a listener played after the cut, and whether it was finished.
fn likabilities(fitted: &Fitted<'_>, case: &MixCase) -> Vec<(bool, f64)> {
    let catalogue = &fitted.cut.catalogue;
    let track = |(&work, &finished): (&segue_engine::WorkIdx, &bool)| {
        let known = case.profile.interaction(work).map(|known| known.track);
        (known.unwrap_or_else(|| catalogue.standing(work)), finished)
    };
    let mut played: FxHashMap<TrackIdx, bool> = case.finished.iter().map(track).collect();
    let mut tracks: Vec<TrackIdx> = played.keys().copied().collect();
    tracks.sort_unstable();
    let scorer: &dyn Scorer = &fitted.scorer;
    let stated = predict(&case.profile, scorer, &tracks).unwrap_or_default();
    let pair = |(track, stated): (&TrackIdx, &segue_engine::Likability)| {
        Some((played.remove(track)?, f64::from(stated.mean)))
    };
    tracks.iter().zip(&stated).filter_map(pair).collect()
}
