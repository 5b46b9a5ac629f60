//! What is said of the mixes that were made.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use segue_engine::full_ranking::CaseMean;
use segue_engine::metrics::{Estimate, expected_calibration_error};
use serde::Serialize;

use super::HeldOutPlays;
use super::benchmark::{Benchmark, Row};
use super::measures::MixFigure;
use crate::report::{Text, TextTable};

/// With fewer plays nothing is said of calibration.
const FEWEST_TO_CALIBRATE: usize = 50;
const CALIBRATION_BINS: usize = 10;
/// Above this share of what nobody had played, a catalogue was gathered by what was played.
const GATHERED: f64 = 0.5;

/// The figures of `segue evaluate mix`: what was cut, how much of it could be asked, and a row for
/// every way to make a list.
#[derive(Clone, Debug, Serialize)]
pub struct MixResult {
    /// What the data are called.
    pub data: String,
    /// How plays were cut, in words.
    pub protocol: String,
    /// Moments at which somebody was asked.
    pub cuts: usize,
    /// Listeners for whom mixes were made.
    pub listeners: usize,
    /// Listeners at moments: what means are over.
    pub cases: usize,
    /// Cases in which something known was played in the following week.
    pub cases_with_repeats: usize,
    /// Cases in which something new was turned to.
    pub cases_with_discoveries: usize,
    /// Tracks of the catalogue before a cut; at the latest where there are several.
    pub tracks: usize,
    /// Tracks taken out of the catalogue, as they came with plays after the cut; over cuts.
    pub later_tracks: usize,
    /// Discoveries that nobody was asked for, as their tracks were taken out.
    pub unanswerable: usize,
    /// Works of the catalogue that nobody had played, over cuts.
    pub unplayed: usize,
    /// Those of them that somebody played after the cut.
    pub unplayed_met: usize,
    /// Tracks that a list has.
    pub length: u32,
    /// How well likability was stated of everything that was played after the cut.
    pub calibration: Option<PlayCalibration>,
    /// Why sets had no likability network, where they had none.
    pub without_likability: Option<String>,
    /// Every way to make a list.
    pub rows: Vec<MixRow>,
}

/// Which question the lists of a row answer. A mix answers both, so that it is compared with either
/// kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowKind {
    /// A mix of the pipeline.
    Mix,
    /// A list of what is known.
    Repeats,
    /// A list of what is not.
    Discoveries,
}

/// The lists that one way of making them gave at all cuts: the pipeline at one setting, a rule such
/// as the most played, or a member of the model set alone.
#[derive(Clone, Debug, Serialize)]
pub struct MixRow {
    /// What kind of list.
    pub kind: RowKind,
    /// The policy, the rule or the member of the set.
    pub name: &'static str,
    /// Where the dial stood, for mixes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explore: Option<f32>,
    /// Lists made; a member that a set left out at some cuts has fewer.
    pub lists: usize,
    /// Mixes that could not be made, which count as empty lists.
    pub failed: usize,
    /// Means over the cases that have the figure, with 95 % intervals, by [name](MixFigure::name).
    #[serde(flatten)]
    pub figures: BTreeMap<&'static str, CaseMean>,
    /// Different tracks of all lists over those of the catalogue.
    pub coverage: f64,
    /// How well the likability of picks was stated, where they were played.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<PlayCalibration>,
    /// Processor time a mix, all threads counted, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processor_ms: Option<f64>,
}

/// How a stated likability compares with whether a play was finished.
///
/// Only what listeners played by themselves is known, which they mostly like: it tells whether the
/// probability is right for that, and little of what was never played.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PlayCalibration {
    /// Expected calibration error over ten bins of equal size.
    pub ece: f64,
    /// Plays compared.
    pub plays: usize,
    /// Share of them that was finished.
    pub finished: f64,
}

impl PlayCalibration {
    /// `None` for few plays, or where all or none were finished, as with scrobbles: then skips are
    /// not known.
    fn of(pairs: &[(bool, f64)]) -> Option<Self> {
        let (labels, stated): (Vec<bool>, Vec<f64>) = pairs.iter().copied().unzip();
        let finished = labels.iter().filter(|finished| **finished).count();
        if labels.len() < FEWEST_TO_CALIBRATE || finished == 0 || finished == labels.len() {
            return None;
        }
        Some(Self {
            ece: expected_calibration_error(&labels, &stated, CALIBRATION_BINS),
            plays: labels.len(),
            finished: finished as f64 / labels.len() as f64,
        })
    }
}

