//! Bounds of the sizes that configurations and files state.

/// Refuses a size that is not from 1 to `largest`.
pub(crate) fn within(name: &str, size: usize, largest: usize) -> Result<(), String> {
    if size == 0 || size > largest {
        return Err(format!("{name} is {size}, expected 1 to {largest}"));
    }
    Ok(())
}
