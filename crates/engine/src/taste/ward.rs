//! Ward's method: of all pairs of clusters, merge the one that raises the sum of squared distances
//! to the centre least, again and again.
//!
//! Ward, 1963. The cost of merging clusters of mass `m` is `D(i, j) = m_i m_j / (m_i + m_j) |c_i -
//! c_j|²`, and after a merge (Lance and Williams, 1967) `D(k, i ∪ j) = ((m_k + m_i) D(k, i) +
//! (m_k + m_j) D(k, j) - m_k D(i, j)) / (m_k + m_i + m_j)`, so that distances alone suffice. Found
//! by chains of nearest neighbours (Murtagh, 1983) in `O(n²)` time and memory: no merge elsewhere
//! brings two clusters closer than the nearest of either, so a pair that are each other's nearest
//! may be merged at once.

use super::likes::{Like, squared_distance};

/// Two clusters that became one, each named by one of its likes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Merge {
    pub(super) a: usize,
    pub(super) b: usize,
    /// What it cost.
    pub(super) height: f32,
}

/// The merges of `likes` into one, the cheapest first.
pub(super) fn ward(likes: &[&Like]) -> Vec<Merge> {
    let mut costs = Costs::new(likes);
    let mut merges = Vec::with_capacity(likes.len().saturating_sub(1));
    let mut chain: Vec<usize> = Vec::new();
    while merges.len() + 1 < likes.len() {
        let last = match chain.last() {
            Some(&last) => last,
            None => {
                let first = costs.alive[0];
                chain.push(first);
                first
            }
        };
        let before = chain.len().checked_sub(2).map(|i| chain[i]);
        let (nearest, height) = costs.nearest(last, before);
        if Some(nearest) == before {
            chain.truncate(chain.len() - 2);
            costs.merge(nearest, last);
            merges.push(Merge { a: nearest, b: last, height });
        } else {
            chain.push(nearest);
        }
    }
    merges.sort_by(|a, b| a.height.total_cmp(&b.height));
    merges
}

/// The number of each like's cluster after all but the last `count - 1` merges; clusters are
/// numbered in the order of likes.
pub(super) fn cut(merges: &[Merge], likes: usize, count: usize) -> Vec<usize> {
    let mut parents: Vec<usize> = (0..likes).collect();
    for merge in &merges[..likes.saturating_sub(count)] {
        let (a, b) = (root(&mut parents, merge.a), root(&mut parents, merge.b));
        parents[a.max(b)] = a.min(b);
    }
    let mut numbers = vec![usize::MAX; likes];
    let mut next = 0;
    (0..likes)
        .map(|i| {
            let root = root(&mut parents, i);
            if numbers[root] == usize::MAX {
                numbers[root] = next;
                next += 1;
            }
            numbers[root]
        })
        .collect()
}

fn root(parents: &mut [usize], mut i: usize) -> usize {
    while parents[i] != i {
        parents[i] = parents[parents[i]];
        i = parents[i];
    }
    i
}

/// What every merge would cost.
struct Costs {
    size: usize,
    matrix: Vec<f32>,
    mass: Vec<f32>,
    /// Clusters that are still one of their own, in order.
    alive: Vec<usize>,
}

impl Costs {
    fn new(likes: &[&Like]) -> Self {
        let size = likes.len();
        let mut matrix = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..i {
                let (a, b) = (likes[i], likes[j]);
                let cost = a.weight * b.weight / (a.weight + b.weight) * squared_distance(a, b);
                matrix[i * size + j] = cost;
                matrix[j * size + i] = cost;
            }
        }
        Self {
            size,
            matrix,
            mass: likes.iter().map(|like| like.weight).collect(),
            alive: (0..size).collect(),
        }
    }

    /// The cluster that is cheapest to merge with; of equals `before`, so that chains end, else the
    /// first.
    fn nearest(&self, from: usize, before: Option<usize>) -> (usize, f32) {
        let row = &self.matrix[from * self.size..(from + 1) * self.size];
        let mut best = before.map_or((usize::MAX, f32::INFINITY), |before| (before, row[before]));
        for &other in &self.alive {
            if other != from && row[other] < best.1 {
                best = (other, row[other]);
            }
        }
        best
    }

    /// Merges `gone` into `kept`.
    fn merge(&mut self, kept: usize, gone: usize) {
        let (mass_kept, mass_gone) = (self.mass[kept], self.mass[gone]);
        let between = self.matrix[kept * self.size + gone];
        self.alive.retain(|&cluster| cluster != gone);
        for &other in self.alive.iter().filter(|&&other| other != kept) {
            let mass = self.mass[other];
            let to_kept = self.matrix[kept * self.size + other];
            let to_gone = self.matrix[gone * self.size + other];
            let sum = (mass + mass_kept) * to_kept + (mass + mass_gone) * to_gone - mass * between;
            let cost = sum / (mass + mass_kept + mass_gone);
            self.matrix[kept * self.size + other] = cost;
            self.matrix[other * self.size + kept] = cost;
        }
        self.mass[kept] += mass_gone;
    }
}