impl MixRow {
    /// A figure, if some case has it.
    pub fn figure(&self, figure: MixFigure) -> Option<&CaseMean> {
        self.figures.get(figure.name())
    }

    fn new(row: Row, tracks: usize, seed: u64) -> Self {
        let mean = |(figure, values): (MixFigure, Vec<f64>)| {
            let Estimate { mean, low, high } = Estimate::from_values(&values, seed);
            let several = |end: f64| (values.len() > 1).then_some(end);
            (figure.name(), CaseMean { mean, low: several(low), high: several(high) })
        };
        Self {
            kind: row.kind,
            name: row.name,
            explore: row.explore,
            lists: row.lists,
            failed: row.failed,
            figures: row.values.into_iter().map(mean).collect(),
            coverage: row.shown.len() as f64 / tracks.max(1) as f64,
            calibration: PlayCalibration::of(&row.finished),
            processor_ms: row.processor_ms.map(|spent_ms| spent_ms / row.lists.max(1) as f64),
        }
    }
}

impl MixResult {
    /// Summarises what was measured.
    ///
    /// # Errors
    /// If nothing was.
    pub(super) fn new(data: String, cuts: usize, benchmark: Benchmark<'_>) -> Result<Self> {
        let Benchmark { options, rows, finished, totals, cards } = benchmark;
        if totals.cases == 0 {
            bail!("there was nobody to make a mix for");
        }
        let period = match options.held_out {
            HeldOutPlays::Share(share) => {
                format!("the newest {:.0} % of each one's plays", 100.0 * share)
            }
            HeldOutPlays::Days(days) => format!("the last {days} days"),
        };
        let rows = rows.into_iter().map(|row| MixRow::new(row, totals.tracks, options.seed));
        Ok(Self {
            data,
            protocol: format!("{period} put aside, a fifth of the works where plays have no dates"),
            cuts,
            listeners: totals.listeners.len(),
            cases: totals.cases,
            cases_with_repeats: totals.cases_again,
            cases_with_discoveries: totals.cases_new,
            tracks: totals.tracks,
            later_tracks: totals.later_tracks,
            unanswerable: totals.unanswerable,
            unplayed: totals.unplayed,
            unplayed_met: totals.unplayed_met,
            length: options.request.length,
            calibration: PlayCalibration::of(&finished),
            without_likability: cards.into_iter().find_map(|card| card.without_likability),
            rows: rows.collect(),
        })
    }

    /// What a person reads.
    pub(super) fn text(&self) -> Vec<Text> {
        let mut text = vec![Text::Line(self.summary())];
        text.extend(self.remarks().into_iter().map(Text::Line));
        for (title, table) in self.tables() {
            text.push(Text::Line(format!("\n{title}")));
            text.push(Text::Table(table));
        }
        text
    }

    /// On what was measured, in a few sentences.
    pub(super) fn summary(&self) -> String {
        format!(
            "{}: {} listener(s) at {} cut(s), {} cases, {} with repeats and {} with discoveries to \
            find; {} tracks; {}; lists of {}",
            self.data,
            self.listeners,
            self.cuts,
            self.cases,
            self.cases_with_repeats,
            self.cases_with_discoveries,
            self.tracks,
            self.protocol,
            self.length,
        )
    }

