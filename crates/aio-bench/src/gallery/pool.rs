//! Tracks as one row each: the mean of the features of their boxes, all of length 1.

use super::item::Item;
use super::prepare::Prepared;
use aio_gallery::{Content, Record};
use std::collections::BTreeMap;

/// A row of a whole track.
pub(super) struct Pooled {
    pub(super) content: Content,
    pub(super) features: Vec<f32>,
    pub(super) record: Record,
    pub(super) thumbnail: Vec<u8>,
}

/// Tracks that are being collected. Memory grows with their number, not with that of their boxes.
#[derive(Default)]
pub(super) struct Tracks(BTreeMap<i64, Track>);

struct Track {
    sum: Vec<f64>,
    boxes: usize,
    /// Hash of the contents so far.
    content: Content,
    /// The largest box stands for the track.
    shown: Item,
    area: f64,
    thumbnail: Vec<u8>,
}

fn area(item: &Item) -> f64 {
    item.crop.map_or(0.0, |crop| crop.height * crop.width)
}

impl Tracks {
    /// Adds a box of a track. `features` are scaled to length 1, so that every box counts the same.
    pub(super) fn add(&mut self, track: i64, prepared: Prepared, features: &[f32]) {
        let Prepared { item, content, thumbnail, .. } = prepared;
        let length = features.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        let unit = features.iter().map(|value| f64::from(*value) / length.max(f64::MIN_POSITIVE));
        match self.0.get_mut(&track) {
            None => {
                let sum = unit.collect();
                let content = Content::of([("track", content.to_string().as_bytes())]);
                let area = area(&item);
                let first = Track { sum, boxes: 1, content, shown: item, area, thumbnail };
                self.0.insert(track, first);
            }
            Some(track) => {
                track.sum.iter_mut().zip(unit).for_each(|(sum, value)| *sum += value);
                track.boxes += 1;
                let both = [track.content.to_string(), content.to_string()];
                track.content = Content::of(both.iter().map(|c| ("track", c.as_bytes())));
                if area(&item) > track.area {
                    track.area = area(&item);
                    (track.shown, track.thumbnail) = (item, thumbnail);
                }
            }
        }
    }

    /// The rows, in the order of their tracks.
    pub(super) fn finish(self) -> impl Iterator<Item = Pooled> {
        self.0.into_values().map(|track| {
            let mut record = track.shown.record();
            record.extra.insert("boxes".into(), track.boxes.to_string());
            Pooled {
                content: track.content,
                // A mean of rows points where their sum points.
                features: track.sum.iter().map(|value| *value as f32).collect(),
                record,
                thumbnail: track.thumbnail,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_gallery::BoundingBox;
    use aio_types::{Modality, Observation};

    #[test]
    fn a_track_is_the_mean_of_its_boxes_and_shows_the_largest() {
        let mut tracks = Tracks::default();
        for (track, frame, height, features) in [
            (7, "1", 10.0, [4.0, 0.0]),
            (7, "2", 30.0, [0.0, 0.5]),
            (3, "2", 20.0, [1.0, 1.0]),
            (7, "3", 20.0, [0.0, 2.0]),
        ] {
            let crop = BoundingBox { left: 0.0, top: 0.0, height, width: 5.0 };
            let item = Item {
                crop: Some(crop),
                track: Some(track),
                ..Item::picture(Modality::Rgb, frame.into())
            };
            let content = Content::of([("rgb", frame.as_bytes())]);
            let observation = Observation::default();
            let prepared = Prepared { item, content, observation, thumbnail: frame.into() };
            tracks.add(track, prepared, &features);
        }
        let rows: Vec<Pooled> = tracks.finish().collect();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].features, [1.0, 2.0], "three boxes of length 1");
        assert_eq!(rows[1].record.path.as_deref(), Some("2"));
        assert_eq!(
            (rows[1].record.get("boxes").as_deref(), &rows[1].thumbnail[..]),
            (Some("3"), &b"2"[..])
        );
        assert_eq!(rows[0].record.get("boxes").as_deref(), Some("1"));
        assert_ne!(rows[0].content, rows[1].content);
    }
}
