//! Splits of labelled rows: stratified, seeded, and keeping rows that belong together on one side.
//!
//! Rows of one group (duplicates of a song, songs of one artist) must not be on both sides of a
//! split, or the model is asked what it was told. Groups are dealt out one by one, the largest
//! first, each to the fold where it adds least to the imbalance of classes: `Σ_c (n_cf / N_c)²`
//! over classes c and folds f. With groups of one row this is an ordinary stratified split.

use rand::Rng;
use rand::seq::SliceRandom;

/// One way to split labelled rows into those to learn from and those to test on; every row is in
/// one of the two. Made by [`stratified_group_folds`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Rows to learn from, in ascending order: all that are not in `test`.
    pub train: Vec<usize>,
    /// Rows to test on, in ascending order: every row is on this side in exactly one of the folds.
    pub test: Vec<usize>,
}

/// Splits rows into `k` folds, each of which is the test side once. Rows with the same number in
/// `groups` stay together, and each fold gets its share of both labels as far as groups allow.
///
/// # Shapes
/// `labels` and `groups` `[rows]`.
///
/// # Examples
/// ```
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
/// use segue_engine::folds::{stratified_group_folds, ungrouped};
///
/// let labels = [true, false, true, false, true, false];
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// for fold in stratified_group_folds(&labels, &ungrouped(6), 3, &mut rng) {
///     assert_eq!((fold.train.len(), fold.test.len()), (4, 2));
///     assert_eq!(fold.test.iter().filter(|&&row| labels[row]).count(), 1, "one of each label");
/// }
/// ```
///
/// # Panics
/// If `k` is 0 or `groups` has another length than `labels`.
pub fn stratified_group_folds(
    labels: &[bool],
    groups: &[u32],
    k: usize,
    rng: &mut impl Rng,
) -> Vec<Fold> {
    assert!(k > 0, "there is at least one fold");
    let assigned = assign(labels, groups, &vec![1.0; k], rng);
    (0..k)
        .map(|fold| {
            let (test, train) = (0..labels.len()).partition(|&row| assigned[row] == fold);
            Fold { train, test }
        })
        .collect()
}

/// Splits rows into parts of the given relative sizes, by class and by group as
/// [`stratified_group_folds`] does: shares 8, 1 and 1 give parts to learn from, to tune on and to
/// test on. Rows in a part ascend; a share of 0 gives an empty part.
///
/// # Panics
/// If `groups` has another length than `labels`, or no share is positive.
pub fn stratified_group_split(
    labels: &[bool],
    groups: &[u32],
    shares: &[f64],
    rng: &mut impl Rng,
) -> Vec<Vec<usize>> {
    assert!(shares.iter().any(|share| *share > 0.0), "some part is not empty");
    let assigned = assign(labels, groups, shares, rng);
    (0..shares.len())
        .map(|part| (0..labels.len()).filter(|&row| assigned[row] == part).collect())
        .collect()
}

/// A group of its own for each of `rows` rows, for data without duplicates: the split is then an
/// ordinary stratified one.
pub fn ungrouped(rows: usize) -> Vec<u32> {
    (0..rows as u32).collect()
}

/// Joins two groupings of the same rows: rows that share a group in either of the two share one in
/// the result. It keeps, say, songs of one artist and copies of one recording together. Groups are
/// numbered by their first row.
///
/// # Panics
/// If the two differ in length.
pub fn join_groups(a: &[u32], b: &[u32]) -> Vec<u32> {
    assert_eq!(a.len(), b.len(), "both group the same rows");
    let mut joined = ungrouped(a.len());
    // Rows take the smallest number among their groups until nothing changes: few rounds, since
    // chains are short.
    loop {
        let before = joined.clone();
        for groups in [a, b] {
            let mut smallest = rustc_hash::FxHashMap::default();
            for (&group, &number) in groups.iter().zip(&joined) {
                let least = smallest.entry(group).or_insert(number);
                *least = number.min(*least);
            }
            joined.iter_mut().zip(groups).for_each(|(number, group)| *number = smallest[group]);
        }
        if joined == before {
            return joined;
        }
    }
}

