//! What fitting a listener and scoring a catalogue cost.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::{Table, Values};
use segue_models::kernels::matmul::{Matrix, Output, matmul};
use segue_models::tabular::{Tabm, tabm};

fn main() {
    divan::main();
}

fn songs(rows: usize) -> (Table, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut table = Table::new(rows);
    for column in 0..10 {
        let values = (0..rows).map(|_| rng.random_range(0.0..1.0)).collect();
        table.push(format!("feature {column}"), Values::Numeric(values));
    }
    (table, (0..rows).map(|row| row % 2 == 0).collect())
}

fn fitted() -> Tabm {
    let (table, labels) = songs(200);
    Tabm::fit(&table, &labels, &[1.0; 200], &tabm::config(200), 1).expect("both classes are there")
}

#[divan::bench(sample_count = 5)]
fn fit_200_songs(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(fitted);
}

#[divan::bench(sample_count = 5)]
fn score_70_000_songs(bencher: divan::Bencher<'_, '_>) {
    let (model, (catalogue, _)) = (fitted(), songs(70_000));
    bencher.bench(|| model.predict(&catalogue));
}

/// The product that training spends its time in: 16 members, 64 rows, 112 inputs, 64 outputs.
#[divan::bench]
fn hidden_layer_product(bencher: divan::Bencher<'_, '_>) {
    let (x, weight, mut y) = (vec![0.5; 1024 * 112], vec![0.5; 64 * 112], vec![0.0; 1024 * 64]);
    bencher.bench_local(|| {
        let weight = Matrix::new(&weight, 64, 112);
        matmul(&mut y, Output::Overwrite, Matrix::new(&x, 1024, 112), weight.t());
    });
}
