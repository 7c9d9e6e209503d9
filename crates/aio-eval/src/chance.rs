use crate::scores::score;
use crate::{
    Entry, EvalError, EvalOptions, Protocol, Ranking, Scores, Ties, mean_over_trials, python,
};
use rayon::prelude::*;

/// What random rankings score: the mean over `draws` of them, drawn from `seed`.
///
/// # Errors
/// [`EvalError::NoMatches`] if no query has a match.
pub fn chance(
    queries: &[Entry],
    gallery: &[Entry],
    protocol: Protocol,
    options: EvalOptions,
    seed: u32,
    draws: u32,
) -> Result<Scores, EvalError> {
    let trials: Vec<Scores> = (0..draws)
        .into_par_iter()
        .map(|draw| {
            let mut expected = protocol.samples_identities().then(|| vec![0.0; options.max_rank]);
            let by_query = queries.iter().enumerate().map(|(i, query)| {
                let mut random =
                    python::Random::new(seed.wrapping_add(draw).wrapping_mul(1_000_003) ^ i as u32);
                let distances: Vec<f32> =
                    gallery.iter().map(|_| (random.next_u32() >> 8) as f32).collect();
                let ranking = Ranking::new(query, gallery, &distances, protocol, Ties::Stable, 0);
                for (sum, value) in
                    expected.iter_mut().flatten().zip(ranking.expected_cmc(options.max_rank))
                {
                    *sum += value;
                }
                score(&ranking, options.average_precision)
            });
            let by_query = by_query.collect();
            Scores::from_queries(by_query, expected, gallery.len(), protocol, options.max_rank)
        })
        .collect::<Result<_, _>>()?;
    Ok(mean_over_trials(&trials))
}
