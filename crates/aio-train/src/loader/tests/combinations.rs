//! What the combinations of a step leave as it is.

use super::*;
use aio_heads::Masked;

#[test]
fn the_number_of_combinations_changes_nothing_else_in_a_batch() {
    let root = test_data::root();
    /// Classes, photographs, pixels, and captions with their masks.
    type Held = Vec<(usize, usize, Vec<Vec<u8>>, Option<(Vec<u32>, Masked)>)>;
    let of = |combinations: usize, step: u64| -> (usize, Held) {
        let mut config = test_data::config(root);
        config.train.combinations = combinations;
        let loader = loader(root, &config, 1);
        let batch = loader.batch(&loader.epoch(0)[1], step).expect("a batch");
        let tuples = batch.tuples.into_iter().map(|tuple| {
            let pixels = tuple.pictures.into_iter().map(|picture| picture.picture.pixels);
            let caption = tuple.caption.map(|caption| (caption.ids, caption.masked));
            (tuple.class, tuple.photograph, pixels.collect(), caption)
        });
        (batch.combinations.len(), tuples.collect())
    };
    for step in 0..4 {
        let (none, expected) = of(0, step);
        assert!(none == 0 && expected.iter().any(|tuple| tuple.3.is_some()));
        for combinations in [1, 3] {
            let (drawn, held) = of(combinations, step);
            assert!(drawn == combinations && held == expected, "{combinations} in step {step}");
        }
    }
}

#[test]
fn an_outline_is_the_batch_without_its_pixels() {
    let root = test_data::root();
    let loader = loader(root, &test_data::config(root), 1);
    let tuples = &loader.epoch(0)[0];
    let mut batch = loader.batch(tuples, 7).expect("a batch");
    let outline = loader.outline(tuples, 7).expect("an outline");
    let empty = |picture: &aio_types::Picture| picture.pixels.is_empty();
    for (whole, outlined) in batch.tuples.iter_mut().zip(&outline.tuples) {
        for (picture, outlined) in whole.pictures.iter_mut().zip(&outlined.pictures) {
            assert!(!empty(&picture.picture) && empty(&outlined.picture));
            picture.picture = outlined.picture.clone();
        }
    }
    assert_eq!(format!("{batch:?}"), format!("{outline:?}"));
}
