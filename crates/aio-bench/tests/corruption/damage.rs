//! Random damage to the bytes of a file, as disks, networks and editors cause it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// One to eight bits are flipped anywhere.
    FlipBits,
    /// A run of bytes becomes zero, as a lost block of a disk does.
    ZeroRun,
    /// A run of bytes becomes something else.
    OverwriteRun,
    /// The end is missing.
    Truncate,
    /// Bytes are inserted.
    Insert,
    /// Two blocks of equal length change places.
    SwapBlocks,
}

impl Way {
    pub(crate) const ALL: [Self; 6] = [
        Self::FlipBits,
        Self::ZeroRun,
        Self::OverwriteRun,
        Self::Truncate,
        Self::Insert,
        Self::SwapBlocks,
    ];
}

/// Attempts to change a file in one way before another is taken: swapping blocks of a file of one value changes nothing.
const ATTEMPTS: usize = 16;

/// A copy that differs from `bytes`, which is not empty. Equal random streams damage equal bytes equally.
pub(crate) fn damaged(bytes: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    for _ in 0..ATTEMPTS {
        let way = Way::ALL[rng.random_range(0..Way::ALL.len())];
        let changed = change(bytes, way, rng);
        if changed != bytes {
            return changed;
        }
    }
    change(bytes, Way::Truncate, rng)
}

fn change(bytes: &[u8], way: Way, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    let length = bytes.len();
    match way {
        Way::FlipBits => {
            for _ in 0..rng.random_range(1..=8) {
                changed[rng.random_range(0..length)] ^= 1 << rng.random_range(0..8);
            }
        }
        Way::ZeroRun => changed[run(length, rng)].fill(0),
        Way::OverwriteRun => changed[run(length, rng)].fill_with(|| rng.random()),
        Way::Truncate => changed.truncate(rng.random_range(0..length)),
        Way::Insert => {
            let place = rng.random_range(0..=length);
            let extra: Vec<u8> = (0..rng.random_range(1..=64)).map(|_| rng.random()).collect();
            changed.splice(place..place, extra);
        }
        Way::SwapBlocks => {
            let block = rng.random_range(1..=(length / 2).clamp(1, 512));
            if 2 * block <= length {
                let first = rng.random_range(0..=length - 2 * block);
                let second = rng.random_range(first + block..=length - block);
                let (before, after) = changed.split_at_mut(second);
                before[first..first + block].swap_with_slice(&mut after[..block]);
            }
        }
    }
    changed
}

/// A run of up to 512 bytes.
fn run(length: usize, rng: &mut ChaCha8Rng) -> std::ops::Range<usize> {
    let start = rng.random_range(0..length);
    start..start + rng.random_range(1..=(length - start).min(512))
}

#[test]
fn damage_always_changes_a_file_and_repeats() {
    let text: Vec<u8> = (0..1_500u32).map(|i| (i * i % 251) as u8).collect();
    for bytes in [&text[..], &text[..2], b"x", &[0; 700]] {
        let mut lengths = [0; 3];
        for number in 0..300 {
            let stream = || aio_types::rng(1, "damage", number);
            let changed = damaged(bytes, &mut stream());
            assert_ne!(changed, bytes);
            assert_eq!(changed, damaged(bytes, &mut stream()));
            lengths[match changed.len().cmp(&bytes.len()) {
                std::cmp::Ordering::Less => 0,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Greater => 2,
            }] += 1;
        }
        assert!(lengths.iter().all(|count| *count > 20), "{lengths:?}");
    }
}

#[test]
fn every_way_changes_what_it_says() {
    let bytes: Vec<u8> = (0..1_500u32).map(|i| (i % 251) as u8 + 1).collect();
    for way in Way::ALL {
        for number in 0..50 {
            let changed = change(&bytes, way, &mut aio_types::rng(2, "damage", number));
            let mut sorted = (bytes.clone(), changed.clone());
            sorted.0.sort_unstable();
            sorted.1.sort_unstable();
            match way {
                Way::Truncate => assert_eq!(changed, bytes[..changed.len()]),
                Way::Insert => assert!(changed.len() > bytes.len()),
                Way::SwapBlocks => assert_eq!(sorted.0, sorted.1),
                Way::ZeroRun => assert!(changed.contains(&0) && changed.len() == bytes.len()),
                Way::FlipBits | Way::OverwriteRun => assert_eq!(changed.len(), bytes.len()),
            }
        }
    }
}
