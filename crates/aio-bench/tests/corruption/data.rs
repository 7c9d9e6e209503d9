//! Features, lists, tables, annotations, indexes and pictures.

use crate::runs::{content, folder, repository};
use crate::trial::{Content, Kind, Seal};
use aio_bench::embed;
use aio_bench::features::FeatureFile;
use aio_bench::serve::read_search;
use aio_data::DatasetName;
use aio_data::checksum::{Checksum, inside};
use aio_data::readers::{matlab, synth_pedes, table};
use aio_eval::Protocol;
use aio_types::PictureSize;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Rgb, RgbImage};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub(crate) fn kinds() -> Vec<Kind> {
    let mut kinds = vec![
        features("features of this program (safetensors)", Seal::Checksum),
        features("features of other tools (safetensors)", Seal::None),
        npy("features (.npy)", "f.npy"),
        npy("labels of features (.npy)", "f.ids.npy"),
        own_table("own data (CSV)", "shop.csv"),
        own_table("own data (Parquet)", "shop.parquet"),
        people(),
        embedded_rows(),
        matlab_file(),
        index(),
    ];
    kinds.extend(lists());
    kinds.extend(
        [
            ("picture (JPEG)", "a.jpg", ImageFormat::Jpeg),
            ("picture (PNG)", "a.png", ImageFormat::Png),
            ("picture (BMP)", "a.bmp", ImageFormat::Bmp),
            ("picture (WebP)", "a.webp", ImageFormat::WebP),
            ("picture (TIFF)", "a.tif", ImageFormat::Tiff),
        ]
        .map(|(name, file, format)| picture(name, file, format)),
    );
    kinds
}

/// The body of a search as `aio serve` takes it, with every key and a picture. The server names the key that is wrong; here the file is
/// named in front.
fn search_body() -> Kind {
    let kept = folder();
    let file = kept.path().join("search.json");
    let mut picture = std::io::Cursor::new(Vec::new());
    let colours = RgbImage::from_fn(8, 16, |x, y| Rgb([x as u8 * 30, y as u8 * 15, 90]));
    colours.write_to(&mut picture, ImageFormat::Png).expect("a picture");
    let condition = json!({"column": "shift", "relation": "not-equal", "value": "night"});
    let filter = json!({"cameras": ["gate"], "not_cameras": ["hall"], "after": "2026-01-02T03:04:05Z", "before": "1798000000", "where": [condition]});
    let body = json!({
        "text": "a man in a red coat", "like": [1, 7], "unlike": [2], "answers": [{"words": "red coat", "reply": "no"}], "filter": filter, "group_by": "identity", "threshold": 0.5, "top": 20,
        "pictures": {"sketch": {"name": "gate.png", "data": STANDARD.encode(picture.into_inner())}},
    });
    std::fs::write(&file, body.to_string()).expect("write");
    let path = file.clone();
    let read = Box::new(move || {
        let bytes = std::fs::read(&path).expect("read");
        let search = read_search(&bytes, PictureSize { height: 16, width: 8 });
        search.map(|search| format!("{search:?}")).map_err(|e| format!("{}: {e}", path.display()))
    });
    Kind { name: "body of a search (JSON)", seal: Seal::None, file, read, _kept: kept }
}

/// Five rows of three numbers.
fn values() -> Vec<u8> {
    (0..15).flat_map(|i| (i as f32 / 7.0).to_le_bytes()).collect()
}

fn ids() -> Vec<u8> {
    [1i64, 1, 2, 2, 3].into_iter().flat_map(i64::to_le_bytes).collect()
}

/// A safetensors file; with a checksum in its metadata, as `aio embed` writes it.
fn features(name: &'static str, seal: Seal) -> Kind {
    let kept = folder();
    let file = kept.path().join("f.safetensors");
    let mut header = json!({
        "features": {"dtype": "F32", "shape": [5, 3], "data_offsets": [0, 60]},
        "ids": {"dtype": "I64", "shape": [5], "data_offsets": [60, 100]},
    });
    header["__metadata__"] = match seal {
        Seal::Checksum => json!({"aio.checksum": Checksum::UNKNOWN.to_string()}),
        Seal::None => json!({"tool": "another"}),
    };
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    let bytes = [&length[..], header.as_bytes(), &values(), &ids()].concat();
    std::fs::write(&file, bytes).expect("write");
    if seal == Seal::Checksum {
        inside::seal_file(&file).expect("sealed");
    }
    let path = file.clone();
    let read = Box::new(move || content(FeatureFile::read(&path, Protocol::None)));
    Kind { name, seal, file, read, _kept: kept }
}

