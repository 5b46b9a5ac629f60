//! The tabular network: numbers, their periodic embeddings and embedded names, through shared
//! layers, to one logit per member of the ensemble (TabM, Gorishniy 2024, arXiv 2410.24210).
//!
//! All parameters lie in one flat vector with named spans, so that the optimiser, checkpoints and
//! gradient checks need to know nothing of the architecture. A plain MLP is the same network with
//! one member and adapters frozen at 1.

use std::ops::Range;

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;
use segue_engine::vector::dot;
use serde::{Deserialize, Serialize};

use super::preprocess::{Encoded, Layout};
use crate::kernels::activation::Activation;
use crate::kernels::batch_ensemble::{self, BatchEnsemble, SavedEnsemble};
use crate::kernels::embedding::Embedding;
use crate::kernels::periodic::{self, Periodic};

/// Members that go through the layers together; the unit of parallel work.
pub(super) const CHUNK: usize = 4;

/// Rows that prediction takes through the network at once.
const PREDICTION_TILE: usize = 256;

/// Shape of the network: all that decides how many parameters it has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// Members of the ensemble, which share most weights (TabM, Gorishniy 2024) and differ in
    /// scales and heads.
    pub members: usize,
    /// Width of each hidden layer, the first one first; at least one.
    pub hidden: Vec<usize>,
    /// Non-linearity after each hidden layer.
    pub activation: Activation,
    /// Embeddings of quantities; `None` feeds them as they are.
    pub periodic: Option<PeriodicConfig>,
    /// Longest embedding of a name.
    pub categorical_dim: usize,
    /// Whether members get scales of their own; `false` freezes those at 1.
    pub adapters: bool,
}

/// Periodic embeddings of quantities (Gorishniy 2022): each number becomes sines and cosines with
/// learned frequencies, then a vector.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeriodicConfig {
    /// Frequencies per quantity: sines and cosines of so many each.
    pub frequencies: usize,
    /// Standard deviation of the initial frequencies, in turns per standard deviation of the
    /// quantity.
    pub sigma: f32,
    /// Length of the vector that each quantity becomes.
    pub dim: usize,
}

/// A named part of the flat vector of parameters, such as the weights of one layer: what optimisers
/// and files address parameters by.
#[derive(Clone, Debug)]
pub struct Span {
    /// Name in a checkpoint, the one that a plain PyTorch module gives it.
    pub name: String,
    /// Where it lies in the flat vector.
    pub range: Range<usize>,
    /// Its dimensions, outermost first, as in the checkpoint.
    pub shape: Vec<usize>,
    /// Whether weight decay applies: to weights, not to biases and scales.
    pub decays: bool,
    /// Whether training changes it; constants of the encoding stay.
    pub trains: bool,
}

/// Where each layer's parameters lie.
#[derive(Clone, Debug)]
pub(super) struct Places {
    pub(super) frequencies: Range<usize>,
    pub(super) periodic_weight: Range<usize>,
    pub(super) periodic_bias: Range<usize>,
    pub(super) names: Vec<Range<usize>>,
    pub(super) blocks: Vec<BlockPlaces>,
    pub(super) head_weight: Range<usize>,
    pub(super) head_bias: Range<usize>,
}

/// Where the parameters of one hidden layer lie.
#[derive(Clone, Debug)]
pub(super) struct BlockPlaces {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) weight: Range<usize>,
    pub(super) scale_in: Range<usize>,
    pub(super) scale_out: Range<usize>,
    pub(super) bias: Range<usize>,
}

/// The network and its parameters, one flat vector with named spans.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) architecture: Architecture,
    pub(super) layout: Layout,
    pub(super) spans: Vec<Span>,
    pub(super) places: Places,
    pub(super) parameters: Vec<f32>,
}

impl Network {
    /// A network with random weights drawn from a seed: same arguments, same weights.
    pub fn new(architecture: Architecture, layout: Layout, seed: u64) -> Self {
        let mut network = Self::zeros(architecture, layout);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        network.initialise(&mut rng);
        network
    }

