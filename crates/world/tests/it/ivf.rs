//! Searching for the nearest of many vectors, held to a scan of all of them.

use std::collections::HashSet;
use std::io::Cursor;
use std::path::Path;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use segue_world::ivf::{Hit, Ivf, IvfConfig, SearchEffort, VectorRows, build};

const DIM: usize = 24;

fn normals(rng: &mut ChaCha8Rng, n: usize) -> Vec<f32> {
    (0..n).map(|_| StandardNormal.sample(rng)).collect()
}

/// Vectors around a hundred centres whose lengths have logarithms of this deviation.
fn clustered(rows: usize, spread: f32) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let centres = normals(&mut rng, 100 * DIM);
    let row = |_| {
        let centre = rng.random_range(0..100);
        let length = (spread * normals(&mut rng, 1)[0]).exp();
        let noise = normals(&mut rng, DIM);
        let sum = noise.into_iter().zip(&centres[centre * DIM..]);
        sum.map(|(noise, centre)| length * (centre + noise)).collect::<Vec<f32>>()
    };
    (0..rows).flat_map(row).collect()
}

/// Bytes at an address that four divides, as those of a mapped file are.
struct Aligned(Vec<u32>, usize);

impl Aligned {
    fn new(bytes: &[u8]) -> Self {
        let mut words = vec![0u32; bytes.len().div_ceil(4)];
        bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
        Self(words, bytes.len())
    }

    fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.0)[..self.1]
    }

    fn open(&self) -> Ivf<'_> {
        Ivf::open(Path::new("index"), self.bytes()).unwrap()
    }
}

fn written(values: &[f32], lists: Option<usize>) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    let config = IvfConfig { lists, seed: 7 };
    build(&VectorRows::new(values, DIM), &config, Path::new("index"), &mut out, &mut |_| ())
        .unwrap();
    out.into_inner()
}

fn index(values: &[f32], lists: usize) -> Aligned {
    Aligned::new(&written(values, Some(lists)))
}

fn recall(ivf: &Ivf<'_>, search: &SearchEffort) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut found = 0;
    for _ in 0..50 {
        let row = rng.random_range(0..ivf.len() as u32);
        let query: Vec<f32> = ivf.vector(row).unwrap().iter().map(|x| x.to_f32()).collect();
        let truth: HashSet<u32> = rows(&ivf.exact(&query, search.k, &|_| true)).collect();
        found += rows(&ivf.search(&query, search, &|_| true)).filter(|r| truth.contains(r)).count();
    }
    found as f64 / (50 * search.k) as f64
}

fn rows(hits: &[Hit]) -> impl Iterator<Item = u32> {
    hits.iter().map(|hit| hit.row)
}

#[test]
fn a_tenth_of_the_lists_holds_nearly_all_that_is_near() {
    for spread in [0.0, 1.0] {
        let index = index(&clustered(20_000, spread), 400);
        let found = recall(&index.open(), &SearchEffort { k: 20, probes: 40, rerank: 200 });
        assert!(found > 0.95, "{found} of lengths with spread {spread}");
    }
}

#[test]
fn a_hit_has_the_score_of_its_vector_and_the_best_comes_first() {
    let index = index(&clustered(5_000, 0.5), 50);
    let ivf = index.open();
    let query = normals(&mut ChaCha8Rng::seed_from_u64(1), DIM);
    let hits = ivf.search(&query, &SearchEffort { k: 30, probes: 10, rerank: 100 }, &|_| true);
    assert_eq!(hits.len(), 30);
    assert!(hits.is_sorted_by(|a, b| (-a.score, a.row) < (-b.score, b.row)));
    for Hit { row, score } in hits {
        let vector = ivf.vector(row).unwrap();
        let wanted: f32 = vector.iter().zip(&query).map(|(x, y)| x.to_f32() * y).sum();
        assert!((score - wanted).abs() < 1e-3);
    }
}

#[test]
fn what_may_not_be_had_takes_no_place() {
    let index = index(&clustered(5_000, 0.5), 50);
    let ivf = index.open();
    let query = normals(&mut ChaCha8Rng::seed_from_u64(2), DIM);
    let banned: HashSet<u32> = rows(&ivf.exact(&query, 500, &|_| true)).collect();
    let allowed = |row| !banned.contains(&row);
    let search = SearchEffort { k: 100, probes: 50, rerank: 100 };
    let hits = ivf.search(&query, &search, &allowed);
    assert_eq!(hits.len(), 100);
    assert!(rows(&hits).all(allowed));
    let truth: HashSet<u32> = rows(&ivf.exact(&query, 100, &allowed)).collect();
    assert!(rows(&hits).filter(|row| truth.contains(row)).count() > 95);
}

#[test]
fn bytes_are_the_same_on_one_thread_or_many() {
    let values = clustered(9_000, 0.5);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| written(&values, Some(100)))
    };
    assert!(on(1) == on(4));
}

