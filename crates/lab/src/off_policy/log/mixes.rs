//! The mixes in the store, with what the listeners did with each pick afterwards.

use crate::off_policy::LoggedSlate;
use crate::off_policy::impressions::{WeighedSlate, predict, rewards, weigh};
use anyhow::{Context as _, Result, bail};
use segue::Dataset;
use segue_core::{Impression, ListenerId, Timestamp};
use segue_engine::UncertaintySource;
use segue_engine::dataset::pick_outcomes::{Credit, pick_outcomes};
use segue_engine::policy::draw::{generator, logging_policy};
use segue_engine::policy::{Policy, PolicyKind};
use segue_store::Store;

use super::report::{Mean, PolicyResult};
use super::{FOLDS, PolicyOptions, Weighed};

/// With fewer listeners than this, mixes are resampled one by one: intervals then say nothing of
/// other listeners.
const FEWEST_LISTENERS: usize = 20;

/// Which mixes of a store an estimate rests on, what counts as a reward, and in which parameters
/// the evaluated policy differs from the one that drew.
#[derive(Clone, Debug)]
pub struct LoggedMixOptions {
    /// Only this listener's mixes; `None` for everybody's.
    pub listener: Option<String>,
    /// A pick earns 1 if it is played through or liked within so many days after the mix was made,
    /// else 0.
    pub days: u32,
    /// Look at the first so many picks drawn, which weights spread less over; `None` for all.
    pub first: Option<usize>,
    /// Temperature of the evaluated policy; `None` for that of each mix.
    pub temperature: Option<f32>,
    /// Share of draws that the evaluated policy leaves to chance; `None` for that of each mix.
    pub epsilon: Option<f32>,
    /// Optimism of the evaluated policy; `None` for that of each mix.
    pub optimism: Option<f32>,
}

/// Reads every mix and weighs its picks.
pub(super) fn load(
    store: &Store,
    dataset: &Dataset,
    kind: PolicyKind,
    options: &PolicyOptions,
) -> Result<(Weighed, PolicyResult)> {
    let mut report =
        PolicyResult::new("the store".to_owned(), kind.name(), options.level).in_slates();
    let listeners: Vec<ListenerId> = match &options.mixes.listener {
        Some(name) => vec![ListenerId::new(name.as_str())],
        None => store.listeners()?.into_iter().map(|summary| summary.id).collect(),
    };
    let shown = read_mixes(store, dataset, &listeners, &options.mixes)?;
    if shown.is_empty() {
        bail!("no mix has been shown yet; `segue mix` makes one and logs it");
    }
    let by_listener =
        shown.iter().filter(|shown| shown.first_of_listener).count() >= FEWEST_LISTENERS;
    report.note(if by_listener {
        "listeners are resampled, with all of their mixes"
    } else {
        "mixes are resampled one by one, because listeners are few: intervals say nothing of others"
    });
    let slates = weigh_all(dataset, &shown, kind, options, by_listener, &mut report)?;
    note_estimates(&shown, &mut report);
    let slates: Vec<LoggedSlate> = predict(slates, FOLDS, &mut generator(options.seed));
    let earned = |slate: &LoggedSlate| slate.iter().map(|round| round.reward).sum();
    let clusters = slates.iter().map(|slate| slate.first().map_or(0, |round| round.cluster));
    report.logged = Some(Mean::of(slates.iter().map(earned).zip(clusters), &options.settings()));
    Ok((Weighed::Slates(slates), report))
}

/// A mix and what came of it.
struct Shown {
    impression: Impression,
    rewards: Vec<f64>,
    listener: u32,
    first_of_listener: bool,
}

fn read_mixes(
    store: &Store,
    dataset: &Dataset,
    listeners: &[ListenerId],
    options: &LoggedMixOptions,
) -> Result<Vec<Shown>> {
    let credit = Credit { days: options.days, before: Timestamp::MAX };
    let mut shown = Vec::new();
    for (listener, number) in listeners.iter().zip(0..) {
        let mut impressions: Vec<Impression> = store
            .impressions(listener, usize::MAX)?
            .into_iter()
            .map(|(_, impression)| impression)
            .collect();
        impressions.sort_by_key(|impression| impression.at);
        if impressions.is_empty() {
            continue;
        }
        let (listens, feedback) = (store.listens(listener)?, store.feedback(listener)?);
        let answers = pick_outcomes(&dataset.catalogue, &impressions, &listens, &feedback, credit);
        let rows =
            impressions.into_iter().zip(answers.iter().map(|answers| rewards(answers))).enumerate();
        shown.extend(rows.map(|(row, (impression, rewards))| Shown {
            impression,
            rewards,
            listener: number,
            first_of_listener: row == 0,
        }));
    }
    Ok(shown)
}

