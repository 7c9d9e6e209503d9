/// Subtracts the mean row of a matrix from each of its rows; `values` are rows of `width` values.
///
/// For descriptors that are compared between modalities: the mean of the queries is subtracted from the queries, the
/// mean of the gallery from the gallery. All drawings differ from all photographs in the same way (lines on white paper
/// against textures), and this common offset is larger than the differences between people. Without it the similarity
/// depends on what a person has in common in both.
///
/// # Panics
/// If `width` is 0, or `values` are no whole number of rows.
pub fn centred(values: &mut [f32], width: usize) {
    assert!(
        values.len().is_multiple_of(width),
        "{} values are no whole number of rows of {width}",
        values.len()
    );
    let mut mean = vec![0.0; width];
    for row in values.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    let rows = (values.len() / width) as f64;
    mean.iter_mut().for_each(|sum| *sum /= rows);
    for row in values.chunks_exact_mut(width) {
        row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= *mean as f32);
    }
}
