//! Fitting a set: members and likability on the plays before a cut, rankings on what came after it,
//! then members and likability again on everything.
//!
//! Rankings are fitted on the candidates that a mix would have gathered, by the retrieval that
//! mixes use: what they learn to order is what they will be asked to order.

use std::sync::Arc;

use rayon::prelude::*;
use segue_engine::candidate::Candidate;
use segue_engine::dataset::plays::Plays;
use segue_engine::pipeline::{Bounds, Breadth, Mixer};
use segue_engine::{Catalogue, Index, MixContext, Profile, WorkIdx};

use super::ModelSet;
use super::bound::{Rankings, SetScorer};
use super::budget::{Budget, Plan, Sizes};
use super::card::{AgainReport, LeftOutMember, MemberReport, NewReport, SetCard};
use super::cases::{Cases, SetCase};
use super::features::{AGAIN, Moment, OF_KNOWN, OF_NEW, USUAL_AGAIN};
use super::listener::Vocabulary;
use super::member::{Member, MemberKind, Reads};
use super::options::{Offered, Options, at_top, choices, played, ranked, with_rest};
use super::questions::Questions;
use super::ranking::{Chance, Ranking};
use super::training::{Chosen, Recipe, TrainingData, choose};
use super::world::OpenWorld;
use crate::ModelError;
use crate::likability::{LikabilityConfig, LikabilityModel, Stage};
use crate::recommenders::fusion::logit::Bound;

/// How often a ranking of new tracks is fitted again on the options that it puts first.
const ROUNDS_AT_TOP: usize = 2;
/// With fewer questions than this rankings are given, not fitted.
const FEWEST_CASES: usize = 4;
/// One in so many listeners, or questions, is measured on and not fitted on.
const MEASURED: usize = 4;
/// With fewer listeners than this questions are split, not listeners.
const FEWEST_LISTENERS_TO_SPLIT: usize = 8;

/// Below this weight a member is left out.
const LEAST_WEIGHT: f64 = 0.02;
const NOTHING_ADDED: &str = "it adds nothing on the newest plays";

/// How a model set is fitted: the likability network as it is served, the smaller one that the
/// rankings are fitted beside, and what all of it may cost.
#[derive(Clone, Debug, PartialEq)]
pub struct SetConfig {
    /// The likability network that is served.
    pub likability: LikabilityConfig,
    /// The one that rankings are fitted beside, which sees less: it has to be fitted once more.
    pub screening: LikabilityConfig,
    /// What fitting may cost; what does not fit is shortened or left out, and the card says so.
    pub budget: Budget,
}

impl Default for SetConfig {
    fn default() -> Self {
        let likability = LikabilityConfig::default();
        let mut screening = likability.clone();
        screening.rows /= 3;
        screening.most_episodes /= 2;
        screening.network.training.epochs = 6;
        Self { likability, screening, budget: Budget::default() }
    }
}

/// What a model set is fitted on: a library at one moment, everybody's plays with it, and the open
/// data that it is used with, if any.
#[derive(Clone, Copy)]
pub struct SetData<'a> {
    /// Every track.
    pub catalogue: &'a Arc<Catalogue>,
    /// What everybody played.
    pub listeners: &'a [Plays],
    /// What people elsewhere play, if the library has a world.
    pub world: Option<&'a dyn OpenWorld>,
}

impl<'a> SetData<'a> {
    /// A catalogue and what its listeners played, without a world.
    pub fn new(catalogue: &'a Arc<Catalogue>, listeners: &'a [Plays]) -> Self {
        Self { catalogue, listeners, world: None }
    }
}

/// Where fitting a model set has got to, for whoever shows progress: stages come in the order in
/// which they stand here, those of members once for each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SetStage {
    /// Settings of a member are being chosen, before the cut.
    Choosing(MemberKind),
    /// The rankings are being fitted.
    Ranking,
    /// A member is being fitted on everything.
    Fitting(MemberKind),
    /// The likability network: before the cut first, then on everything.
    Likability(Stage),
}

