//! The first version of a table, from a folder of pictures: who is shown is read off the names of files or folders.

#[cfg(test)]
mod tests;

use super::{COLUMNS, NAME_RULE, is_name, name_of};
use crate::error::io;
use crate::folder::{self, Entry, Reason};
use crate::label::Label;
use crate::list::listed;
use crate::readers::market;
use crate::{DataError, Result, Split, fs};
use aio_types::{Modality, rng};
use rand::seq::SliceRandom;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the table of a folder is written, and who is trained on.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// The folder of pictures, at any depth.
    pub folder: &'a Path,
    /// The CSV file, in a folder above the pictures.
    pub output: &'a Path,
    /// Fraction of the people whose rows are of the split `train`, 0 to below 1.
    pub train: f64,
    /// Seed by which they are drawn.
    pub seed: u64,
}

/// How the people of a folder are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Naming {
    /// Every file is called as in Market-1501: `<identity>_c<camera>…`.
    Files,
    /// The pictures of a person lie in a folder of their own, below the folder.
    Folders,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drafted {
    /// The CSV file.
    pub output: PathBuf,
    /// How the people were told apart.
    pub naming: Naming,
    /// People with a row.
    pub people: usize,
    /// Rows by split and modality.
    pub rows: BTreeMap<Split, BTreeMap<Modality, usize>>,
    /// Files and folders that were passed over, in words.
    pub passed_over: Vec<String>,
}

/// A row without its split.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    path: String,
    identity: String,
    camera: String,
    modality: Modality,
}

