//! Categorical embedding: one learned vector per code.

/// Sizes of one embedding table and where its vectors go in a wider row.
#[derive(Clone, Copy, Debug)]
pub struct Embedding {
    /// Length of a vector.
    pub dim: usize,
    /// Length of a row of the output.
    pub stride: usize,
    /// Where in the row the vector starts.
    pub offset: usize,
}

impl Embedding {
    /// Copies the vector of each row's code into the row.
    ///
    /// # Shapes
    /// `codes` `[batch]`, `table` `[cardinality, dim]`, `out` `[batch, stride]`.
    pub fn forward(self, codes: impl Iterator<Item = u32>, table: &[f32], out: &mut [f32]) {
        for (row, code) in out.chunks_exact_mut(self.stride).zip(codes) {
            let vector = &table[code as usize * self.dim..][..self.dim];
            row[self.offset..][..self.dim].copy_from_slice(vector);
        }
    }

    /// Adds each row's gradient to that of its code's vector.
    ///
    /// # Shapes
    /// As in [`forward`](Self::forward), `dout` as `out`, `dtable` as `table`.
    pub fn backward(self, codes: impl Iterator<Item = u32>, dout: &[f32], dtable: &mut [f32]) {
        for (row, code) in dout.chunks_exact(self.stride).zip(codes) {
            let vector = &mut dtable[code as usize * self.dim..][..self.dim];
            vector.iter_mut().zip(&row[self.offset..]).for_each(|(sum, d)| *sum += d);
        }
    }
}

#[cfg(test)]
mod tests {
    use segue_engine::vector::dot;

    use super::super::testing::{assert_close, finite_differences, normals, wide};
    use super::*;

    /// The embedding as a product with one-hot rows.
    fn reference(layer: Embedding, codes: &[u32], table: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; codes.len() * layer.stride];
        for (row, &code) in codes.iter().enumerate() {
            for (k, vector) in table.chunks_exact(layer.dim).enumerate() {
                let one_hot = f64::from(u8::from(k == code as usize));
                for (d, value) in vector.iter().enumerate() {
                    out[row * layer.stride + layer.offset + d] += one_hot * value;
                }
            }
        }
        out
    }

    #[test]
    fn outputs_and_gradients_follow_the_reference() {
        let layer = Embedding { dim: 2, stride: 5, offset: 3 };
        let codes = [2, 0, 2, 1];
        let table = normals(1, 6);
        let mut out = vec![0.0; 20];
        layer.forward(codes.iter().copied(), &table, &mut out);
        assert_close(&out, &reference(layer, &codes, &wide(&table)), 1e-6);

        let dout = normals(2, 20);
        let mut dtable = vec![0.0; 6];
        layer.backward(codes.iter().copied(), &dout, &mut dtable);
        let loss = |t: &[f64]| dot(&reference(layer, &codes, t), &wide(&dout));
        assert_close(&dtable, &finite_differences(&wide(&table), loss), 1e-4);
    }
}
