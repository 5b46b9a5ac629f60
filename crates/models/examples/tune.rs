//! scratch
#![allow(clippy::unwrap_used, clippy::print_stdout)]
use segue_core::{AudioFeature, AudioFeatures};
use segue_engine::Table;
use segue_engine::eval::folds::join_groups;
use segue_engine::eval::likability::*;
use segue_models::tabular::{Tabm, ensemble::EnsembleConfig, mlp, tabm};
struct C(Vec<String>, bool);
struct F(Tabm);
impl Fitted for F {
    fn predict(&self, t: &Table) -> Result<Vec<segue_engine::Likability>, ClassifierError> {
        Ok(self.0.predict(t)?)
    }
}
impl Classifier for C {
    fn fit(&self, t: &Table, l: &[bool], s: u64) -> Result<Box<dyn Fitted>, ClassifierError> {
        let c = if self.1 { mlp::config(l.len()) } else { tabm::config(l.len()) };
        let mut v = serde_json::to_value(&c).unwrap();
        for o in &self.0 {
            let (k, x) = o.split_once('=').unwrap();
            *v.pointer_mut(&format!("/{}", k.replace('.', "/"))).unwrap() = serde_json::from_str(x).unwrap();
        }
        let c: EnsembleConfig = serde_json::from_value(v).unwrap();
        Ok(Box::new(F(Tabm::fit(t, l, &vec![1.0; l.len()], &c, s)?)))
    }
}
fn load(p: &str) -> LabelledTable {
    let mut r = csv_lines(p);
    let h = r.remove(0);
    let mut fs = vec![];
    let mut labels = vec![];
    let mut arts = vec![];
    for x in r {
        let mut f = AudioFeatures::MISSING;
        let mut art = String::new();
        for (n, v) in h.iter().zip(&x) {
            if let Some(a) = AudioFeature::from_name(n) {
                f.set(a, v.parse().unwrap_or(f32::NAN));
            }
            if n == "liked" {
                labels.push(v == "1")
            }
            if n == "artist" {
                art = v.clone()
            }
        }
        fs.push(f);
        arts.push(art);
    }
    let t = Table::from_audio(&fs);
    let mut t2 = Table::new(t.rows());
    for c in t.columns() {
        if c.name == "time_signature" && h.iter().all(|n| n != "time_signature") {
            continue;
        }
        t2.push(c.name.clone(), c.values.clone());
    }
    let d = t2.duplicate_groups();
    let mut m = std::collections::BTreeMap::new();
    let g: Vec<u32> = arts
        .iter()
        .enumerate()
        .map(|(i, a)| {
            let k = if a.is_empty() { format!("#{i}") } else { a.clone() };
            let n = m.len() as u32;
            *m.entry(k).or_insert(n)
        })
        .collect();
    LabelledTable { groups: join_groups(&g, &d), table: t2, labels }
}
fn csv_lines(p: &str) -> Vec<Vec<String>> {
    let s = std::fs::read_to_string(p).unwrap();
    s.lines()
        .map(|l| {
            let mut out = vec![];
            let mut cur = String::new();
            let mut q = false;
            for c in l.chars() {
                match c {
                    '"' => q = !q,
                    ',' if !q => out.push(std::mem::take(&mut cur)),
                    c => cur.push(c),
                }
            }
            out.push(cur);
            out
        })
        .collect()
}
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let repeats: usize = args[0].parse().unwrap();
    let files: Vec<&String> = args[1..].iter().filter(|a| a.ends_with(".csv")).collect();
    let over: Vec<String> = args[1..].iter().filter(|a| a.contains('=')).cloned().collect();
    let is_mlp = args.iter().any(|a| a == "mlp");
    let is_paper = args.iter().any(|a| a == "paper");
    let c = C(over.clone(), is_mlp);
    let mut tot = [0.0; 4];
    let t = std::time::Instant::now();
    for f in &files {
        let d = load(f);
        if is_paper {
            let r = paper(&d, &c, Repeats { count: repeats, seed: 0 }, &|_| ()).unwrap();
            println!(
                "{f} train {:.4}/{:.4} val {:.4}/{:.4} test {:.4} ll {:.4}",
                r.train_accuracy.mean,
                r.train_accuracy.median,
                r.validation_accuracy.mean,
                r.validation_accuracy.median,
                r.accuracy.mean,
                r.log_loss.mean
            );
            continue;
        }
        let r = nested_cv(&d, &[&c], Repeats { count: repeats, seed: 0 }, &|_| ()).unwrap();
        let v = [r.accuracy.mean, r.auc.mean, r.log_loss.mean, r.ece.mean];
        for i in 0..4 {
            tot[i] += v[i] / files.len() as f64
        }
        if args.iter().any(|a| a == "-v") {
            println!("  {f} {v:.4?}")
        }
    }
    if !is_paper {
        println!(
            "{:?} {} acc {:.4} auc {:.4} ll {:.4} ece {:.4} in {:.1}s",
            over,
            if is_mlp { "mlp" } else { "" },
            tot[0],
            tot[1],
            tot[2],
            tot[3],
            t.elapsed().as_secs_f64()
        )
    }
}
