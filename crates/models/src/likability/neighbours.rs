//! How near a track lies to each of several others, in one space: the distances and the kernel sums
//! that relations are made of.
//!
//! Every query is compared with every member of a history, so this is what a prediction costs
//! beside the network. Positions are kept dimension by dimension, so that one instruction serves
//! several members.

use segue_engine::WorkIdx;

use crate::kernels::simd::{self, LANES, vectorised};

/// Kernel widths, as shares of the mean squared distance between tracks of different listeners. The
/// narrow kernel is the fourth power of the wide one.
const WIDE: f32 = 0.4;
const FLOOR: f32 = 1e-4;

/// Weighted tracks in one space.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    works: Vec<WorkIdx>,
    weights: Vec<f32>,
    total: f32,
    /// Positions, `[dimensions, members]`.
    positions: Vec<f32>,
}

/// A member of [`Neighbours`].
pub(crate) struct Neighbour<'a> {
    pub(crate) work: WorkIdx,
    pub(crate) weight: f32,
    pub(crate) position: &'a [f32],
}

/// Sums of both kernels over the neighbours of a position, or logarithms of what they say of
/// density.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Kernels {
    pub(crate) wide: f32,
    pub(crate) narrow: f32,
}

/// A position beside its neighbours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    pub(crate) kernels: Kernels,
    /// The weight of the neighbours; 0 where there are none, or the position is unknown.
    pub(crate) total: f32,
    /// Distance to the nearest; NaN where there is none.
    pub(crate) nearest: f32,
    /// Distance to the third nearest, or the last before it.
    pub(crate) third: f32,
}

impl Near {
    const NOTHING: Self = Self {
        kernels: Kernels { wide: 0.0, narrow: 0.0 },
        total: 0.0,
        nearest: f32::NAN,
        third: f32::NAN,
    };
}

