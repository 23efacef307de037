//! Whether probabilities mean what they say: of the candidates given 0.3, three in ten should be
//! of the same matter.

use serde::Serialize;

use super::{
    Model,
    fit::CALIBRATE_EVERY,
    index::{Index, Order},
    train::{Cases, Question},
};

/// Upper ends of the bands of probability; the thresholds of the rules lie on some of them.
const BANDS: [f64; 8] = [0.01, 0.05, 0.1, 0.25, 0.5, 0.8, 0.95, 1.0];

/// A candidate with its probability.
#[derive(Debug, Clone, Copy)]
pub struct Forecast {
    /// Probability that it is the same matter.
    pub probability: f64,
    /// Whether it was recorded as the same matter.
    pub same: bool,
    /// How many candidates it stands for.
    pub stands_for: f64,
}

/// The candidates whose probability lies in one band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Band {
    /// Upper end of the band.
    pub up_to: f64,
    /// Candidates in it.
    pub candidates: f64,
    /// Their mean probability.
    pub expected: f64,
    /// The share of them that was recorded as the same matter. What nobody recorded counts as
    /// different, so the true share is higher where people do not record every duplicate.
    pub recorded: f64,
}

/// What a model says of the candidates of questions, of which each has a partner, and of those of
/// every so many-th other case, which stand for all the others.
#[must_use]
pub fn forecasts(
    cases: &Cases,
    index: &Index,
    model: &Model,
    questions: &[&Question],
    others: &[usize],
    order: Order,
) -> Vec<Forecast> {
    let of = |at: usize, stands_for: f64, same: &dyn Fn(usize) -> bool| -> Vec<Forecast> {
        let (found, levels) = cases.compared(index, at, order, model);
        let pairs = found.into_iter().zip(levels);
        pairs
            .map(|(candidate, levels)| Forecast {
                probability: Model::probability(model.bits(&levels)),
                same: same(candidate),
                stands_for,
            })
            .collect()
    };
    let asked = questions
        .iter()
        .flat_map(|q| of(q.asks, 1.0, &|at| q.group.contains(&at)));
    let ordinary = others
        .iter()
        .flat_map(|at| of(*at, CALIBRATE_EVERY as f64, &|_| false));
    asked.chain(ordinary).collect()
}

/// Forecasts by band; bands with nothing in them are left out.
#[must_use]
pub fn bands(forecasts: &[Forecast]) -> Vec<Band> {
    let mut from = f64::NEG_INFINITY;
    let mut bands = Vec::new();
    for up_to in BANDS {
        let inside = forecasts
            .iter()
            .filter(|f| f.probability > from && f.probability <= up_to);
        let (mut candidates, mut expected, mut recorded) = (0.0, 0.0, 0.0);
        for forecast in inside {
            candidates += forecast.stands_for;
            expected += forecast.stands_for * forecast.probability;
            if forecast.same {
                recorded += forecast.stands_for;
            }
        }
        if candidates > 0.0 {
            bands.push(Band {
                up_to,
                candidates,
                expected: expected / candidates,
                recorded: recorded / candidates,
            });
        }
        from = up_to;
    }
    bands
}

/// How far probabilities are from what was recorded: the mean square over all candidates (Brier
/// 1950), 0 at best. Unlike a rank it tells a model that calls everything the same matter.
#[must_use]
pub fn misjudged(forecasts: &[Forecast]) -> f64 {
    let (mut off, mut all) = (0.0, 0.0);
    for forecast in forecasts {
        let truth = f64::from(u8::from(forecast.same));
        off += forecast.stands_for * (forecast.probability - truth).powi(2);
        all += forecast.stands_for;
    }
    if all > 0.0 { off / all } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_candidate_counts_in_its_band_for_all_it_stands_for() {
        let forecast = |probability, same, stands_for| Forecast {
            probability,
            same,
            stands_for,
        };
        let bands = bands(&[
            forecast(0.0, false, 30.0),
            forecast(0.625, true, 1.0),
            forecast(0.75, false, 4.0),
            forecast(1.0, true, 1.0),
        ]);
        let seen: Vec<_> = bands
            .iter()
            .map(|b| (b.up_to, b.candidates, b.expected, b.recorded))
            .collect();
        let expected = [
            (0.01, 30.0, 0.0, 0.0),
            (0.8, 5.0, 0.725, 0.2),
            (1.0, 1.0, 1.0, 1.0),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_wrong_word_weighs_for_all_it_stands_for() {
        let forecast = |probability, same, stands_for| Forecast {
            probability,
            same,
            stands_for,
        };
        let sure = [forecast(0.0, false, 3.0), forecast(1.0, true, 1.0)];
        assert_eq!(misjudged(&sure), 0.0);
        let wrong = [forecast(1.0, false, 3.0), forecast(1.0, true, 1.0)];
        assert_eq!(misjudged(&wrong), 0.75);
        assert_eq!(misjudged(&[]), 0.0);
    }
}