/// The part that each row goes to.
fn assign(labels: &[bool], groups: &[u32], shares: &[f64], rng: &mut impl Rng) -> Vec<usize> {
    assert_eq!(labels.len(), groups.len(), "every row has a group");
    let mut members = collect_groups(groups);
    members.shuffle(rng);
    members.sort_by_key(|rows| std::cmp::Reverse(rows.len()));

    let mut totals = [0.0; 2];
    labels.iter().for_each(|&liked| totals[usize::from(liked)] += 1.0);
    let mut filled = vec![[0.0; 2]; shares.len()];
    let mut assigned = vec![0; labels.len()];
    for rows in members {
        let mut adds = [0.0; 2];
        rows.iter().for_each(|&row| adds[usize::from(labels[row])] += 1.0);
        let cost = |part: usize| -> f64 {
            (0..2)
                .filter(|&class| adds[class] > 0.0)
                .map(|class| {
                    let size = shares[part] * totals[class];
                    adds[class] * (2.0 * filled[part][class] + adds[class]) / (size * totals[class])
                })
                .sum()
        };
        let rows_in = |part: usize| (filled[part][0] + filled[part][1]) / shares[part];
        let part = (0..shares.len())
            .filter(|&part| shares[part] > 0.0)
            .min_by(|&a, &b| {
                cost(a).total_cmp(&cost(b)).then(rows_in(a).total_cmp(&rows_in(b))).then(a.cmp(&b))
            })
            .expect("some share is positive");
        filled[part][0] += adds[0];
        filled[part][1] += adds[1];
        rows.iter().for_each(|&row| assigned[row] = part);
    }
    assigned
}

/// The rows of each group, groups in ascending order.
fn collect_groups(groups: &[u32]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|&row| (groups[row], row));
    order.chunk_by(|&a, &b| groups[a] == groups[b]).map(<[usize]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    proptest! {
        #[test]
        fn every_row_is_tested_once_and_no_group_is_on_both_sides(
            rows in prop::collection::vec((any::<bool>(), 0u32..40), 1..200),
            k in 2usize..6,
            seed: u64,
        ) {
            let (labels, groups): (Vec<bool>, Vec<u32>) = rows.into_iter().unzip();
            let folds =
                stratified_group_folds(&labels, &groups, k, &mut ChaCha8Rng::seed_from_u64(seed));
            let mut tested: Vec<usize> = folds.iter().flat_map(|fold| fold.test.clone()).collect();
            tested.sort_unstable();
            prop_assert_eq!(tested, (0..labels.len()).collect::<Vec<_>>());
            for fold in &folds {
                prop_assert_eq!(fold.train.len() + fold.test.len(), labels.len());
                for &row in &fold.test {
                    prop_assert!(fold.train.iter().all(|&other| groups[other] != groups[row]));
                }
            }
        }

        #[test]
        fn without_groups_folds_differ_by_at_most_one_row_of_a_class(
            labels in prop::collection::vec(any::<bool>(), 10..200),
            k in 2usize..6,
            seed: u64,
        ) {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let folds = stratified_group_folds(&labels, &ungrouped(labels.len()), k, &mut rng);
            for class in [false, true] {
                let sizes: Vec<usize> = folds
                    .iter()
                    .map(|f| f.test.iter().filter(|&&r| labels[r] == class).count())
                    .collect();
                prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            }
        }
    }

    #[test]
    fn parts_have_the_sizes_asked_for() {
        let labels: Vec<bool> = (0..195).map(|i| i < 100).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let parts =
            stratified_group_split(&labels, &ungrouped(195), &[140.0, 35.0, 20.0], &mut rng);
        let sizes: Vec<usize> = parts.iter().map(Vec::len).collect();
        assert!(
            sizes[0].abs_diff(140) <= 2 && sizes[1].abs_diff(35) <= 2 && sizes[2].abs_diff(20) <= 2,
            "{sizes:?}"
        );
    }

    #[test]
    fn joined_groups_chain() {
        assert_eq!(join_groups(&[0, 0, 1, 1, 2], &[5, 6, 6, 7, 8]), [0, 0, 0, 0, 4]);
    }

    #[test]
    fn another_seed_gives_another_split() {
        let labels: Vec<bool> = (0..60).map(|i| i % 3 == 0).collect();
        let split = |seed| {
            stratified_group_folds(&labels, &ungrouped(60), 3, &mut ChaCha8Rng::seed_from_u64(seed))
        };
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }
}