fn write_npy(path: &Path, kind: &str, shape: &str, values: &[u8]) {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    header += &" ".repeat((10 + header.len() + 1).next_multiple_of(64) - (10 + header.len() + 1));
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    let bytes = [&b"\x93NUMPY\x01\x00"[..], &length, header.as_bytes(), values].concat();
    std::fs::write(path, bytes).expect("write");
}

/// Features with their labels beside them, of which `damaged` is damaged.
fn npy(name: &'static str, damaged: &str) -> Kind {
    let kept = folder();
    let path = kept.path().join("f.npy");
    write_npy(&path, "<f4", "(5, 3)", &values());
    write_npy(&kept.path().join("f.ids.npy"), "<i8", "(5,)", &ids());
    let file = kept.path().join(damaged);
    let read = Box::new(move || content(FeatureFile::read(&path, Protocol::None)));
    Kind { name, seal: Seal::None, file, read, _kept: kept }
}

fn own_table(name: &'static str, file: &str) -> Kind {
    let kept = folder();
    let folder = kept.path().join("pictures");
    std::fs::create_dir(&folder).expect("create");
    for picture in ["a.jpg", "b.png", "c.jpg"] {
        std::fs::write(folder.join(picture), "x").expect("write");
    }
    let file = kept.path().join(file);
    if file.extension().is_some_and(|e| e == "csv") {
        let rows = "path,identity,camera,modality,split,caption,source\npictures/a.jpg,1,3,rgb,gallery,,10\npictures/b.png,1,,sketch,query,,10\n,1,,text,query,\"A man, tall, in red.\",10\npictures/c.jpg,2,4,rgb,train,,\n";
        std::fs::write(&file, rows).expect("write");
    } else {
        let golden = repository().join("crates/aio-data/tests/golden/shop.parquet");
        std::fs::copy(golden, &file).expect("copy");
    }
    let path = file.clone();
    let read = Box::new(move || content(table::read(&path)));
    Kind { name, seal: Seal::None, file, read, _kept: kept }
}

/// The list of `aio embed --list`.
fn people() -> Kind {
    let kept = folder();
    let file = kept.path().join("people.csv");
    let rows = "rgb,sketch,text,identity,camera\na.jpg,,\"A man, tall.\",3,1\nb.jpg,c.png,,4,2\n,,Ä woman in red.,-1,\n";
    std::fs::write(&file, rows).expect("write");
    let path = file.clone();
    let read = Box::new(move || content(embed::people(&path)));
    Kind { name: "list of people (CSV)", seal: Seal::None, file, read, _kept: kept }
}

/// The manifest that `aio embed` writes beside its features.
fn embedded_rows() -> Kind {
    let kept = folder();
    let features = kept.path().join("f.safetensors");
    let file = embed::Manifest::path(&features);
    let manifest = json!({
        "model": "embedded",
        "weights": "2b9be39d87f889182c28484e93e2fc283ea3cff9270df18dc7790bad52cfee74",
        "preprocessing": {"height": 64, "width": 32, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25], "interpolation": "bilinear, antialiased"},
        "width": 3,
        "rows": [{"pictures": {"rgb": "a.jpg"}, "identity": 3}, {"text": "A man, tall."}],
    });
    std::fs::write(&file, manifest.to_string()).expect("write");
    // The hash of a manifest lies in the feature file.
    let hash = blake3::hash(manifest.to_string().as_bytes()).to_hex();
    let read = Box::new(move || content(embed::Manifest::read(&features, 2, Some(&hash))));
    Kind { name: "manifest of features", seal: Seal::Checksum, file, read, _kept: kept }
}

fn matlab_file() -> Kind {
    let kept = folder();
    let file = kept.path().join("rand_perm_cam.mat");
    let golden = repository().join("crates/aio-bench/tests/golden/rand_perm_cam.mat");
    std::fs::copy(golden, &file).expect("copy");
    let path = file.clone();
    let read = Box::new(move || content(matlab::read(&path)));
    Kind { name: "MATLAB file", seal: Seal::None, file, read, _kept: kept }
}

/// A small copy of SYNTH-PEDES below `root`; readers open no picture.
fn write_synth_pedes(root: &Path) -> PathBuf {
    let folder = root.join("SYNTH-PEDES");
    std::fs::create_dir_all(folder.join("Part1/7")).expect("create");
    let item = |number: i64| {
        let path = format!("Part1/7/{number}.jpg");
        std::fs::write(folder.join(&path), "x").expect("write");
        json!({"id": number / 2, "file_path": path, "attributes": ["man,black hair"], "captions": ["A man.", "Ä {[,"], "prompt_caption": []})
    };
    let items: Vec<Value> = (0..8).map(item).collect();
    let file = folder.join("synthpedes_dataset.json");
    std::fs::write(&file, json!(items).to_string()).expect("write");
    file
}

