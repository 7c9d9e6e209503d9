use crate::error::Result;
use aio_data::picture::open_all;
use aio_data::task::{GalleryItem, Query, QueryPicture};
use aio_types::{Modality, Observation, Picture, PictureSize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Bytes of decoded pictures that are kept for other tasks: all of a small data set, a few of a large one.
pub(super) const KEPT: usize = 256 << 20;

/// Decodes the pictures of one block after the other, and keeps as many as its limit allows.
pub(super) struct Pictures {
    size: PictureSize,
    limit: usize,
    kept: BTreeMap<PathBuf, Picture>,
    bytes: usize,
}

/// The pictures of one block.
struct Block<'a> {
    kept: &'a BTreeMap<PathBuf, Picture>,
    others: BTreeMap<PathBuf, Picture>,
}

impl Block<'_> {
    fn get(&self, path: &Path) -> Picture {
        self.kept.get(path).unwrap_or_else(|| &self.others[path]).clone()
    }

    fn input(&self, view: &Observation<QueryPicture>) -> Observation<Picture> {
        let pictures = view.pictures.iter();
        let prepared = pictures
            .map(|(modality, picture)| (*modality, picture.prepared(self.get(&picture.path))));
        Observation { pictures: prepared.collect(), caption: view.caption.clone() }
    }
}

impl Pictures {
    /// Pictures of one size, of which at most `limit` bytes are kept.
    pub(super) fn new(size: PictureSize, limit: usize) -> Self {
        Self { size, limit, kept: BTreeMap::new(), bytes: 0 }
    }

    fn open<'p>(&mut self, paths: impl Iterator<Item = &'p Path>) -> Result<Block<'_>> {
        let missing: BTreeSet<&Path> =
            paths.filter(|path| !self.kept.contains_key(*path)).collect();
        let missing: Vec<&Path> = missing.into_iter().collect();
        let mut others = BTreeMap::new();
        for (path, picture) in missing.iter().zip(open_all(&missing, self.size, &|| {})?) {
            let bytes = picture.pixels.len();
            if self.bytes + bytes <= self.limit {
                self.bytes += bytes;
                self.kept.insert(path.to_path_buf(), picture);
            } else {
                others.insert(path.to_path_buf(), picture);
            }
        }
        Ok(Block { kept: &self.kept, others })
    }

    /// The inputs of gallery entries.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded.
    pub(super) fn of_gallery(
        &mut self,
        gallery: &[GalleryItem],
        modality: Modality,
    ) -> Result<Vec<Observation<Picture>>> {
        let block = self.open(gallery.iter().filter_map(GalleryItem::path))?;
        let input = |item: &GalleryItem| Observation {
            pictures: item.path().map(|path| (modality, block.get(path))).into_iter().collect(),
            caption: item.caption().map(str::to_owned),
        };
        Ok(gallery.iter().map(input).collect())
    }

    /// The inputs of views of queries.
    ///
    /// # Errors
    /// [`aio_data::DataError`] naming the picture that cannot be decoded.
    pub(super) fn of_views(
        &mut self,
        views: &[&Observation<QueryPicture>],
    ) -> Result<Vec<Observation<Picture>>> {
        let pictures = views.iter().flat_map(|view| &view.pictures);
        let block = self.open(pictures.map(|(_, picture)| picture.path.as_path()))?;
        Ok(views.iter().map(|view| block.input(view)).collect())
    }
}

/// The views of all queries; a query is the mean of its views.
pub(super) fn views(queries: &[Query]) -> Vec<&Observation<QueryPicture>> {
    queries.iter().flat_map(|query| &query.views).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_types::Modality;

    #[test]
    fn pictures_beyond_the_limit_are_decoded_again_and_are_the_same() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let size = PictureSize { height: 4, width: 2 };
        let paths: Vec<PathBuf> = (0..3u8)
            .map(|number| {
                let path = directory.path().join(format!("{number}.png"));
                let pixel = image::Rgb([number, 10 * number, 255 - number]);
                image::RgbImage::from_pixel(2, 4, pixel).save(&path).expect("written");
                path
            })
            .collect();
        let view = |numbers: &[usize]| Observation {
            pictures: numbers
                .iter()
                .map(|n| (Modality::Rgb, QueryPicture::real(paths[*n].clone())))
                .collect(),
            caption: None,
        };
        let views = [view(&[0, 1]), view(&[2]), view(&[0])];
        let views: Vec<&Observation<QueryPicture>> = views.iter().collect();
        let of_limit = |limit: usize| {
            let mut pictures = Pictures::new(size, limit);
            let first = pictures.of_views(&views).expect("decoded");
            assert!(pictures.bytes <= limit);
            assert_eq!(pictures.of_views(&views).expect("decoded"), first);
            (first, pictures.kept.len())
        };
        let (all, kept) = of_limit(usize::MAX);
        assert_eq!(kept, 3);
        // Each picture has 24 bytes.
        assert_eq!(of_limit(50), (all.clone(), 2));
        assert_eq!(of_limit(0), (all.clone(), 0));
        assert_eq!(all[0].pictures[1].1.pixels[..3], [1, 10, 254]);
    }
}
