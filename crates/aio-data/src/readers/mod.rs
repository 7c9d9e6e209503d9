//! Readers: one file per data set.
//!
//! The file documents the published tree that it expects and holds the data set's [`DatasetInfo`], its reader and its
//! [`TaskRules`](crate::task::TaskRules): which tasks exist, under which protocol, over which trials. A reader checks file
//! names and rows, reports the first thing that is wrong by name, and opens no picture.
//!
//! To add a data set, write its file and add it to the list below.

mod captions;
mod cuhk03;
mod cuhk_pedes;
mod icfg_pedes;
mod info;
mod llcm;
mod market;
mod market_sketch_1k;
pub mod matlab;
mod msmt17;
mod name;
mod omni_reid;
mod orbench;
mod pku_sketch;
mod regdb;
mod rstp_reid;
mod shared;
pub mod synth_pedes;
pub mod sysu_mm01;
pub mod table;
mod tri;

pub use info::{Count, DatasetInfo, FurtherCount};
use info::{Splits, count, nothing_further};
pub use market_sketch_1k::LeftOut;
pub use name::UnknownDataset;

/// Defines [`DatasetName`] from the list of the published data sets: the name, the type of the number of a split where there are several, the usual
/// one of several variants, and what is known of it.
macro_rules! datasets {
    ($($(#[$doc:meta])* $variant:ident $([$split:ty])? $(($of:ty = $usual:expr))? => $info:path,)+) => {
        /// The data sets that can be read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DatasetName {
            $($(#[$doc])* $variant $(($split))? $(($of))?,)+
            /// One CSV or Parquet file with the user's own data, `table:NAME`.
            Table(&'static str),
        }

        impl DatasetName {
            /// Every published data set, those with several splits or variants once: with all splits (number 0) or the usual variant.
            pub const ALL: [Self; [$(stringify!($variant)),+].len()] =
                [$(Self::$variant $((<$split>::MIN))? $(($usual))?),+];

            /// What is known of the data set.
            #[must_use]
            pub fn info(self) -> &'static DatasetInfo {
                match self {
                    $(Self::$variant { .. } => &$info,)+
                    Self::Table(_) => &table::INFO,
                }
            }

            /// The number of the split that the name stands for, 0 for all splits; `None` of a data set without splits.
            fn split_number(self) -> Option<u8> {
                match self {
                    $($(Self::$variant(split) => Some::<$split>(split),)?)+
                    _ => None,
                }
            }

            /// The same data set with another split; itself if it has none.
            fn with_split(self, split: u8) -> Self {
                match self {
                    $($(Self::$variant(_) => {
                        let split: $split = split;
                        Self::$variant(split)
                    })?)+
                    other => other,
                }
            }
        }
    };
}

datasets! {
    /// Market-1501: RGB.
    Market1501 => market::MARKET1501,
    /// Market-1501 with 500,000 distractors in the gallery.
    Market1501Plus500k => market::MARKET1501_500K,
    /// DukeMTMC-reID: RGB. Withdrawn by its authors; the format lives on.
    DukeMtmcReId => market::DUKE,
    /// MSMT17, first version: RGB.
    Msmt17 => msmt17::V1,
    /// MSMT17, second version, with masked faces.
    Msmt17V2 => msmt17::V2,
    /// CUHK03, new protocol, detected boxes.
    Cuhk03NpDetected => cuhk03::NP_DETECTED,
    /// CUHK03, new protocol, hand-drawn boxes.
    Cuhk03NpLabeled => cuhk03::NP_LABELED,
    /// CUHK03, 20 classic splits, detected boxes.
    Cuhk03ClassicDetected => cuhk03::CLASSIC_DETECTED,
    /// CUHK03, 20 classic splits, hand-drawn boxes.
    Cuhk03ClassicLabeled => cuhk03::CLASSIC_LABELED,
    /// SYSU-MM01: RGB and infrared.
    SysuMm01 => sysu_mm01::INFO,
    /// RegDB: RGB and thermal; a split from 1 to 10, or 0 for all ten test splits without training.
    RegDb[u8] => regdb::INFO,
    /// LLCM: RGB and near infrared.
    Llcm => llcm::INFO,
    /// PKU-Sketch: RGB and sketch; a split from 1 to 10, or 0 for all ten test splits without training.
    PkuSketch[u8] => pku_sketch::INFO,
    /// Market-Sketch-1K: RGB and sketch in six styles; with nobody left out, or a variant without the test people of others.
    MarketSketch1k(LeftOut = LeftOut::Nobody) => market_sketch_1k::INFO,
    /// CUHK-PEDES: RGB and text.
    CuhkPedes => cuhk_pedes::INFO,
    /// ICFG-PEDES: RGB and text.
    IcfgPedes => icfg_pedes::INFO,
    /// RSTPReid: RGB and text.
    RstpReid => rstp_reid::INFO,
    /// CUHK-PEDES with one sketch per photograph.
    TriCuhkPedes => cuhk_pedes::TRI,
    /// ICFG-PEDES with one sketch per photograph.
    TriIcfgPedes => icfg_pedes::TRI,
    /// RSTPReid with one sketch per photograph.
    TriRstpReid => rstp_reid::TRI,
    /// SYNTH-PEDES: RGB, text and attributes, for training.
    SynthPedes => synth_pedes::INFO,
    /// ORBench: five modalities.
    OrBench => orbench::INFO,
    /// Lists in the form of Instruct-ReID's OmniReID.
    OmniReId => omni_reid::INFO,
}
