/// Where a token lies on the grid of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GridPlace {
    /// Its row, from 0.
    pub row: usize,
    /// Its column, from 0.
    pub column: usize,
    /// Rows of the grid.
    pub rows: usize,
    /// Columns of the grid.
    pub columns: usize,
}

impl GridPlace {
    /// The places of a grid, row by row.
    pub fn of_grid(rows: usize, columns: usize) -> impl Iterator<Item = Self> {
        let row = move |row| (0..columns).map(move |column| Self { row, column, rows, columns });
        (0..rows).flat_map(row)
    }
}
