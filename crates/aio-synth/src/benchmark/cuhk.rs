//! CUHK-PEDES and Tri-CUHK-PEDES: photographs with captions and sketches.

use super::Size;
use super::plan::Plan;
use serde_json::json;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    const FOLDERS: [&str; 7] =
        ["cam_a", "cam_b", "CUHK01", "CUHK03", "Market", "test_query", "train_query"];
    let other = (size.test / 5).max(2);
    let mut items = Vec::new();
    for (i, person) in plan.people("people", size.test + 2 * other).iter().enumerate() {
        let split = if i < other {
            "train"
        } else if i < 2 * other {
            "val"
        } else {
            "test"
        };
        for (n, camera) in plan.cameras(i, 3).into_iter().enumerate() {
            let file = format!("{}/{:04}_{n:03}.jpg", FOLDERS[camera % FOLDERS.len()], i + 1);
            plan.photo(format!("imgs/{file}"), person, plan.visible(camera));
            plan.sketch(format!("imgs-sketch2/{file}"), person, plan.hand(i + n), false);
            let captions = plan.captions(person, (3 * i + n) as u64, 2);
            let tokens: Vec<Vec<String>> = captions
                .iter()
                .map(|c| {
                    c.to_lowercase()
                        .split(|x: char| !x.is_alphanumeric())
                        .filter(|w| !w.is_empty())
                        .map(str::to_owned)
                        .collect()
                })
                .collect();
            items.push(json!({"split": split, "captions": captions, "file_path": file, "processed_tokens": tokens, "id": i + 1}));
        }
    }
    plan.json("reid_raw.json", &json!(items));
}
