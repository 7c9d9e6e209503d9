//! CUHK-PEDES and Tri-CUHK-PEDES: photographs with captions and sketches.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;
use serde_json::json;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    const FOLDERS: [&str; 7] =
        ["cam_a", "cam_b", "CUHK01", "CUHK03", "Market", "test_query", "train_query"];
    let other = (size.test / 5).max(2);
    let mut items = Vec::new();
    let people =
        [("train", other), ("val", other), ("test", size.test)].map(|(w, n)| plan.people(w, n));
    for (i, person) in people.iter().flatten().enumerate() {
        let split = if i < other {
            "train"
        } else if i < 2 * other {
            "val"
        } else {
            "test"
        };
        for (n, camera) in plan.cameras(i, 3).into_iter().enumerate() {
            let file = format!("{}/{:04}_{n:03}.jpg", FOLDERS[camera % FOLDERS.len()], i + 1);
            plan.picture(format!("imgs/{file}"), person, Picture::Rgb(camera));
            plan.picture(format!("imgs-sketch2/{file}"), person, Picture::Sketch(i + n));
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
