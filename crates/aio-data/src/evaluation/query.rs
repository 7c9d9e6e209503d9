use crate::synthesis::{GreyFrom, channel_exchange};
use crate::{Content, Sample};
use aio_eval::Entry;
use aio_types::{Modality, ModalitySet, Observation, Picture, rng};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// One query: its labels and where its parts lie.
#[derive(Debug, Clone)]
pub struct Query {
    /// Labels.
    pub entry: Entry,
    /// What is embedded; the query is the mean of the embeddings. There is one view, except in multi-query evaluation.
    pub views: Vec<Observation<QueryPicture>>,
}

/// A picture of a query: where it lies, and what is made of it before it is embedded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct QueryPicture {
    /// The file.
    pub path: PathBuf,
    /// The photograph's number, where infrared is made from it by channel exchange, as the paper does where no real
    /// infrared exists.
    pub synthesised: Option<u64>,
}

/// A picture or a sentence of a gallery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GalleryItem {
    /// Labels.
    pub entry: Entry,
    /// The file or the sentence.
    pub content: Content,
}

impl GalleryItem {
    /// A sample as it is.
    pub(crate) fn of(sample: &Sample) -> Self {
        Self { entry: sample.entry(), content: sample.content.clone() }
    }

    /// The file of a picture.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.content.path()
    }

    /// The words of a sentence.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        self.content.caption()
    }
}

impl QueryPicture {
    /// A picture that is embedded as it is.
    #[must_use]
    pub fn real(path: PathBuf) -> Self {
        Self { path, synthesised: None }
    }

    /// The decoded file as the model sees it.
    #[must_use]
    pub fn prepared(&self, mut picture: Picture) -> Picture {
        if let Some(number) = self.synthesised {
            let stream = &mut rng(0, "synthesised query", number);
            channel_exchange(&mut picture, GreyFrom::Channel, stream);
        }
        picture
    }
}

impl Query {
    /// A query that is one sample.
    pub(crate) fn single(sample: &Sample) -> Self {
        Self { entry: sample.entry(), views: vec![observation([sample])] }
    }

    /// The pictures that embedding this query opens, and what each is embedded as.
    pub fn pictures(&self) -> impl Iterator<Item = (Modality, &QueryPicture)> {
        let pictures = self.views.iter().flat_map(|view| &view.pictures);
        pictures.map(|(modality, picture)| (*modality, picture))
    }

    /// The caption, if there is one.
    #[must_use]
    pub fn caption(&self) -> Option<&str> {
        self.views.iter().find_map(|view| view.caption.as_deref())
    }
}

/// Samples of one person together.
pub(crate) fn observation<'a>(
    samples: impl IntoIterator<Item = &'a Sample>,
) -> Observation<QueryPicture> {
    let mut together = Observation::default();
    for sample in samples {
        match &sample.content {
            Content::Image(path) => {
                together.pictures.push((sample.modality, QueryPicture::real(path.clone())));
            }
            Content::Caption(text) => together.caption = Some(text.clone()),
        }
    }
    together
}

/// Every sample of the wanted modalities as a query of its own.
pub(crate) fn queries(samples: &[Sample], wanted: ModalitySet) -> Vec<Query> {
    samples.iter().filter(|s| wanted.contains(s.modality)).map(Query::single).collect()
}

/// Every sample of the wanted modality.
pub(crate) fn gallery_items(samples: &[Sample], wanted: Modality) -> Vec<GalleryItem> {
    samples.iter().filter(|s| s.modality == wanted).map(GalleryItem::of).collect()
}
