//! `aio embed`: features of the user's own pictures and sentences, any modality or combination.
//!
//! Rows are embedded in blocks that go straight to disk, so that memory does not grow with their number and a killed call continues.

use crate::error::{Error, Result};
use crate::{device, foundation};
use aio_data::{
    DataError, fs,
    picture::{self, is_picture},
};
use aio_encoder::weights::Preprocessing;
use aio_model::import::{Hints, ImportOptions, Normalisation, Stems};
use aio_model::{Backbone, Extractor};
use aio_tokenize::{Tokenizers, TokenizersConfig};
use aio_types::{Modality, ModalitySet, Observation, Picture, PictureSize};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What is embedded, and where features go.
#[derive(Debug, Clone, clap::Args)]
pub struct Request {
    /// Pictures, and folders of pictures.
    pub inputs: Vec<PathBuf>,
    /// What the pictures are: rgb, infrared, sketch or colour-pencil.
    #[arg(long, default_value = "rgb")]
    pub modality: Modality,
    /// A text file with one sentence per line.
    #[arg(long, value_name = "FILE")]
    pub captions: Option<PathBuf>,
    /// A CSV file with one person per row: columns among rgb, infrared, sketch, colour-pencil (paths relative to the file), text, and
    /// identity, camera, image (numbers).
    #[arg(long, value_name = "FILE")]
    pub list: Option<PathBuf>,
    /// Safetensors file to write; its manifest goes beside it.
    #[arg(long)]
    pub output: PathBuf,
    /// What embeds.
    #[command(flatten)]
    pub model: ModelOptions,
}

/// Which model embeds, and where.
#[derive(Debug, Clone, clap::Args)]
pub struct ModelOptions {
    /// A run's model directory, a weights file, a checkpoint of another project, or `embedded`.
    #[arg(long, default_value = "embedded")]
    pub model: String,
    /// Where to compute: cpu, wgpu, wgpu:N, cuda, cuda:N or auto.
    #[arg(long, default_value = "cpu")]
    pub device: String,
}

/// A model that is ready to embed.
#[derive(Debug)]
pub struct Model {
    /// What embeds.
    pub extractor: Extractor,
    /// SHA-256 of its weights file.
    pub sha256: String,
}

/// One person to be embedded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Pictures by modality.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pictures: BTreeMap<String, PathBuf>,
    /// A sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Who it is, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<i64>,
    /// Which camera took it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<i64>,
    /// Which photograph it is or was made from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<i64>,
}

/// What stands beside a feature file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    /// The model, as it was named.
    pub model: String,
    /// SHA-256 of its weights.
    pub weights: String,
    /// How pictures were prepared.
    pub preprocessing: Preprocessing,
    /// Width of the features.
    pub width: usize,
    /// What each row is.
    pub rows: Vec<Row>,
}

/// The manifest of a feature file.
#[must_use]
pub fn manifest_path(features: &Path) -> PathBuf {
    features.with_extension("json")
}

/// Rows that are embedded at once, and between two writes.
pub(crate) const BLOCK: usize = 256;

impl ModelOptions {
    /// Opens the model; every visual modality that its weights lack starts from the RGB stem, as in an experiment.
    ///
    /// # Errors
    /// [`Error`] naming the file or tensors that do not fit.
    pub fn open(&self) -> Result<Model> {
        let device = device::open(&self.device)?;
        let inside = Path::new(&self.model).join(crate::run::WEIGHTS);
        let name = if inside.is_file() { inside.display().to_string() } else { self.model.clone() };
        let options = ImportOptions {
            size: PictureSize { height: 256, width: 128 },
            stems: Stems::FromCheckpoint,
            hints: Hints::default(),
            normalisation: Normalisation::Auto,
            seed: 0,
        };
        let (weights, sha256) = foundation::open(&name, &options)?;
        let (backbone, config, preprocessing) = Backbone::load(&weights, &device)?;
        let known = config.tokenizers.modalities;
        let (backbone, config) = if known.iter().filter(|m| m.is_visual()).count() > 1 {
            (backbone, config)
        } else {
            let all: ModalitySet =
                Modality::ALL.into_iter().filter(|m| m.is_visual() || known.contains(*m)).collect();
            let tokenizers = TokenizersConfig { modalities: all, ..config.tokenizers };
            let more = Backbone {
                tokenizers: Tokenizers::from_pretrained(&backbone.tokenizers, &tokenizers),
                ..backbone
            };
            (more, aio_model::BackboneConfig { tokenizers, ..config })
        };
        Ok(Model { extractor: Extractor::new(&backbone, &config, preprocessing, &device), sha256 })
    }
}

impl Row {
    /// A picture alone.
    #[must_use]
    pub fn picture(modality: Modality, path: PathBuf) -> Self {
        Self { pictures: [(modality.name().to_owned(), path)].into(), ..Self::default() }
    }

