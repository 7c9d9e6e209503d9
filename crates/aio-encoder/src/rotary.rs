//! Rotary positions: from the places of tokens to the angles of their queries and keys.

use aio_ops::Rotation;
use aio_types::GridPlace;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Rotary positions of the blocks: queries and keys of a token are turned by angles that depend on its row and column.
///
/// With `n = head_dim / 4` frequencies `base^(−k/n)`, the channel pairs `0..n` are turned by the row's coordinate times a frequency, and the
/// pairs `n..2n` by the column's ([`Rotation`] says which channels are a pair). A token that lies on no grid is not turned.
///
/// Su et al., "RoFormer" (2021), on two axes as in Heo et al., "Rotary Position Embedding for Vision Transformer" (ECCV 2024, axial form). That
/// tokens of several grids in one sequence share the coordinates, and that words are not turned, is a *reconstruction*: the published models see one picture.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotaryConfig {
    /// Base of the frequencies: 100 in DINOv3, 10000 in PE.
    pub base: f64,
    /// What the coordinates are.
    pub coordinates: Coordinates,
}

/// The coordinates of rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coordinates {
    /// The centre of the patch, from −2π at one edge of the picture to 2π at the other: DINOv3.
    Centred,
    /// The number of the row or column, from 1 on: PE with a class token.
    CountedFromOne,
    /// The number of the row or column, from 0 on: PE without a class token.
    CountedFromZero,
}

impl Coordinates {
    fn at(self, number: usize, of: usize) -> f64 {
        match self {
            Self::Centred => TAU * (2.0 * (number as f64 + 0.5) / of as f64 - 1.0),
            Self::CountedFromOne => number as f64 + 1.0,
            Self::CountedFromZero => number as f64,
        }
    }
}

impl RotaryConfig {
    /// Refuses what gives no angles.
    pub(crate) fn check(&self, head_dim: usize) -> Result<(), String> {
        let base = self.base;
        if !(base.is_finite() && base > 1.0) {
            return Err(format!("base is {base}, expected a number above 1"));
        }
        if !head_dim.is_multiple_of(4) {
            return Err(format!(
                "a head has {head_dim} channels, expected a multiple of 4: pairs for rows and columns"
            ));
        }
        Ok(())
    }

    /// The angles of a sequence of `tokens`; those without a place are not turned.
    pub(crate) fn rotation(
        &self,
        places: &[Option<GridPlace>],
        tokens: usize,
        head_dim: usize,
        device: &Device,
    ) -> Rotation {
        let count = head_dim / 4;
        let frequencies: Vec<f64> =
            (0..count).map(|k| self.base.powf(-(k as f64) / count as f64)).collect();
        let mut angles = Vec::with_capacity(tokens * 2 * count);
        for token in 0..tokens {
            let place = places.get(token).copied().flatten();
            let coordinates = place.map_or([0.0; 2], |GridPlace { row, column, rows, columns }| {
                [self.coordinates.at(row, rows), self.coordinates.at(column, columns)]
            });
            for coordinate in coordinates {
                angles.extend(frequencies.iter().map(|frequency| coordinate * frequency));
            }
        }
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = angles.iter().map(|angle| f(*angle) as f32).collect();
            Tensor::from_data(TensorData::new(values, [tokens, 2 * count]), device)
        };
        Rotation { cosines: table(f64::cos), sines: table(f64::sin) }
    }
}

/// The same angles for further tokens that are not turned.
pub(crate) fn with_unturned(rotation: &Rotation, count: usize) -> Rotation {
    let Rotation { cosines, sines } = rotation;
    let ([_, width], device) = (cosines.dims(), cosines.device());
    Rotation {
        cosines: Tensor::cat(vec![cosines.clone(), Tensor::ones([count, width], &device)], 0),
        sines: Tensor::cat(vec![sines.clone(), Tensor::zeros([count, width], &device)], 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn angles_are_those_that_are_computed_by_hand() {
        let rotary = RotaryConfig { base: 100.0, coordinates: Coordinates::Centred };
        let place = GridPlace { row: 0, column: 3, rows: 2, columns: 4 };
        // Heads of 8 channels have the frequencies 1 and 100^(−1/2) = 0.1. Row 0 of 2: 2·0.25 − 1 = −0.5, so −π. Column 3 of 4:
        // 2·0.875 − 1 = 0.75, so 1.5π.
        let pi = std::f64::consts::PI;
        let by_hand = [-pi, -0.1 * pi, 1.5 * pi, 0.15 * pi];
        let rotation = rotary.rotation(&[None, Some(place)], 3, 8, &Device::flex());
        let values = |t: Tensor<2>| t.into_data().iter::<f32>().collect::<Vec<_>>();
        let (cosines, sines) = (values(rotation.cosines), values(rotation.sines));
        for (i, angle) in by_hand.into_iter().enumerate() {
            assert!((f64::from(cosines[4 + i]) - angle.cos()).abs() < 1e-6, "{cosines:?}");
            assert!((f64::from(sines[4 + i]) - angle.sin()).abs() < 1e-6, "{sines:?}");
        }
        // Tokens without a place, and those behind the last place.
        assert_eq!((&cosines[..4], &cosines[8..]), (&[1.0; 4][..], &[1.0; 4][..]));
        assert_eq!((&sines[..4], &sines[8..]), (&[0.0; 4][..], &[0.0; 4][..]));
        assert_eq!(Coordinates::CountedFromOne.at(3, 9), 4.0);
        assert_eq!(Coordinates::CountedFromZero.at(3, 9), 3.0);
    }

    #[test]
    fn what_gives_no_angles_is_refused() {
        let rotary = |base| RotaryConfig { base, coordinates: Coordinates::Centred };
        assert_eq!(rotary(100.0).check(64), Ok(()));
        assert!(rotary(100.0).check(6).is_err_and(|e| e.starts_with("a head has 6 channels")));
        assert!(rotary(1.0).check(64).is_err_and(|e| e.starts_with("base is 1")));
        assert!(rotary(f64::NAN).check(64).is_err_and(|e| e.starts_with("base is NaN")));
    }
}
