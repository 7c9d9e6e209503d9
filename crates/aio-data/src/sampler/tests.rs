use super::*;

/// Seven people with two or three photographs and a sketch each: the class and the modality of every sample.
fn samples() -> Vec<(usize, Modality)> {
    let of = |class: usize| {
        (0..3 + class % 2)
            .map(move |i| (class, if i == 2 { Modality::Sketch } else { Modality::Rgb }))
    };
    (0..7).flat_map(of).collect()
}

fn plan(identities: usize, instances_per_identity: usize, seed: u64) -> BatchPlan {
    let shares = Vec::new();
    BatchPlan { identities, instances_per_identity, neighbours: 1, shares, one_range: false, seed }
}

fn sampler_of(plan: BatchPlan) -> Result<IdentitySampler> {
    let numbered = samples().into_iter().enumerate();
    IdentitySampler::new(numbered.map(|(i, (class, modality))| (i, class, modality)), plan)
}

fn sampler(identities: usize, instances_per_identity: usize, seed: u64) -> Result<IdentitySampler> {
    sampler_of(plan(identities, instances_per_identity, seed))
}

/// Classes of every batch of an epoch, each person once.
fn people(sampler: &IdentitySampler, epoch: u64) -> Vec<Vec<usize>> {
    let of_batch = |batch: Vec<Tuple>| batch.iter().map(|tuple| tuple.class).collect::<Vec<_>>();
    sampler.epoch(epoch).into_iter().map(of_batch).collect()
}