    /// A network whose weights are still to be loaded.
    pub fn zeros(architecture: Architecture, layout: Layout) -> Self {
        let (spans, places) = plan(&architecture, &layout);
        let parameters = vec![0.0; spans.last().map_or(0, |span| span.range.end)];
        Self { architecture, layout, spans, places, parameters }
    }

    /// The flat vector of parameters.
    pub fn parameters(&self) -> &[f32] {
        &self.parameters
    }

    /// The flat vector of parameters.
    pub fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }

    /// The named parts of the parameters.
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Members of the ensemble, which share most weights (TabM, Gorishniy 2024) and differ in
    /// scales and heads.
    pub fn members(&self) -> usize {
        self.architecture.members
    }

    /// Length of an embedded row.
    pub(super) fn embedded_width(&self) -> usize {
        embedded_width(&self.architecture, &self.layout)
    }

    /// For each element of an embedded row, the column of the table it came from.
    pub(super) fn embedded_sources(&self) -> Vec<usize> {
        let dim = self.architecture.periodic.map_or(0, |periodic| periodic.dim);
        let mut sources = self.layout.source.clone();
        for feature in 0..self.layout.numeric {
            sources.extend(std::iter::repeat_n(self.layout.source[feature], dim));
        }
        let first_name = self.layout.source.iter().max().map_or(0, |last| last + 1);
        for (i, &cardinality) in self.layout.cardinalities.iter().enumerate() {
            sources.extend(std::iter::repeat_n(
                first_name + i,
                name_dim(&self.architecture, cardinality),
            ));
        }
        sources
    }

    /// One logit per row and member.
    ///
    /// # Shapes
    /// The result is `[rows, members]`.
    pub fn logits(&self, data: &Encoded) -> Vec<f32> {
        let members = self.members();
        let mut out = vec![0.0; data.rows * members];
        out.par_chunks_mut(PREDICTION_TILE * members).enumerate().for_each(|(tile, out)| {
            let first = tile * PREDICTION_TILE;
            let rows: Vec<usize> = (first..first + out.len() / members).collect();
            self.tile_logits(data, &rows, out);
        });
        out
    }

    /// Logits of a few rows, `[rows, members]`.
    fn tile_logits(&self, data: &Encoded, rows: &[usize], out: &mut [f32]) {
        let batch = rows.len();
        let mut embedded = vec![0.0; batch * self.embedded_width()];
        EmbeddingState::new(self, batch).forward(self, data, rows, &mut embedded);
        let mut layers: Vec<PredictedLayer> = self
            .places
            .blocks
            .iter()
            .map(|block| PredictedLayer::new(block, CHUNK.min(self.members()), batch))
            .collect();
        // A few members at a time keep the activations inside the cache.
        for first in (0..self.members()).step_by(CHUNK) {
            let members = CHUNK.min(self.members() - first);
            let mut x: &[f32] = &embedded;
            for (block, layer) in self.places.blocks.iter().zip(&mut layers) {
                let sizes =
                    BatchEnsemble { members, batch, input: block.input, output: block.output };
                let size = members * batch * block.output;
                let (pre, out) = (&mut layer.pre[..size], &mut layer.out[..size]);
                let parameters = block.of(&self.parameters, first, members);
                sizes.forward(x, &parameters, &mut layer.saved, pre);
                self.architecture.activation.forward(pre, out);
                x = out;
            }
            for member in 0..members {
                let (weight, bias) = self.head(first + member);
                let x = member_rows(x, member, batch * weight.len());
                for (row, x) in x.chunks_exact(weight.len()).enumerate() {
                    let logit = dot(x, weight);
                    out[row * self.members() + first + member] = logit + bias;
                }
            }
        }
    }

    /// Weight and bias of one member's output.
    pub(super) fn head(&self, member: usize) -> (&[f32], f32) {
        let width = self.places.head_weight.len() / self.members();
        let weight = &self.parameters[self.places.head_weight.clone()][member * width..][..width];
        (weight, self.parameters[self.places.head_bias.start + member])
    }

    /// Uniform weights as in PyTorch; members differ at first in random signs of the input and in
    /// their outputs.
    fn initialise(&mut self, rng: &mut ChaCha8Rng) {
        if let Some(periodic) = self.architecture.periodic {
            for value in &mut self.parameters[self.places.frequencies.clone()] {
                let z: f32 = StandardNormal.sample(rng);
                *value = periodic.sigma * z;
            }
            let bound = (2.0 * periodic.frequencies as f32).sqrt().recip();
            fill_uniform(&mut self.parameters[self.places.periodic_weight.clone()], bound, rng);
            fill_uniform(&mut self.parameters[self.places.periodic_bias.clone()], bound, rng);
        }
        for range in &self.places.names {
            for value in &mut self.parameters[range.clone()] {
                *value = StandardNormal.sample(rng);
            }
        }
        for (depth, block) in self.places.blocks.iter().enumerate() {
            let bound = (block.input as f32).sqrt().recip();
            fill_uniform(&mut self.parameters[block.weight.clone()], bound, rng);
            fill_uniform(&mut self.parameters[block.bias.clone()], bound, rng);
            self.parameters[block.scale_out.clone()].fill(1.0);
            let signs = depth == 0 && self.architecture.adapters;
            for value in &mut self.parameters[block.scale_in.clone()] {
                *value = if signs && rng.random_bool(0.5) { -1.0 } else { 1.0 };
            }
        }
        let width = self.places.head_weight.len() / self.architecture.members;
        let bound = (width as f32).sqrt().recip();
        fill_uniform(&mut self.parameters[self.places.head_weight.clone()], bound, rng);
        fill_uniform(&mut self.parameters[self.places.head_bias.clone()], bound, rng);
    }
}

