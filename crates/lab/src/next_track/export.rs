//! The split as files, so that other programs can be measured on the very same one.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use segue_engine::dataset::interactions::split::Case;
use segue_engine::{History, Interactions, ListenerIdx};

use super::protocol::Cut;

/// Writes `train.tsv`, `train_validation.tsv` and, for validation and each set of test cases, what
/// is shown (`…_shown.tsv`) and what is asked for (`…_answers.tsv`): rows of listener, item,
/// position in the listener's history, time and weight. Of several cuts each has a folder within,
/// `cut_1` the earliest.
pub(super) fn export(folder: &Path, interactions: &Interactions, cuts: &[Cut<'_>]) -> Result<()> {
    if let [cut] = cuts {
        return export_cut(folder, interactions, cut);
    }
    let mut numbered = cuts.iter().zip(1..);
    numbered.try_for_each(|(cut, number)| {
        export_cut(&folder.join(format!("cut_{number}")), interactions, cut)
    })
}

fn export_cut(folder: &Path, interactions: &Interactions, cut: &Cut<'_>) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    let listeners = || (0..interactions.listeners() as u32).map(ListenerIdx);
    for (name, training) in [("train", &cut.training), ("train_validation", &cut.all)] {
        let rows = listeners().map(|listener| (listener, 0, training.history(listener)));
        write(folder, name, interactions, rows)?;
    }
    export_cases(folder, "validation", interactions, &cut.validation.cases)?;
    for test in &cut.tests {
        let name =
            test.picks.map_or_else(|| "test".to_owned(), |picks| format!("test_{picks}_picks"));
        export_cases(folder, &name, interactions, &test.cases)?;
    }
    Ok(())
}

fn export_cases(
    folder: &Path,
    name: &str,
    interactions: &Interactions,
    cases: &[Case],
) -> Result<()> {
    let shown = cases.iter().map(|case| (case.listener, 0, case.query(interactions).history));
    write(folder, &format!("{name}_shown"), interactions, shown)?;
    let answers =
        cases.iter().map(|case| (case.listener, case.answers.start, case.answers(interactions)));
    write(folder, &format!("{name}_answers"), interactions, answers)
}

fn write<'a>(
    folder: &Path,
    name: &str,
    interactions: &Interactions,
    rows: impl Iterator<Item = (ListenerIdx, u32, History<'a>)>,
) -> Result<()> {
    let path = folder.join(format!("{name}.tsv"));
    let failed = || format!("cannot write `{}`", path.display());
    let mut out = BufWriter::new(fs::File::create(&path).with_context(failed)?);
    writeln!(out, "listener\titem\tposition\ttime\tweight").with_context(failed)?;
    for (listener, first, history) in rows {
        for (at, &item) in history.items.iter().enumerate() {
            let (listener, item) =
                (interactions.listener_name(listener), interactions.item_name(item));
            let position = first as usize + at;
            let time = history.times.get(at).map_or(position as i64, |time| time.0);
            let weight = history.weights.get(at).copied().unwrap_or(1.0);
            writeln!(out, "{listener}\t{item}\t{position}\t{time}\t{weight}")
                .with_context(failed)?;
        }
    }
    out.flush().with_context(failed)
}
