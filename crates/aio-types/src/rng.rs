use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The random stream that belongs to (`seed`, `purpose`, `epoch`).
///
/// Every random decision in the framework draws from such a stream, so that it can be replayed without
/// replaying anything else. ChaCha is stable across versions and platforms.
#[must_use]
pub fn rng(seed: u64, purpose: &str, epoch: u64) -> ChaCha8Rng {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(&epoch.to_le_bytes());
    hasher.update(purpose.as_bytes());
    ChaCha8Rng::from_seed(*hasher.finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn a_stream_is_a_pure_function_of_its_name() {
        let draw = |seed, purpose, epoch| rng(seed, purpose, epoch).random::<u64>();
        assert_eq!(draw(1, "batches", 2), draw(1, "batches", 2));
        assert_ne!(draw(1, "batches", 2), draw(2, "batches", 2));
        assert_ne!(draw(1, "batches", 2), draw(1, "augment", 2));
        assert_ne!(draw(1, "batches", 2), draw(1, "batches", 3));
    }
}