fn weigh_all(
    dataset: &Dataset,
    shown: &[Shown],
    kind: PolicyKind,
    options: &PolicyOptions,
    by_listener: bool,
    report: &mut PolicyResult,
) -> Result<Vec<WeighedSlate>> {
    let length = options.mixes.first.unwrap_or(usize::MAX);
    let mut slates = Vec::new();
    let mut failures = Vec::new();
    for (row, shown) in shown.iter().enumerate() {
        let Shown { impression, rewards, listener, .. } = shown;
        let cluster = if by_listener { *listener } else { row as u32 };
        let weighed = options.mixes.policy(kind, impression).and_then(|policy| {
            Ok(weigh(&dataset.catalogue, impression, policy.as_ref(), rewards, cluster, length)?)
        });
        match weighed {
            Ok(slate) => slates.push(slate),
            Err(error) => failures.push(error),
        }
    }
    if let Some(first) = failures.first() {
        report.note(&format!(
            "{} of {} mixes are left out, the first because {first}",
            failures.len(),
            shown.len()
        ));
    }
    if slates.is_empty() {
        bail!("none of {} mixes can be weighed: {}", shown.len(), failures[0]);
    }
    Ok(slates)
}

/// What is to be known of logged probabilities that were measured on draws.
fn note_estimates(shown: &[Shown], report: &mut PolicyResult) {
    let picks = || shown.iter().flat_map(|shown| &shown.impression.slate.picks);
    let errors: Vec<f64> = picks()
        .filter(|pick| pick.propensity_error > 0.0)
        .map(|pick| pick.propensity_error / pick.propensity)
        .collect();
    if errors.is_empty() {
        return;
    }
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    report.note(&format!(
        "{} of {} propensities were measured on draws, with a mean error of {:.0} %: picks were \
        made by the measured ones, so that weights are \
         exact, only noisier",
        errors.len(),
        picks().count(),
        mean * 100.0
    ));
}

impl LoggedMixOptions {
    /// The policy of this name, if these options make sense.
    pub(super) fn check(&self, policy: &str) -> Result<PolicyKind> {
        let kind = policy.parse().with_context(|| {
            "mixes are weighed under one of Segue's own policies; `--log FILE` takes other choices"
                .to_owned()
        })?;
        if self.first == Some(0) || self.temperature.is_some_and(|t| t.is_nan() || t <= 0.0) {
            bail!("`--first` is at least 1, `--temperature` above 0");
        }
        if self.epsilon.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            bail!("`--epsilon` lies between 0 and 1");
        }
        if self.optimism.is_some_and(|optimism| !optimism.is_finite()) {
            bail!("`--optimism` is a number");
        }
        Ok(kind)
    }

    /// The evaluated policy, tuned as the mix was where nothing else is asked for. One that
    /// explores by uncertainty needs a mix that logged it.
    fn policy(&self, kind: PolicyKind, impression: &Impression) -> Result<Box<dyn Policy>> {
        let config = &impression.slate.config;
        if kind.uncertainty_source() != UncertaintySource::None {
            let logged = logging_policy(&impression.slate)
                .ok()
                .and_then(|policy| policy.name().parse().ok());
            if logged.map(PolicyKind::uncertainty_source) != Some(kind.uncertainty_source()) {
                bail!(
                    "`{}` explores by an uncertainty that mixes drawn by `{}` did not log; draw \
                    some with `segue mix --policy {}`",
                    kind.name(),
                    config.policy,
                    kind.name()
                );
            }
        }
        let asked = [
            ("temperature", self.temperature),
            ("epsilon", self.epsilon),
            ("optimism", self.optimism),
        ];
        let parameters = asked.into_iter().fold(config.policy.parameters.clone(), |all, one| {
            if let (name, Some(value)) = one { all.with(name, value) } else { all }
        });
        Ok(kind.build(&parameters))
    }
}
