//! The best of many scores.

use crate::ItemIdx;

/// Scores looked at together: most groups hold nothing better than what was found, and one
/// comparison passes them over.
const GROUP: usize = 16;

/// Writes the rows of the `k` highest scores into `top`, best first; ties go to the lower row. Rows
/// without a finite score, or with negative infinity, are not ranked.
///
/// One pass over the scores, keeping at most `2 k` candidates.
pub fn top_k(scores: &[f32], k: usize, top: &mut Vec<ItemIdx>) {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(2 * k);
    let mut threshold = f32::NEG_INFINITY;
    for (group, values) in scores.chunks(GROUP).enumerate() {
        if k == 0 || !values.iter().fold(false, |any, &score| any | (score > threshold)) {
            continue;
        }
        for (place, &score) in values.iter().enumerate() {
            // A later row with the score of the k-th stands behind it, so only higher ones enter.
            if score > threshold {
                best.push((score, (group * GROUP + place) as u32));
                if best.len() == 2 * k {
                    best.select_nth_unstable_by(k - 1, order);
                    best.truncate(k);
                    threshold = best[k - 1].0;
                }
            }
        }
    }
    best.sort_unstable_by(order);
    best.truncate(k);
    top.clear();
    top.extend(best.into_iter().map(|(_, row)| ItemIdx(row)));
}

fn order(a: &(f32, u32), b: &(f32, u32)) -> std::cmp::Ordering {
    b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sorts everything.
    fn reference(scores: &[f32], k: usize) -> Vec<ItemIdx> {
        let ranked = |&row: &usize| scores[row] > f32::NEG_INFINITY;
        let mut rows: Vec<usize> = (0..scores.len()).filter(ranked).collect();
        rows.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        rows.into_iter().take(k).map(|row| ItemIdx(row as u32)).collect()
    }

    proptest! {
        #[test]
        fn the_best_come_first_and_ties_by_row(
            scores in prop::collection::vec(
                prop_oneof![
                    (0..8).prop_map(|s| s as f32),
                    Just(f32::NAN),
                    Just(f32::NEG_INFINITY),
                    Just(f32::INFINITY)
                ],
                0..300,
            ),
            k in 0usize..40,
        ) {
            let mut top = vec![ItemIdx(7)];
            top_k(&scores, k, &mut top);
            prop_assert_eq!(top, reference(&scores, k));
        }
    }
}
