use super::*;

fn expanded(text: &str) -> Result<Vec<String>> {
    let file: SweepFile = toml::from_str(text).expect("TOML");
    let cells = expand(Path::new("sweep.toml"), &file)?;
    let setting = |choice: &Choice| format!("{}={}", choice.key, choice.value);
    Ok(cells.iter().map(|cell| cell.iter().map(setting).collect::<Vec<_>>().join(" ")).collect())
}

#[test]
fn axes_are_multiplied_zips_go_in_step_and_exclusions_drop() {
    let text = "base = \"x\"\n[axes]\n\"a.b\" = [1, 2]\nc = [true, false]\n[[zip]]\n\"m.height\" = [96, 192]\n\"m.width\" = [48, 96]\n[[exclude]]\n\"a.b\" = 2\nc = false\n";
    assert_eq!(
        expanded(text).expect("cells"),
        [
            "a.b=1 c=true m.height=96 m.width=48",
            "a.b=1 c=true m.height=192 m.width=96",
            "a.b=1 c=false m.height=96 m.width=48",
            "a.b=1 c=false m.height=192 m.width=96",
            "a.b=2 c=true m.height=96 m.width=48",
            "a.b=2 c=true m.height=192 m.width=96",
        ]
    );
    assert_eq!(expanded("base = \"x\"\n").expect("the base alone"), [""]);
}

#[test]
fn an_exclusion_compares_numbers_and_removes_something() {
    let text = |rule: &str| {
        format!("base = \"x\"\n[axes]\na = [1.0, 0.0]\nb = [0, 1]\n[[exclude]]\n{rule}\n")
    };
    let cells = ["a=1.0 b=0", "a=1.0 b=1", "a=0.0 b=1"];
    for rule in ["a = 0\nb = 0", "a = 0.0\nb = 0.0"] {
        assert_eq!(expanded(&text(rule)).expect(rule), cells, "{rule}");
    }
    let error = expanded(&text("a = 0\nb = 3")).expect_err("no such cell").to_string();
    assert!(error.contains("an [[exclude]] removes no cell: a = 0, b = 3"), "{error}");
}

#[test]
fn more_cells_than_memory_can_hold_are_refused_before_they_are_made() {
    let list = (0..100).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    let axes: String = ('a'..='z').map(|key| format!("{key} = [{list}]\n")).collect();
    let error = expanded(&format!("base = \"x\"\n[axes]\n{axes}")).expect_err("too many");
    let text = error.to_string();
    assert!(text.contains("sweep.toml: its lists make") && text.contains("10000"), "{text}");
    let few: String = ('a'..='b').map(|key| format!("{key} = [{list}]\n")).collect();
    let cells = expanded(&format!("base = \"x\"\n[axes]\n{few}")).expect("as many as allowed");
    assert_eq!(cells.len(), MOST_CELLS);
}

#[test]
fn keys_beside_and_below_one_another_are_varied_together() {
    // The later list changes one key of what the earlier one sets.
    let text = "base = \"x\"\n[axes]\nt = [1, 2]\nta = [3]\n[[zip]]\n\"t.a\" = [4]\nlabel = [5]\n[[zip]]\nlabel = [6]\nb = [7]\n";
    assert_eq!(
        expanded(text).expect("cells"),
        ["t=1 ta=3 label=5 t.a=4 b=7 label=6", "t=2 ta=3 label=5 t.a=4 b=7 label=6"]
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (text, expected) in [
        ("base = \"x\"\n[axes]\na = 3\n", "`a` is not a list"),
        ("base = \"x\"\n[[zip]]\na = [1, 2]\nb = [1]\n", "`b` of a [[zip]] has 1 values"),
        (
            "base = \"x\"\n[axes]\na = [1]\n[[exclude]]\nb = 1\n",
            "`b` of an [[exclude]] is not varied",
        ),
        ("base = \"x\"\n[axes]\nseed = [1, 2]\n", "sweep.toml: `seed` is varied"),
        ("base = \"x\"\n[[zip]]\nseed = [1, 2]\na = [1, 2]\n", "`seed` is varied"),
        ("base = \"x\"\n[axes]\na = [1]\n[[zip]]\na = [2, 3]\n", "`a` sets it again"),
        (
            "base = \"x\"\n[axes]\n\"t.s[0].a\" = [1]\n[[zip]]\n\"t.s\" = [2, 3]\n",
            "`t.s[0].a` is varied, and `t.s` sets it again",
        ),
    ] {
        assert!(expanded(text).expect_err(text).to_string().contains(expected), "{expected}");
    }
}

#[test]
fn labels_stand_for_what_their_zip_varies_and_one_value_varies_nothing() {
    let points = |text: &str| {
        let file: SweepFile = toml::from_str(text).expect("TOML");
        points(Path::new("sweep.toml"), &file)
    };
    let text = "base = \"x\"\n[axes]\nc = [true]\nd = [1, 2]\n[[zip]]\nlabel = [\"small\", 2]\n\"m.height\" = [96, 192]\n";
    let found = points(text).expect("points");
    let of = |settings: [&str; 3], label: &str| Point {
        settings: settings.map(str::to_owned).to_vec(),
        label: label.to_owned(),
    };
    assert_eq!(
        found,
        [
            of(["c=true", "d=1", "m.height=96"], "d=1 small"),
            of(["c=true", "d=1", "m.height=192"], "d=1 2"),
            of(["c=true", "d=2", "m.height=96"], "d=2 small"),
            of(["c=true", "d=2", "m.height=192"], "d=2 2"),
        ]
    );
    assert_eq!(points("base = \"x\"\n").expect("the base")[0].label, "base");
    let twice = points("base = \"x\"\n[[zip]]\nlabel = [\"one\", \"one\"]\na = [1, 2]\n");
    assert!(twice.expect_err("a label twice").to_string().contains("two cells are called `one`"));
    let none = points("base = \"x\"\n[axes]\na = [1]\n[[exclude]]\na = 1\n");
    assert!(none.expect_err("nothing").to_string().contains("sweep.toml: no cell is left"));
}
