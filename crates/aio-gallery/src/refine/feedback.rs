//! Relevance feedback: "like this one" and "not this one".

/// Weight of the mean of the rows that the results should resemble.
const LIKE: f32 = 0.75;
/// Weight of the mean of those that they should not resemble.
const UNLIKE: f32 = 0.15;

/// The vector that rows are compared with after feedback, of any length: `q + 0.75 · mean(like) − 0.15 · mean(unlike)`.
///
/// All rows have length 1 and the width of the query. Without a query `q` is 0.
///
/// Source: Rocchio, Relevance feedback in information retrieval (1971), with the weights of Manning, Raghavan and Schütze, Introduction to
/// Information Retrieval (2008), section 9.1.1.
///
/// ```
/// # use aio_gallery::rocchio;
/// let found = rocchio(&[1.0, 0.0], &[[0.0, 1.0], [1.0, 0.0]], &[[0.0, 1.0]]);
/// assert_eq!(found, [1.375, 0.375 - 0.15]);
/// ```
#[must_use]
pub fn rocchio(
    query: &[f32],
    like: &[impl AsRef<[f32]>],
    unlike: &[impl AsRef<[f32]>],
) -> Vec<f32> {
    let mut sum = query.to_vec();
    let mut add = |row: &[f32], weight: f32| {
        sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
    };
    like.iter().for_each(|row| add(row.as_ref(), LIKE / like.len() as f32));
    unlike.iter().for_each(|row| add(row.as_ref(), -UNLIKE / unlike.len() as f32));
    sum
}
