//! Data sets for development: every modality, in a table of one's own.

use super::Size;
use super::plan::Plan;
use crate::street::compose::domain::Picture;

/// Photographs of a person by different cameras. Each is asked for among those of the other cameras.
const PHOTOGRAPHS: usize = 4;
const INFRARED: usize = 2;
const CAPTIONS: usize = 2;

pub(super) fn add_files(plan: &mut Plan, size: Size) {
    let cameras = plan.domain.street.visible.len();
    let mut rows = String::from("path,identity,camera,modality,split,caption\n");
    for (i, person) in plan.people("people", size.development).iter().enumerate() {
        let pid = i + 1;
        for camera in plan.cameras(i, PHOTOGRAPHS) {
            let file = format!("rgb/{pid:04}_c{}.jpg", camera + 1);
            for split in ["query", "gallery"] {
                rows += &format!("{file},{pid},{},rgb,{split},\n", camera + 1);
            }
            plan.picture(file, person, Picture::Rgb(camera));
        }
        for n in 0..INFRARED {
            let number = (i + n) % plan.domain.street.infrared.len();
            // Cameras for near infrared are numbered behind those for visible light.
            let camera = cameras + number + 1;
            let file = format!("infrared/{pid:04}_c{camera}.jpg");
            rows += &format!("{file},{pid},{camera},infrared,query,\n");
            plan.picture(file, person, Picture::Infrared(number));
        }
        let file = format!("sketch/{pid:04}.jpg");
        rows += &format!("{file},{pid},,sketch,query,\n");
        plan.picture(file, person, Picture::Sketch(i));
        for caption in plan.captions(person, i as u64, CAPTIONS) {
            rows += &format!(",{pid},,text,query,\"{}\"\n", caption.replace('"', "\"\""));
        }
    }
    plan.text(&format!("{}.csv", plan.domain.name), rows);
}