    /// The row as the extractor takes it.
    ///
    /// # Errors
    /// [`Error`] naming the picture that cannot be read.
    pub fn input(&self, extractor: &Extractor) -> Result<Observation<Picture>> {
        let size = extractor.preprocessing().size();
        let open = |(name, path): (&String, &PathBuf)| {
            let modality = name.parse().map_err(|e: aio_types::ParseModalityError| {
                Error::user(e.to_string(), "see `aio embed --help`")
            })?;
            Ok((modality, picture::open(path, size)?))
        };
        Ok(Observation {
            pictures: self.pictures.iter().map(open).collect::<Result<_>>()?,
            caption: self.text.clone(),
        })
    }
}

/// Embeds rows, pictures decoded in parallel.
///
/// # Errors
/// [`Error`] naming the picture that cannot be read or the modality that the model does not know.
pub fn embed(rows: &[Row], extractor: &Extractor) -> Result<Vec<Vec<f32>>> {
    let inputs = rows.par_iter().map(|row| row.input(extractor)).collect::<Result<Vec<_>>>()?;
    extractor.embed(&inputs).map_err(|e| {
        Error::user(e.to_string(), "the model has no tokenizer for it, or a row is empty")
    })
}

/// Runs `aio embed` and returns what belongs on standard output.
///
/// # Errors
/// [`Error`] naming the input that cannot be used; what was embedded before it is kept for the next call.
pub fn run(request: &Request) -> Result<String> {
    let rows = rows(request)?;
    if rows.is_empty() {
        return Err(Error::user(
            "nothing to embed",
            "name pictures, folders, --captions FILE or --list FILE",
        ));
    }
    let model = request.model.open()?;
    let manifest = Manifest {
        model: request.model.model.clone(),
        weights: model.sha256.clone(),
        preprocessing: model.extractor.preprocessing().clone(),
        width: model.extractor.width(),
        rows,
    };
    let text = serde_json::to_string(&manifest).map_err(|e| Error::Failure(e.to_string()))? + "\n";
    let partial = Partial::open(&request.output, blake3::hash(text.as_bytes()).to_hex().as_ref())?;
    partial.fill(&manifest, &model.extractor)?.finish(&request.output, &manifest)?;
    fs::write_then_rename(&manifest_path(&request.output), text.as_bytes())?;
    Ok(format!("{} [{}, {}]\n", request.output.display(), manifest.rows.len(), manifest.width))
}

/// Everything that the request names, in its order.
fn rows(request: &Request) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for input in &request.inputs {
        rows.extend(pictures(input, request.modality)?);
    }
    if let Some(path) = &request.captions {
        let text = fs::read_to_string(path)?;
        rows.extend(
            text.lines()
                .filter(|l| !l.trim().is_empty())
                .map(|line| Row { text: Some(line.trim().to_owned()), ..Row::default() }),
        );
    }
    if let Some(path) = &request.list {
        rows.extend(list(path)?);
    }
    Ok(rows)
}

/// A row for the picture itself, or for every picture of a folder and of the folders in it, by name.
///
/// # Errors
/// [`Error`] naming the path that is not there, or the folder that holds no picture.
pub fn pictures(input: &Path, modality: Modality) -> Result<Vec<Row>> {
    let found = picture_files(input)?;
    if found.is_empty() {
        return Err(Error::user(
            format!("no pictures in {}", input.display()),
            "looked for *.jpg, *.jpeg, *.png and *.bmp",
        ));
    }
    Ok(found.into_iter().map(|path| Row::picture(modality, path)).collect())
}

fn picture_files(input: &Path) -> Result<Vec<PathBuf>> {
    if !input.is_dir() {
        std::fs::metadata(input).map_err(|source| DataError::Io {
            action: "read",
            path: input.to_path_buf(),
            source,
        })?;
        return Ok(vec![input.to_path_buf()]);
    }
    let mut found = Vec::new();
    for entry in fs::sorted_entries(input)? {
        if entry.is_dir() {
            found.extend(picture_files(&entry)?);
        } else if is_picture(&entry) {
            found.push(entry);
        }
    }
    Ok(found)
}

