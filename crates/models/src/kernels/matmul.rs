//! Matrix products, the one place where `gemm` is called.

/// A matrix in memory: row-major, or the transpose of one.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Sees the slice as `[rows, columns]`.
    ///
    /// # Panics
    /// If the slice has another length.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix is as large as its slice");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// Sees some columns of wider rows as `[rows, columns]`: `data` begins at the first element,
    /// rows are `stride` apart.
    ///
    /// # Panics
    /// If the last row reaches beyond the slice.
    pub fn strided(data: &'a [f32], rows: usize, columns: usize, stride: usize) -> Self {
        assert!(
            columns <= stride && reaches(rows, columns, stride) <= data.len(),
            "rows lie in the slice"
        );
        Self { data, rows, columns, row_stride: stride, column_stride: 1 }
    }

    /// The transpose, without moving anything.
    pub fn t(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// What happens to what the output held before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// It is replaced.
    Overwrite,
    /// The product is added to it.
    Add,
}

/// `out = a b` or `out += a b`.
///
/// # Shapes
/// `a` `[m, k]`, `b` `[k, n]`, `out` `[m, n]`.
///
/// # Panics
/// If the shapes do not fit.
pub fn matmul(out: &mut [f32], mode: Output, a: Matrix<'_>, b: Matrix<'_>) {
    assert_eq!(out.len(), a.rows * b.columns, "the output is as large as the product");
    matmul_strided(out, b.columns, mode, a, b);
}

/// How far `rows` rows reach that lie `stride` apart.
fn reaches(rows: usize, columns: usize, stride: usize) -> usize {
    if rows == 0 { 0 } else { (rows - 1) * stride + columns }
}

/// As [`matmul`], into some columns of wider rows: `out` begins at the first element, rows are
/// `stride` apart.
///
/// # Panics
/// If the shapes do not fit.
#[allow(unsafe_code)]
pub fn matmul_strided(out: &mut [f32], stride: usize, mode: Output, a: Matrix<'_>, b: Matrix<'_>) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!(b.rows, k, "inner dimensions agree");
    assert!(
        n <= stride && reaches(m, n, stride) <= out.len(),
        "the output has room for the product"
    );
    if m == 0 || n == 0 {
        return;
    }
    // The kernel is fastest where the columns of its output lie together. Rows do here, so it is
    // asked for the transpose, `bᵀ aᵀ`, unless the output is a single column.
    let (m, n, left, right, column_stride, row_stride) = match stride {
        ..=1 => (m, n, a, b, 1, stride),
        _ => (n, m, b.t(), a.t(), stride, 1),
    };
    // SAFETY: the asserts above and those of `Matrix` make every element that gemm touches lie
    // inside its slice: strides are those of rows in a row-major matrix or of its transpose. `out`
    // is borrowed mutably, so it overlaps neither input.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            m,
            n,
            k,
            out.as_mut_ptr(),
            column_stride as isize,
            row_stride as isize,
            mode == Output::Add,
            left.data.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.data.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm_common::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, normals};
    use super::*;

    fn reference(a: Matrix<'_>, b: Matrix<'_>) -> Vec<f64> {
        let at = |m: &Matrix<'_>, r, c| f64::from(m.data[r * m.row_stride + c * m.column_stride]);
        let cells = (0..a.rows).flat_map(|r| (0..b.columns).map(move |c| (r, c)));
        cells.map(|(r, c)| (0..a.columns).map(|k| at(&a, r, k) * at(&b, k, c)).sum()).collect()
    }

    #[test]
    fn products_of_transposes_equal_the_obvious_sums() {
        for (m, k, n) in [(1, 1, 1), (3, 5, 2), (17, 33, 9), (64, 7, 65)] {
            let (a, b) = (normals(1, m * k), normals(2, k * n));
            for (left, right) in [
                (Matrix::new(&a, m, k), Matrix::new(&b, k, n)),
                (Matrix::new(&a, k, m).t(), Matrix::new(&b, k, n)),
                (Matrix::new(&a, m, k), Matrix::new(&b, n, k).t()),
            ] {
                let mut out = vec![1.0; m * n];
                matmul(&mut out, Output::Add, left, right);
                let want: Vec<f64> = reference(left, right).iter().map(|x| x + 1.0).collect();
                assert_close(&out, &want, 1e-4);
                matmul(&mut out, Output::Overwrite, left, right);
                assert_close(&out, &reference(left, right), 1e-4);
            }
        }
    }

    #[test]
    fn columns_of_wider_rows_multiply_in_place() {
        let (a, b) = (normals(1, 5 * 8), normals(2, 4 * 9));
        let (left, right) = (Matrix::strided(&a[3..], 5, 4, 8), Matrix::strided(&b[2..], 4, 6, 9));
        let mut out = [7.0; 5 * 10];
        matmul_strided(&mut out[1..], 10, Output::Overwrite, left, right);
        let wanted = reference(left, right);
        for (row, wanted) in out.chunks_exact(10).zip(wanted.chunks_exact(6)) {
            assert_close(&row[1..7], wanted, 1e-5);
            assert!(row[0] == 7.0 && row[7..] == [7.0; 3], "what lies beside is left alone");
        }
    }

    #[test]
    fn an_empty_inner_dimension_overwrites_with_zeros() {
        let mut out = vec![7.0; 4];
        matmul(&mut out, Output::Overwrite, Matrix::new(&[], 2, 0), Matrix::new(&[], 0, 2));
        assert_eq!(out, [0.0; 4]);
    }
}
