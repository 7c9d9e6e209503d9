//! Domains of the benchmark. Sources and targets share neither cameras, palettes, artists nor writers.

use crate::world::DomainSpec;

const fn source(name: &'static str, visible: usize, infrared: usize, hands: usize) -> DomainSpec {
    DomainSpec {
        name,
        visible,
        infrared,
        hands,
        vocabularies: &[0, 1],
        harshness: 1.4,
        untidiness: 1.5,
    }
}

const fn target(name: &'static str, visible: usize, infrared: usize, hands: usize) -> DomainSpec {
    DomainSpec {
        name,
        visible,
        infrared,
        hands,
        vocabularies: &[1, 2],
        harshness: 1.6,
        untidiness: 1.7,
    }
}

/// RGB and text, for training.
pub const SYNTH_PEDES: DomainSpec = source("synth-pedes", 14, 0, 0);
/// RGB and infrared, for training.
pub const LLCM: DomainSpec = source("llcm", 9, 9, 0);
/// RGB and sketch, for training.
pub const MARKET_SKETCH: DomainSpec = source("market-sketch-1k", 6, 0, 6);
/// RGB, for testing.
pub const MARKET: DomainSpec = target("market1501", 6, 0, 0);
/// RGB and infrared, for testing.
pub const SYSU: DomainSpec = target("sysu-mm01", 4, 2, 0);
/// RGB and sketch, for testing.
pub const PKU: DomainSpec = target("pku-sketch", 5, 0, 5);
/// RGB, text and sketch, for testing.
pub const CUHK: DomainSpec = target("cuhk-pedes", 7, 0, 3);
/// All five modalities, for testing.
pub const ORBENCH: DomainSpec = target("orbench", 6, 3, 4);

/// Every domain.
pub const ALL: [DomainSpec; 8] =
    [SYNTH_PEDES, LLCM, MARKET_SKETCH, MARKET, SYSU, PKU, CUHK, ORBENCH];