impl ModelSet {
    /// Learns from everything. The set depends on nothing but the arguments, and not on the number
    /// of threads.
    ///
    /// # Errors
    /// Where there is not one play, like or other sign of anything to learn from.
    pub fn fit(
        data: &SetData<'_>,
        config: &SetConfig,
        seed: u64,
        progress: &mut dyn FnMut(SetStage),
    ) -> Result<Self, ModelError> {
        let &SetData { catalogue, listeners, world } = data;
        let plan = Plan::within(config, &Sizes::of(catalogue, listeners), seed);
        let mut cases = Cases::cut(catalogue, listeners, &plan);
        let Screened { rankings, recipes, card } =
            screen(data, &mut cases, config, &plan, progress);
        drop(cases);
        let profiles: Vec<Profile> =
            listeners.par_iter().map(|one| one.profile(catalogue)).collect();
        let fitted = LikabilityModel::fit(
            catalogue,
            &profiles,
            plan.shortened(&config.likability),
            seed,
            &mut |stage| progress(SetStage::Likability(stage)),
        );
        let world = world.and_then(|world| world.near(listeners));
        let data = TrainingData::new(catalogue, listeners, &profiles, Vec::new())?
            .with_world(catalogue, world);
        let mut members = Vec::new();
        for recipe in &recipes {
            progress(SetStage::Fitting(recipe.kind()));
            members.push(recipe.fit(&data, seed)?);
        }
        let (likability, without) = match fitted {
            Ok((model, _)) => (Some(model), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let card = SetCard {
            seed,
            budget: config.budget,
            cuts: plan.cuts,
            items: data.names.len(),
            tracks: catalogue.len(),
            listeners: listeners.len(),
            likability: likability.as_ref().map(|model| model.card().clone()),
            without_likability: without,
            ..card
        };
        Ok(Self::assemble((data.names, data.played), members, rankings, likability, card))
    }
}

/// What is found by holding out the newest plays.
struct Screened {
    rankings: Rankings,
    /// How the members that the rankings use are fitted.
    recipes: Vec<Recipe>,
    /// The part of the card that is known by then.
    card: SetCard,
}

/// Fits members before the cut and rankings after it.
fn screen(
    &SetData { catalogue, world, .. }: &SetData<'_>,
    cases: &mut Cases,
    config: &SetConfig,
    plan: &Plan,
    progress: &mut dyn FnMut(SetStage),
) -> Screened {
    let profiles: Vec<Profile> = cases.past.par_iter().map(|one| one.profile(catalogue)).collect();
    cases.befriend(&profiles);
    let cases = &*cases;
    let Ok(data) = TrainingData::new(catalogue, &cases.past, &profiles, Vec::new()) else {
        let card = SetCard::default();
        return Screened { rankings: given(&[], true), recipes: Vec::new(), card };
    };
    let data = data.with_world(catalogue, world.and_then(|world| world.near(&cases.past)));
    let mut choosing = |kind| progress(SetStage::Choosing(kind));
    let questions = Questions::new(catalogue, &data.vocabulary, cases);
    let chosen = choose(&data, &questions, plan, &mut choosing);
    drop(questions);
    let likability = LikabilityModel::fit(
        catalogue,
        &profiles,
        plan.shortened(&config.screening),
        plan.seed,
        &mut |stage| progress(SetStage::Likability(stage)),
    );
    progress(SetStage::Ranking);
    let likability = likability.ok().map(|(model, _)| Arc::new(model.scorer(catalogue).online()));
    let index = Index::build(catalogue, &profiles);
    let (mut recipes, mut alone, members) = apart(chosen);
    let kinds: Vec<MemberKind> = members.iter().map(|member| member.kind).collect();
    let mut fitting = Fitting {
        catalogue,
        index: &index,
        cases,
        scorer: SetScorer {
            version: String::new(),
            catalogue: Arc::clone(catalogue),
            vocabulary: Vocabulary::new(catalogue, &data.names),
            rankings: given(&kinds, likability.is_some()),
            members: Arc::new(members),
            likability,
        },
        members: kinds,
    };
    let mut left_out: Vec<LeftOutMember> = MemberKind::ALL
        .into_iter()
        .filter(|kind| recipes.iter().all(|recipe| recipe.kind() != *kind))
        // Of a world that nobody has nothing is missing.
        .filter(|kind| !kind.is_of_world() || data.world.is_some())
        .map(|member| LeftOutMember { member, reason: plan.why_not(member) })
        .collect();
    let (mut new, mut again) = (fitting.new_options(), fitting.again_options());
    // A member without a weight is not served, unless a set always has it: the others are fitted
    // again without it.
    let rankings = loop {
        let rankings = fitting.rankings(&new, &again);
        let is_useful = |m: &usize| {
            recipes[*m].kind().is_kept() || fitting.weight(&rankings, *m) > LEAST_WEIGHT
        };
        let useful: Vec<usize> = (0..recipes.len()).filter(is_useful).collect();
        if useful.len() == recipes.len() || new.len() < FEWEST_CASES {
            break rankings;
        }
        for m in (0..recipes.len()).filter(|m| !useful.contains(m)) {
            let member = recipes[m].kind();
            left_out.push(LeftOutMember { member, reason: NOTHING_ADDED.to_owned() });
        }
        let all = recipes.len();
        new.iter_mut().for_each(|case| case.keep(&useful, all, 2));
        again.iter_mut().for_each(|case| case.keep(&useful, all, 1));
        recipes = useful.iter().map(|&m| recipes[m].clone()).collect();
        alone = useful.iter().map(|&m| alone[m]).collect();
        fitting.members = recipes.iter().map(Recipe::kind).collect();
    };
    let members = recipes.iter().zip(&alone).enumerate().map(|(m, (recipe, &ndcg))| MemberReport {
        member: recipe.kind(),
        settings: recipe.settings(),
        ndcg_alone: ndcg,
        weight: fitting.weight_of_new(&rankings, m),
        weight_known: rankings.known.coefficients[m],
    });
    let card = SetCard {
        members: members.collect(),
        left_out,
        new: fitting.measure_new(&new, &again),
        again: fitting.measure_again(&new, &again),
        ..SetCard::default()
    };
    Screened { rankings, recipes, card }
}

fn apart(chosen: Vec<Chosen>) -> (Vec<Recipe>, Vec<f64>, Vec<Member>) {
    let (mut recipes, mut alone, mut members) = (Vec::new(), Vec::new(), Vec::new());
    for Chosen { recipe, member, ndcg } in chosen {
        recipes.push(recipe);
        alone.push(ndcg);
        members.push(member);
    }
    (recipes, alone, members)
}

/// Rankings for data that teach none. Members that learned here count alike, but a quarter where
/// they say the same to everybody; those of a world as they usually do. Likability counts where
/// nobody elsewhere says more.
fn given(members: &[MemberKind], has_likability: bool) -> Rankings {
    let has_world = members.iter().any(|member| member.is_of_world());
    let logit = if has_likability && !has_world { 1.0 } else { 0.0 };
    let counts = |member: &MemberKind| if member.reads() == Reads::Nothing { 0.25 } else { 1.0 };
    let sum = members.iter().map(counts).sum::<f64>().max(0.25);
    let shares: Vec<f64> = members.iter().map(|member| counts(member) / sum).collect();
    let usual = |(member, share): (&MemberKind, &f64)| member.usual_weight().unwrap_or(2.0 * share);
    let mut new: Vec<f64> = members.iter().zip(&shares).map(usual).collect();
    new.extend(vec![0.0; members.len()]);
    new.extend([-1.0, logit, 0.0, 0.3, 0.2, 0.0, 0.0]);
    let mut known: Vec<f64> = shares.iter().map(|share| 0.3 * share).collect();
    known.push(if has_likability { 0.5 } else { 0.0 });
    known.extend(USUAL_AGAIN.map(f64::from));
    let chance = Chance { intercept: -3.0, slope: 0.5 };
    Rankings { new: Ranking::given(new), known: Ranking::given(known), chances: [chance; 2] }
}

struct Fitting<'a> {
    catalogue: &'a Arc<Catalogue>,
    index: &'a Index,
    cases: &'a Cases,
    /// What candidates are gathered by, with every member that was tried.
    scorer: SetScorer,
    /// The members that are left.
    members: Vec<MemberKind>,
}

impl Fitting<'_> {
    /// The candidates that a mix for a question would be made from.
    fn candidates(&self, case: &SetCase) -> Vec<Candidate> {
        let mixer = Mixer {
            catalogue: self.catalogue,
            index: self.index,
            profile: &case.profile,
            scorer: &self.scorer,
        };
        let breadth = Breadth::Bounded(Bounds::RANKED);
        let pool = mixer.retrieve(breadth, &[], MixContext::at(case.now));
        pool.map_or_else(|_| Vec::new(), |pool| pool.candidates().to_vec())
    }

