//! SYNTH-PEDES: photographs, captions and attributes of training people.

use super::Size;
use super::plan::Plan;
use crate::street::caption::attributes;
use crate::street::compose::domain::Picture;
use serde_json::json;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let mut items = Vec::new();
    for (i, person) in plan.people("train", size.synth_pedes).iter().enumerate() {
        for (n, camera) in plan.cameras(i, 3 + i % 2).into_iter().enumerate() {
            let file = format!("Part{}/{i}/{n}.jpg", 1 + i * 11 / size.synth_pedes.max(1));
            plan.picture(file.clone(), person, Picture::Rgb(camera));
            let captions = plan.captions(person, (4 * i + n) as u64, 2);
            let prompt =
                format!("A photo of a person with {}.", attributes(person).replace(',', ", "));
            items.push(json!({"id": i, "file_path": file, "attributes": [attributes(person)], "captions": captions, "prompt_caption": [prompt]}));
        }
    }
    plan.json("synthpedes_dataset.json", &json!(items));
}
