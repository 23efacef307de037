//! Scoring pairs, and taking a photo in. Compare figures of one run only.

#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dengwen::{
    district::Profile,
    geo::Point,
    linkage::{Context, Model, Place, Report, Side, rank::levels_of},
    matching::facts::Known,
    photo::{Depth, PhotoLimits, process, sample::scene},
};

/// A report some metres from the middle, with or without words.
fn report(n: u32, description: &str) -> Report {
    Known {
        channel: "app",
        place: Some(Place {
            point: Point {
                lon: 119.30 + f64::from(n) * 1e-5,
                lat: 26.08,
            },
            accuracy_m: Some(10.0),
        }),
        address: Some("华林路128号"),
        description,
        category: "air.cooking_fume",
        coarse: "air",
        received_at: chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::minutes(i64::from(n)),
        ..Known::default()
    }
    .report()
}

/// What complaints speak of, put together anew for each report.
const PHRASES: [&str; 8] = [
    "楼下烧烤店油烟直排",
    "熏得全楼居民无法开窗",
    "夜间施工噪声扰民",
    "河水发黑臭味难闻",
    "多次反映没有人管",
    "请尽快依法查处",
    "凌晨两点还在切割",
    "垃圾堆在路口没人清运",
];

/// `phrases` of them, another choice for each number.
fn words(n: u32, phrases: usize) -> String {
    let from = n as usize;
    let chosen = (0..phrases).filter_map(|at| PHRASES.get((from * (at + 3) + at) % PHRASES.len()));
    chosen.copied().collect()
}

fn pairs(criterion: &mut Criterion, name: &str, model: &Model, phrases: usize) {
    let new = report(500, &words(500, phrases));
    let olds: Vec<Report> = (0..200).map(|n| report(n, &words(n, phrases))).collect();
    let side = |report| Side {
        report,
        closed_at: None,
    };
    let sides: Vec<Side<'_>> = olds.iter().map(side).collect();
    let context = Context::of(&new, model, 100.0, 300.0);
    let mut group = criterion.benchmark_group("linkage");
    group.throughput(Throughput::Elements(200));
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let levels = levels_of(side(&new), black_box(&sides), &context);
            levels.iter().map(|l| model.bits(l)).sum::<f64>()
        });
    });
    group.finish();
}

fn scoring(criterion: &mut Criterion) {
    let Ok(profile) = Profile::embedded() else {
        return;
    };
    pairs(criterion, "pairs without words", &profile.model, 0);
    pairs(criterion, "pairs with forty letters", &profile.model, 5);
}

fn photos(criterion: &mut Criterion) {
    let photo = scene(12, 4032, 3024);
    let limits = PhotoLimits {
        bytes: 25 * 1024 * 1024,
        pixels: 200_000_000,
    };
    let mut group = criterion.benchmark_group("photo");
    group.sample_size(10);
    group.bench_function("12 megapixels", |bencher| {
        bencher.iter(|| process(black_box(&photo), limits, Depth::Pixels));
    });
    group.finish();
}

criterion_group!(benches, scoring, photos);
criterion_main!(benches);
