//! Identity batches: P identities with K instances each, as pure functions of (seed, epoch).

use crate::{DataError, Result};
use aio_types::{Modality, rng};
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

/// One person's samples by modality.
#[derive(Debug, Clone, Default)]
struct Group {
    /// Numbers of samples by modality; 32 bits, because a large data set has millions.
    samples: [Vec<u32>; Modality::ALL.len()],
}

/// One training example: a photograph and, for every other modality, a real sample of the same identity
/// where there is one. Modalities without a real sample are synthesised from the photograph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuple {
    /// Class of the identity, dense from 0 over the sampler's identities.
    pub class: usize,
    /// Index of the photograph among the samples.
    pub rgb: usize,
    /// Index of a real sample of each modality, by position in [`Modality::ALL`].
    pub real: [Option<usize>; Modality::ALL.len()],
}

/// How batches are put together.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchPlan {
    /// People in a batch (P).
    pub identities: usize,
    /// Photographs of each of them (K).
    pub instances_per_identity: usize,
    /// People with consecutive classes that are drawn one after the other; 1 draws everyone alone. They enter a batch together where batches, or the
    /// places of a share in them, are multiples of such groups: a border of batches cuts the group that lies across it.
    ///
    /// Data sets number people as they were recorded, so that neighbours often share place, time and clothes; the rendered ones number people who
    /// look alike one after the other. Such people are the ones that are hard to tell apart.
    pub neighbours: usize,
    /// Ranges of classes with their shares of the people of a batch, which are divided by their sum. Without any, everyone is drawn once per epoch.
    pub shares: Vec<(Range<usize>, f64)>,
    /// Whether all people of a batch come from one of the ranges of `shares`, which then are shares of the batches. People of other data sets
    /// are told apart by the cameras alone; among people of one data set only the person helps.
    pub one_range: bool,
    /// Seed of the order.
    pub seed: u64,
}

/// Draws identity-balanced batches that mix modalities.
#[derive(Debug, Clone)]
pub struct IdentitySampler {
    groups: Vec<(usize, Group)>,
    plan: BatchPlan,
}

impl IdentitySampler {
    /// A sampler over samples given as (number, class of the identity, modality).
    ///
    /// # Errors
    /// [`DataError::Sampler`] if there are fewer people with a photograph than a batch, or a share of it, holds, if a share is so small that no epoch
    /// would have it, if P, K or the neighbours are zero, or if a number exceeds 2³² − 1.
    pub fn new(
        samples: impl IntoIterator<Item = (usize, usize, Modality)>,
        plan: BatchPlan,
    ) -> Result<Self> {
        let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
        for (number, class, modality) in samples {
            let number = u32::try_from(number)
                .map_err(|_| DataError::Sampler(format!("sample {number} is one too many")))?;
            groups.entry(class).or_default().samples[modality as usize].push(number);
        }
        for group in groups.values_mut() {
            group.samples.iter_mut().for_each(Vec::shrink_to_fit);
        }
        groups.retain(|_, group| !group.samples[Modality::Rgb as usize].is_empty());
        let sampler = Self { groups: groups.into_iter().collect(), plan };
        sampler.check()?;
        Ok(sampler)
    }

    fn check(&self) -> Result<()> {
        let BatchPlan { identities, instances_per_identity, neighbours, shares, .. } = &self.plan;
        let refuse = |problem: String| Err(DataError::Sampler(problem));
        if *identities == 0 || *instances_per_identity == 0 || *neighbours == 0 {
            return refuse("a batch needs at least one identity and one photograph of each".into());
        }
        if self.groups.len() < *identities {
            return refuse(format!(
                "a batch holds {identities} identities, but only {} have an RGB photograph",
                self.groups.len()
            ));
        }
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        for (classes, share) in shares {
            let people = self.part(classes);
            if self.plan.one_range {
                if people.len() < *identities {
                    return refuse(format!(
                        "a batch holds {identities} identities of one data set, but only {} of one of them have an RGB photograph",
                        people.len()
                    ));
                }
                continue;
            }
            let needed = identities_of(*share / sum, *identities);
            if people.len() < needed {
                return refuse(format!(
                    "a share of {share} is up to {needed} identities of a batch, but only {} of its data set have an RGB photograph",
                    people.len()
                ));
            }
        }
        // Rounding begins anew in every epoch: a share that the first one leaves out would never come.
        let turns = self.turns();
        if let Some(part) = turns.iter().position(|turns| *turns == 0) {
            let what = if self.plan.one_range { "batches" } else { "people" };
            let (share, all) = (shares[part].1, turns.iter().sum::<usize>());
            return refuse(format!(
                "a share of {share} is {:.2} of the {all} {what} of an epoch, so that its data set would never be drawn; a larger share is needed",
                share / sum * all as f64
            ));
        }
        Ok(())
    }

    /// How often each of the ranges of the plan has its turn in an epoch: with a whole batch, or with a person.
    fn turns(&self) -> Vec<usize> {
        let BatchPlan { identities, shares, one_range, .. } = &self.plan;
        let mut turns = Turns::new(shares);
        let mut taken = vec![0; shares.len()];
        if !shares.is_empty() {
            let of_batch = if *one_range { 1 } else { *identities };
            (0..self.batches_per_epoch() * of_batch).for_each(|_| taken[turns.next_part()] += 1);
        }
        taken
    }

    /// The groups whose classes lie in a range.
    fn part(&self, classes: &Range<usize>) -> Range<usize> {
        let before = |bound: usize| self.groups.partition_point(|(class, _)| *class < bound);
        before(classes.start)..before(classes.end)
    }