/// Room for one hidden layer of a few members over one batch.
struct PredictedLayer {
    saved: SavedEnsemble,
    pre: Vec<f32>,
    out: Vec<f32>,
}

impl PredictedLayer {
    fn new(block: &BlockPlaces, members: usize, batch: usize) -> Self {
        let sizes = BatchEnsemble { members, batch, input: block.input, output: block.output };
        let room = || vec![0.0; members * batch * block.output];
        Self { saved: sizes.saved(), pre: room(), out: room() }
    }
}

impl BlockPlaces {
    /// The parameters of some members.
    pub(super) fn of<'a>(
        &self,
        parameters: &'a [f32],
        first: usize,
        members: usize,
    ) -> batch_ensemble::EnsembleParameters<&'a [f32]> {
        let part = |range: &Range<usize>, width: usize| {
            &parameters[range.start + first * width..range.start + (first + members) * width]
        };
        batch_ensemble::EnsembleParameters {
            weight: &parameters[self.weight.clone()],
            scale_in: part(&self.scale_in, self.input),
            scale_out: part(&self.scale_out, self.output),
            bias: part(&self.bias, self.output),
        }
    }
}

/// The part of a member in activations that hold `block` elements a member, or one block that all
/// share.
pub(super) fn member_rows(x: &[f32], member: usize, block: usize) -> &[f32] {
    if x.len() == block { x } else { &x[member * block..][..block] }
}

/// What the embeddings of a batch leave behind for the backward pass.
#[derive(Debug)]
pub(super) struct EmbeddingState {
    numeric: Vec<f32>,
    waves: Vec<f32>,
    out: Vec<f32>,
    dout: Vec<f32>,
    dwaves: Vec<f32>,
}

impl EmbeddingState {
    /// Room for a batch of at most `batch` rows.
    pub(super) fn new(network: &Network, batch: usize) -> Self {
        let sizes = periodic_sizes(&network.architecture, &network.layout, batch);
        let (waves, out) = sizes.map_or((0, 0), |s| (s.waves_len(), s.out_len()));
        Self {
            numeric: vec![0.0; batch * network.layout.numeric],
            waves: vec![0.0; waves],
            out: vec![0.0; out],
            dout: vec![0.0; out],
            dwaves: vec![0.0; waves],
        }
    }