#[test]
fn neighbours_enter_a_batch_together_and_the_cut_changes() {
    let sampler = sampler_of(BatchPlan { neighbours: 2, ..plan(2, 1, 3) }).expect("sampler");
    let mut pairs = std::collections::BTreeSet::new();
    for epoch in 0..40 {
        let batches = people(&sampler, epoch);
        let mut all: Vec<usize> = batches.concat();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 6, "three batches of two, nobody twice");
        // Seven people are three pairs and one, or one, two pairs, and two.
        for batch in &batches[..2] {
            assert_eq!(batch[0] + 1, batch[1], "{batches:?}");
            pairs.insert(batch[0]);
        }
    }
    assert_eq!(pairs.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_part_has_its_share_of_every_batch() {
    // Two people of seven, who make up half of every batch.
    let shares = vec![(0..5, 1.0), (5..7, 1.0)];
    let sampler = sampler_of(BatchPlan { shares, ..plan(2, 1, 3) }).expect("sampler");
    for epoch in 0..10 {
        for batch in people(&sampler, epoch) {
            assert_eq!(batch.iter().filter(|class| **class >= 5).count(), 1, "{batch:?}");
        }
    }
    // A share of 1/8 of 6 people: 3 of 24.
    let shares = vec![(0..6, 7.0), (6..7, 1.0)];
    let sampler = sampler_of(BatchPlan { shares, ..plan(6, 1, 3) });
    let error = sampler.expect_err("up to two of one").to_string();
    assert!(error.contains("a share of 1 is up to 2 identities of a batch, but only 1"), "{error}");
    let shares = vec![(0..3, 2.0), (3..7, 1.0)];
    let sampler = sampler_of(BatchPlan { shares, ..plan(3, 1, 3) }).expect("sampler");
    let drawn = (0..30).flat_map(|epoch| people(&sampler, epoch)).collect::<Vec<_>>();
    for batch in &drawn {
        let distinct: std::collections::BTreeSet<_> = batch.iter().collect();
        assert_eq!(distinct.len(), 3, "nobody twice: {batch:?}");
        assert_eq!(batch.iter().filter(|class| **class < 3).count(), 2);
    }
}

#[test]
fn a_batch_of_one_range_has_people_of_no_other() {
    // Two thirds of the batches are of the first four people, one third is of the last three.
    let shares = vec![(0..4, 2.0), (4..7, 1.0)];
    let of = |identities, shares| {
        sampler_of(BatchPlan { shares, one_range: true, ..plan(identities, 1, 3) })
    };
    let sampler = of(2, shares.clone()).expect("sampler");
    let mut first = 0;
    for epoch in 0..10 {
        for batch in people(&sampler, epoch) {
            let of_first = batch.iter().filter(|class| **class < 4).count();
            assert!(of_first == 0 || of_first == 2, "{batch:?}");
            assert_ne!(batch[0], batch[1]);
            first += usize::from(of_first == 2);
        }
    }
    assert_eq!(first, 20, "of 30 batches");
    assert_eq!(sampler.batches_of_ranges(), Some(vec![2, 1]));
    let error = of(4, shares).expect_err("three people are no batch of four");
    assert!(error.hint().is_some_and(|hint| hint.contains("lower `train.identities`")));
    let error = error.to_string();
    assert!(error.contains("4 identities of one data set, but only 3"), "{error}");
}

#[test]
fn a_share_that_no_epoch_would_have_is_refused() {
    let of = |identities, one_range, shares: [f64; 2]| {
        let shares = vec![(0..4, shares[0]), (4..7, shares[1])];
        let plan = BatchPlan { shares, one_range, ..plan(identities, 1, 3) };
        sampler_of(plan).map(|sampler| sampler.epoch(0)).map_err(|error| error.to_string())
    };
    // Three batches of two people: an epoch has six.
    let small = of(2, false, [1.0, 0.05]).expect_err("0.29 people");
    let expected = "a share of 0.05 is 0.29 of the 6 people of an epoch, so that its data set would never be drawn";
    assert!(small.contains(expected), "{small}");
    let drawn = of(2, false, [1.0, 0.2]).expect("one of the six");
    assert_eq!(drawn.concat().iter().filter(|tuple| tuple.class >= 4).count(), 1);
    // Two batches of three: one for each. One batch of three: the second has it in every epoch.
    let drawn = of(3, true, [1.0, 1.0]).expect("one batch each");
    assert_eq!(drawn.iter().filter(|batch| batch[0].class >= 4).count(), 1);
    let none = of(3, true, [4.0, 1.0]).expect_err("0.4 batches");
    assert!(none.contains("a share of 1 is 0.40 of the 2 batches of an epoch"), "{none}");
}

#[test]
fn the_batches_of_ranges_are_those_that_an_epoch_draws() {
    // Equal shares of three batches: the second range has the third batch of every epoch.
    let shares = vec![(0..4, 1.0), (4..7, 1.0)];
    let sampler = sampler_of(BatchPlan { shares, one_range: true, ..plan(2, 1, 3) });
    let sampler = sampler.expect("sampler");
    assert_eq!(sampler.batches_of_ranges(), Some(vec![1, 2]));
    for epoch in 0..10 {
        let drawn = people(&sampler, epoch);
        assert_eq!(drawn.iter().filter(|batch| batch[0] < 4).count(), 1, "epoch {epoch}");
    }
    assert_eq!(self::sampler(2, 1, 3).expect("sampler").batches_of_ranges(), None);
}

#[test]
fn a_batch_has_p_identities_with_k_photographs_and_real_partners() {
    let samples = samples();
    let sampler = sampler(3, 2, 5).expect("sampler");
    assert_eq!(sampler.batches_per_epoch(), 2);
    for batch in sampler.epoch(0) {
        assert_eq!(batch.len(), 6);
        for tuple in &batch {
            assert_eq!(samples[tuple.rgb], (tuple.class, Modality::Rgb));
            let sketch =
                tuple.real[Modality::Sketch as usize].expect("every identity has a sketch");
            assert_eq!(samples[sketch], (tuple.class, Modality::Sketch));
            assert_eq!(tuple.real[Modality::Text as usize], None);
        }
        let people: std::collections::BTreeSet<usize> = batch.iter().map(|t| t.class).collect();
        assert_eq!(people.len(), 3);
    }
}

#[test]
fn the_samples_of_a_person_are_drawn_without_replacement_as_far_as_they_go() {
    // Three people with three photographs, two sketches and one infrared picture each.
    let modalities = [Modality::Rgb, Modality::Rgb, Modality::Rgb].into_iter().chain([
        Modality::Sketch,
        Modality::Sketch,
        Modality::Infrared,
    ]);
    let numbered: Vec<_> = (0..3)
        .flat_map(|class| modalities.clone().map(move |modality| (class, modality)))
        .enumerate()
        .map(|(number, (class, modality))| (number, class, modality))
        .collect();
    let draw = |instances, epoch| {
        let sampler = IdentitySampler::new(numbered.clone(), plan(3, instances, 1));
        sampler.expect("sampler").epoch(epoch).concat()
    };
    let sketch = |tuple: &Tuple| tuple.real[Modality::Sketch as usize].expect("two sketches");
    let mut first = std::collections::BTreeSet::new();
    for epoch in 0..20 {
        for pair in draw(2, epoch).chunks_exact(2) {
            assert_ne!(pair[0].rgb, pair[1].rgb);
            assert_ne!(sketch(&pair[0]), sketch(&pair[1]), "epoch {epoch}");
            let infrared: Vec<_> =
                pair.iter().map(|tuple| tuple.real[Modality::Infrared as usize]).collect();
            assert!(infrared[0].is_some() && infrared[0] == infrared[1], "there is one");
            first.insert(sketch(&pair[0]));
        }
    }
    assert_eq!(first.len(), 6, "each of two is drawn first");
    for of_person in draw(4, 0).chunks_exact(4) {
        let sketches: Vec<usize> = of_person.iter().map(sketch).collect();
        assert!(sketches[0] != sketches[1] && sketches[2..] == sketches[..2], "{sketches:?}");
    }
}

#[test]
fn batches_are_a_pure_function_of_seed_and_epoch() {
    let draw = |seed, epoch| sampler(2, 2, seed).expect("sampler").epoch(epoch);
    assert_eq!(draw(1, 4), draw(1, 4));
    assert_ne!(draw(1, 4), draw(1, 5));
    assert_ne!(draw(1, 4), draw(2, 4));
}

#[test]
fn too_few_identities_are_refused() {
    let error = sampler(8, 2, 0).expect_err("seven people");
    assert!(error.to_string().contains("8 identities, but only 7"), "{error}");
}
