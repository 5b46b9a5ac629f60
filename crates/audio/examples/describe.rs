//! Prints everything that can be known of sound files: `describe [--json] FILE…`.
#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::ExitCode;

use segue_audio::{Analyser, Analysis, AudioError};

fn main() -> ExitCode {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let is_json = files.first().is_some_and(|first| first == "--json");
    if is_json {
        files.remove(0);
    }
    let analyser = Analyser::new();
    let mut all_read = true;
    for file in &files {
        match (analyser.analyse(Path::new(file)), is_json) {
            (Ok(analysis), true) => print_json(file, &analysis),
            (Ok(analysis), false) => print_text(file, &analysis),
            (Err(error), _) => {
                all_read = false;
                print_error(file, &error);
            }
        }
    }
    if all_read { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_error(file: &str, error: &AudioError) {
    eprintln!("{file}: {error}");
}

fn print_json(file: &str, analysis: &Analysis) {
    let summary = analysis.summary();
    let measurements: Vec<_> = summary
        .measurements()
        .map(|(descriptor, measured)| {
            serde_json::json!({
                "name": descriptor.name(), "unit": descriptor.unit(),
                "value": measured.value, "confidence": measured.confidence,
            })
        })
        .collect();
    let all = serde_json::json!({
        "file": file, "analysis": analysis, "measurements": measurements,
    });
    println!("{all}");
}

fn print_text(file: &str, analysis: &Analysis) {
    let decoded = &analysis.decoded;
    println!("{file}");
    println!(
        "  {} in {}, {} Hz, {} channels, {:.1} s, {} broken packets{}",
        decoded.codec,
        decoded.container,
        decoded.rate_hz,
        decoded.channels,
        decoded.duration_ms() as f64 / 1_000.0,
        decoded.broken_packets,
        if decoded.is_cut_short { ", cut short" } else { "" },
    );
    println!("  {:?}", analysis.tags);
    let summary = analysis.summary();
    for (descriptor, measurement) in summary.measurements() {
        println!(
            "  {:28} {:10.2} {:6} confidence {:.2}   {} ({})",
            descriptor.name(),
            measurement.value,
            descriptor.unit(),
            measurement.confidence,
            descriptor.definition(),
            descriptor.source(),
        );
    }
    if let Some(tonality) = &analysis.tonality {
        println!("  {}, or else {}", tonality.key, tonality.alternative_key);
    }
    println!("  print of {} items", analysis.print.items.len());
    if let Some(embedding) = &analysis.embedding {
        let tags = summary.likely_tags(6, 0.0);
        let tags: Vec<String> = tags.iter().map(|(tag, p)| format!("{tag} {p:.2}")).collect();
        println!("  {} (over {} patches)", tags.join(", "), embedding.patches);
    }
}
