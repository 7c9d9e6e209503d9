//! PKU-Sketch: two photographs and a sketch of every person, and ten splits.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;
use crate::street::person::Person;
use rand::seq::SliceRandom;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    const PAIRS: [(usize, usize); 4] = [(4, 6), (3, 5), (4, 6), (3, 7)];
    let groups = plan.groups("people", size.pku);
    for (i, person) in groups.iter().flatten().enumerate() {
        let pair = PAIRS[i % PAIRS.len()];
        for camera in [pair.0, pair.1] {
            let file = format!("photo/{}_{camera:02}_{}.jpg", i + 1, 300 + i);
            plan.picture(file, person, Picture::Rgb(camera - 1));
        }
        plan.picture(format!("sketch/{}.jpg", i + 1), person, Picture::Sketch(i));
    }
    for style in 0..5 {
        let ids: Vec<String> =
            (0..size.pku).filter(|i| i % 5 == style).map(|i| (i + 1).to_string()).collect();
        let letter = char::from(b'a' + style as u8);
        plan.text(&format!("styleAnnotation/{letter}_{}.txt", ids.len()), ids.join("\n") + "\n");
    }
    for split in 1..=10u64 {
        // Families stay together, all but the one at the border, so that a person is searched for among look-alikes.
        let mut order = numbered(&groups);
        order.shuffle(&mut plan.stream("split", split));
        let order = order.concat();
        let (test, train) = order.split_at(size.pku / 4);
        for (part, members) in [("train", train), ("test", test)] {
            let mut members = members.to_vec();
            members.sort_unstable();
            let (mut visible, mut sketches) = (String::new(), String::new());
            for (label, i) in members.iter().enumerate() {
                let pair = PAIRS[i % PAIRS.len()];
                for camera in [pair.0, pair.1] {
                    visible += &format!(
                        "photo/{}_{camera:02}_{}.jpg {} {camera:02} {label}\n",
                        i + 1,
                        300 + i,
                        i + 1
                    );
                }
                // The published lists write 1, 2, 3, 4, 4: only styleAnnotation/ tells the fifth artist from the fourth.
                let style = (i % 5 + 1).min(4);
                sketches += &format!("sketch/{}.jpg {} {label} {style}\n", i + 1, i + 1);
            }
            plan.text(&format!("idx/{part}_visible_{split}.txt"), visible);
            plan.text(&format!("idx/{part}_sketch_{split}.txt"), sketches);
        }
    }
}

/// The numbers of people, group by group.
fn numbered(groups: &[Vec<Person>]) -> Vec<Vec<usize>> {
    let mut first = 0;
    let range = |group: &Vec<Person>| {
        let range = first..first + group.len();
        first = range.end;
        range.collect()
    };
    groups.iter().map(range).collect()
}