    /// What has to be known to read the figures.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.later_tracks > 0 {
            remarks.push(format!(
                "Over all cuts {} tracks were taken out of the catalogue, as nothing but later \
                plays is known of them; {} discoveries could not be asked for.",
                self.later_tracks, self.unanswerable
            ));
        }
        if self.cases_with_discoveries == 0 {
            remarks.push(
                "Nobody turned to a new track that was in the catalogue before: nothing is told of \
                discoveries. A table of tracks, or other listeners' plays, would bring some."
                    .to_owned(),
            );
        }
        let met = self.unplayed_met as f64 / self.unplayed.max(1) as f64;
        if met > GATHERED {
            remarks.push(format!(
                "Of {} works that nobody had played {} were played later: the catalogue seems to \
                be gathered by what was played, which makes discoveries easier than they were.",
                self.unplayed, self.unplayed_met
            ));
        }
        if let Some(reason) = &self.without_likability {
            remarks.push(format!("Sets have no likability network: {reason}."));
        }
        if let Some(PlayCalibration { ece, plays, finished }) = self.calibration {
            remarks.push(format!(
                "Of {plays} works played after the cut {:.0} % were finished; the likability that \
                was stated before has a calibration error of {ece:.3}.",
                100.0 * finished
            ));
        }
        if self.cases == 1 {
            let alone = "A single case has no interval: it does not tell how the next would go.";
            remarks.push(alone.to_owned());
        }
        remarks
    }

    /// Tables with their titles: repeats, discoveries, and what the dial does.
    pub(super) fn tables(&self) -> Vec<(&'static str, TextTable)> {
        let mixes = || self.rows.iter().filter(|row| row.kind == RowKind::Mix);
        let dials = || mixes().filter_map(|row| row.explore);
        let (lowest, highest) = (dials().reduce(f32::min), dials().reduce(f32::max));
        let beside = |dial: Option<f32>, kind: RowKind| {
            let of_kind = self.rows.iter().filter(move |row| row.kind == kind);
            mixes().filter(move |row| row.explore == dial).chain(of_kind)
        };
        let mut tables = Vec::new();
        if self.cases_with_repeats > 0 {
            let figures = [MixFigure::Repeats, MixFigure::RepeatsRecall];
            let header = ["list", "played within a week", "recall", "coverage"];
            let table = comparison(&header, beside(lowest, RowKind::Repeats), &figures);
            tables.push(("What is known: would they play it again?", table));
        }
        if self.cases_with_discoveries > 0 {
            let figures = [MixFigure::Recall, MixFigure::Ndcg, MixFigure::Hit];
            let header = ["list", "recall@20", "NDCG", "hit", "coverage"];
            let table = comparison(&header, beside(highest, RowKind::Discoveries), &figures);
            tables.push(("What is new: would they try it?", table));
        }
        let mut table = TextTable::new(HEADER);
        mixes().for_each(|row| table.push(across_the_dial(row)));
        tables.push(("What the dial does", table));
        tables
    }
}

/// Columns of the table of mixes.
const HEADER: [&str; 10] = [
    "mix",
    "new",
    "new artists",
    "popularity of new",
    "repeats",
    "discoveries, NDCG",
    "coverage",
    "calibration error",
    "processor",
    "not made",
];

fn comparison<'r>(
    header: &[&'static str],
    rows: impl Iterator<Item = &'r MixRow>,
    figures: &[MixFigure],
) -> TextTable {
    let mut table = TextTable::new(header.iter().copied());
    for row in rows {
        let mut cells = vec![row.title()];
        cells.extend(figures.iter().map(|&figure| with_interval(row.figure(figure))));
        cells.push(format!("{:.3}", row.coverage));
        table.push(cells);
    }
    table
}

fn across_the_dial(row: &MixRow) -> Vec<String> {
    let mean = |figure| row.figure(figure).map_or_else(none, |found| format!("{:.3}", found.mean));
    vec![
        row.title(),
        mean(MixFigure::New),
        mean(MixFigure::NewArtists),
        mean(MixFigure::PopularityOfNew),
        mean(MixFigure::Repeats),
        mean(MixFigure::Ndcg),
        format!("{:.3}", row.coverage),
        row.calibration.map_or_else(none, |found| format!("{:.3}", found.ece)),
        row.processor_ms.map_or_else(none, |spent_ms| format!("{spent_ms:.0} ms")),
        row.failed.to_string(),
    ]
}

impl MixRow {
    /// Its name in tables: what made the list, and for a mix where the dial stood.
    pub(super) fn title(&self) -> String {
        match self.explore {
            Some(explore) => format!("mix at {explore}, {}", self.name),
            None => self.name.to_owned(),
        }
    }
}

fn none() -> String {
    "–".to_owned()
}

/// A mean with its interval, where there is one.
fn with_interval(found: Option<&CaseMean>) -> String {
    match found {
        None => none(),
        Some(CaseMean { mean, low: Some(low), high: Some(high) }) => {
            format!("{mean:.4} [{low:.4}, {high:.4}]")
        }
        Some(CaseMean { mean, .. }) => format!("{mean:.4}"),
    }
}
