//! Market-Sketch-1K, or MaSk1K (Lin et al., ACM MM 2023).

use super::Card;
use super::list::{file_name, images};
use crate::{DataError, Dataset, Result, Sample};
use aio_types::{Identity, Modality};
use std::collections::BTreeSet;
use std::path::Path;

pub(super) const CARD: Card = Card {
    name: "market-sketch-1k",
    modalities: &[Modality::Rgb, Modality::Sketch],
    layout: "\
MaSk1K/
    photo/{train,query}/0002_c1s1_000451_03.jpg     (`query` is the gallery)
    sketch/{A,B,C,D,E,F}/{train,query}/0002….jpg",
    folders: &["MaSk1K", "Market-Sketch-1K", "market-sketch-1k"],
    markers: &["sketch"],
    // The released subset of photographs is smaller than the paper's, and not every artist drew everybody: nothing to compare with.
    counts: &[],
    terms: "CC BY-NC-SA; from its authors",
    people: &["market-1501"],
    family: "market-sketch-1k",
    read,
};

/// The six artists.
const STYLES: [char; 6] = ['A', 'B', 'C', 'D', 'E', 'F'];

fn read(root: &Path) -> Result<Dataset> {
    let (mut train, mut query) = (sketches(root, "train")?, sketches(root, "query")?);
    let drawn: BTreeSet<Identity> = train.iter().map(|s| s.identity).collect();
    // Photographs of people whom no training sketch shows are left out, as in the reference code.
    train.extend(photos(root, "train")?.into_iter().filter(|s| drawn.contains(&s.identity)));
    query.sort_by_key(|s| s.identity);
    Ok(Dataset { train, query, gallery: photos(root, "query")?, ..Dataset::default() })
}

fn photos(root: &Path, part: &str) -> Result<Vec<Sample>> {
    images(&CARD, &root.join("photo").join(part))?
        .iter()
        .map(|p| sample(p, Modality::Rgb))
        .collect()
}

fn sketches(root: &Path, part: &str) -> Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for style in STYLES {
        let directory = root.join(format!("sketch/{style}/{part}"));
        if directory.is_dir() {
            for path in images(&CARD, &directory)? {
                samples.push(Sample { artist: Some(style), ..sample(&path, Modality::Sketch)? });
            }
        }
    }
    if samples.is_empty() {
        return Err(DataError::Empty {
            dataset: "market-sketch-1k",
            what: "sketches of any style A..F",
            path: root.join("sketch"),
        });
    }
    Ok(samples)
}

/// The identity is the first four characters of the file name.
fn sample(path: &Path, modality: Modality) -> Result<Sample> {
    let name = file_name(path);
    let identity = name.get(..4).and_then(|n| n.parse().ok());
    let wrong = || DataError::Name {
        dataset: "market-sketch-1k",
        path: path.to_path_buf(),
        pattern: "<four-digit identity>….jpg",
    };
    Ok(Sample::picture(identity.ok_or_else(wrong)?, modality, path.to_path_buf()))
}