/// The rows of a list of people.
fn list(path: &Path) -> Result<Vec<Row>> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let wrong = |row: usize, problem: String| {
        Error::Data(DataError::Row { path: path.to_path_buf(), row, problem })
    };
    let file = std::fs::File::open(path).map_err(|source| DataError::Io {
        action: "read",
        path: path.to_path_buf(),
        source,
    })?;
    let mut reader =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(std::io::BufReader::new(file));
    let damaged =
        |e: csv::Error| wrong(e.position().map_or(1, csv::Position::line) as usize, e.to_string());
    let columns: Vec<String> =
        reader.headers().map_err(damaged)?.iter().map(str::to_owned).collect();
    let numbers = ["identity", "camera", "image"];
    let known =
        |name: &String| numbers.contains(&name.as_str()) || name.parse::<Modality>().is_ok();
    if let Some(unknown) = columns.iter().find(|name| !known(name)) {
        return Err(wrong(
            1,
            format!(
                "unknown column `{unknown}`; the columns are rgb, infrared, sketch, colour-pencil, text, identity, camera, image"
            ),
        ));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(damaged)?;
        let line = record.position().map_or(0, csv::Position::line) as usize;
        let mut row = Row::default();
        for (column, field) in columns.iter().zip(&record).filter(|(_, field)| !field.is_empty()) {
            let number = || {
                field.parse::<i64>().map_err(|_| {
                    wrong(line, format!("`{column}` is `{field}`; expected an integer"))
                })
            };
            match column.as_str() {
                "identity" => row.identity = Some(number()?),
                "camera" => row.camera = Some(number()?),
                "image" => row.image = Some(number()?),
                "text" => row.text = Some(field.to_owned()),
                _ => _ = row.pictures.insert(column.clone(), folder.join(field)),
            }
        }
        if row.pictures.is_empty() && row.text.is_none() {
            return Err(wrong(line, "holds neither a picture nor a text".into()));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Features that are being written: raw values, and how far they have come.
struct Partial {
    values: PathBuf,
    progress: PathBuf,
    fingerprint: String,
    done: usize,
}

#[derive(Serialize, Deserialize)]
struct Progress {
    /// Of model and rows.
    fingerprint: String,
    rows: usize,
}

impl Partial {
    /// What an earlier call left beside `output` for the same model and rows, or an empty one.
    fn open(output: &Path, fingerprint: &str) -> Result<Self> {
        if let Some(parent) = output.parent().filter(|p| !p.as_os_str().is_empty()) {
            fs::create_dir_all(parent)?;
        }
        let beside = |extension: &str| output.with_extension(extension);
        let (values, progress) = (beside("partial"), beside("partial.json"));
        let known = std::fs::read(&progress)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Progress>(&bytes).ok());
        let done = known
            .filter(|p| p.fingerprint == fingerprint && values.is_file())
            .map_or(0, |p| p.rows);
        Ok(Self { values, progress, fingerprint: fingerprint.to_owned(), done })
    }

    /// Embeds what is missing.
    fn fill(mut self, manifest: &Manifest, extractor: &Extractor) -> Result<Self> {
        let path = self.values.clone();
        let failed = |source| DataError::Io { action: "write", path: path.clone(), source };
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&self.values)
            .map_err(failed)?;
        // Rows that were written after the last note of progress are written again.
        file.set_len((self.done * manifest.width * 4) as u64)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(failed)?;
        let bar = aio_train::Progress::resumed("embedding", manifest.rows.len(), "rows", self.done);
        for block in manifest.rows[self.done..].chunks(BLOCK) {
            let features = embed(block, extractor)?;
            let bytes: Vec<u8> = features.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
            file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(failed)?;
            self.done += block.len();
            let state = Progress { fingerprint: self.fingerprint.clone(), rows: self.done };
            fs::write_then_rename(
                &self.progress,
                serde_json::to_string(&state).unwrap_or_default().as_bytes(),
            )?;
            bar.set_position(self.done);
        }
        bar.finish();
        Ok(self)
    }

    /// Puts header and labels around the values, and removes what was partial.
    fn finish(self, output: &Path, manifest: &Manifest) -> Result<()> {
        let rows = &manifest.rows;
        let labels =
            |of: fn(&Row) -> Option<i64>| rows.iter().map(of).collect::<Option<Vec<i64>>>();
        // Who is not known is somebody of their own.
        let ids: Vec<i64> =
            rows.iter().enumerate().map(|(i, row)| row.identity.unwrap_or(i as i64)).collect();
        let columns = [
            ("ids", Some(ids)),
            ("cameras", labels(|r| r.camera)),
            ("images", labels(|r| r.image)),
        ];
        let mut header = serde_json::Map::new();
        let mut end = rows.len() * manifest.width * 4;
        let entry = |dtype: &str, shape: Vec<usize>, from: usize, to: usize| serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [from, to]});
        header.insert("features".into(), entry("F32", vec![rows.len(), manifest.width], 0, end));
        let mut tail = Vec::new();
        for (name, column) in columns {
            let Some(column) = column else { continue };
            header.insert(name.into(), entry("I64", vec![rows.len()], end, end + 8 * rows.len()));
            end += 8 * rows.len();
            tail.extend(column.iter().flat_map(|v| v.to_le_bytes()));
        }
        let mut text = serde_json::to_string(&header).map_err(|e| Error::Failure(e.to_string()))?;
        // The values must begin at a multiple of eight bytes.
        text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
        fs::replace(output, |temporary| {
            let mut file = std::io::BufWriter::new(std::fs::File::create(temporary)?);
            file.write_all(&(text.len() as u64).to_le_bytes())?;
            file.write_all(text.as_bytes())?;
            std::io::copy(&mut std::fs::File::open(&self.values)?, &mut file)?;
            file.write_all(&tail)?;
            file.flush()?;
            file.get_ref().sync_all()
        })?;
        for path in [&self.values, &self.progress] {
            std::fs::remove_file(path).map_err(|source| DataError::Io {
                action: "remove",
                path: path.clone(),
                source,
            })?;
        }
        Ok(())
    }
}