impl Draft<'_> {
    /// Writes the table: people of the split `train`; of everyone else some photographs as queries and the others as gallery (`queries`), and every picture of
    /// another modality as query. A folder called `infrared`, `sketch` or `colour-pencil`, in capital or small letters, on the way to a picture says its
    /// modality. In names of files as in Market-1501, distractors (identity 0) are in the gallery. Identities below 0 are passed over.
    ///
    /// # Errors
    /// [`DataError::Request`] naming the file that exists already, the folder that is not below that of the file, or a picture that shows nobody known or
    /// that a table cannot name.
    pub fn write(&self) -> Result<Drafted> {
        let refused =
            |problem: String, hint: &str| DataError::Request { problem, hint: hint.into() };
        if self.output.exists() {
            let problem = format!("{} exists already", self.output.display());
            return Err(refused(problem, "name another file with --output, or remove it"));
        }
        if !(0.0..1.0).contains(&self.train) {
            let problem = format!("the fraction of people to train on is {}", self.train);
            return Err(refused(problem, "it is a number from 0 to below 1"));
        }
        let name = self.output.file_stem().unwrap_or_default().to_string_lossy();
        if !is_name(&name_of(&name)) || self.output.extension().is_none_or(|e| e != "csv") {
            let problem = format!("{} is no name of a table", self.output.display());
            let hint = format!("name a file NAME.csv with --output; {NAME_RULE}");
            return Err(refused(problem, &hint));
        }
        let Some(inner) = self.inner()? else {
            let (folder, output) = (self.folder.display(), self.output.display());
            let link = std::fs::read_link(self.folder);
            let link = link.map_or(String::new(), |to| format!(" (a link to {})", to.display()));
            let problem = format!(
                "{folder}{link} is not below the folder of {output}, and the paths of a table are"
            );
            return Err(refused(problem, "write the file beside the folder of pictures"));
        };
        let (pictures, mut passed_over) = self.pictures()?;
        let naming = match pictures.iter().all(|path| named(path).is_some()) {
            true => Naming::Files,
            false => Naming::Folders,
        };
        let mut shown = Vec::new();
        let mut junk = 0;
        for picture in &pictures {
            match shown_by(&inner, picture, naming) {
                Some(row) if Label::parse(&row.identity).is_unknown() => junk += 1,
                Some(row) => shown.push(row),
                None => {
                    // Where most files are called as in Market-1501, the others are what is wrong.
                    let is_odd = |other: &&PathBuf| {
                        named(other).is_none() && shown_by(&inner, other, naming).is_none()
                    };
                    let picture = pictures.iter().find(is_odd).unwrap_or(picture);
                    let problem = format!(
                        "{} lies in no folder of a person, or its path is no text",
                        self.folder.join(picture).display()
                    );
                    return Err(refused(
                        problem,
                        "put the pictures of every person into a folder of their own, or call all files as in Market-1501: 0001_c1_1.jpg",
                    ));
                }
            }
        }
        if shown.is_empty() {
            let problem = format!("there is no picture below {}", self.folder.display());
            return Err(refused(problem, "JPEG, PNG, BMP, WebP and TIFF files are read"));
        }
        if junk > 0 {
            passed_over.push(format!("pictures of identity −1: {junk}"));
        }
        let people: BTreeSet<&str> = shown.iter().map(|row| &*row.identity).collect();
        let mut numbers = BTreeMap::new();
        for name in &people {
            if let Some(other) = numbers.insert(Label::parse(name).number(), name) {
                return Err(refused(
                    format!("`{other}` and `{name}` are one number, and so one person of a table"),
                    "rename one of the two if they are two people, or give both one name",
                ));
            }
        }
        self.check_readable(&shown)?;
        let splits = self.splits(&shown, &people, naming);
        let mut rows = BTreeMap::<Split, BTreeMap<Modality, usize>>::new();
        for (row, split) in shown.iter().zip(&splits) {
            *rows.entry(*split).or_default().entry(row.modality).or_default() += 1;
        }
        fs::write_then_rename(self.output, &csv(&shown, &splits))?;
        let output = self.output.to_path_buf();
        Ok(Drafted { output, naming, people: people.len(), rows, passed_over })
    }

    /// The folder of the table.
    fn root(&self) -> &Path {
        let root = self.output.parent().unwrap_or(Path::new(""));
        if root.as_os_str().is_empty() { Path::new(".") } else { root }
    }

    /// Refuses a picture that the reader of tables would refuse: a link that leads nowhere, or out of the folder of the table.
    fn check_readable(&self, shown: &[Shown]) -> Result<()> {
        let listed = |row: &Shown| listed(self.output, 0, self.root(), &row.path);
        match shown.iter().find_map(|row| listed(row).err()) {
            Some(DataError::Row { problem, .. }) => Err(DataError::Request {
                problem,
                hint: "put the picture itself in the place of the link, or remove the link".into(),
            }),
            Some(other) => Err(other),
            None => Ok(()),
        }
    }

    /// The folder of pictures as seen from the folder of the table, however the two are written; `None` if it is not below it. Links are followed:
    /// a table cannot name pictures that a link leads elsewhere.
    fn inner(&self) -> Result<Option<PathBuf>> {
        let folder = std::fs::canonicalize(self.folder).map_err(io("list", self.folder))?;
        // A folder of the table that is not there holds no pictures.
        let root = std::fs::canonicalize(self.root()).ok();
        Ok(root.and_then(|root| folder.strip_prefix(root).ok().map(Path::to_path_buf)))
    }

    /// The pictures, relative to the folder, and what is passed over, in words.
    fn pictures(&self) -> Result<(Vec<PathBuf>, Vec<String>)> {
        let (mut pictures, mut skipped) = (Vec::new(), BTreeMap::<Reason, usize>::new());
        for entry in folder::walk(self.folder) {
            match entry? {
                Entry::Picture(path) => {
                    let path = path.strip_prefix(self.folder).unwrap_or(&path).to_path_buf();
                    pictures.push(path);
                }
                Entry::Skipped(_, reason) => *skipped.entry(reason).or_default() += 1,
            }
        }
        let counted = skipped.into_iter().map(|(reason, count)| reason.counted(count));
        Ok((pictures, counted.collect()))
    }

    /// The split of every row.
    fn splits(&self, shown: &[Shown], people: &BTreeSet<&str>, naming: Naming) -> Vec<Split> {
        // A folder called 0 is that of a person: the people of many collections are numbered from 0.
        let is_distractor = |who: &str| naming == Naming::Files && Label::parse(who) == DISTRACTOR;
        let mut order: Vec<&str> =
            people.iter().copied().filter(|who| !is_distractor(who)).collect();
        order.shuffle(&mut rng(self.seed, "people of a table to train on", 0));
        order.truncate((order.len() as f64 * self.train) as usize);
        let trained: BTreeSet<&str> = order.into_iter().collect();
        let asked = queries(shown);
        let of_row = |(number, row): (usize, &Shown)| match row.modality {
            _ if trained.contains(&*row.identity) => Split::Train,
            _ if is_distractor(&row.identity) => Split::Gallery,
            Modality::Rgb if !asked.contains(&number) => Split::Gallery,
            _ => Split::Query,
        };
        shown.iter().enumerate().map(of_row).collect()
    }
}

