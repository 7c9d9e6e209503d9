//! ORBench: five modalities, and query lists of their combinations.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;
use rand::RngExt;
use serde_json::json;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let train = (size.test / 4).max(2);
    let mut train_items = Vec::new();
    let mut gallery = Vec::new();
    let mut singles: [Vec<(usize, String)>; 4] = Default::default();
    let people = [plan.people("train", train), plan.people("test", size.test)].concat();
    for (i, person) in people.iter().enumerate() {
        let id = i + 1;
        let is_train = i < train;
        let mut files: [Vec<String>; 4] = Default::default();
        for (n, camera) in plan.cameras(i, 5).into_iter().enumerate() {
            let file = format!("vis/{id:04}/{n:02}_c{}.jpg", camera + 1);
            plan.picture(file.clone(), person, Picture::Rgb(camera));
            let text = plan.captions(person, (5 * i + n) as u64, 1).remove(0);
            if is_train {
                train_items.push(json!({"id": id, "file_path": file, "caption": text}));
            } else {
                gallery.push(json!([id, file]));
                files[3].push(text);
            }
        }
        for n in 0..plan.domain.street.infrared.len() {
            let file = format!("nir/{id:04}/{n:02}.jpg");
            plan.picture(file.clone(), person, Picture::Infrared(n));
            files[0].push(file);
        }
        for n in 0..2 {
            let artist = i + 2 * n;
            for (slot, folder, drawing) in
                [(1, "cp", Picture::ColourPencil(artist + 1)), (2, "sk", Picture::Sketch(artist))]
            {
                let file = format!("{folder}/{id:04}/{n:02}.jpg");
                plan.picture(file.clone(), person, drawing);
                files[slot].push(file);
            }
        }
        if !is_train {
            for (single, files) in singles.iter_mut().zip(files) {
                single.extend(files.into_iter().map(|f| (id, f)));
            }
        }
    }
    plan.json("train_annos.json", &json!(train_items));
    let queries = orbench_queries(plan, &singles, gallery);
    plan.json("test_gallery_and_queries.json", &queries);
}

/// The 32 query keys of ORBench: the first element runs over its samples, the others are drawn.
fn orbench_queries(
    plan: &Plan,
    singles: &[Vec<(usize, String)>; 4],
    gallery: Vec<serde_json::Value>,
) -> serde_json::Value {
    const NAMES: [&str; 4] = ["NIR", "CP", "SK", "TEXT"];
    let mut result = serde_json::Map::new();
    result.insert("RGB_GALLERY".into(), json!(gallery));
    for bits in 1u8..16 {
        let members: Vec<usize> = (0..4).filter(|i| bits >> i & 1 == 1).collect();
        for first in &members {
            let order: Vec<usize> = std::iter::once(*first)
                .chain(members.iter().copied().filter(|m| m != first))
                .collect();
            let key = order.iter().map(|m| NAMES[*m]).collect::<Vec<_>>().join("+");
            let mut stream = plan.stream(&key, 0);
            let rows = singles[*first].iter().map(|(id, item)| {
                let mut row = vec![json!(id), json!(item)];
                for m in &order[1..] {
                    let choices: Vec<&String> = singles[*m]
                        .iter()
                        .filter(|(other, _)| other == id)
                        .map(|(_, f)| f)
                        .collect();
                    row.push(json!(choices[stream.random_range(0..choices.len())]));
                }
                json!(row)
            });
            result.insert(key, rows.collect());
        }
    }
    serde_json::Value::Object(result)
}
