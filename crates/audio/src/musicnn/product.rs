//! The one matrix product of the forward pass, on views whose rows may overlap.
//!
//! A convolution is a product of windows of the input and a kernel. Where the input lies so that
//! each window is a run of it, the windows are a matrix whose rows overlap, and nothing is copied.

/// Overlapping of a slice as a matrix: row `r` begins `r * row_stride` behind `from`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overlapping<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
}

impl<'a> Overlapping<'a> {
    /// Sees `rows` runs of `columns` numbers, each `row_stride` behind the last, which may overlap.
    ///
    /// # Panics
    /// If the last run reaches beyond the slice.
    pub(super) fn new(data: &'a [f32], rows: usize, columns: usize, row_stride: usize) -> Self {
        assert!(rows > 0 && columns > 0, "there is a window");
        assert!((rows - 1) * row_stride + columns <= data.len(), "windows lie in the slice");
        Self { data, rows, columns, row_stride }
    }
}

/// `out = windows kernel`.
///
/// # Shapes
/// `windows` `[m, k]`, `kernel` `[k, n]`, `out` `[m, n]`, both row-major.
///
/// # Panics
/// If the shapes do not fit.
#[allow(unsafe_code)]
pub(super) fn product(out: &mut [f32], windows: Overlapping<'_>, kernel: &[f32]) {
    let (m, k) = (windows.rows, windows.columns);
    assert!(kernel.len().is_multiple_of(k), "the kernel has a row for each column of the windows");
    let n = kernel.len() / k;
    assert_eq!(out.len(), m * n, "the output is as large as the product");
    // The product is asked for as its transpose, as columns of the output should lie together.
    // SAFETY: the asserts here and of `Overlapping::new` make every element that is touched lie
    // inside its slice; `out` is borrowed mutably, so it overlaps neither input.
    unsafe {
        gemm_f32::gemm::f32::get_gemm_fn()(
            n,
            m,
            k,
            out.as_mut_ptr(),
            n as isize,
            1,
            false,
            kernel.as_ptr(),
            n as isize,
            1,
            windows.data.as_ptr(),
            windows.row_stride as isize,
            1,
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
    use super::*;

    #[test]
    fn overlapping_windows_multiply_as_copies_of_them_would() {
        let data: Vec<f32> = (0..100).map(|i| ((i * 37) % 19) as f32 - 9.0).collect();
        let kernel: Vec<f32> = (0..7 * 5).map(|i| ((i * 13) % 11) as f32 - 5.0).collect();
        let mut out = vec![9.0; 20 * 5];
        product(&mut out, Overlapping::new(&data[2..], 20, 7, 3), &kernel);
        for row in 0..20 {
            for column in 0..5 {
                let wanted: f32 =
                    (0..7).map(|k| data[2 + 3 * row + k] * kernel[5 * k + column]).sum();
                assert_eq!(out[5 * row + column], wanted);
            }
        }
    }

    #[test]
    #[should_panic(expected = "windows lie in the slice")]
    fn windows_beyond_the_slice_are_refused() {
        Overlapping::new(&[0.0; 10], 4, 4, 3);
    }
}
