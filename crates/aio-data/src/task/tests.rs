use super::*;

#[test]
fn tasks_parse_and_print_back() {
    for text in [
        "market1501.rgb-rgb",
        "market1501.rgb-rgb.multi-query",
        "sysu-mm01.infrared-rgb.all",
        "sysu-mm01.infrared-rgb.indoor.official.10-shot",
        "regdb-3.rgb-infrared",
        "llcm.infrared-rgb.released",
        "market-sketch-1k.sketch-rgb.ABE.multi-query",
        "tri-cuhk-pedes.sketch+text-rgb",
        "orbench.infrared+text-rgb",
        "orbench.infrared+text-rgb.text-first",
        "orbench.text-infrared",
        "orbench.rgb-sketch",
        "orbench.rgb-text",
        "cuhk-pedes.rgb-text",
        "icfg-pedes.rgb-text",
        "rstpreid.rgb-text",
        "table:shop.sketch-text",
        "tri-cuhk-pedes.infrared+text-rgb.other-photo",
        "omnireid.rgb-rgb.clothes-changing",
        "orbench.sketch-colour-pencil",
        "table:shop.text-rgb",
        "table:shop.rgb+text-rgb.none",
        "table:shop.sketch-colour-pencil.market1501",
    ] {
        assert_eq!(Task::parse(text).expect(text)[0].to_string(), text);
    }
    assert_eq!(Task::parse("tri-cuhk-pedes.*-rgb").expect("all").len(), 15);
    for dataset in DatasetName::ALL {
        for task in Task::usual(dataset) {
            assert_eq!(Task::parse(&task).expect(&task).len(), 1);
        }
    }
}

#[test]
fn orbench_has_its_32_published_keys() {
    let tasks = Task::parse("orbench.*-rgb").expect("all");
    let groups = means(&tasks);
    let sizes: Vec<(&str, usize)> = groups.iter().map(|(id, of)| (id.as_str(), of.len())).collect();
    let expected = [
        ("orbench.1-modality-rgb", 4),
        ("orbench.2-modality-rgb", 12),
        ("orbench.3-modality-rgb", 12),
        ("orbench.4-modality-rgb", 4),
    ];
    assert_eq!(sizes, expected);
    assert_eq!(means(&tasks[1..]).len(), 3, "an incomplete group has no mean");
    let other = Task::parse("orbench.text-sketch").expect("a direction of ours");
    assert_eq!(other[0].mean(), None, "no published list");
}

#[test]
fn impossible_tasks_are_refused_by_name() {
    for (text, word) in [
        ("market1502.rgb-rgb", "market1502"),
        ("market1502", "unknown data set `market1502`"),
        ("market1501.sketch-rgb", "sketch"),
        ("market1501.rgb", "<query>-<gallery>"),
        ("pku-sketch.sketch-rgb.all", "no variant `all`"),
        ("llcm.rgb-infrared.released", "drawn infrared pictures"),
        ("llcm.rgb-rgb", "no rgb queries against rgb"),
        ("table:shop.rgb-rgb.none.market1501", "`none`"),
        ("table:shop.rgb-rgb.none.none", "`none`"),
        ("sysu-mm01.infrared-rgb.all.indoor", "`all`"),
        ("sysu-mm01.infrared-rgb.official.1-shot.10-shot", "`1-shot`"),
        ("market-sketch-1k.sketch-rgb.A.B", "`A`"),
        ("market-sketch-1k.sketch-rgb.EBA", "`EBA`"),
        ("orbench.infrared+text-rgb.infrared-first.text-first", "`infrared-first`"),
        ("orbench.infrared+text-rgb.infrared-first", "without that variant"),
        ("orbench.infrared-rgb.infrared-first", "without that variant"),
        ("orbench.sketch+colour-pencil-rgb.sketch-first", "without that variant"),
        ("sysu-mm01.infrared-rgb.10-shot", "single-shot"),
        ("orbench.sketch-rgb.text-first", "no sketch queries"),
        ("orbench.sketch-sketch", "no sketch queries against sketch"),
        ("orbench.infrared+text-sketch", "no infrared+text queries against sketch"),
        ("orbench.text-text", "no text queries against text"),
        ("cuhk-pedes.text-text", "no text queries against text"),
        ("cuhk-pedes.rgb-text.all", "no variant `all`"),
        ("table:shop.text-text", "no text queries against text"),
        ("tri-cuhk-pedes.infrared-rgb.other-photo", "infrared and another modality"),
        ("tri-cuhk-pedes.sketch+text-rgb.other-photo", "infrared and another modality"),
        ("tri-cuhk-pedes.infrared+text-rgb.other", "no variant `other`"),
        ("omnireid.rgb-rgb.official", "no variant `official`"),
        ("orbench.2-modality-rgb", "a mean over several tasks"),
        ("synth-pedes.rgb-rgb", "no rgb queries against rgb"),
    ] {
        let error = Task::parse(text).expect_err(text);
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn every_data_set_states_its_own_protocol() {
    let protocol = |text: &str| {
        let task = Task::parse(text).expect(text).remove(0);
        let nothing = TestSet { queries: Vec::new(), gallery: Vec::new() };
        task.evaluation.protocol(&nothing).expect(text).name()
    };
    let stated = [
        ("market1501.rgb-rgb", "market1501"),
        ("market1501.rgb-rgb.multi-query", "market1501"),
        ("market1501-500k.rgb-rgb", "market1501"),
        ("dukemtmc-reid.rgb-rgb", "market1501"),
        ("msmt17.rgb-rgb", "market1501"),
        ("msmt17-v2.rgb-rgb", "market1501"),
        ("cuhk03-np-detected.rgb-rgb", "market1501"),
        ("cuhk03-np-labeled.rgb-rgb", "market1501"),
        ("cuhk03-classic-detected.rgb-rgb", "cuhk03-classic"),
        ("cuhk03-classic-labeled.rgb-rgb", "cuhk03-classic"),
        ("sysu-mm01.infrared-rgb.all", "sysu-mm01"),
        ("regdb.infrared-rgb", "regdb"),
        ("regdb-2.rgb-infrared", "regdb"),
        ("llcm.infrared-rgb", "llcm"),
        ("llcm.infrared-rgb.released", "llcm"),
        ("pku-sketch.sketch-rgb", "none"),
        ("market-sketch-1k.sketch-rgb", "none"),
        ("cuhk-pedes.text-rgb", "text"),
        ("cuhk-pedes.rgb-text", "text"),
        ("icfg-pedes.text-rgb", "text"),
        ("rstpreid.text-rgb", "text"),
        ("tri-cuhk-pedes.sketch+text-rgb", "tri"),
        ("tri-icfg-pedes.text-rgb", "tri"),
        ("tri-rstpreid.sketch-rgb", "tri"),
        ("orbench.text-rgb", "none"),
        ("orbench.text-sketch", "none"),
        ("orbench.rgb-text", "none"),
        ("tri-rstpreid.rgb+infrared-rgb.other-photo", "tri"),
        ("omnireid.rgb-rgb", "market1501"),
        ("omnireid.rgb-rgb.clothes-changing", "clothes-changing"),
        ("table:shop.rgb-rgb.tri", "tri"),
    ];
    for (task, expected) in stated {
        assert_eq!(protocol(task), expected, "{task}");
    }
    for dataset in DatasetName::ALL {
        let is_listed = stated.iter().any(|(task, _)| task.starts_with(&format!("{dataset}.")));
        assert!(is_listed || dataset == DatasetName::SynthPedes, "{dataset}");
    }
}
