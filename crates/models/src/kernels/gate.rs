//! Gated units of the LiGR block (Borisyuk 2025, arXiv 2502.03417): SwiGLU (Shazeer 2020) and the
//! gated residual branch.

use super::simd::{sigmoid, vectorised};

vectorised! {
/// SwiGLU: `y = silu(a) ⊙ b`, where each row of `x` holds `a` and then `b`.
///
/// # Shapes
/// `x` `[rows, 2 width]`, `y` `[rows, width]`.
pub fn swiglu(width: usize, x: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks_exact(2 * width).zip(y.chunks_exact_mut(width)) {
        let (a, b) = x.split_at(width);
        for ((y, a), b) in y.iter_mut().zip(a).zip(b) {
            *y = a * sigmoid(*a) * b;
        }
    }
}

/// Gradient of [`swiglu`]'s input.
///
/// # Shapes
/// As in [`swiglu`], `dy` as `y`, `dx` as `x`.
pub fn swiglu_backward(width: usize, x: &[f32], dy: &[f32], dx: &mut [f32]) {
    let rows = x.chunks_exact(2 * width).zip(dx.chunks_exact_mut(2 * width));
    for ((x, dx), dy) in rows.zip(dy.chunks_exact(width)) {
        let ((a, b), (da, db)) = (x.split_at(width), dx.split_at_mut(width));
        for i in 0..width {
            let s = sigmoid(a[i]);
            da[i] = dy[i] * b[i] * s * (1.0 + a[i] * (1.0 - s));
            db[i] = dy[i] * a[i] * s;
        }
    }
}

/// Gated residual: `y += σ(gate) ⊙ branch`; `gate` is left as `σ(gate)`.
///
/// # Shapes
/// All slices of one length.
pub fn gated_add(gate: &mut [f32], branch: &[f32], y: &mut [f32]) {
    for ((gate, branch), y) in gate.iter_mut().zip(branch).zip(y) {
        *gate = sigmoid(*gate);
        *y += *gate * branch;
    }
}

/// Gradients of [`gated_add`]: `gate`, which holds `σ(gate)`, turns into its own gradient, `branch`
/// into that of the branch.
///
/// # Shapes
/// All slices of one length.
pub fn gated_add_backward(gate: &mut [f32], branch: &mut [f32], dy: &[f32]) {
    for ((gate, branch), dy) in gate.iter_mut().zip(branch).zip(dy) {
        let (open, value) = (*gate, *branch);
        *gate = dy * value * open * (1.0 - open);
        *branch = dy * open;
    }
}
}

#[cfg(test)]
mod tests {
    use segue_engine::vector::dot;

    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    fn logistic(x: f64) -> f64 {
        1.0 / (1.0 + (-x).exp())
    }

    #[test]
    fn swiglu_and_its_gradient_follow_the_reference() {
        let (x, dy) = (normals(1, 3 * 10), normals(2, 3 * 5));
        let reference = |x: &[f64]| -> Vec<f64> {
            let rows = x.chunks_exact(10);
            rows.flat_map(|x| (0..5).map(|i| x[i] * logistic(x[i]) * x[5 + i])).collect()
        };
        let (mut y, mut dx) = (vec![0.0; 15], vec![0.0; 30]);
        swiglu(5, &x, &mut y);
        assert_close(&y, &reference(&wide(&x)), 1e-5);
        swiglu_backward(5, &x, &dy, &mut dx);
        assert_close(&dx, &finite_differences(&wide(&x), |x| dot(&reference(x), &wide(&dy))), 1e-4);
    }

    #[test]
    fn gated_residuals_and_their_gradients_follow_the_reference() {
        let (mut gate, mut branch, dy) = (normals(1, 20), normals(2, 20), normals(3, 20));
        let (gate64, branch64) = (wide(&gate), wide(&branch));
        let reference = |gate: &[f64], branch: &[f64]| -> Vec<f64> {
            gate.iter().zip(branch).map(|(g, b)| 1.0 + logistic(*g) * b).collect()
        };
        let mut y = vec![1.0; 20];
        gated_add(&mut gate, &branch, &mut y);
        assert_close(&y, &reference(&gate64, &branch64), 1e-5);
        gated_add_backward(&mut gate, &mut branch, &dy);
        let loss = |g: &[f64], b: &[f64]| dot(&reference(g, b), &wide(&dy));
        assert_close(&gate, &finite_differences(&gate64, |g| loss(g, &branch64)), 1e-4);
        assert_close(&branch, &finite_differences(&branch64, |b| loss(&gate64, b)), 1e-4);
    }
}
