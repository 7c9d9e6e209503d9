//! CPython's `random` as far as published protocols use it: MT19937 seeded by an integer, `randrange`, `choice`.

const N: usize = 624;
const M: usize = 397;

/// A generator that yields what `random.seed(seed)` makes CPython 3 yield.
#[derive(Debug, Clone)]
pub struct Random {
    state: [u32; N],
    position: usize,
}

impl Random {
    /// `random.seed(seed)`: `init_by_array([seed])` of the reference implementation.
    #[must_use]
    pub fn new(seed: u32) -> Self {
        let mut state = [0u32; N];
        state[0] = 19_650_218;
        for i in 1..N {
            state[i] = 1_812_433_253u32
                .wrapping_mul(state[i - 1] ^ (state[i - 1] >> 30))
                .wrapping_add(i as u32);
        }
        let mut i = 1;
        for _ in 0..N {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_664_525);
            state[i] = (state[i] ^ mixed).wrapping_add(seed);
            i += 1;
            if i == N {
                state[0] = state[N - 1];
                i = 1;
            }
        }
        for _ in 0..N - 1 {
            let mixed = (state[i - 1] ^ (state[i - 1] >> 30)).wrapping_mul(1_566_083_941);
            state[i] = (state[i] ^ mixed).wrapping_sub(i as u32);
            i += 1;
            if i == N {
                state[0] = state[N - 1];
                i = 1;
            }
        }
        state[0] = 0x8000_0000;
        Self { state, position: N }
    }

    /// The next 32 bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.position == N {
            for i in 0..N {
                let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
                let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
                self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
            }
            self.position = 0;
        }
        let mut y = self.state[self.position];
        self.position += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    /// A uniform integer below `n`, as `random.choice` and `random.randrange` draw it: the top bits of one output,
    /// drawn again until they are below `n`.
    pub fn below(&mut self, n: u32) -> u32 {
        let bits = 32 - n.leading_zeros();
        loop {
            let value = if bits == 0 { 0 } else { self.next_u32() >> (32 - bits) };
            if value < n || n == 0 {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seed_0_yields_what_cpython_yields() {
        let mut random = Random::new(0);
        assert_eq!(
            [(); 4].map(|()| random.next_u32()),
            [3_626_764_237, 1_654_615_998, 3_255_389_356, 3_823_568_514]
        );
        let mut random = Random::new(0);
        let drawn: Vec<u32> = (0..20).map(|_| random.below(20)).collect();
        assert_eq!(drawn, [12, 13, 1, 8, 16, 15, 12, 9, 15, 11, 18, 6, 16, 4, 9, 4, 3, 19, 8, 17]);
    }
}
