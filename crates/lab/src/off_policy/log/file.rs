//! A file of logged choices: from rows to rounds or slates, weighed.

use std::path::{Path, PathBuf};

use crate::off_policy::{CrossFitted, LoggedSlate, Prediction, RewardObservation, Round};
use anyhow::{Result, bail};
use rustc_hash::{FxHashMap, FxHashSet};
use segue_engine::policy::draw::generator;
use segue_ingest::columns::{ColumnPresence, WantedColumn, read_columns};

use super::report::{Mean, PolicyResult};
use super::target::TargetTable;
use super::{FOLDS, PolicyOptions, Weighed};
use crate::progress::Progress;

/// Which columns of a log hold what; `None` takes the usual names.
#[derive(Clone, Debug, Default)]
pub struct LogColumns {
    /// Column of the action; else one of `action`, `item_id`, `item`, `track_id`, `track`.
    pub action: Option<String>,
    /// Column of the reward; else one of `reward`, `click`, `liked`.
    pub reward: Option<String>,
    /// Column of the probability with which the action was chosen; else one of `propensity`,
    /// `propensity_score`, `pscore`.
    pub propensity: Option<String>,
    /// Column of the position; else `position`, if there is one.
    pub position: Option<String>,
    /// Column of the listener, whose rows are resampled together; else one of `listener`,
    /// `user_id`, `user`, if there is one.
    pub listener: Option<String>,
    /// Column that names the slate a row belongs to; probabilities are then those given the picks
    /// before it.
    pub slate: Option<String>,
    /// Column of the probability with which the evaluated policy would have chosen the action.
    pub target: Option<String>,
    /// Log of the evaluated policy, with the same columns: its share of choices by action and
    /// position is taken for the policy.
    pub target_log: Option<PathBuf>,
    /// Column of a reward model's expectation for the action; without it, means by action and
    /// position are the model.
    pub predicted: Option<String>,
    /// Column of its expectation for the evaluated policy's choice; goes with `predicted`.
    pub expected: Option<String>,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice {
    pub(super) action: u32,
    pub(super) position: u32,
    reward: f64,
    propensity: f64,
    target: Option<f64>,
    prediction: Option<Prediction>,
    slate: u32,
    cluster: u32,
}

/// Names and their numbers.
#[derive(Default)]
pub(super) struct Interned {
    numbers: FxHashMap<String, u32>,
    names: Vec<String>,
}

impl Interned {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }
}

/// What the log and the target's log call the same.
#[derive(Default)]
pub(super) struct Names {
    pub(super) actions: Interned,
    pub(super) positions: Interned,
}

/// Reads a log and weighs it.
pub(super) fn load(
    path: &Path,
    options: &PolicyOptions,
    progress: &dyn Progress,
) -> Result<(Weighed, PolicyResult)> {
    let reading = Reading { columns: &options.columns, progress };
    let columns = reading.columns;
    let mut names = Names::default();
    let choices = reading.read(path, Part::Log, &mut names)?;
    let mut report = PolicyResult::new(path.display().to_string(), &options.policy, options.level);
    report.logged = Some(Mean::of(
        choices.iter().map(|choice| (choice.reward, choice.cluster)),
        &options.settings(),
    ));
    if columns.slate.is_some() {
        return Ok((Weighed::Slates(slates(&choices)), report.in_slates()));
    }
    if columns.target.is_some() {
        if choices.iter().all(|choice| choice.prediction.is_none()) {
            report
                .note("no reward model: the policy's probabilities of other actions are not known");
        }
        return Ok((
            Weighed::Rounds(choices.iter().map(|choice| choice.round(None)).collect()),
            report,
        ));
    }
    let table = reading.target(&choices, &mut names, options, &mut report)?;
    Ok((Weighed::Rounds(weigh(&choices, &table, options.seed, &mut report)), report))
}

/// Which file is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Log,
    TargetLog,
}

const ACTION: &[&str] = &["action", "itemid", "item", "trackid", "track"];
const REWARD: &[&str] = &["reward", "click", "liked"];
const PROPENSITY: &[&str] = &["propensity", "propensityscore", "pscore"];
const LISTENER: &[&str] = &["listener", "listenerid", "userid", "user"];

