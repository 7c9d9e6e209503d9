//! LLCM: photographs and infrared pictures.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let test = (size.llcm / 5).max(4);
    let mut lists = [String::new(), String::new(), String::new(), String::new()];
    let mut test_ids = Vec::new();
    let people = [plan.people("train", size.llcm), plan.people("test", test)].concat();
    for (i, person) in people.iter().enumerate() {
        let pid = i + 1;
        let is_test = i >= size.llcm;
        if is_test {
            test_ids.push(pid.to_string());
        }
        for (n, camera) in plan.cameras(i, 4).into_iter().enumerate() {
            for (m, modality) in ["vis", "nir"].into_iter().enumerate() {
                let name = format!(
                    "{pid:04}_c{:02}_s{:06}_f{}_{modality}.jpg",
                    camera + 1,
                    180_000 + 7 * i,
                    1000 + 13 * n
                );
                let folder = if is_test {
                    format!("test_{modality}/cam{}/{pid:04}", camera + 1)
                } else {
                    format!("{modality}/{pid:04}")
                };
                let picture = if m == 0 { Picture::Rgb(camera) } else { Picture::Infrared(camera) };
                plan.picture(format!("{folder}/{name}"), person, picture);
                let label = if is_test { i - size.llcm } else { i };
                lists[2 * usize::from(is_test) + m].push_str(&format!("{folder}/{name} {label}\n"));
            }
        }
    }
    for (name, list) in ["train_vis", "train_nir", "test_vis", "test_nir"].iter().zip(lists) {
        plan.text(&format!("idx/{name}.txt"), list);
    }
    plan.text("idx/test_id.txt", test_ids.join(",") + "\n");
}
