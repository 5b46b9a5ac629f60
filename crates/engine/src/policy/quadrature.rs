//! The probability of being the best of several independent draws, by quadrature on one line:
//!
//! `P(i is best) = ∫ f_i(x) Π_{j≠i} F_j(x) dx`
//!
//! The line is cut into cells no longer than a [step](Marginal::step) of any marginal whose mass is
//! near, and each cell has the four nodes of Gauss and Legendre. Densities and distributions are
//! tabulated once a belief, so that a pick costs a few multiplications per node and track; products
//! before and after each track spare divisions by what may be 0. Drawing from the belief and
//! counting was rejected: 10⁶ draws have three digits, where this has seven.

use super::Chooser;

/// The belief about one track, on a line on which it is smooth.
pub(super) trait Marginal {
    /// Between which points nearly all of the mass lies.
    fn window(&self) -> (f64, f64);

    /// A length over which the density is nearly a polynomial of low degree.
    fn step(&self) -> f64;

    /// Density at a point.
    fn density(&self, x: f64) -> f64;

    /// Mass below a point.
    fn distribution(&self, x: f64) -> f64;
}

/// Nodes and weights on (-1, 1), Abramowitz & Stegun 25.4.29.
const NODES: [(f64, f64); 4] = [
    (-0.861_136_311_594_052_6, 0.347_854_845_137_453_86),
    (-0.339_981_043_584_856_3, 0.652_145_154_862_546_1),
    (0.339_981_043_584_856_3, 0.652_145_154_862_546_1),
    (0.861_136_311_594_052_6, 0.347_854_845_137_453_86),
];

/// Chooses a track as often as it is the best of one draw of each.
pub(super) struct BestOfDraws {
    tracks: usize,
    /// Density times the weight of the node, and distribution: `[nodes, tracks]`.
    table: Vec<(f64, f64)>,
}

impl BestOfDraws {
    /// Tabulates the marginals of the tracks.
    pub(super) fn new(marginals: &[impl Marginal]) -> Self {
        let mut table = Vec::new();
        for (from, to) in cells(marginals) {
            let (centre, half) = (f64::midpoint(from, to), (to - from) / 2.0);
            for (node, weight) in NODES {
                let x = centre + half * node;
                let entry = |marginal| tabulate(marginal, x, half * weight);
                table.extend(marginals.iter().map(entry));
            }
        }
        Self { tracks: marginals.len(), table }
    }
}

fn tabulate(marginal: &impl Marginal, x: f64, weight: f64) -> (f64, f64) {
    let (low, high) = marginal.window();
    if x < low {
        (0.0, 0.0)
    } else if x > high {
        (0.0, 1.0)
    } else {
        (marginal.density(x) * weight, marginal.distribution(x))
    }
}

/// Cells that cover every window, short where a narrow one is. Where no window is there is no cell.
fn cells(marginals: &[impl Marginal]) -> Vec<(f64, f64)> {
    let mut ends: Vec<f64> =
        marginals.iter().flat_map(|marginal| <[f64; 2]>::from(marginal.window())).collect();
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    let mut cells = Vec::new();
    for pair in ends.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let here = marginals
            .iter()
            .filter(|marginal| marginal.window().0 <= from && marginal.window().1 >= to);
        let Some(step) = here.map(Marginal::step).min_by(f64::total_cmp) else { continue };
        let count = ((to - from) / step).ceil().max(1.0);
        let end = |cell: usize| from + (to - from) * cell as f64 / count;
        cells.extend((0..count as usize).map(|cell| (end(cell), end(cell + 1))));
    }
    cells
}

impl Chooser for BestOfDraws {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        let mut propensities = vec![0.0; eligible.len()];
        let mut after = vec![1.0; eligible.len() + 1];
        for row in self.table.chunks_exact(self.tracks.max(1)) {
            for (place, &track) in eligible.iter().enumerate().rev() {
                after[place] = after[place + 1] * row[track].1;
            }
            let mut before = 1.0;
            for (place, &track) in eligible.iter().enumerate() {
                let (density, distribution) = row[track];
                propensities[place] += before * density * after[place + 1];
                before *= distribution;
            }
        }
        // What the windows cut off and what the nodes miss, some 1e-9.
        let sum: f64 = propensities.iter().sum();
        propensities.iter_mut().for_each(|propensity| *propensity /= sum);
        propensities
    }
}