/// A file being read.
struct Reading<'a> {
    columns: &'a LogColumns,
    progress: &'a dyn Progress,
}

impl Reading<'_> {
    fn target(
        &self,
        choices: &[Choice],
        names: &mut Names,
        options: &PolicyOptions,
        report: &mut PolicyResult,
    ) -> Result<TargetTable> {
        let Some(path) = &self.columns.target_log else {
            if options.policy != "uniform" {
                bail!(
                    "how does `{}` choose? `--target-log FILE` reads its own log, `--target-column \
                    COLUMN` its probabilities; \
                     `--policy uniform` needs neither",
                    options.policy
                );
            }
            return Ok(TargetTable::uniform(choices, names));
        };
        let theirs = self.read(path, Part::TargetLog, names)?;
        let table = TargetTable::frequencies(&theirs);
        table.check(choices, names, path)?;
        report.target_log = Some(Mean::of(
            theirs.iter().map(|choice| (choice.reward, choice.cluster)),
            &options.settings(),
        ));
        report.note(
            "the policy is taken from the frequencies of its own log, by action and position; \
            intervals do not know of their error",
        );
        Ok(table)
    }

    /// The columns to read. Of the target's log only what was chosen and what came of it count.
    fn wanted(&self, part: Part) -> [WantedColumn<'_>; 9] {
        fn column<'a>(
            what: &'a str,
            named: &'a Option<String>,
            usual: &'a [&'a str],
            presence: ColumnPresence,
        ) -> WantedColumn<'a> {
            WantedColumn { what, named: named.as_deref(), usual, presence }
        }
        let of_log = |named| if part == Part::Log { named } else { &None };
        let propensity_presence =
            if part == Part::Log { ColumnPresence::Required } else { ColumnPresence::Optional };
        [
            column("the action", &self.columns.action, ACTION, ColumnPresence::Required),
            column("the reward", &self.columns.reward, REWARD, ColumnPresence::Required),
            column(
                "the propensity",
                of_log(&self.columns.propensity),
                PROPENSITY,
                propensity_presence,
            ),
            column("the position", &self.columns.position, &["position"], ColumnPresence::Optional),
            column(
                "the listener",
                of_log(&self.columns.listener),
                LISTENER,
                ColumnPresence::Optional,
            ),
            column("the slate", of_log(&self.columns.slate), &[], ColumnPresence::Optional),
            column(
                "the target's probability",
                of_log(&self.columns.target),
                &[],
                ColumnPresence::Optional,
            ),
            column(
                "the prediction",
                of_log(&self.columns.predicted),
                &[],
                ColumnPresence::Optional,
            ),
            column(
                "the expectation",
                of_log(&self.columns.expected),
                &[],
                ColumnPresence::Optional,
            ),
        ]
    }

    fn read(&self, path: &Path, part: Part, names: &mut Names) -> Result<Vec<Choice>> {
        const SHOWN: usize = 100_000;
        self.progress.begin(None, "reading");
        let mut choices: Vec<Choice> = Vec::new();
        let (mut slates, mut listeners) = (Interned::default(), Interned::default());
        read_columns(path, &self.wanted(part), &mut |cells| {
            let &[
                action,
                reward,
                propensity,
                position,
                listener,
                slate,
                target,
                predicted,
                expected,
            ] = cells
            else {
                unreachable!("as many cells as wanted columns");
            };
            let row = choices.len() as u32;
            let slate = match (&self.columns.slate, part) {
                (Some(_), Part::Log) => slates.number(slate.ok_or("the slate is empty")?),
                _ => row,
            };
            let prediction = match (&self.columns.predicted, part) {
                (Some(_), Part::Log) => Some(Prediction {
                    logged: number("prediction", predicted)?,
                    expected: number("expectation", expected)?,
                }),
                _ => None,
            };
            let target = match (&self.columns.target, part) {
                (Some(_), Part::Log) => Some(probability("target's probability", target)?),
                _ => None,
            };
            choices.push(Choice {
                action: names.actions.number(action.ok_or("the action is empty")?),
                position: names.positions.number(position.unwrap_or("")),
                reward: number("reward", reward)?,
                propensity: match part {
                    Part::Log => chance("propensity", propensity)?,
                    Part::TargetLog => 1.0,
                },
                target,
                prediction,
                slate,
                cluster: listener.map_or(slate, |name| listeners.number(name)),
            });
            if choices.len().is_multiple_of(SHOWN) {
                self.progress.advance(SHOWN as u64);
            }
            Ok(())
        })?;
        self.progress.end();
        if choices.is_empty() {
            bail!("`{}` holds no row", path.display());
        }
        Ok(choices)
    }
}