    fn new_options(&self) -> Vec<Options> {
        let of_case = |case: &SetCase| {
            let reading = self.scorer.reading(&case.profile, MixContext::at(case.now));
            let option = |candidate: Candidate| {
                let work = self.catalogue.work(candidate.track);
                let is_offered = !case.profile.knows(work)
                    && !case.hidden.contains(&work)
                    && self.was_there(work);
                is_offered.then(|| {
                    let features = reading.of_new(candidate.track, candidate.likability);
                    (features, case.answers.contains(&work))
                })
            };
            let options = self.candidates(case).into_iter().filter_map(option).collect();
            let answers = case.answers.iter().filter(|&&work| self.was_there(work)).count();
            let (listener, is_newcomer) = (case.listener, case.is_newcomer());
            Options { listener, is_newcomer, options, answers }
        };
        let mut cases: Vec<Options> = self.cases.new.par_iter().map(of_case).collect();
        cases.retain(|case| case.answers > 0);
        cases
    }

    /// Whether a work could have been suggested before the cut. One of which nothing is known but
    /// that somebody played it later came to the catalogue by that play: to be there at all would
    /// give it away.
    fn was_there(&self, work: WorkIdx) -> bool {
        let track = self.catalogue.track(self.catalogue.standing(work));
        self.scorer.vocabulary.item(work).is_some()
            || !track.features.is_silent()
            || track.popularity.is_some_and(|popularity| popularity > 0.0)
    }

