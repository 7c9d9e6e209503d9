//! SYSU-MM01: photographs and infrared pictures of six cameras.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let train = (size.test / 5).max(2);
    let ids = |range: std::ops::Range<usize>| {
        range.map(|i| (i + 1).to_string()).collect::<Vec<_>>().join(",") + "\n"
    };
    let people =
        [("test", size.test), ("train", train), ("val", train)].map(|(w, n)| plan.people(w, n));
    for (i, person) in people.iter().flatten().enumerate() {
        // Cameras 1 and 2 are rooms that not every person enters; 3 (infrared) is in the room of camera 2, the first of
        // the domain.
        for camera in [1, 2, 3, 4, 5, 6] {
            if camera <= 2 && i % 5 >= 3 {
                continue;
            }
            let count = if camera == 3 || camera == 6 { 2 } else { 3 };
            for n in 1..=count {
                let picture = match camera {
                    3 => Picture::Infrared(0),
                    6 => Picture::Infrared(1),
                    other => Picture::Rgb([0, 1, 0, 0, 2, 3][other]),
                };
                plan.picture(format!("cam{camera}/{:04}/{n:04}.jpg", i + 1), person, picture);
            }
        }
    }
    plan.text("exp/test_id.txt", ids(0..size.test));
    plan.text("exp/train_id.txt", ids(size.test..size.test + train));
    plan.text("exp/val_id.txt", ids(size.test + train..size.test + 2 * train));
    plan.text("exp/available_id.txt", ids(0..size.test + 2 * train));
}
