//! Forward and backward passes of a fixed set of layers, on slices of `f32`.
//!
//! No graph, no tensor type: a layer is a function from slices to slices and its backward pass is
//! another, so that what a model computes can be read from top to bottom and memory is owned by the
//! caller. Matrix products come from the `gemm` crate, single-threaded: models share work out
//! between threads above the kernels, in a fixed order, so that results do not depend on the number
//! of threads. Beside each kernel stays the slow obvious one in `f64` (`reference`, tests only);
//! tests hold the fast one to it, and its gradients to finite differences.
//!
//! Matrices are row-major and named as `[rows, columns]`; weights are `[out, in]`, as in a PyTorch
//! module. Backward passes add to the gradients of parameters and overwrite the gradients of
//! activations.

pub mod activation;
pub mod adam;
pub mod adamw;
pub mod attention;
pub mod batch_ensemble;
pub mod bce;
pub mod dropout;
pub mod embedding;
pub mod gate;
pub mod layer_norm;
pub mod linear;
pub mod matmul;
pub mod periodic;
pub mod ranking_loss;
pub mod simd;

#[cfg(test)]
pub(crate) mod testing;
