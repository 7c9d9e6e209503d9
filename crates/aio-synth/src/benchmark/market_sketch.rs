//! Market-Sketch-1K: photographs, and sketches by six artists.

use super::Size;
use super::plan::Plan;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let test = (size.market_sketch / 5).max(4);
    for (i, person) in plan.people("people", size.market_sketch + test).iter().enumerate() {
        let pid = i + 2;
        let part = if i < size.market_sketch { "train" } else { "query" };
        for (n, camera) in plan.cameras(i, 4).into_iter().enumerate() {
            let name = format!("{pid:04}_c{}s1_{:06}_{n:02}.jpg", camera + 1, 451 + 25 * n);
            plan.photo(format!("photo/{part}/{name}"), person, plan.visible(camera));
        }
        // Not every artist drew every person, as in the original.
        for style in 0..plan.domain.hands.len() {
            if (i * 7 + style * 3) % 6 < 4 {
                let letter = char::from(b'A' + style as u8);
                plan.sketch(
                    format!("sketch/{letter}/{part}/{pid:04}_{letter}.jpg"),
                    person,
                    plan.hand(style),
                    false,
                );
            }
        }
    }
}