#[test]
fn few_rows_are_scanned_and_many_are_not() {
    let few = Aligned::new(&written(&clustered(300, 0.0), None));
    assert_eq!(few.open().lists(), 0);
    let query = vec![1.0; DIM];
    let search = SearchEffort { k: 10, probes: 1, rerank: 0 };
    let hits = few.open().search(&query, &search, &|_| true);
    assert_eq!(hits, few.open().exact(&query, 10, &|_| true));
    for rows in 0..40 {
        let few = Aligned::new(&written(&clustered(rows, 0.0), None));
        assert_eq!(few.open().exact(&query, 50, &|_| true).len(), rows);
    }
    let many = Aligned::new(&written(&clustered(9_000, 0.0), None));
    assert!(many.open().lists() > 500);
}

#[test]
fn more_hits_than_there_are_rows_are_all_rows() {
    for lists in [0, 5] {
        let index = index(&clustered(60, 0.5), lists);
        let search = SearchEffort { k: 1_000, probes: usize::MAX, rerank: usize::MAX };
        let query = [1.0; DIM];
        assert_eq!(index.open().search(&query, &search, &|_| true).len(), 60);
        let none = SearchEffort { k: 0, ..search };
        assert_eq!(index.open().search(&query, &none, &|_| true), []);
    }
}

#[test]
fn no_rows_and_rows_of_zeros_are_indexed() {
    let search = SearchEffort { k: 3, probes: 9, rerank: 9 };
    assert_eq!(index(&[], 4).open().search(&[1.0; DIM], &search, &|_| true), []);
    let zeros = index(&[0.0; 50 * DIM], 4);
    let hits = zeros.open().search(&[1.0; DIM], &search, &|_| true);
    assert_eq!(hits.len(), 3);
}

#[test]
fn an_index_may_begin_anywhere_in_what_is_written() {
    let values = clustered(500, 0.5);
    let mut out = Cursor::new(vec![9; 64]);
    out.set_position(64);
    let config = IvfConfig { lists: Some(10), seed: 7 };
    build(&VectorRows::new(&values, DIM), &config, Path::new("index"), &mut out, &mut |_| ())
        .unwrap();
    assert!(out.into_inner()[64..] == written(&values, Some(10)));
}

#[test]
fn what_is_no_number_is_refused_with_its_row() {
    let mut values = clustered(100, 0.0);
    values[42 * DIM + 3] = f32::NAN;
    let mut out = Cursor::new(Vec::new());
    let (rows, config) = (VectorRows::new(&values, DIM), IvfConfig::default());
    let error = build(&rows, &config, Path::new("world"), &mut out, &mut |_| ()).unwrap_err();
    let wanted = "`world`: vector 42 holds what is no number, or too large a one";
    assert_eq!(error.to_string(), wanted);
}

#[test]
fn bytes_that_are_no_index_or_cut_short_are_refused() {
    let whole = index(&clustered(200, 0.0), 5);
    let open = |bytes: &[u8]| Ivf::open(Path::new("index"), bytes).map(|ivf| ivf.len());
    for length in 0..whole.bytes().len() {
        assert!(open(&whole.bytes()[..length]).is_err(), "{length}");
    }
    for place in 0..16 {
        let mut bytes = Aligned::new(whole.bytes());
        bytemuck::cast_slice_mut::<u32, u8>(&mut bytes.0)[place] ^= 0xff;
        assert!(open(bytes.bytes()).is_err(), "{place}");
    }
    let shifted = Aligned::new(&[&[0], whole.bytes()].concat());
    let error = open(&shifted.bytes()[1..]).unwrap_err().to_string();
    assert!(error.contains("multiple of four"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_lists_and_all_rows_again_are_the_scan_of_everything(
        seed in any::<u64>(), rows in 1usize..300, lists in 0usize..20, k in 0usize..40,
    ) {
        // Whole numbers, so that many scores are equal.
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let values: Vec<f32> = (0..rows * DIM).map(|_| rng.random_range(-2..3) as f32).collect();
        let index = index(&values, lists);
        let allowed = |row: u32| row % 3 != 1;
        let search = SearchEffort { k, probes: usize::MAX, rerank: rows };
        let query = &values[..DIM];
        let found = index.open().search(query, &search, &allowed);
        prop_assert_eq!(found, index.open().exact(query, k, &allowed));
    }

    #[test]
    fn damage_gives_an_error_or_wrong_hits(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..60),
    ) {
        let mut index = index(&clustered(100, 1.0), 5);
        let length = index.1;
        let bytes = bytemuck::cast_slice_mut::<u32, u8>(&mut index.0);
        for (place, byte) in damage {
            // Behind magic and version; and once more where lists start, which is a small place.
            bytes[12 + place.index(length - 12)] = byte;
            bytes[64 + 100 * 2 * DIM + place.index(24)] ^= byte & 0x11;
        }
        if let Ok(ivf) = Ivf::open(Path::new("index"), index.bytes()) {
            let search = SearchEffort { k: 10, probes: 5, rerank: 20 };
            let hits = ivf.search(&vec![0.5; ivf.dim()], &search, &|_| true);
            prop_assert!(hits.iter().all(|hit| ivf.vector(hit.row).is_some()));
        }
    }
}
