//! `[slurm]` of a sweep file.

use serde::{Deserialize, Deserializer};

/// What a job requests from the cluster. The cluster's defaults apply to everything that is absent.
///
/// Sweep files may also write an empty string or 0 for what is absent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::sweep) struct Settings {
    /// `--partition`.
    #[serde(deserialize_with = "text")]
    pub(super) partition: Option<String>,
    /// `--account`.
    #[serde(deserialize_with = "text")]
    pub(super) account: Option<String>,
    /// `--gres`, such as `gpu:1`.
    #[serde(deserialize_with = "text")]
    pub(super) gres: Option<String>,
    /// `--time`, such as `04:00:00`.
    #[serde(deserialize_with = "text")]
    pub(super) time: Option<String>,
    /// `--cpus-per-task`, and the number of threads.
    #[serde(deserialize_with = "count")]
    pub(super) cpus: Option<usize>,
    /// `--mem`, such as `16G`.
    #[serde(deserialize_with = "text")]
    pub(super) memory: Option<String>,
    /// Number of elements that run at the same time; all if absent.
    #[serde(deserialize_with = "count")]
    pub(super) parallel: Option<usize>,
    /// Seconds before the end of the time at which a checkpoint is written.
    pub(super) notice: usize,
    /// Further options of `sbatch`, such as `--qos=long`.
    pub(super) options: Vec<String>,
    /// Shell lines that set up the environment, such as `module load cuda`.
    pub(super) setup: Vec<String>,
    /// `--device` of the runs.
    pub(super) device: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            partition: None,
            account: None,
            gres: None,
            time: None,
            cpus: None,
            memory: None,
            parallel: None,
            notice: 120,
            options: Vec::new(),
            setup: Vec::new(),
            device: "auto".into(),
        }
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = String::deserialize(deserializer)?;
    Ok((!value.is_empty()).then_some(value))
}

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let value = usize::deserialize(deserializer)?;
    Ok((value > 0).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_zero_mean_absent() {
        let settings: Settings =
            toml::from_str("partition = \"\"\ncpus = 0\nparallel = 2\n").expect("settings");
        assert_eq!(settings, Settings { parallel: Some(2), ..Settings::default() });
        assert_eq!(toml::from_str::<Settings>("").expect("nothing"), Settings::default());
        let error = toml::from_str::<Settings>("cpu = 1\n").expect_err("misspelt").to_string();
        assert!(error.contains("unknown field `cpu`"), "{error}");
    }
}
