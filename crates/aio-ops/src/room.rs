//! Memory for what kernels write: filled with zeros on all threads, or left over from the step before.

use crate::arithmetic::CHUNK;
use rayon::prelude::*;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// Zeros, written on all threads.
///
/// The allocator has to fill memory that was in use before. One thread would take about a tenth of a pass with gradients for that, while the others wait.
pub(crate) fn zeros(length: usize) -> Vec<f32> {
    (0..length).into_par_iter().with_min_len(CHUNK).map(|_| 0.0).collect()
}

/// Values that are left over from earlier ones, for a kernel to write over.
///
/// When they are dropped, their memory is kept for the next of about the same length, so that a step neither asks the system for pages nor fills them
/// with zeros. What is kept and what is in use never take more together than what was in use at the same time before. [`free_kept_memory`] frees it.
#[derive(Debug)]
pub(crate) struct Room {
    memory: Vec<f32>,
    length: usize,
}

impl Room {
    pub(crate) fn new(length: usize) -> Self {
        let kept = shelf(|shelf| shelf.take(length));
        let memory = kept.unwrap_or_else(|| zeros(length));
        shelf(|shelf| shelf.lend(memory.len()));
        Self { memory, length }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        // What no longer fits is freed when nothing is locked.
        let _freed = shelf(|shelf| shelf.put_back(memory));
    }
}

impl Deref for Room {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.length]
    }
}

impl AsRef<[f32]> for Room {
    fn as_ref(&self) -> &[f32] {
        self
    }
}

impl DerefMut for Room {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.length]
    }
}

/// The memory of dropped [`Room`]s. Lengths are numbers of values.
#[derive(Debug)]
struct Shelf {
    /// The oldest first.
    kept: Vec<Vec<f32>>,
    /// Values that are in use.
    lent: usize,
    /// The most that was ever in use.
    most: usize,
}

static SHELF: Mutex<Shelf> = Mutex::new(Shelf { kept: Vec::new(), lent: 0, most: 0 });

fn shelf<R>(f: impl FnOnce(&mut Shelf) -> R) -> R {
    f(&mut SHELF.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Frees what operations with gradients keep from step to step, for the steps to come. A training calls it when it ends.
pub fn free_kept_memory() {
    let _freed = shelf(Shelf::clear);
}

impl Shelf {
    /// Returns all that is kept, and forgets how much was in use.
    fn clear(&mut self) -> Vec<Vec<f32>> {
        self.most = self.lent;
        std::mem::take(&mut self.kept)
    }

    /// The shortest memory that has `length` values, but at most a quarter more.
    fn take(&mut self, length: usize) -> Option<Vec<f32>> {
        let fits = |memory: &Vec<f32>| (length..=length + length / 4).contains(&memory.len());
        let candidates = self.kept.iter().enumerate().filter(|(_, memory)| fits(memory));
        let (best, _) = candidates.min_by_key(|(_, memory)| memory.len())?;
        Some(self.kept.remove(best))
    }

    fn lend(&mut self, length: usize) {
        self.lent += length;
        self.most = self.most.max(self.lent);
    }

    /// Returns what is no longer kept.
    fn put_back(&mut self, memory: Vec<f32>) -> Vec<Vec<f32>> {
        self.lent -= memory.len();
        self.kept.push(memory);
        let mut total = self.lent + self.kept.iter().map(Vec::len).sum::<usize>();
        let mut too_many = 0;
        while total > self.most {
            total -= self.kept[too_many].len();
            too_many += 1;
        }
        self.kept.drain(..too_many).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_by_what_fits_into_it_and_never_grows_beyond_the_most_in_use() {
        let mut shelf = Shelf { kept: Vec::new(), lent: 0, most: 0 };
        for length in [100, 120, 1000] {
            shelf.lend(length);
        }
        for length in [120, 100, 1000] {
            assert!(shelf.put_back(vec![1.0; length]).is_empty());
        }
        assert_eq!((shelf.lent, shelf.most), (0, 1220));
        assert_eq!(shelf.take(96).map(|memory| memory.len()), Some(100));
        assert_eq!(shelf.take(121), None, "no memory that is too short");
        assert_eq!(shelf.take(95), None, "no memory that is much too long");
        shelf.lend(100);
        assert!(shelf.put_back(vec![1.0; 100]).is_empty());
        // Something of another length is asked for: in the end, the oldest memory goes.
        shelf.lend(50);
        let freed = shelf.put_back(vec![1.0; 50]);
        let lengths = |kept: &[Vec<f32>]| kept.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!((lengths(&freed), lengths(&shelf.kept)), (vec![120], vec![1000, 100, 50]));
        assert_eq!(shelf.clear().len(), 3);
        shelf.lend(7);
        assert_eq!(shelf.most, 7, "what was in use is forgotten");
    }

    #[test]
    fn a_room_has_the_length_that_was_asked_for() {
        drop(Room::new(1_000_003));
        let mut room = Room::new(1_000_001);
        assert_eq!(room.len(), 1_000_001);
        room.fill(2.0);
    }
}
