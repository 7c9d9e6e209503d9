//! Lists of rendered people, one per style.

use crate::embed::Row;
use crate::error::{Error, Result};
use crate::overwrite::Identity;
use aio_data::checksum::Checksum;
use aio_data::{CsvRecords, DataError, fs};
use aio_types::Modality;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// The rendered people of one style.
#[derive(Debug)]
pub(super) struct StyleList {
    /// The file.
    pub(super) path: PathBuf,
    /// Of the file.
    pub(super) checksum: Checksum,
    /// The different pictures by modality, without sentences.
    pub(super) rows: BTreeMap<Modality, Vec<Row>>,
}

/// Reads a list per style.
///
/// # Errors
/// [`Error`] naming the list that cannot be read or names no picture, the row and column that are wrong, or the picture of two lists.
pub(super) fn read_all(paths: &[PathBuf]) -> Result<Vec<StyleList>> {
    let lists: Vec<StyleList> =
        paths.iter().map(|path| StyleList::read(path)).collect::<Result<_>>()?;
    check_different(&lists)?;
    Ok(lists)
}

impl StyleList {
    fn read(path: &Path) -> Result<Self> {
        let checksum = Checksum::of_file(path)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let wrong = |row: usize, problem: String| {
            Error::Data(DataError::Row { path: path.to_path_buf(), row, problem })
        };
        let mut records = CsvRecords::new(path, fs::open(path)?)?;
        let (first, names) = records.distinct_names()?;
        let place = |wanted: &str| {
            names.iter().position(|name| name == wanted).ok_or_else(|| {
                let found: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let found = found.join(", ");
                wrong(
                    first,
                    format!("no column `{wanted}`: found {found}, expected path and modality"),
                )
            })
        };
        let (path_at, modality_at) = (place("path")?, place("modality")?);
        let mut found: BTreeMap<Modality, BTreeSet<PathBuf>> = BTreeMap::new();
        while let Some((row, record)) = records.next_record()? {
            let field = |place: usize| record.get(place).unwrap_or_default();
            let modality = field(modality_at).parse::<Modality>();
            let modality = modality.map_err(|problem| wrong(row, problem.to_string()))?;
            if !modality.is_visual() {
                continue;
            }
            if field(path_at).is_empty() {
                let problem =
                    format!("`path` is blank; expected the file of its {modality} picture");
                return Err(wrong(row, problem));
            }
            found.entry(modality).or_default().insert(folder.join(field(path_at)));
        }
        if found.is_empty() {
            return Err(Error::user(
                format!("{} names no picture", path.display()),
                "every list has the rendered people of one style: a row per picture, with its path and a modality such as rgb",
            ));
        }
        let rows = |(modality, paths): (Modality, BTreeSet<PathBuf>)| {
            (modality, paths.into_iter().map(|path| Row::picture(modality, path)).collect())
        };
        Ok(Self { path: path.to_path_buf(), checksum, rows: found.into_iter().map(rows).collect() })
    }

    /// The files of its pictures.
    pub(super) fn pictures(&self) -> impl Iterator<Item = &Path> {
        let rows = self.rows.values().flatten();
        rows.flat_map(|row| row.pictures.values()).map(PathBuf::as_path)
    }
}

/// Refuses a list that is given twice, and a picture of two lists: it would be judged by itself, as if it were of a style that was never seen.
fn check_different(lists: &[StyleList]) -> Result<()> {
    let hint = "give --list once per style, each with pictures of its own";
    let mut files: HashMap<Identity, &StyleList> = HashMap::new();
    let mut pictures: HashMap<Identity, &StyleList> = HashMap::new();
    for list in lists {
        let name = list.path.display();
        if let Some(before) = Identity::of(&list.path).and_then(|of| files.insert(of, list)) {
            let problem =
                format!("--list {name}: it is the same file as {}", before.path.display());
            return Err(Error::user(problem, hint));
        }
        for picture in list.pictures() {
            let before = Identity::of(picture).and_then(|of| pictures.insert(of, list));
            if let Some(before) = before.filter(|before| !std::ptr::eq(*before, list)) {
                let (picture, before) = (picture.display(), before.path.display());
                let problem = format!("{picture} stands in {before} and in {name}");
                return Err(Error::user(problem, hint));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list in a folder.
    fn list(folder: &Path, name: &str, text: &str) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    #[test]
    fn the_pictures_of_a_list_are_read_and_what_is_wrong_is_named() {
        let folder = tempfile::tempdir().expect("temporary directory");
        let read = |text: &str| StyleList::read(&list(folder.path(), "l.csv", text));
        let right = "\u{feff}path,camera,modality\r\na.png,1,rgb\r\n\r\na.png,2,rgb\r\n,,text\r\n";
        let rows = read(right).expect("read").rows;
        assert_eq!(rows.keys().collect::<Vec<_>>(), [&Modality::Rgb]);
        assert_eq!(rows[&Modality::Rgb].len(), 1, "the same picture twice");
        for (text, expected) in [
            (format!("{right}b.png,1,thermal\r\n"), "l.csv, row 6: unknown modality `thermal`"),
            (format!("{right},1,rgb\r\n"), "l.csv, row 6: `path` is blank"),
            ("\r\nfile,modality\r\na,rgb\r\n".to_owned(), "l.csv, row 2: no column `path`"),
            ("path,kind\na,rgb\n".to_owned(), "l.csv, row 1: no column `modality`: found `path`"),
            ("path,modality,path\na,rgb,b\n".to_owned(), "l.csv, row 1: has two columns `path`"),
            ("path,modality\n".to_owned(), "l.csv names no picture"),
            ("path,modality\n,text\n".to_owned(), "l.csv names no picture"),
        ] {
            let error = read(&text).expect_err(expected);
            assert_eq!(error.exit_code(), 2);
            let said = error.to_string();
            assert!(said.contains(expected) && !said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn a_list_that_is_given_twice_and_a_picture_of_two_lists_are_refused() {
        let folder = tempfile::tempdir().expect("temporary directory");
        for name in ["a.png", "b.png", "c.png"] {
            std::fs::write(folder.path().join(name), name).expect("written");
        }
        let one = list(folder.path(), "1.csv", "path,modality\na.png,rgb\na.png,infrared\n");
        let other = list(folder.path(), "2.csv", "path,modality\nb.png,rgb\n");
        let both = list(folder.path(), "3.csv", "path,modality\nc.png,rgb\n./a.png,rgb\n");
        let read = |paths: &[&PathBuf]| {
            let paths: Vec<PathBuf> = paths.iter().map(|path| (*path).clone()).collect();
            read_all(&paths).map(|lists| lists.len()).map_err(|error| error.to_string())
        };
        assert_eq!(read(&[&one, &other]), Ok(2));
        let again = folder.path().join(".").join("1.csv");
        let twice = read(&[&one, &other, &again]).expect_err("twice");
        assert!(twice.contains("it is the same file as"), "{twice}");
        let shared = read(&[&one, &other, &both]).expect_err("a picture of two lists");
        assert!(shared.contains("a.png stands in") && shared.contains("3.csv"), "{shared}");
    }
}
