use super::*;

fn recipe() -> Recipe {
    Recipe { steps: 4, company_steps: 4, batch: 8, corpus: 20, ..Recipe::default() }
}

const SIZE: PictureSize = PictureSize { height: 32, width: 16 };

fn rendered(recipe: &Recipe) -> Corpus<'_> {
    Corpus::render(recipe, SIZE, &StopFlag::default()).expect("not stopped")
}

#[test]
fn a_signal_stops_the_rendering() {
    let (recipe, stop) = (recipe(), StopFlag::default());
    stop.raise();
    let stopped = Corpus::render(&recipe, SIZE, &stop);
    assert!(matches!(stopped.map(drop), Err(TrainError::Interrupted { .. })));
}

#[test]
fn a_batch_does_not_depend_on_the_steps_before_it_nor_on_the_threads() {
    let recipe = recipe();
    let pixels = |batch: &CorpusBatch| -> Vec<(Vec<u8>, Vec<u32>)> {
        let pixels = |c: &CaptionedPicture| {
            let second = c.second.iter().flat_map(|second| &second.pixels);
            c.picture.pixels.iter().chain(second).copied().collect()
        };
        batch.captioned.iter().map(|c| (pixels(c), c.caption.clone())).collect()
    };
    let mut in_order = rendered(&recipe);
    let batches: Vec<_> = (0..6).map(|step| pixels(&in_order.batch(step))).collect();
    let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let alone = one_thread.install(|| {
        let mut corpus = rendered(&recipe);
        pixels(&corpus.batch(5))
    });
    assert!(alone == batches[5]);
    assert!(alone != batches[1], "another pass augments anew");
}

#[test]
fn captions_are_sorted_by_length_and_only_the_last_steps_combine_inputs() {
    let recipe = recipe();
    let mut corpus = rendered(&recipe);
    assert_eq!(corpus.steps_per_pass(), 2);
    for step in 0..recipe.total_steps() {
        let batch = corpus.batch(step);
        assert!(batch.captioned.is_sorted_by_key(|picture| picture.caption.len()));
        let seconds: Vec<_> =
            batch.captioned.iter().filter_map(|c| Some((&c.picture, c.second.as_ref()?))).collect();
        assert_eq!(seconds.len(), 4, "every second of eight");
        assert!(seconds.iter().all(|(first, second)| first != second), "views differ");
        let further = FURTHER_INPUTS[step % 3];
        for inputs in &batch.combined {
            assert!(step >= recipe.steps);
            assert_eq!(inputs.pictures.len(), 1 + usize::from(further.second));
            assert_eq!(inputs.caption.is_some(), further.caption);
        }
    }
}

#[test]
fn colours_are_asked_for_only_where_a_picture_shows_or_a_caption_names_them() {
    // Infrared pictures alone, which show no colours.
    let recipe = Recipe {
        infrared: 1.0,
        sketch: 0.0,
        colour_pencil: 0.0,
        batch: 40,
        corpus: 40,
        ..recipe()
    };
    let corpus = rendered(&recipe);
    let chosen: Vec<usize> = (0..40).collect();
    let further = FurtherInputs { second: false, caption: true };
    let colours = ["red", "blue", "green", "yellow", "purple", "pink", "orange"];
    let place = |colour: &str| vocabulary().iter().position(|word| word == colour);
    let (mut with, mut without) = (0, 0);
    for inputs in corpus.combined(&chosen, 0, further) {
        let ids = inputs.caption.expect("a caption");
        let named = |colour: &&str| ids.contains(&Bpe::clip().ids(colour).0[1]);
        let told =
            |colour: &&str| place(colour).is_some_and(|place| inputs.words[place] == Some(1));
        if colours.iter().any(told) {
            with += 1;
        } else {
            without += 1;
            assert!(!colours.iter().any(named), "named and not asked for");
        }
    }
    // Three of ten captions name no colour.
    assert!(with > 15 && without > 4, "{with} and {without} of 40");
}

#[test]
fn the_words_of_a_caption_are_found_whole() {
    let words = words_of("A man in RED, with dark-blue trousers.");
    let said: Vec<&str> = vocabulary()
        .iter()
        .zip(&words)
        .filter(|(_, class)| **class == Some(1))
        .map(|(word, _)| word.as_str())
        .collect();
    assert!(["red", "blue", "trousers"].iter().all(|word| said.contains(word)), "{said:?}");
    assert!(said.len() <= 5, "{said:?}");
}