    fn again_options(&self) -> Vec<Options> {
        let of_case = |case: &SetCase| {
            let reading = self.scorer.reading(&case.profile, MixContext::at(case.now));
            let moment = Moment::new(&case.profile, case.now);
            let option = |candidate: Candidate| {
                let work = self.catalogue.work(candidate.track);
                let interaction = case.profile.interaction(work).filter(|x| x.is_known())?;
                let mut features = reading.of_known(candidate.track, candidate.likability);
                features.extend(moment.again(interaction).map(f64::from));
                Some((features, case.answers.contains(&work)))
            };
            let options = self.candidates(case).into_iter().filter_map(option).collect();
            let answers = case.answers.len();
            Options { listener: case.listener, is_newcomer: false, options, answers }
        };
        self.cases.again.par_iter().map(of_case).collect()
    }

    fn rankings(&self, new: &[Options], again: &[Options]) -> Rankings {
        let members = &self.members;
        let given = given(members, self.scorer.likability.is_some());
        let fitted_new = (new.len() >= FEWEST_CASES).then(|| {
            let middle = middle(&self.cases.new);
            let (cases, bounds) = (shifted(new, members, middle), bounds_of_new(members));
            let all = choices(cases.iter().map(|case| with_rest(case, &given.new.coefficients)));
            at_its_top(Ranking::fit(&bounds, &all, middle), &cases, &bounds)
        });
        let fitted_known = (again.len() >= FEWEST_CASES).then(|| {
            let all = choices(again.iter().map(|case| with_rest(case, &given.known.coefficients)));
            Ranking::fit(&vec![Bound::Free; members.len() + OF_KNOWN + AGAIN], &all, 0.0)
        });
        let ranking_new = fitted_new.unwrap_or(given.new);
        let ranking_known = fitted_known.unwrap_or(given.known);
        let chances = [
            chance(&shifted(new, members, ranking_new.middle), &ranking_new, given.chances[0]),
            chance(again, &ranking_known, given.chances[1]),
        ];
        Rankings { new: ranking_new, known: ranking_known, chances }
    }

