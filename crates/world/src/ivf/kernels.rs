//! The loops that everything waits for, in plain Rust that the compiler turns into vectors.

use half::f16;

/// Centroids that are compared with a vector side by side, one column each.
pub(super) const TILE: usize = 32;

/// Codes are this long or a multiple of it, so that no loop over one has a remainder.
pub(super) const CODE_BLOCK: usize = 16;

/// Partial sums that run side by side.
const LANES: usize = 16;

/// Declares functions whose bodies are compiled for several instruction sets, of which each call
/// takes the widest that this machine has. As in the kernels of `segue-models`, which explain it.
macro_rules! vectorised {
    ($(
        $(#[$attribute:meta])*
        $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $body:block
    )*) => {
        $($(#[$attribute])*
        $vis fn $name($($argument: $type),*) {
            struct Work<Arguments>(Arguments);

            impl pulp::WithSimd for Work<($($type,)*)> {
                type Output = ();

                #[inline(always)]
                fn with_simd<S: pulp::Simd>(self, _: S) {
                    let Self(($($argument,)*)) = self;
                    $body
                }
            }

            pulp::Arch::new().dispatch(Work(($($argument,)*)))
        })*
    };
}

vectorised! {
    /// The inner product of each code with the query.
    ///
    /// # Shapes
    /// `codes` `[rows, stride]`, `query` `[stride]`, `out` `[rows]`.
    pub(super) fn code_dots(codes: &[i8], query: &[i16], out: &mut [i32]) {
        let (blocks, _) = query.as_chunks::<CODE_BLOCK>();
        for (code, out) in codes.chunks_exact(query.len()).zip(out) {
            let mut sum = 0i32;
            for (code, query) in code.as_chunks::<CODE_BLOCK>().0.iter().zip(blocks) {
                for i in 0..CODE_BLOCK {
                    sum = sum.wrapping_add(i32::from(code[i]) * i32::from(query[i]));
                }
            }
            *out = sum;
        }
    }

    /// Adds the inner products of `vector` with the columns of each tile to `out`.
    ///
    /// # Shapes
    /// `tiles` `[tiles, dim, TILE]`, `vector` `[dim]`, `out` `[tiles, TILE]`.
    pub(super) fn add_tile_dots(tiles: &[f32], vector: &[f32], out: &mut [f32]) {
        let (columns, _) = tiles.as_chunks::<TILE>();
        let (out, _) = out.as_chunks_mut::<TILE>();
        for (tile, out) in columns.chunks_exact(vector.len()).zip(out) {
            let mut sums = *out;
            for (row, &x) in tile.iter().zip(vector) {
                for i in 0..TILE {
                    sums[i] += x * row[i];
                }
            }
            *out = sums;
        }
    }

    /// The inner product of each row in half precision with `vector`.
    ///
    /// # Shapes
    /// `rows` `[rows, dim]`, `vector` `[dim]`, `out` `[rows]`.
    pub(super) fn dots(rows: &[f16], vector: &[f32], out: &mut [f32]) {
        let (blocks, rest) = vector.as_chunks::<LANES>();
        for (row, out) in rows.chunks_exact(vector.len()).zip(out) {
            let (row, row_rest) = row.as_chunks::<LANES>();
            let mut sums = [0.0f32; LANES];
            for (x, y) in row.iter().zip(blocks) {
                for i in 0..LANES {
                    sums[i] += widen(x[i]) * y[i];
                }
            }
            let rest = row_rest.iter().zip(rest).map(|(&x, y)| widen(x) * y);
            *out = sums.iter().sum::<f32>() + rest.sum::<f32>();
        }
    }
}

/// The number, if it is finite, as it always is in an index. `f16::to_f32` asks whether it is, and
/// its conversion of slices is a call for every eight numbers.
///
/// The exponent moves to its place by a product, which is right for the smallest numbers too.
#[inline(always)]
fn widen(x: f16) -> f32 {
    let bits = u32::from(x.to_bits());
    let size = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits((127 + 112) << 23);
    f32::from_bits(size.to_bits() | (bits & 0x8000) << 16)
}

/// A row as codes of one byte and the scale that they are multiplied with; the rest of `code` is
/// left zero.
pub(super) fn encode(row: &[f32], code: &mut [i8]) -> f32 {
    let largest = row.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let scale = largest / 127.0;
    if scale > 0.0 {
        // Rounded by the conversion's cutting off after a half is added: `round` is a call.
        row.iter().zip(code).for_each(|(x, code)| {
            let x = x / scale;
            *code = (x + 0.5f32.copysign(x)) as i8;
        });
    }
    scale
}

/// A query as whole numbers that are as large as the sum of products with codes allows, padded to
/// `stride`. What they are multiplied with is left out: it is the same for all rows.
pub(super) fn encode_query(query: &[f32], stride: usize) -> Vec<i16> {
    let largest = query.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
    let most = (i32::MAX as usize / (128 * stride)).min(i16::MAX as usize);
    let mut codes = vec![0; stride];
    if largest > 0.0 {
        let factor = most as f32 / largest;
        codes.iter_mut().zip(query).for_each(|(code, x)| *code = (x * factor).round() as i16);
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..n).map(next).collect()
    }

    fn dot(x: &[f32], y: &[f32]) -> f32 {
        x.iter().zip(y).map(|(x, y)| x * y).sum()
    }

    #[test]
    fn products_of_codes_follow_those_of_the_vectors() {
        let (row, query) = (numbers(70, 1), numbers(70, 2));
        let mut code = vec![0; 80];
        let scale = encode(&row, &mut code);
        let mut found = [0];
        let codes = encode_query(&query, 80);
        code_dots(&code, &codes, &mut found);
        let largest = query.iter().fold(0.0f32, |largest, x| largest.max(x.abs()));
        let most = f32::from(*codes.iter().max_by_key(|code| code.abs()).unwrap()).abs();
        let found = found[0] as f32 * scale * largest / most;
        assert!((found - dot(&row, &query)).abs() < 0.05, "{found} {}", dot(&row, &query));
    }

    #[test]
    fn the_largest_codes_do_not_overflow() {
        for stride in [16, 64, 4096] {
            let query = encode_query(&vec![-3.0; stride], stride);
            let mut found = [0];
            code_dots(&vec![-128; stride], &query, &mut found);
            let wanted: i64 = query.iter().map(|&q| -128 * i64::from(q)).sum();
            assert_eq!(i64::from(found[0]), wanted);
        }
    }

    #[test]
    fn fast_products_follow_the_obvious_ones() {
        let (rows, vector) = (numbers(5 * 37, 3), numbers(37, 4));
        let mut found = [0.0; 5];
        let halves: Vec<f16> = rows.iter().map(|&x| f16::from_f32(x)).collect();
        let rows: Vec<f32> = halves.iter().map(|x| x.to_f32()).collect();
        dots(&halves, &vector, &mut found);
        let mut tiles = vec![0.0; 37 * TILE];
        for (i, row) in rows.chunks(37).enumerate() {
            row.iter().enumerate().for_each(|(d, x)| tiles[d * TILE + i] = *x);
        }
        let mut by_tile = [1.0; TILE];
        add_tile_dots(&tiles, &vector, &mut by_tile);
        for (i, row) in rows.chunks(37).enumerate() {
            assert!((found[i] - dot(row, &vector)).abs() < 1e-5);
            assert!((by_tile[i] - 1.0 - dot(row, &vector)).abs() < 1e-5);
        }
    }

    #[test]
    fn every_finite_half_is_widened_exactly() {
        for half in (0..=u16::MAX).map(f16::from_bits).filter(|half| half.is_finite()) {
            assert_eq!(widen(half).to_bits(), half.to_f32().to_bits());
        }
    }
}
