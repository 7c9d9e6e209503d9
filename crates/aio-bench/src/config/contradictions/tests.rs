use super::*;

/// An experiment whose file holds some lines of the table `model`, and what follows them.
fn load(model: &str) -> Result<Experiment> {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("experiment.toml");
    std::fs::write(&path, format!("[model]\n{model}")).expect("write");
    Experiment::load(&path, &[])
}

#[test]
fn a_fusion_is_refused_with_what_has_no_place_in_it() {
    for (model, said) in [
        (
            "fusion = \"mean\"\nabsent = \"learned\"",
            "`model.absent` is `learned`, but model.fusion = \"mean\" averages",
        ),
        (
            "fusion = \"mixer\"\n[losses]\nneck = \"after\"",
            "`losses.neck` is `after`, but the normalisation can become a part of the projection only, behind which model.fusion = \"mixer\"",
        ),
        ("fusion = \"attention\"", "expected `sequence`, `mean` or `mixer`"),
        ("absent = \"zeros\"", "expected `none` or `learned`"),
    ] {
        let error = load(model).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
    for allowed in
        ["absent = \"learned\"", "fusion = \"mixer\"\nabsent = \"learned\"", "fusion = \"mean\""]
    {
        load(allowed).expect(allowed);
    }
}

#[test]
fn numbers_with_which_no_step_can_be_computed_are_refused() {
    for (text, said) in [
        ("lora_alpha = inf", "`model.lora_alpha` is infinite; expected a finite number"),
        ("[losses]\nbinding = inf", "`losses.binding` is infinite"),
        ("[losses]\nbinding_temperature = inf", "`losses.binding_temperature` is infinite"),
        ("[train]\nweight_decay = inf", "`train.weight_decay` is infinite"),
        (
            "[train]\nidentities = 4\ninstances_per_identity = 9000000000000000000",
            "`train.instances_per_identity` is 9000000000000000000 and train.identities is 4",
        ),
        (
            "[losses]\nqueue = 100000000000000",
            "`losses.queue` is 100000000000000; expected at most",
        ),
    ] {
        let error = load(text).expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
    load("[train]\nmax_grad_norm = inf").expect("gradients that are not scaled down");
    load("[losses]\nqueue = 65536").expect("a queue of usual size");
}

#[test]
fn numbers_with_which_a_command_never_ends_are_refused() {
    let stage = |key: &str, number: u64| {
        format!("[[train.stages]]\ndatasets = [\"llcm\"]\n{key} = {number}")
    };
    let accumulation = |number: u64| format!("[train]\naccumulation_steps = {number}");
    for (text, said) in [
        (
            "height = 1000000000".to_owned(),
            "`model.height` is 1000000000; expected `auto` or integer",
        ),
        (
            "width = 2049".to_owned(),
            "`model.width` is 2049; expected `auto` or integer, from 1 to 2048",
        ),
        (accumulation(10_001), "`train.accumulation_steps` is 10001; expected an integer, from 1"),
        (stage("epochs", 100_001), "`train.stages[0].epochs` is 100001; expected an integer"),
        (stage("steps", 10_000_001), "`train.stages[0].steps` is 10000001; expected an integer"),
        ("[data.size]\nmarket = 1000001".to_owned(), "`data.size.market` is 1000001; expected"),
        ("[evaluation]\nchance_draws = 10001".to_owned(), "`evaluation.chance_draws` is 10001"),
    ] {
        let error = load(&text).expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
    load("height = 2048\nwidth = 2048").expect("the largest pictures");
    for allowed in [accumulation(10_000), stage("epochs", 100_000), stage("steps", 10_000_000)] {
        load(&allowed).expect("the largest number");
    }
}

#[test]
fn what_would_be_lost_after_a_training_is_refused_before_it() {
    for (text, said) in [
        (
            "modalities = \"rgb\"\n[evaluation]\ntasks = [\"cuhk-pedes.text-rgb\"]",
            "`evaluation.tasks` holds cuhk-pedes.text-rgb, but model.modalities = \"rgb\" lacks text",
        ),
        (
            "[evaluation]\nrerank = true\nrerank_k1 = 2\nrerank_k2 = 4",
            "`evaluation.rerank_k2` is 4; expected at most 3, one above rerank_k1",
        ),
        ("[evaluation]\nchance_draws = 0", "`evaluation.chance_draws` is 0"),
        (
            "[losses]\nneck = \"after\"\nidentity = 0.0",
            "`losses.neck` is `after`, but the normalisation is trained by the identity loss alone",
        ),
        (
            "modalities = \"rgb+text\"\nfrozen_tokenizers = [\"rgb\", \"text\"]\nshared = \"frozen\"\n[losses]\nidentity = 0.0\nattribute = 0.0",
            "`model.frozen_tokenizers` holds every modality, and nothing else is trained either",
        ),
        (
            "[[train.stages]]\nname = \"a\"\ndatasets = [\"llcm\", \"llcm\"]",
            "`train.stages[0].datasets` names llcm twice",
        ),
        (
            "modalities = \"rgb\"\nfrozen_tokenizers = [\"rgb\"]\nshared = \"frozen\"\n[losses]\nidentity = 0.0",
            "`model.frozen_tokenizers` holds every modality, and nothing else is trained either",
        ),
        (
            "modalities = \"rgb+text\"\nfrozen_tokenizers = [\"rgb\", \"text\"]\nshared = \"frozen\"\n[losses]\nidentity = 0.0\n[[train.stages]]\ndatasets = [\"synth-pedes\"]\nreal = []",
            "`model.frozen_tokenizers` holds every modality, and nothing else is trained either",
        ),
        (
            "modalities = \"rgb+text\"\ntext = \"tower\"\nfrozen_tokenizers = [\"rgb\"]\nshared = \"frozen\"\n[losses]\nidentity = 0.0\nattribute = 0.0",
            "`model.frozen_tokenizers` holds every modality, and nothing else is trained either",
        ),
        (
            "stems = \"fresh\"\nbatch_norm_mode = \"pretrained\"",
            "`model.batch_norm_mode` is `pretrained`, but model.stems draws the stems at random",
        ),
        (
            "[train]\ninstances_per_identity = 1\n[[train.stages]]\ndatasets = [\"synth-pedes\"]\nreal = []",
            "`losses.own_photo` is `skipped`, which leaves photographs and what is made from them nothing to bind to",
        ),
        (
            "[train]\nidentities = 4\nneighbours = 5",
            "`train.neighbours` is 5, but a batch holds train.identities = 4; expected at most as many",
        ),
    ] {
        let error = load(text).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
    for allowed in [
        "[evaluation]\nrerank_k1 = 2\nrerank_k2 = 4",
        "modalities = \"rgb+text\"\nfrozen_tokenizers = [\"rgb\", \"text\"]\nshared = \"frozen\"\n[losses]\nidentity = 0.1",
        "modalities = \"rgb+text\"\nfrozen_tokenizers = [\"rgb\", \"text\"]\nshared = \"frozen\"\n[losses]\nidentity = 0.0",
        "modalities = \"rgb+text\"\nfrozen_tokenizers = [\"rgb\", \"text\"]\nshared = \"frozen\"\nabsent = \"learned\"\n[losses]\nidentity = 0.0\nattribute = 0.0",
        "modalities = \"rgb+text\"\nfrozen_tokenizers = [\"rgb\", \"text\"]\nshared = \"frozen\"\nabsent = \"learned\"\nfusion = \"mixer\"\n[train]\ncombinations = 0\n[losses]\nidentity = 0.0\nattribute = 0.0",
        "[train]\nidentities = 4\nneighbours = 4",
        "batch_norm_mode = \"pretrained\"",
        "[train]\ninstances_per_identity = 1\n[[train.stages]]\ndatasets = [\"synth-pedes\"]\nreal = [\"text\"]",
    ] {
        load(allowed).expect(allowed);
    }
}

#[test]
fn a_loss_that_nothing_would_compute_is_refused() {
    for (text, said) in [
        (
            "[losses]\nparts = 1.5\n[train]\ncombinations = 0",
            "`losses.parts` is 1.5, but train.combinations = 0 embeds no combination",
        ),
        (
            "[losses]\nmask_rate = 0.0",
            "`losses.mask_rate` is 0, but losses.attribute = 0.3 trains a head",
        ),
    ] {
        let error = load(text).expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
    for allowed in [
        "[losses]\nparts = 1.5",
        "[train]\ncombinations = 0",
        "[losses]\nmask_rate = 0.0\nattribute = 0.0",
        "[losses]\nmask_rate = 0.01",
    ] {
        load(allowed).expect(allowed);
    }
}

#[test]
fn what_starts_at_random_is_not_frozen() {
    for (model, said) in [
        (
            "stems = \"fresh-patch\"\nfrozen_tokenizers = [\"text\", \"sketch\"]",
            "`model.frozen_tokenizers` holds sketch, but model.stems draws its tokenizer at random",
        ),
        (
            "stems = \"fresh\"\nfrozen_tokenizers = [\"text\"]",
            "`model.frozen_tokenizers` holds text, but model.stems draws its tokenizer at random",
        ),
        (
            "stems = \"fresh\"\nshared = \"frozen\"",
            "`model.shared` is `frozen`, but model.stems = \"fresh\" draws the `[CLS]` token at random",
        ),
    ] {
        let error = load(model).expect_err(said);
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.exit_code(), 2);
    }
    for allowed in [
        "stems = \"fresh-ibn\"\nfrozen_tokenizers = [\"text\"]\nshared = \"frozen\"",
        "stems = \"fresh-ibn\"\nmodalities = \"rgb+text\"\nfrozen_tokenizers = [\"sketch\"]",
        "frozen_tokenizers = [\"rgb\", \"sketch\", \"text\"]",
    ] {
        load(allowed).expect(allowed);
    }
}

#[test]
fn adapters_are_refused_where_the_encoder_does_not_keep_its_weights() {
    for (model, said) in [
        (
            "adapters = \"lora\"\nencoder = \"trained\"",
            "`model.adapters` is `lora`, but model.encoder = \"trained\", which trains the adapted weights themselves; choose one of them",
        ),
        (
            "adapters = \"prompts\"\nencoder = \"random\"",
            "`model.adapters` is `prompts`, but model.encoder = \"random\"",
        ),
        ("adapters = \"a\"", "expected `none`, `lora` or `prompts`"),
        ("lora_rank = 0", "`model.lora_rank` is 0; expected an integer, at least 1"),
        ("lora_alpha = 0", "`model.lora_alpha` is 0; expected a number, above 0"),
        ("prompt_tokens = 0", "`model.prompt_tokens` is 0; expected an integer, from 1 to 1024"),
    ] {
        let error = load(model).expect_err(said).to_string();
        assert!(error.contains(said), "{error}");
    }
    let lora = load("adapters = \"lora\"\nlora_rank = 4\n").expect("valid");
    assert_eq!(lora.model.encoder, EncoderUse::Frozen);
}