impl Neighbours {
    /// Members with positions of equal length.
    pub(crate) fn new(members: &[Neighbour<'_>]) -> Self {
        let dimensions = members.first().map_or(0, |member| member.position.len());
        let mut positions = vec![0.0; dimensions * members.len()];
        for (i, member) in members.iter().enumerate() {
            debug_assert!(member.position.iter().all(|x| x.is_finite()), "a position is known");
            for (d, &x) in member.position.iter().enumerate() {
                positions[d * members.len() + i] = x;
            }
        }
        Self {
            works: members.iter().map(|member| member.work).collect(),
            weights: members.iter().map(|member| member.weight).collect(),
            total: members.iter().map(|member| member.weight).sum(),
            positions,
        }
    }

    /// Kernel sums and nearest members around a position, those of the query's own work left out.
    /// An empty position is an unknown one. `scratch` saves allocations.
    pub(crate) fn near(
        &self,
        position: &[f32],
        own: Option<WorkIdx>,
        spread: f32,
        scratch: &mut Vec<f32>,
    ) -> Near {
        if position.is_empty() || self.works.is_empty() {
            return Near::NOTHING;
        }
        scratch.clear();
        scratch.resize(self.works.len(), 0.0);
        squared_distances(&self.positions, position, scratch);
        let mut total = self.total;
        if let Some(own) = own {
            total = 0.0;
            for ((distance, &work), weight) in
                scratch.iter_mut().zip(&self.works).zip(&self.weights)
            {
                match work == own {
                    true => *distance = f32::INFINITY,
                    false => total += weight,
                }
            }
        }
        if total <= 0.0 {
            return Near::NOTHING;
        }
        let closest = three_least(scratch);
        let third = closest.into_iter().rfind(|distance| distance.is_finite());
        Near {
            kernels: kernel_sums(scratch, &self.weights, WIDE * spread),
            total,
            nearest: closest[0].sqrt(),
            third: third.unwrap_or(f32::NAN).sqrt(),
        }
    }

    /// Logarithms of the mean kernels around a position: how dense the members lie there. NaN never
    /// comes out; where the position is unknown, or there are no members, it is that of a place
    /// far from all.
    pub(crate) fn log_density(
        &self,
        position: &[f32],
        spread: f32,
        scratch: &mut Vec<f32>,
    ) -> Kernels {
        let Near { kernels, total, .. } = self.near(position, None, spread, scratch);
        let log_mean = |sum: f32| (sum / total.max(1.0) + FLOOR).ln();
        Kernels { wide: log_mean(kernels.wide), narrow: log_mean(kernels.narrow) }
    }
}

impl Kernels {
    /// Log-density of members of that total weight, less that of the catalogue; near 0 where there
    /// are none.
    pub(crate) fn log_ratio(self, total: f32, density: Kernels) -> Kernels {
        const PRIOR: f32 = 0.1;
        let log = |sum: f32| ((sum + PRIOR) / (total + PRIOR) + FLOOR).ln();
        Kernels { wide: log(self.wide) - density.wide, narrow: log(self.narrow) - density.narrow }
    }
}

vectorised! {
    /// Squared distances of a position to all members.
    ///
    /// # Shapes
    /// `positions` `[dimensions, members]`, `position` `[dimensions]`, `out` `[members]`, 0 before.
    fn squared_distances(positions: &[f32], position: &[f32], out: &mut [f32]) {
        for (column, &x) in positions.chunks_exact(out.len()).zip(position) {
            for (sum, &member) in out.iter_mut().zip(column) {
                let difference = member - x;
                *sum += difference * difference;
            }
        }
    }

    /// `Σ w k` and `Σ w k⁴` with `k = exp(-d / width)`.
    fn kernel_sums(distances: &[f32], weights: &[f32], width: f32) -> Kernels {
        let (mut wide, mut narrow) = ([0.0; LANES], [0.0; LANES]);
        let scale = -1.0 / width;
        for (distances, weights) in distances.chunks(LANES).zip(weights.chunks(LANES)) {
            let lanes = wide.iter_mut().zip(&mut narrow).zip(distances).zip(weights);
            for (((wide, narrow), distance), weight) in lanes {
                let kernel = simd::exp(distance * scale);
                let square = kernel * kernel;
                *wide += weight * kernel;
                *narrow += weight * (square * square);
            }
        }
        Kernels { wide: wide.iter().sum(), narrow: narrow.iter().sum() }
    }

    /// The three least, ascending; infinite where there are fewer.
    fn three_least(values: &[f32]) -> [f32; 3] {
        let mut least = [f32::INFINITY; 3];
        for block in values.chunks(LANES) {
            let lowest = block.iter().fold(f32::INFINITY, |low, &x| if x < low { x } else { low });
            if lowest < least[2] {
                for &value in block {
                    if value < least[2] {
                        least[2] = value;
                        least.sort_by(f32::total_cmp);
                    }
                }
            }
        }
        least
    }

    /// The dot products of one vector with several, given dimension by dimension.
    ///
    /// # Shapes
    /// `vectors` `[dimensions, count]`, `vector` `[dimensions]`, `out` `[count]`, 0 before.
    pub(super) fn dots(vectors: &[f32], vector: &[f32], out: &mut [f32]) {
        for (column, &x) in vectors.chunks_exact(out.len()).zip(vector) {
            simd::add_scaled(out, x, column);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything one member after another, in `f64`.
    fn reference(
        members: &[(u32, f32, Vec<f32>)],
        position: &[f32],
        own: Option<u32>,
        spread: f32,
    ) -> [f64; 5] {
        let (mut wide, mut narrow, mut total) = (0.0, 0.0, 0.0);
        let mut distances = Vec::new();
        for (_, weight, at) in members.iter().filter(|(work, ..)| Some(*work) != own) {
            let square = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).powi(2);
            let distance: f64 = at.iter().zip(position).map(square).sum();
            let kernel = (-distance / f64::from(WIDE * spread)).exp();
            wide += f64::from(*weight) * kernel;
            narrow += f64::from(*weight) * kernel.powi(4);
            total += f64::from(*weight);
            distances.push(distance.sqrt());
        }
        distances.sort_by(f64::total_cmp);
        distances.truncate(3);
        let end = |distance: Option<&f64>| distance.copied().unwrap_or(f64::NAN);
        [wide, narrow, total, end(distances.first()), end(distances.last())]
    }

    proptest! {
        #[test]
        fn what_is_near_is_what_going_through_all_members_finds(
            members in proptest::collection::vec(
                (0u32..20, 0.1f32..2.0, proptest::collection::vec(-2.0f32..2.0, 5)),
                0..60,
            ),
            position in proptest::collection::vec(-2.0f32..2.0, 5),
            own in proptest::option::of(0u32..20),
            spread in 0.5f32..20.0,
        ) {
            let of = |(work, weight, position): &(u32, f32, Vec<f32>)| {
                (WorkIdx(*work), *weight, position.clone())
            };
            let kept: Vec<_> = members.iter().map(of).collect();
            let given: Vec<Neighbour<'_>> = kept
                .iter()
                .map(|(work, weight, position)| Neighbour {
                    work: *work,
                    weight: *weight,
                    position,
                })
                .collect();
            let near = Neighbours::new(&given).near(
                &position,
                own.map(WorkIdx),
                spread,
                &mut Vec::new(),
            );
            let Near { kernels, total, nearest, third } = near;
            let found = [kernels.wide, kernels.narrow, total, nearest, third];
            let wanted = reference(&members, &position, own, spread);
            for (found, want) in found.into_iter().zip(wanted) {
                let is_alike = (f64::from(found) - want).abs() < 1e-4 * (1.0 + want.abs());
                prop_assert!(
                    is_alike || found.is_nan() && want.is_nan(),
                    "{} is not {}", found, want
                );
            }
        }

        #[test]
        fn dot_products_are_those_one_after_another(
            vectors in proptest::collection::vec(proptest::collection::vec(-2.0f32..2.0, 7), 1..40),
            vector in proptest::collection::vec(-2.0f32..2.0, 7),
        ) {
            let count = vectors.len();
            let by_dimension: Vec<f32> =
                (0..7).flat_map(|d| vectors.iter().map(move |v| v[d])).collect();
            let mut found = vec![0.0; count];
            dots(&by_dimension, &vector, &mut found);
            for (found, other) in found.iter().zip(&vectors) {
                prop_assert!((found - segue_engine::vector::dot(other, &vector)).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn an_unknown_position_is_near_nothing() {
        let member = Neighbour { work: WorkIdx(1), weight: 1.0, position: &[0.5, 0.5] };
        let near = Neighbours::new(&[member]).near(&[], None, 1.0, &mut Vec::new());
        assert!(near.total == 0.0 && near.nearest.is_nan() && near.third.is_nan());
    }
}