/// The photographs that are queries: the first of every camera that took several of the person, or else the first of a person with several. The
/// gallery keeps a photograph of everyone.
fn queries(shown: &[Shown]) -> BTreeSet<usize> {
    let mut people = BTreeMap::<&str, BTreeMap<&str, Vec<usize>>>::new();
    for (number, row) in shown.iter().enumerate().filter(|(_, row)| row.modality == Modality::Rgb) {
        people.entry(&row.identity).or_default().entry(&row.camera).or_default().push(number);
    }
    let mut asked = BTreeSet::new();
    for cameras in people.values() {
        let of_several = cameras.values().filter(|of_camera| of_camera.len() > 1);
        let before = asked.len();
        asked.extend(of_several.map(|of_camera| of_camera[0]));
        if asked.len() == before && cameras.len() > 1 {
            asked.extend(cameras.values().next().map(|of_camera| of_camera[0]));
        }
    }
    asked
}

/// Market-1501's distractors.
const DISTRACTOR: Label = Label::Number(0);

/// Identity and camera in the name of a file.
fn named(path: &Path) -> Option<(String, String)> {
    let name = path.file_name()?.to_str()?;
    market::named(name).map(|(identity, camera)| (identity.to_owned(), camera.to_owned()))
}

/// Whom the picture at a path below `inner` shows, as its name or its folder says.
fn shown_by(inner: &Path, path: &Path, naming: Naming) -> Option<Shown> {
    let parts = path.parent()?.components().map(|part| part.as_os_str().to_str());
    let folders: Vec<&str> = parts.collect::<Option<_>>()?;
    let modality_of =
        |folder: &&str| folder.to_lowercase().parse().ok().filter(|m: &Modality| m.is_visual());
    let above = inner.iter().rev().filter_map(|part| part.to_str());
    let mut nearest_first = folders.iter().rev().copied().chain(above);
    let modality = nearest_first.find_map(|folder| modality_of(&folder)).unwrap_or(Modality::Rgb);
    let (identity, camera) = match naming {
        Naming::Files => named(path)?,
        Naming::Folders => {
            let person = folders.iter().find(|folder| modality_of(folder).is_none())?;
            ((*person).to_owned(), String::new())
        }
    };
    let path = inner.join(path).to_str()?.to_owned();
    Some(Shown { path, identity, camera, modality })
}

/// The rows as CSV, with the required columns and an empty caption.
fn csv(shown: &[Shown], splits: &[Split]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns = &COLUMNS[..6];
    let written = writer.write_record(columns).and_then(|()| {
        shown.iter().zip(splits).try_for_each(|(row, split)| {
            let (modality, split) = (row.modality.to_string(), split.to_string());
            writer.write_record([&*row.path, &row.identity, &row.camera, &modality, &split, ""])
        })
    });
    written.expect("memory takes what is written, and every row has six fields");
    writer.into_inner().expect("memory takes what is written")
}
