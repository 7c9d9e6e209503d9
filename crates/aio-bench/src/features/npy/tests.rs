use super::*;
use ndarray::array;

fn file(header: &str, version: u8, values: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("f.npy");
    let mut bytes = [b"\x93NUMPY".as_slice(), &[version, 0]].concat();
    let length = (header.len() as u32).to_le_bytes();
    bytes.extend_from_slice(if version == 1 { &length[..2] } else { &length });
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(values);
    std::fs::write(&path, bytes).expect("write");
    (directory, path)
}

#[test]
fn every_order_of_bytes_and_axes_gives_the_same_features() {
    let expected = array![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let (rows, columns) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    for (descr, fortran, version) in
        [("<f4", false, 1), (">f4", false, 2), ("<f8", true, 1), (">f8", true, 3)]
    {
        let values = if fortran { columns } else { rows };
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|v| match descr {
                "<f4" => (*v as f32).to_le_bytes().to_vec(),
                ">f4" => (*v as f32).to_be_bytes().to_vec(),
                "<f8" => f64::to_le_bytes(*v).to_vec(),
                _ => f64::to_be_bytes(*v).to_vec(),
            })
            .collect();
        let order = if fortran { "True" } else { "False" };
        let header = format!(
            "{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2, 3), }}          \n"
        );
        let (_kept, path) = file(&header, version, &bytes);
        assert_eq!(read(&path).expect(descr).features, expected, "{descr}");
    }
}

#[test]
fn a_shape_that_the_file_cannot_hold_is_refused_before_anything_is_allocated() {
    for shape in ["(10000000000, 512)", "(18446744073709551615, 18446744073709551615)", "(3, 3)"] {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let (_kept, path) = file(&header, 1, &[0; 24]);
        let error = read(&path).err().expect(shape).to_string();
        assert!(error.contains("the file holds 24 after its header"), "{error}");
    }
    let (_kept, path) = file("{}", 2, &[]);
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
    std::fs::write(&path, bytes).expect("write");
    let error = read(&path).err().expect("a long header").to_string();
    assert!(error.contains("a header of 4294967295 bytes"), "{error}");
}

#[test]
fn other_contents_are_named() {
    for (header, found) in [
        ("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 1), }", "type i4 and shape [2, 1]"),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "type f4 and shape [2]"),
        ("{'descr': '<f4', 'shape': (2,), }", "is not understood"),
        ("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2,)}", "is not understood"),
        ("__import__('os')", "is not understood"),
    ] {
        let (_kept, path) = file(header, 1, &[0; 8]);
        let error = read(&path).err().expect(header).to_string();
        assert!(error.contains(found) && error.contains("float16, float32 or float64"), "{error}");
    }
}

#[test]
fn half_precision_is_read_as_numpy_writes_it() {
    // numpy.array([[1.5, -2, 65504], [2.0**-24, 0.1, 0]], dtype="<f2").tobytes()
    let bytes = [0x00, 0x3e, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0x66, 0x2e, 0x00, 0x00];
    let expected = array![[1.5f32, -2.0, 65504.0], [5.960_464_5e-8, 0.099_975_586, 0.0]];
    let swapped: Vec<u8> = bytes.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
    for (descr, bytes) in [("<f2", bytes.to_vec()), (">f2", swapped)] {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3), }}");
        let (_kept, path) = file(&header, 1, &bytes);
        assert_eq!(read(&path).expect(descr).features, expected, "{descr}");
    }
}

#[test]
fn labels_of_every_type_of_whole_numbers_are_read() {
    let header = |descr: &str, rows| {
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({rows},), }}")
    };
    for (descr, bytes, expected) in [
        ("|i1", [0xff, 0x07].to_vec(), [-1, 7]),
        ("|u1", [0xff, 0x07].to_vec(), [255, 7]),
        ("<i2", [0xff, 0xff, 0x07, 0].to_vec(), [-1, 7]),
        (">u2", [0xff, 0xff, 0, 0x07].to_vec(), [65535, 7]),
        ("<i4", [0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0].to_vec(), [-1, 7]),
        ("<u4", [0xff, 0xff, 0xff, 0xff, 7, 0, 0, 0].to_vec(), [4_294_967_295, 7]),
        (">i8", [vec![0xff; 8], vec![0, 0, 0, 0, 0, 0, 0, 7]].concat(), [-1, 7]),
    ] {
        let (_kept, path) = file(&header(descr, 2), 1, &bytes);
        let labels = Array::open(&path, "labels").and_then(Array::labels).expect(descr);
        assert_eq!(labels, expected, "{descr}");
    }
    for (descr, length, found) in [
        ("<U3", 24, "it holds texts of type U3 and shape [2]"),
        ("|S2", 4, "it holds texts of type S2 and shape [2]"),
        ("|O", 50, "it holds Python objects of type O and shape [2]"),
    ] {
        let (_kept, path) = file(&header(descr, 2), 1, &vec![0; length]);
        let error = Array::open(&path, "labels").and_then(Array::labels).expect_err(descr);
        assert!(error.to_string().contains(found), "{error}");
    }
    // Numbers above those of 64 bits with a sign would become others.
    let (_kept, path) = file(&header("<u8", 1), 1, &[0xff; 8]);
    let error = Array::open(&path, "labels").and_then(Array::labels).expect_err("u8").to_string();
    assert!(error.contains("it holds values of type u8"), "{error}");
}
