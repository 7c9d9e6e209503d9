//! Market-Sketch-1K: photographs, and sketches by six artists.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let test = (size.market_sketch / 5).max(4);
    let people = [plan.people("train", size.market_sketch), plan.people("test", test)].concat();
    for (i, person) in people.iter().enumerate() {
        let pid = i + 2;
        let part = if i < size.market_sketch { "train" } else { "query" };
        for (n, camera) in plan.cameras(i, 4).into_iter().enumerate() {
            let name = format!("{pid:04}_c{}s1_{:06}_{n:02}.jpg", camera + 1, 451 + 25 * n);
            plan.picture(format!("photo/{part}/{name}"), person, Picture::Rgb(camera));
        }
        // Not every artist drew every person, as in the original. The first person of a part has a sketch of each, so
        // that no folder is empty.
        let first = i == 0 || i == size.market_sketch;
        for style in 0..plan.domain.street.artists.len() {
            if first || (i + style) % 3 == 0 {
                let letter = char::from(b'A' + style as u8);
                let file = format!("sketch/{letter}/{part}/{pid:04}_{letter}.jpg");
                plan.picture(file, person, Picture::Sketch(style));
            }
        }
    }
}