fn index() -> Kind {
    let kept = folder();
    let root = kept.path().to_path_buf();
    let annotations = write_synth_pedes(&root);
    let folder = annotations.parent().expect("a folder");
    synth_pedes::prepare(folder, &|_| ()).expect("prepared");
    let file = folder.join(synth_pedes::INDEX);
    let read = Box::new(move || -> Content {
        let dataset = DatasetName::SynthPedes.open(&root).map_err(|e| e.to_string())?;
        let indexed = dataset.indexed.ok_or("no index")?;
        let photographs: Result<Vec<_>, _> =
            (0..indexed.index.len()).map(|number| indexed.photograph(number)).collect();
        let photographs = photographs.map_err(|e| e.to_string())?;
        Ok(format!("{:?} {photographs:?}", indexed.index.identities()))
    });
    Kind { name: "index (Parquet)", seal: Seal::Checksum, file, read, _kept: kept }
}

/// Lists and annotations in the forms that data sets have.
fn lists() -> Vec<Kind> {
    let of = |name: &'static str, dataset: DatasetName, kept: tempfile::TempDir, file: &str| {
        let (root, file) = (kept.path().to_path_buf(), kept.path().join(file));
        let read = Box::new(move || content(dataset.open(&root)));
        Kind { name, seal: Seal::None, file, read, _kept: kept }
    };
    let write = |kept: &tempfile::TempDir, file: &str, text: &str| {
        let path = kept.path().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("create");
        std::fs::write(path, text).expect("write");
    };

    let annotations = folder();
    write_synth_pedes(annotations.path());
    let file = "SYNTH-PEDES/synthpedes_dataset.json";
    let annotations = of("annotations (JSON)", DatasetName::SynthPedes, annotations, file);

    let splits = folder();
    let row = |name: &str, label: i64, camera: i64| {
        write(&splits, &format!("cuhk03/images_labeled/{name}"), "x");
        json!([format!("/home/somebody/cuhk03/images_labeled/{name}"), label, camera])
    };
    let (a, b) = (row("1_001_1_01.png", 0, 0), row("1_001_2_06.png", 0, 1));
    let c = row("2_001_2_07.png", 1, 1);
    let split = json!({"train": [c], "query": [a], "gallery": [b, c], "num_train_pids": 1});
    let file = "cuhk03/splits_new_labeled.json";
    write(&splits, file, &json!([split]).to_string());
    let splits = of("splits (JSON)", DatasetName::Cuhk03NpLabeled, splits, file);

    let names = folder();
    write(&names, "OmniReID/ltcc/a.png", "x");
    write(&names, "OmniReID/ltcc/b.png", "x");
    let file = "OmniReID/query.txt";
    write(&names, file, "ltcc/a.png ltcc/clothes/a.jpg 12 3\nltcc/b.png ltcc/clothes/b.jpg 13 4\n");
    write(&names, "OmniReID/gallery.txt", "ltcc/b.png ltcc/clothes/b.jpg 12 4 2\n");
    let names = of("list of pictures (text)", DatasetName::OmniReId, names, file);
    vec![annotations, splits, names]
}

fn picture(name: &'static str, file: &str, format: ImageFormat) -> Kind {
    let kept = folder();
    let file = kept.path().join(file);
    let pattern = RgbImage::from_fn(24, 40, |x, y| {
        Rgb([(x * 9) as u8, (y * 5) as u8, ((x * y) % 7 * 31) as u8])
    });
    pattern.save_with_format(&file, format).expect("written");
    let path = file.clone();
    let read = Box::new(move || -> Content {
        let size = PictureSize { height: 16, width: 8 };
        let picture = aio_data::picture::open(&path, size).map_err(|e| e.to_string())?;
        assert_eq!(picture.pixels.len(), 3 * 16 * 8);
        Ok(format!("{:?}", picture.pixels))
    });
    Kind { name, seal: Seal::None, file, read, _kept: kept }
}

#[test]
fn a_damaged_key_of_the_checksum_makes_no_file_of_another_tool() {
    let kind = features("features", Seal::Checksum);
    let mut bytes = std::fs::read(&kind.file).expect("read");
    let place = bytes.windows(4).position(|window| window == b"aio.").expect("the key");
    bytes[place] = b'b';
    *bytes.last_mut().expect("bytes") ^= 1;
    std::fs::write(&kind.file, bytes).expect("write");
    let error = (kind.read)().expect_err("changed labels");
    assert!(error.contains("f.safetensors") && error.contains("`aio.checksum`"), "{error}");
}

/// No file, so that it is not in the table of docs/reliability.md. `just fuzz` does it for longer.
#[test]
fn damaged_bodies_of_a_search_are_refused_or_read() {
    let counts = search_body().damage(1_000).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(counts.refused > 0 && counts.same > 0, "{counts:?}");
}
