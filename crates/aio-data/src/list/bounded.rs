use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;

/// Most bytes of one element of an annotation file, or of one row of a table.
pub(crate) const LARGEST_ELEMENT: u64 = 1 << 20;

/// A reader that gives no more than what is left for the element being read.
pub(crate) struct Bounded<R> {
    inner: R,
    budget: Rc<Budget>,
}

/// Bytes of a file that were read, and that may still be read for the element at hand.
pub(crate) struct Budget {
    read: Cell<u64>,
    left: Cell<u64>,
}

impl Budget {
    /// Starts a new element.
    pub(crate) fn renew(&self) {
        self.left.set(LARGEST_ELEMENT);
    }

    /// Counts bytes that stand before what is read.
    pub(crate) fn skip(&self, count: u64) {
        self.read.set(self.read.get() + count);
    }

    /// Bytes read so far.
    pub(crate) fn read(&self) -> u64 {
        self.read.get()
    }
}

impl<R: Read> Bounded<R> {
    /// A reader and its budget, which is full.
    pub(crate) fn new(inner: R) -> (Self, Rc<Budget>) {
        let budget = Rc::new(Budget { read: Cell::new(0), left: Cell::new(LARGEST_ELEMENT) });
        (Self { inner, budget: Rc::clone(&budget) }, budget)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Budget { read, left } = &*self.budget;
        if left.get() == 0 {
            return Err(std::io::Error::other(format!(
                "an element is larger than {LARGEST_ELEMENT} bytes"
            )));
        }
        let most = buffer.len().min(left.get() as usize);
        let count = self.inner.read(&mut buffer[..most])?;
        left.set(left.get() - count as u64);
        read.set(read.get() + count as u64);
        Ok(count)
    }
}
