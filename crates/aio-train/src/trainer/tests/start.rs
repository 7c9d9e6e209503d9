//! The model before its first step.

use super::*;
use aio_model::{AbsentUse, AdapterUse, FusionUse};
use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;

/// The values of the parameters whose names begin with a word.
#[derive(Default)]
struct Values {
    path: Vec<String>,
    values: BTreeMap<String, Vec<f32>>,
}

impl ModuleVisitor for Values {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let values = param.val().into_data().iter::<f32>().collect();
        self.values.insert(self.path.join("."), values);
    }
}

/// The values before the first step of what is not the backbone's.
fn heads(config: &TrainingConfig) -> BTreeMap<String, Vec<f32>> {
    let (start, device) = (test_data::start(config), Device::flex());
    let setup = TrainingSetup { config, start: &start, device: &device, evaluation_bytes: 0 };
    let model = initial_model(&setup, HeadSizes { classes: 7, attributes: 5 }).expect("a model");
    let mut values = Values::default();
    model.visit(&mut values);
    values.values.retain(|name, _| !name.starts_with("backbone."));
    values.values
}

#[test]
fn trainings_that_differ_in_adapters_or_fusion_start_with_the_same_heads() {
    let _alone = crate::test_data::exclusive();
    let config = test_data::config(test_data::root());
    let expected = heads(&config);
    let classifier = &expected["identity.classifier.weight"];
    assert!(classifier.iter().any(|value| *value != 0.0));
    let mut others = vec![config.clone(); 4];
    others[0].model.adapters = AdapterUse::Lora;
    others[1].model.fusion = FusionUse::Mixer;
    others[2].model.absent = AbsentUse::Learned;
    others[3].model.adapters = AdapterUse::Prompts;
    others[3].model.fusion = FusionUse::Mixer;
    for other in &others {
        let model = &other.model;
        assert!(heads(other) == expected, "{:?} {:?}", model.adapters, model.fusion);
    }
    let other_seed = TrainingConfig { seed: config.seed + 1, ..config };
    assert!(heads(&other_seed) != expected);
}