fn number(what: &str, cell: Option<&str>) -> Result<f64, String> {
    let text = cell.ok_or_else(|| format!("the {what} is empty"))?;
    let value = match text.to_ascii_lowercase().as_str() {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
    };
    value.ok_or_else(|| format!("the {what} is `{text}`, which is no number"))
}

fn probability(what: &str, cell: Option<&str>) -> Result<f64, String> {
    let value = number(what, cell)?;
    // Sums of floats may end a little above 1.
    if (0.0..=1.0 + 1e-9).contains(&value) {
        Ok(value)
    } else {
        Err(format!("the {what} is {value}, which is no probability"))
    }
}

fn chance(what: &str, cell: Option<&str>) -> Result<f64, String> {
    match probability(what, cell)? {
        0.0 => Err(format!("the {what} is 0, but the choice was made")),
        value => Ok(value),
    }
}

impl Choice {
    fn round(&self, unsupported: Option<f64>) -> Round {
        Round {
            reward: self.reward,
            propensity: self.propensity,
            target: self.target.unwrap_or(0.0),
            prediction: self.prediction,
            unsupported,
            cluster: self.cluster,
        }
    }
}

/// Rows of a slate in the order of the file.
fn slates(choices: &[Choice]) -> Vec<LoggedSlate> {
    let count = choices.iter().map(|choice| choice.slate + 1).max().unwrap_or(0);
    let mut slates = vec![LoggedSlate::new(); count as usize];
    for choice in choices {
        slates[choice.slate as usize].push(choice.round(None));
    }
    slates
}

/// Weighs rounds by a table, and predicts what they earn where the file does not say.
fn weigh(
    choices: &[Choice],
    table: &TargetTable,
    seed: u64,
    report: &mut PolicyResult,
) -> Vec<Round> {
    let made: FxHashSet<(u32, u32)> =
        choices.iter().map(|choice| (choice.action, choice.position)).collect();
    let mut unsupported: FxHashMap<u32, f64> = FxHashMap::default();
    for choice in choices {
        unsupported.entry(choice.position).or_insert_with_key(|position| {
            let actions = table.actions(*position).iter();
            actions
                .filter(|(action, _)| !made.contains(&(*action, *position)))
                .map(|(_, share)| share)
                .sum()
        });
    }
    let predictions = predict(choices, table, seed, report);
    let rows = choices.iter().zip(predictions);
    rows.map(|(choice, prediction)| Round {
        target: table.probability(choice.action, choice.position),
        prediction: choice.prediction.or(Some(prediction)),
        ..choice.round(Some(unsupported[&choice.position]))
    })
    .collect()
}

fn predict(
    choices: &[Choice],
    table: &TargetTable,
    seed: u64,
    report: &mut PolicyResult,
) -> Vec<Prediction> {
    let observation = |choice: &Choice| RewardObservation {
        action: choice.action,
        position: choice.position,
        reward: choice.reward,
        cluster: choice.cluster,
    };
    let observations: Vec<RewardObservation> = choices.iter().map(observation).collect();
    let fitted = CrossFitted::fit(&observations, FOLDS, &mut generator(seed));
    report.pseudo_counts = fitted.models().iter().map(|model| model.pseudo_count()).collect();
    let mut expected: FxHashMap<(usize, u32), f64> = FxHashMap::default();
    let predict = |(row, choice): (usize, &Choice)| {
        let model = fitted.model(row);
        let expected = *expected.entry((fitted.fold(row), choice.position)).or_insert_with(|| {
            let shares = table.actions(choice.position).iter();
            shares.map(|&(action, share)| share * model.predict(action, choice.position)).sum()
        });
        Prediction { logged: model.predict(choice.action, choice.position), expected }
    };
    choices.iter().enumerate().map(predict).collect()
}