    /// Writes the embedded rows, `[rows, embedded_width]`.
    pub(super) fn forward(
        &mut self,
        network: &Network,
        data: &Encoded,
        rows: &[usize],
        embedded: &mut [f32],
    ) {
        let layout = &network.layout;
        let (batch, width) = (rows.len(), network.embedded_width());
        for (out, &row) in embedded.chunks_exact_mut(width).zip(rows) {
            out[..layout.scalars]
                .copy_from_slice(&data.scalars[row * layout.scalars..][..layout.scalars]);
        }
        if let Some(sizes) = periodic_sizes(&network.architecture, layout, batch) {
            for feature in 0..layout.numeric {
                for (i, &row) in rows.iter().enumerate() {
                    self.numeric[feature * batch + i] =
                        data.scalars[row * layout.scalars + feature];
                }
            }
            let (waves, out) =
                (&mut self.waves[..sizes.waves_len()], &mut self.out[..sizes.out_len()]);
            sizes.forward(&self.numeric, &network.periodic_parameters(), waves, out);
            for feature in 0..sizes.features {
                for (i, row) in embedded.chunks_exact_mut(width).enumerate() {
                    let from = &out[(feature * batch + i) * sizes.dim..][..sizes.dim];
                    row[layout.scalars + feature * sizes.dim..][..sizes.dim].copy_from_slice(from);
                }
            }
        }
        for (embedding, (place, column)) in
            network.name_embeddings().zip(network.places.names.iter().zip(0..))
        {
            let codes =
                rows.iter().map(|row| data.codes[row * layout.cardinalities.len() + column]);
            embedding.forward(codes, &network.parameters[place.clone()], embedded);
        }
    }

    /// Adds to the gradients of the embeddings, given that of the embedded rows.
    pub(super) fn backward(
        &mut self,
        network: &Network,
        batch: (&Encoded, &[usize]),
        dembedded: &[f32],
        gradients: &mut [f32],
    ) {
        let (data, rows) = batch;
        let layout = &network.layout;
        let width = network.embedded_width();
        if let Some(sizes) = periodic_sizes(&network.architecture, layout, rows.len()) {
            let dout = &mut self.dout[..sizes.out_len()];
            for feature in 0..sizes.features {
                for (i, row) in dembedded.chunks_exact(width).enumerate() {
                    let to = &mut dout[(feature * rows.len() + i) * sizes.dim..][..sizes.dim];
                    to.copy_from_slice(&row[layout.scalars + feature * sizes.dim..][..sizes.dim]);
                }
            }
            let saved = periodic::SavedPeriodic {
                x: &self.numeric,
                waves: &self.waves[..sizes.waves_len()],
                out: &self.out[..sizes.out_len()],
            };
            let places = &network.places;
            let [frequencies, weight, bias] = gradients
                .get_disjoint_mut([
                    places.frequencies.clone(),
                    places.periodic_weight.clone(),
                    places.periodic_bias.clone(),
                ])
                .expect("spans do not overlap");
            let mut gradients = periodic::PeriodicParameters { frequencies, weight, bias };
            let scratch = periodic::Scratch { dout, dwaves: &mut self.dwaves };
            sizes.backward(&saved, &network.periodic_parameters(), scratch, &mut gradients);
        }
        for (embedding, (place, column)) in
            network.name_embeddings().zip(network.places.names.iter().zip(0..))
        {
            let codes =
                rows.iter().map(|row| data.codes[row * layout.cardinalities.len() + column]);
            embedding.backward(codes, dembedded, &mut gradients[place.clone()]);
        }
    }
}