    /// How much a member counts, in either ranking: for a history of middling length, and for none
    /// if it speaks without one.
    fn weight(&self, rankings: &Rankings, member: usize) -> f64 {
        let dated = !self.cases.again.is_empty();
        let known = if dated { rankings.known.coefficients[member] } else { 0.0 };
        let Ranking { coefficients, middle, .. } = &rankings.new;
        let of_nobody = match self.members[member].reads() {
            Reads::Nothing => {
                coefficients[member] - middle * coefficients[self.members.len() + member]
            }
            _ => 0.0,
        };
        self.weight_of_new(rankings, member).max(of_nobody).max(known)
    }

    /// How much a member counts among new tracks: for a history of middling length, or for none if
    /// it fades.
    fn weight_of_new(&self, rankings: &Rankings, member: usize) -> f64 {
        let coefficients = &rankings.new.coefficients;
        match self.members[member].fades() {
            true => coefficients[member] + coefficients[self.members.len() + member],
            false => coefficients[member],
        }
    }

    fn measure_new(&self, new: &[Options], again: &[Options]) -> Option<NewReport> {
        let (fitted, measured) = split(new);
        if measured.is_empty() || fitted.len() < FEWEST_CASES {
            return None;
        }
        let rankings = self.rankings(&cloned(&fitted), &cloned(&split(again).0));
        let members = &self.members;
        let mean = |score: &dyn Fn(&[f64]) -> f64| {
            let of_case = |case: &&Options| ranked(case, score);
            let all: Vec<[f64; 2]> = measured.iter().map(of_case).collect();
            let sum = |i: usize| all.iter().map(|found| found[i]).sum::<f64>() / all.len() as f64;
            [sum(0), sum(1)]
        };
        let shift = rankings.new.middle;
        let [ndcg, recall] =
            mean(&|features| rankings.new.score(&shift_one(features, members, shift)));
        let [likability_ndcg, _] = mean(&|features| features[2 * members.len() + 1]);
        let found = |case: &&Options| case.options.iter().filter(|option| option.1).count();
        let answers: usize = measured.iter().map(|case| case.answers).sum();
        let retrieved: usize = measured.iter().map(found).sum();
        Some(NewReport {
            cases: measured.len(),
            ndcg,
            recall,
            likability_ndcg,
            retrieved: retrieved as f64 / answers.max(1) as f64,
        })
    }

