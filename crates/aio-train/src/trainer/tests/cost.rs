//! What a stage is predicted to take.

use super::*;
use crate::config::Batches;
use aio_data::DatasetName;

/// The prediction for a stage of batches of one data set each, with real pictures alone.
fn predicted(datasets: &[DatasetName], shares: &[f64]) -> StageCost {
    let mut config = test_data::config(test_data::root());
    config.data.validation_fraction = 0.0;
    config.model.modalities = [Modality::Rgb, Modality::Infrared].into_iter().collect();
    config.train.identities = 5;
    config.train.stages.remove(0);
    let stage = &mut config.train.stages[0];
    (stage.datasets, stage.shares) = (datasets.to_vec(), shares.to_vec());
    (stage.batches, stage.synthesise) = (Batches::OneDataSet, Vec::new());
    let (start, device) = (test_data::start(&config), Device::flex());
    let setup =
        TrainingSetup { config: &config, start: &start, device: &device, evaluation_bytes: 0 };
    let size = start.preprocessing.size();
    let (loader, ..) = opened(&config.data.root, &config, 0, size);
    // The same heads in every stage.
    let sizes = HeadSizes { classes: 13, attributes: 0 };
    let model = initial_model(&setup, sizes).expect("a model");
    StageCost::predict(&setup, &model, &loader, sizes).expect("predicted")
}

#[test]
fn the_prediction_of_a_stage_is_the_mean_over_its_data_sets_in_any_order() {
    let _alone = crate::test_data::exclusive();
    let (pedes, llcm) = (DatasetName::SynthPedes, DatasetName::Llcm);
    // 13 people are two batches of five, one of each data set. LLCM has infrared pictures, and with them a combination.
    let [without, with] = [pedes, llcm].map(|of| predicted(&[of], &[]).step.total());
    assert!(with > 1.5 * without, "{with} {without}");
    for (datasets, shares) in [([pedes, llcm], [1.0, 1.0]), ([llcm, pedes], [1.0, 1.0])] {
        let found = predicted(&datasets, &shares).step.total();
        let mean = 0.5 * (with + without);
        assert!((found - mean).abs() < 1e-9 * mean, "{found}, expected {mean}");
    }
}
