//! Market-1501: photographs, hand-drawn boxes, distractors and junk.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;

/// Photographs of a person by different cameras; every second test person is asked for in two of them, the others in
/// one.
const PHOTOGRAPHS: usize = 4;

/// Hand-drawn boxes per query.
const BOXES: usize = 2;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let train = (size.market / 5).max(2);
    let people = [plan.people("test", size.market), plan.people("train", train)].concat();
    for (i, person) in people.iter().enumerate() {
        let pid = i + 1;
        let is_train = i >= size.market;
        for (n, camera) in plan.cameras(i, PHOTOGRAPHS).into_iter().enumerate() {
            let picture = Picture::Rgb(camera);
            let name = |frame: usize, detection: usize| {
                format!("{pid:04}_c{}s1_{frame:06}_{detection:02}.jpg", camera + 1)
            };
            let frame = 301 + 50 * n;
            let folder = if is_train { "bounding_box_train" } else { "bounding_box_test" };
            plan.picture(format!("{folder}/{}", name(frame, 1)), person, picture);
            if !is_train && n < 1 + i % 2 {
                plan.picture(format!("query/{}", name(frame, 0)), person, picture);
                for shot in 0..BOXES {
                    let file = format!("gt_bbox/{}", name(frame + 5 * shot, 0));
                    plan.picture(file, person, picture);
                }
            }
        }
    }
    for (i, person) in plan.people("distractors", size.market / 2).iter().enumerate() {
        let camera = i % plan.domain.street.visible.len();
        let pid = if i % 3 == 2 { "-1" } else { "0000" };
        let file =
            format!("bounding_box_test/{pid}_c{}s2_{:06}_{:02}.jpg", camera + 1, 100 + i, i % 7);
        plan.picture(file, person, Picture::Rgb(camera));
    }
}