    fn measure_again(&self, new: &[Options], again: &[Options]) -> Option<AgainReport> {
        let (fitted, measured) = split(again);
        if measured.is_empty() || fitted.len() < FEWEST_CASES {
            return None;
        }
        let rankings = self.rankings(&cloned(&split(new).0), &cloned(&fitted));
        let from = self.members.len() + OF_KNOWN;
        let share = |score: &dyn Fn(&[f64]) -> f64| {
            let all: Vec<f64> = measured.iter().map(|case| played(case, score)).collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        Some(AgainReport {
            cases: measured.len(),
            played: share(&|features| rankings.known.score(features)),
            most_played: share(&|features| features[from]),
            lately_played: share(&|features| features[from + AGAIN - 2]),
        })
    }
}

/// Mean of `ln(1 + works)` over the questions.
fn middle(cases: &[SetCase]) -> f64 {
    let length = |case: &SetCase| {
        let works = case.profile.interactions.iter().filter(|x| x.is_positive());
        (1.0 + works.count() as f64).ln()
    };
    cases.iter().map(length).sum::<f64>() / cases.len().max(1) as f64
}

/// What a member says for a track never speaks against it: with few listeners to learn from, it
/// would now and then seem to. How that changes with the length of the history is free, unless it
/// fades, which it does in two parts.
fn bounds_of_new(members: &[MemberKind]) -> Vec<Bound> {
    let mut bounds = vec![Bound::Free; 2 * members.len() + OF_NEW];
    for (bound, member) in bounds.iter_mut().zip(members) {
        *bound = match member.usual_weight() {
            Some(weight) => Bound::Around(weight),
            None => Bound::NotNegative,
        };
    }
    for (bound, member) in bounds[members.len()..].iter_mut().zip(members) {
        if member.fades() {
            *bound = Bound::NotNegative;
        }
    }
    bounds
}

/// Features with the length of the history counted from `middle` instead of 0.
fn shifted(cases: &[Options], members: &[MemberKind], middle: f64) -> Vec<Options> {
    let shift = |(features, is_answer): &(Vec<f64>, bool)| {
        (shift_one(features, members, middle), *is_answer)
    };
    let of_case = |case: &Options| Options {
        listener: case.listener,
        is_newcomer: case.is_newcomer,
        options: case.options.iter().map(shift).collect(),
        answers: case.answers,
    };
    cases.iter().map(of_case).collect()
}

fn shift_one(features: &[f64], members: &[MemberKind], middle: f64) -> Vec<f64> {
    let mut features = features.to_vec();
    for (m, _) in members.iter().enumerate().filter(|(_, member)| !member.fades()) {
        features[members.len() + m] -= middle * features[m];
    }
    features
}

fn cloned(cases: &[&Options]) -> Vec<Options> {
    cases.iter().copied().cloned().collect()
}

/// Questions to fit on and to measure on: of other listeners, or with few listeners others of the
/// same.
fn split(cases: &[Options]) -> (Vec<&Options>, Vec<&Options>) {
    let mut listeners: Vec<usize> = cases.iter().map(|case| case.listener).collect();
    listeners.sort_unstable();
    listeners.dedup();
    let by_listener = listeners.len() >= FEWEST_LISTENERS_TO_SPLIT;
    let is_measured = |(position, case): (usize, &Options)| match by_listener {
        true => listeners.binary_search(&case.listener).is_ok_and(|at| at.is_multiple_of(MEASURED)),
        false => (position + 1).is_multiple_of(MEASURED),
    };
    let (measured, fitted): (Vec<_>, Vec<_>) =
        cases.iter().enumerate().partition(|&(position, case)| is_measured((position, case)));
    let cases = |pairs: Vec<(usize, _)>| pairs.into_iter().map(|(_, case)| case).collect();
    (cases(fitted), cases(measured))
}

/// Fits a ranking of new tracks again on what it puts first itself. A mix shows the top: to tell
/// the hopeless apart better is worth nothing there. (Of known tracks a week's plays are spread too
/// widely for that.)
fn at_its_top(mut ranking: Ranking, cases: &[Options], bounds: &[Bound]) -> Ranking {
    for _ in 0..ROUNDS_AT_TOP {
        let offered = |case| at_top_unless_newcomer(case, &ranking.coefficients);
        let choices = choices(cases.iter().map(offered));
        if choices.is_empty() {
            break;
        }
        ranking = Ranking::fit(bounds, &choices, ranking.middle);
    }
    ranking
}

/// What a newcomer turns to is seldom at the top: with that alone, rankings would be fitted on
/// listeners of whom much is known, and newcomers be served by what holds for those.
fn at_top_unless_newcomer<'a>(case: &'a Options, coefficients: &[f64]) -> Offered<'a> {
    if case.is_newcomer { with_rest(case, coefficients) } else { at_top(case, coefficients) }
}

fn chance(cases: &[Options], ranking: &Ranking, given: Chance) -> Chance {
    let options: Vec<(f64, bool)> = cases
        .iter()
        .flat_map(|case| &case.options)
        .map(|(features, is_answer)| (ranking.score(features), *is_answer))
        .collect();
    match options.iter().filter(|option| option.1).count() {
        0..10 => given,
        _ => Chance::fit(&options),
    }
}