impl Network {
    fn periodic_parameters(&self) -> periodic::PeriodicParameters<&[f32]> {
        periodic::PeriodicParameters {
            frequencies: &self.parameters[self.places.frequencies.clone()],
            weight: &self.parameters[self.places.periodic_weight.clone()],
            bias: &self.parameters[self.places.periodic_bias.clone()],
        }
    }

    fn name_embeddings(&self) -> impl Iterator<Item = Embedding> + '_ {
        let stride = self.embedded_width();
        let periodic = self.architecture.periodic.map_or(0, |p| p.dim * self.layout.numeric);
        self.layout.cardinalities.iter().scan(
            self.layout.scalars + periodic,
            move |offset, &cardinality| {
                let embedding = Embedding {
                    dim: name_dim(&self.architecture, cardinality),
                    stride,
                    offset: *offset,
                };
                *offset += embedding.dim;
                Some(embedding)
            },
        )
    }
}

fn periodic_sizes(architecture: &Architecture, layout: &Layout, batch: usize) -> Option<Periodic> {
    let config = architecture.periodic.filter(|_| layout.numeric > 0)?;
    let PeriodicConfig { frequencies, dim, .. } = config;
    Some(Periodic { batch, features: layout.numeric, frequencies, dim })
}

fn name_dim(architecture: &Architecture, cardinality: u32) -> usize {
    architecture.categorical_dim.min(cardinality as usize)
}

fn embedded_width(architecture: &Architecture, layout: &Layout) -> usize {
    let periodic = architecture.periodic.map_or(0, |p| p.dim * layout.numeric);
    let names: usize = layout.cardinalities.iter().map(|&c| name_dim(architecture, c)).sum();
    layout.scalars + periodic + names
}

fn fill_uniform(values: &mut [f32], bound: f32, rng: &mut ChaCha8Rng) {
    values.iter_mut().for_each(|value| *value = rng.random_range(-bound..bound));
}

/// Lays out the parameters.
fn plan(architecture: &Architecture, layout: &Layout) -> (Vec<Span>, Places) {
    let mut spans: Vec<Span> = Vec::new();
    let mut span = |name: String, shape: Vec<usize>, decays: bool, trains: bool| {
        let start = spans.last().map_or(0, |span| span.range.end);
        let range = start..start + shape.iter().product::<usize>();
        spans.push(Span { name, range: range.clone(), shape, decays, trains });
        range
    };
    let members = architecture.members;
    let (n, dim) = architecture.periodic.map_or((0, 0), |p| (p.frequencies, p.dim));
    let features = layout.numeric;
    let mut places = Places {
        frequencies: span("num_embeddings.frequencies".into(), vec![features, n], false, true),
        periodic_weight: span(
            "num_embeddings.weight".into(),
            vec![features, dim, 2 * n],
            true,
            true,
        ),
        periodic_bias: span("num_embeddings.bias".into(), vec![features, dim], false, true),
        names: Vec::new(),
        blocks: Vec::new(),
        head_weight: 0..0,
        head_bias: 0..0,
    };
    for (i, &cardinality) in layout.cardinalities.iter().enumerate() {
        let shape = vec![cardinality as usize, name_dim(architecture, cardinality)];
        places.names.push(span(format!("cat_embeddings.{i}.weight"), shape, true, true));
    }
    let mut input = embedded_width(architecture, layout);
    for (i, &output) in architecture.hidden.iter().enumerate() {
        let adapters = architecture.adapters;
        places.blocks.push(BlockPlaces {
            input,
            output,
            weight: span(format!("blocks.{i}.weight"), vec![output, input], true, true),
            scale_in: span(format!("blocks.{i}.r"), vec![members, input], false, adapters),
            scale_out: span(format!("blocks.{i}.s"), vec![members, output], false, adapters),
            bias: span(format!("blocks.{i}.bias"), vec![members, output], false, true),
        });
        input = output;
    }
    places.head_weight = span("output.weight".into(), vec![members, input], true, true);
    places.head_bias = span("output.bias".into(), vec![members], false, true);
    (spans, places)
}
