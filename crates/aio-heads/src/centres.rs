use crate::buffer::{buffer, changed};
use burn::module::{Module, Param, ParamId};
use burn::tensor::{Device, Distribution, IndexingUpdateOp, Int, Tensor, TensorData};

/// A classifier over very many identities, of which a step computes, and changes, only a sample: its rows are the identities' centres.
///
/// Sampled softmax after An et al., "Killing Two Birds with One Stone: Efficient and Robust Training of Face Recognition CNNs by Partial FC"
/// (CVPR 2022): the identities of the batch and a random sample of the others. Products, gradients and the optimiser's work are proportional to
/// the sample.
///
/// The moments of AdamW lie beside the rows, so that a checkpoint of the model holds them. They are no parameters that automatic differentiation
/// sees: [`Centres::update`] changes the rows of a sample, and nothing else.
#[derive(Module, Debug)]
pub struct Centres {
    /// `[identities, width]`
    weight: Param<Tensor<2>>,
    /// `[identities, width]`
    first_moment: Param<Tensor<2>>,
    /// `[identities, width]`
    second_moment: Param<Tensor<2>>,
    /// Updates that each row has had, `[identities]`; whole numbers.
    updates: Param<Tensor<1>>,
}

/// Standard deviation of the rows before the first step, as in the classifier over all identities.
const DEVIATION: f64 = 0.001;

/// AdamW (Loshchilov and Hutter 2019) for the rows of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowAdamW {
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Weight decay.
    pub weight_decay: f32,
    /// Decay of the first moment.
    pub beta_1: f32,
    /// Decay of the second moment.
    pub beta_2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
}

impl Centres {
    /// Random centres of so many `identities`.
    #[must_use]
    pub fn new(identities: usize, width: usize, device: &Device) -> Self {
        let normal = Distribution::Normal(0.0, DEVIATION);
        Self::from_rows(Tensor::random([identities, width], normal, device))
    }

    /// Centres with the given rows, which have had no update.
    ///
    /// # Shapes
    /// - rows: `[identities, width]`
    #[must_use]
    pub fn from_rows(rows: Tensor<2>) -> Self {
        let ([identities, width], device) = (rows.dims(), rows.device());
        let zeros = || buffer(Tensor::zeros([identities, width], &device));
        Self {
            weight: buffer(rows),
            first_moment: zeros(),
            second_moment: zeros(),
            updates: buffer(Tensor::zeros([identities], &device)),
        }
    }

    /// Under which gradients of a sample are kept.
    #[must_use]
    pub fn id(&self) -> ParamId {
        self.weight.id
    }

    /// The rows of a sample as a leaf of the autodiff graph: their gradient has the size of the sample.
    ///
    /// # Shapes
    /// - sample: `[sample]`, identities, each once
    /// - output: `[sample, width]`
    #[must_use]
    pub fn rows(&self, sample: Tensor<1, Int>) -> Tensor<2> {
        self.weight.val().without_autodiff().select(0, sample).autodiff().require_grad()
    }

    /// One step of AdamW for the rows of a sample.
    ///
    /// Rows outside the sample keep their values and moments: they are not decayed, and their moments do not fade. The bias of the moments is
    /// corrected by the number of updates that the row itself has had. With all identities in every sample, this is AdamW over the whole matrix.
    ///
    /// # Shapes
    /// - sample: identities, each once
    /// - gradient: `[sample, width]`, outside the autodiff graph
    #[must_use]
    pub fn update(self, sample: &[usize], gradient: Tensor<2>, rule: &RowAdamW) -> Self {
        let device = gradient.device();
        let rows = integers(sample, &device);
        let old = |param: &Param<Tensor<2>>| param.val().without_autodiff().select(0, rows.clone());
        let updates: Vec<f32> = self
            .updates
            .val()
            .without_autodiff()
            .select(0, rows.clone())
            .into_data()
            .iter::<f32>()
            .map(|updates| updates + 1.0)
            .collect();
        let first = old(&self.first_moment).mul_scalar(rule.beta_1)
            + gradient.clone().mul_scalar(1.0 - rule.beta_1);
        let second = old(&self.second_moment).mul_scalar(rule.beta_2)
            + gradient.square().mul_scalar(1.0 - rule.beta_2);
        let correction = |beta: f32| {
            let of_row = |updates: &f32| 1.0 - beta.powi(*updates as i32);
            let values: Vec<f32> = updates.iter().map(of_row).collect();
            let count = values.len();
            Tensor::<2>::from_data(TensorData::new(values, [count, 1]), &device)
        };
        let step = (first.clone() / correction(rule.beta_1))
            / (second.clone() / correction(rule.beta_2)).sqrt().add_scalar(rule.epsilon);
        let kept = 1.0 - rule.learning_rate * f64::from(rule.weight_decay);
        let weight = old(&self.weight).mul_scalar(kept) - step.mul_scalar(rule.learning_rate);
        let count = updates.len();
        let updates = Tensor::<1>::from_data(TensorData::new(updates, [count]), &device);
        let assign = |param, new| {
            changed(param, |all: Tensor<2>| {
                all.select_assign(0, rows.clone(), new, IndexingUpdateOp::Assign)
            })
        };
        Self {
            weight: assign(self.weight, weight),
            first_moment: assign(self.first_moment, first),
            second_moment: assign(self.second_moment, second),
            updates: changed(self.updates, |all| {
                all.select_assign(0, rows.clone(), updates, IndexingUpdateOp::Assign)
            }),
        }
    }
}

/// A tensor of identities: `[values]`.
fn integers(values: &[usize], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.iter().map(|value| *value as i64).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}
