//! placeholder
/// Why an evaluation was refused.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {}