    /// Batches in an epoch, when every identity appears once.
    #[must_use]
    pub fn batches_per_epoch(&self) -> usize {
        self.groups.len() / self.plan.identities
    }

    /// The batches of `epoch`. Without shares, identities are drawn without replacement; with shares, without replacement in each part until all of
    /// it were drawn. The samples of a person are drawn without replacement as far as they go.
    #[must_use]
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<Tuple>> {
        let rng = &mut rng(self.plan.seed, "identity sampler", epoch);
        let batches = if self.plan.shares.is_empty() {
            let order = self.order(0..self.groups.len(), rng);
            order.chunks_exact(self.plan.identities).map(<[usize]>::to_vec).collect()
        } else {
            self.batches_by_share(rng)
        };
        batches.into_iter().map(|members| self.tuples(&members, rng)).collect()
    }

    /// Groups in random order, neighbours together.
    fn order(&self, groups: Range<usize>, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let neighbours = self.plan.neighbours;
        if neighbours == 1 {
            let mut order: Vec<usize> = groups.collect();
            order.shuffle(rng);
            return order;
        }
        // Another cut in every epoch: two neighbours are not always on different sides of it.
        let first = rng.random_range(0..neighbours);
        let block = |group: &usize| (group + first) / neighbours;
        let all: Vec<usize> = groups.collect();
        let mut blocks: Vec<&[usize]> = all.chunk_by(|a, b| block(a) == block(b)).collect();
        blocks.shuffle(rng);
        // Short ones, at both ends, stand last: elsewhere they would shift the others across the borders of batches. Where a part has shares of batches,
        // its places in a batch and what waits from the batch before shift them all the same.
        blocks.sort_by_key(|block| block.len() < neighbours);
        blocks.concat()
    }

    /// How many batches of an epoch come from each of the ranges of the plan, if every batch comes from one of them.
    ///
    /// Every epoch is divided anew, in whole batches: ranges of equal shares differ by one batch, in favour of the last.
    #[must_use]
    pub fn batches_of_ranges(&self) -> Option<Vec<usize>> {
        self.plan.one_range.then(|| self.turns())
    }

    /// The groups of every batch of an epoch, by the shares of the plan.
    fn batches_by_share(&self, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
        let shares = &self.plan.shares;
        let mut waiting: Vec<VecDeque<usize>> = vec![VecDeque::new(); shares.len()];
        let mut turns = Turns::new(shares);
        let mut batches = Vec::new();
        for _ in 0..self.batches_per_epoch() {
            let mut batch: Vec<usize> = Vec::with_capacity(self.plan.identities);
            let of_batch = self.plan.one_range.then(|| turns.next_part());
            for _ in 0..self.plan.identities {
                let part = of_batch.unwrap_or_else(|| turns.next_part());
                let is_new = |group: &usize| !batch.contains(group);
                let found = waiting[part].iter().position(is_new).unwrap_or_else(|| {
                    waiting[part].extend(self.order(self.part(&shares[part].0), rng));
                    waiting[part].iter().position(is_new).expect("checked at the beginning")
                });
                batch.extend(waiting[part].remove(found));
            }
            batches.push(batch);
        }
        batches
    }

    /// The tuples of the people of a batch.
    fn tuples(&self, members: &[usize], rng: &mut ChaCha8Rng) -> Vec<Tuple> {
        let instances = self.plan.instances_per_identity;
        let mut batch = Vec::with_capacity(members.len() * instances);
        for member in members {
            let (class, group) = &self.groups[*member];
            let mut drawn = group.samples.clone();
            drawn.iter_mut().for_each(|samples| samples.shuffle(rng));
            for k in 0..instances {
                // A person with fewer samples shows the first ones again.
                let of = |samples: &Vec<u32>| samples[k % samples.len()] as usize;
                let real = |m: usize| m != Modality::Rgb as usize && !drawn[m].is_empty();
                batch.push(Tuple {
                    class: *class,
                    rgb: of(&drawn[Modality::Rgb as usize]),
                    real: std::array::from_fn(|m| real(m).then(|| of(&drawn[m]))),
                });
            }
        }
        batch
    }
}

/// The parts of an epoch in turn, by their shares.
struct Turns<'a> {
    shares: &'a [(Range<usize>, f64)],
    sum: f64,
    /// What each part has had.
    taken: Vec<f64>,
    /// What all have had.
    drawn: usize,
}

impl<'a> Turns<'a> {
    fn new(shares: &'a [(Range<usize>, f64)]) -> Self {
        let sum = shares.iter().map(|(_, share)| share).sum();
        Self { shares, sum, taken: vec![0.0; shares.len()], drawn: 0 }
    }

    /// The part of the next person, or of the next batch: the one that misses most of its share of those that were drawn.
    fn next_part(&mut self) -> usize {
        self.drawn += 1;
        let Self { shares, sum, taken, drawn } = self;
        let missing = |part: usize| *drawn as f64 * shares[part].1 / *sum - taken[part];
        let part = (0..shares.len())
            .max_by(|a, b| missing(*a).total_cmp(&missing(*b)))
            .expect("there are shares");
        taken[part] += 1.0;
        part
    }
}

/// The most identities of a batch that a share comes to: slots go to the part that misses most, so that parts are ahead by less than one.
fn identities_of(share: f64, identities: usize) -> usize {
    ((share * identities as f64).ceil() as usize + 1).min(identities)
}

#[cfg(test)]
mod tests;
