//! Element-wise loops for the machine at hand: the same plain Rust, compiled for several
//! instruction sets, chosen at run time.
//!
//! The compiler vectorises these loops by itself once it may use wide registers; the default target
//! only promises SSE2, and building for one machine would break the binary on another. So functions
//! with such loops are declared inside `vectorised!`. Sums are kept in [`LANES`]
//! independent parts, because the order of additions in a plain `sum()` forbids the compiler any
//! vector.

/// Partial sums that run side by side.
pub const LANES: usize = 16;

/// Declares functions whose bodies are compiled for several instruction sets, of which each call
/// takes the widest that this machine has; without AVX2 they run all the same.
///
/// The body becomes a method that is always inlined. Handing a closure to the dispatcher reads
/// better, but the compiler seldom inlines one that two instruction sets share, and leaves it at
/// SSE2: softmax and normalisation took four times as long.
macro_rules! vectorised {
    ($(
        $(#[$attribute:meta])*
        $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {
        $($(#[$attribute])*
        $vis fn $name($($argument: $type),*) $(-> $result)? {
            struct Work<Arguments>(Arguments);

            impl pulp::WithSimd for Work<($($type,)*)> {
                type Output = $crate::kernels::simd::vectorised!(@result $($result)?);

                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) -> Self::Output {
                    let Self(($($argument,)*)) = self;
                    $body
                }
            }

            pulp::Arch::new().dispatch(Work(($($argument,)*)))
        })*
    };
    (@result) => { () };
    (@result $result:ty) => { $result };
}
pub(crate) use vectorised;

/// `Σ f(x)` over a slice.
#[inline(always)]
pub fn sum_of(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut sums = [0.0; LANES];
    let blocks = x.chunks_exact(LANES);
    let rest = blocks.remainder();
    for block in blocks {
        for (sum, &x) in sums.iter_mut().zip(block) {
            *sum += f(x);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|&x| f(x)).sum::<f32>()
}

/// `Σ x y`.
#[inline(always)]
pub fn dot(x: &[f32], y: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let (x_blocks, y_blocks) = (x.chunks_exact(LANES), y.chunks_exact(LANES));
    let rest =
        x_blocks.remainder().iter().zip(y_blocks.remainder()).map(|(x, y)| x * y).sum::<f32>();
    for (x, y) in x_blocks.zip(y_blocks) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// The largest element; negative infinity if there is none.
#[inline(always)]
pub fn max_of(x: &[f32]) -> f32 {
    let mut largest = [f32::NEG_INFINITY; LANES];
    let blocks = x.chunks_exact(LANES);
    let rest = blocks.remainder();
    for block in blocks {
        for (largest, &x) in largest.iter_mut().zip(block) {
            *largest = if x > *largest { x } else { *largest };
        }
    }
    largest.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// `y += a x`.
#[inline(always)]
pub fn add_scaled(y: &mut [f32], a: f32, x: &[f32]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// `eˣ` to 3e-7 of its value, as arithmetic that vectorises: the library's function is a call for
/// every element. Below -87 it is 0 (numbers without full precision would be slow), above 88 it
/// stays finite.
///
/// `x = n ln 2 + r` with integer `n`, and a polynomial in `r` (Cephes `expf`, Moshier 1992).
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5·2²³ rounds to an integer, which then stands in the lowest bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    let vanishes = x < -87.0;
    let x = if vanishes { -87.0 } else { x };
    let x = if x < 88.0 { x } else { 88.0 };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts: the first has so few bits that its product with n is exact.
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let tail = 0.166_666_65
        + r * (4.166_579_6e-2 + r * (8.333_452e-3 + r * (1.398_2e-3 + r * 1.987_569_1e-4)));
    let mantissa = 1.0 + r + r * r * (0.5 + r * tail);
    let power = mantissa * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    if vanishes { 0.0 } else { power }
}

/// `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `ln x` of a positive normal number to 1e-7 of its value, or absolutely near 1, as arithmetic
/// that vectorises.
///
/// `x = 2ⁿ m` with `m` from √½ to √2, and a polynomial in `m − 1` (Cephes `logf`, Moshier 1992).
#[inline(always)]
pub fn ln(x: f32) -> f32 {
    // √½ as bits: what lies above it in the exponent's place counts the doublings.
    const ROOT: u32 = 0x3f35_04f3;
    let shifted = x.to_bits().wrapping_sub(ROOT);
    let n = ((shifted as i32) >> 23) as f32;
    let m = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(ROOT)) - 1.0;
    let high = 0.116_769_99 + m * (-0.115_146_1 + m * 7.037_684e-2);
    let middle = 0.142_493_23 + m * (-0.124_201_41 + m * high);
    let low = 0.200_007_15 + m * (-0.166_680_58 + m * middle);
    let tail = m * m * m * (0.333_333_3 + m * (-0.249_999_94 + m * low));
    // ln 2 in two parts, as in `exp`.
    m + (tail - n * 2.121_944_4e-4 - 0.5 * m * m) + n * 0.693_359_4
}

/// `asinh x` to 2e-7, of its value where that is above 1, for `|x|` up to 10¹⁵.
#[inline(always)]
pub fn asinh(x: f32) -> f32 {
    let size = x.abs();
    ln(size + (size * size + 1.0).sqrt()).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{normals, wide};
    use super::*;

    #[test]
    fn the_polynomial_exponential_follows_the_library() {
        for i in -86_000..88_000 {
            let x = i as f32 / 1000.0;
            let want = f64::from(x).exp();
            let error = (f64::from(exp(x)) - want).abs() / want;
            assert!(error < 3e-7, "{error} at {x}");
        }
    }

    #[test]
    fn the_polynomial_logarithm_and_asinh_follow_the_library() {
        for i in -40_000..40_000 {
            let x = (i as f32 / 1_000.0).exp2();
            for (found, want) in [(ln(x), f64::from(x).ln())]
                .into_iter()
                .chain([x, -x].map(|x| (asinh(x), f64::from(x).asinh())))
            {
                let error = (f64::from(found) - want).abs() / want.abs().max(1.0);
                assert!(error < 5e-7, "{error} at {x}");
            }
        }
        assert_eq!([ln(1.0), asinh(0.0)], [0.0; 2]);
    }

    #[test]
    fn the_exponential_saturates_without_overflow() {
        assert_eq!([exp(f32::NEG_INFINITY), exp(-1e30), exp(-87.1)], [0.0; 3]);
        assert!(exp(1e30).is_finite());
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn sums_and_maxima_equal_the_obvious_ones_at_every_length() {
        for n in 0..70 {
            let (x, y) = (normals(1, n), normals(2, n));
            let (x64, y64) = (wide(&x), wide(&y));
            let want: f64 = x64.iter().zip(&y64).map(|(x, y)| x * y).sum();
            assert!((f64::from(dot(&x, &y)) - want).abs() < 1e-4);
            let want: f64 = x64.iter().map(|x| x * x).sum();
            assert!((f64::from(sum_of(&x, |x| x * x)) - want).abs() < 1e-4);
            assert_eq!(max_of(&x), x.iter().copied().fold(f32::NEG_INFINITY, f32::max));
        }
    }
}
