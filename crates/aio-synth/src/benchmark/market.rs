//! Market-1501: photographs, hand-drawn boxes, distractors and junk.

use super::Size;
use super::plan::Plan;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let train = (size.test / 5).max(2);
    let people = plan.people("people", size.test + train);
    for (i, person) in people.iter().enumerate() {
        let pid = i + 1;
        let is_train = i >= size.test;
        for (n, camera) in plan.cameras(i, 6).into_iter().enumerate() {
            let name = |detection: usize| {
                format!("{pid:04}_c{}s1_{:06}_{detection:02}.jpg", camera + 1, 301 + 50 * n)
            };
            let folder = if is_train { "bounding_box_train" } else { "bounding_box_test" };
            plan.photo(format!("{folder}/{}", name(1)), person, plan.visible(camera));
            if !is_train && n < 2 {
                plan.photo(format!("query/{}", name(0)), person, plan.visible(camera));
                for shot in 0..3 {
                    let box_name =
                        format!("{pid:04}_c{}s1_{:06}_00.jpg", camera + 1, 301 + 50 * n + 5 * shot);
                    plan.photo(format!("gt_bbox/{box_name}"), person, plan.visible(camera));
                }
            }
        }
    }
    for (i, person) in plan.people("distractors", size.test).iter().enumerate() {
        let camera = i % plan.domain.visible.len();
        let pid = if i % 3 == 2 { "-1".to_owned() } else { "0000".to_owned() };
        plan.photo(
            format!("bounding_box_test/{pid}_c{}s2_{:06}_{:02}.jpg", camera + 1, 100 + i, i % 7),
            person,
            plan.visible(camera),
        );
    }
}
