use aio_types::GridPlace;

/// What the blocks know of a batch of sequences beside tokens and mask, the same in all of its rows. By default: nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Context<'a> {
    /// Numbers of the experts whose adapters are used.
    pub experts: &'a [usize],
    /// Where tokens lie, from the first token on: for rotary positions. Tokens behind the last entry lie on no grid.
    pub places: &'a [Option<GridPlace>],
}

impl<'a> Context<'a> {
    /// The context of sequences of some experts whose tokens lie on no grid.
    #[must_use]
    pub fn of(experts: &'a [usize]) -> Self {
        Self { experts, places: &[] }
    }
}
