//! The check of a PyTorch file before it is read: its pickle may name nothing but tensors and containers.

use std::path::Path;

/// What the pickle of a state dict may name: how PyTorch rebuilds tensors, its storages and types, and plain containers.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("torch._utils", &["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_parameter"]),
    (
        "torch",
        &[
            "FloatStorage",
            "HalfStorage",
            "BFloat16Storage",
            "DoubleStorage",
            "LongStorage",
            "IntStorage",
            "ShortStorage",
            "ByteStorage",
            "CharStorage",
            "BoolStorage",
            "float32",
            "float16",
            "bfloat16",
            "float64",
            "int64",
            "int32",
            "uint8",
            "bool",
            "Size",
            "device",
        ],
    ),
    ("torch.storage", &["UntypedStorage", "TypedStorage", "_load_from_bytes"]),
    ("torch.nn.parameter", &["Parameter"]),
    ("torch.serialization", &["_get_layout"]),
    ("collections", &["OrderedDict", "defaultdict"]),
    ("builtins", &["dict", "list", "set", "int", "float", "bool", "str"]),
    ("argparse", &["Namespace"]),
];

/// Refuses a file whose pickles name anything that is not in [`ALLOWED`].
///
/// A pickle can reach code only by naming it, so every name is checked, whether it is called or not. The scan reads the opcodes of the
/// pickle and executes none.
pub(super) fn refuse_calls(path: &Path) -> Result<(), String> {
    let allowed = |module: &str, name: &str| {
        ALLOWED.iter().any(|(m, names)| *m == module && names.contains(&name))
    };
    for pickle in pickles(path)? {
        let named = names(&pickle)?;
        if let Some((module, name)) = named.iter().find(|(module, name)| !allowed(module, name)) {
            return Err(format!(
                "its pickle names `{module}.{name}`, which is no part of a state dict; save the weights alone, as safetensors or with torch.save(model.state_dict())"
            ));
        }
    }
    Ok(())
}

/// Every pickle of a zip archive, as PyTorch writes since 1.6. Readers choose among several by rules of their own, so all are checked.
fn pickles(path: &Path) -> Result<Vec<Vec<u8>>, String> {
    let file = std::fs::File::open(path).map_err(|e| e.to_string())?;
    let Ok(mut archive) = zip::ZipArchive::new(file) else {
        return Err("not a zip archive: files from before PyTorch 1.6 are not read; load and save it again with a newer one".into());
    };
    // A state dict's pickle holds names and shapes, not values.
    const LARGEST: u64 = 1 << 28;
    let (mut found, mut left) = (Vec::new(), LARGEST);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|e| e.to_string())?;
        if !entry.name().map_err(|e| e.to_string())?.ends_with("data.pkl") {
            continue;
        }
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::Read::take(&mut entry, left + 1), &mut bytes)
            .map_err(|e| e.to_string())?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| format!("its pickle is larger than {LARGEST} bytes"))?;
        found.push(bytes);
    }
    if found.is_empty() {
        return Err("the archive holds no data.pkl".into());
    }
    Ok(found)
}

/// Every `module.name` that a pickle names by `GLOBAL` or `INST`. A pickle that can name things otherwise is refused:
/// `torch.save` writes protocol 2, which cannot.
fn names(pickle: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    let cut = |at: usize| format!("its pickle is cut short at byte {at}");
    let line = |at: &mut usize| -> Result<String, String> {
        let length = pickle[*at..].iter().position(|b| *b == b'\n').ok_or_else(|| cut(*at))?;
        let text = String::from_utf8_lossy(&pickle[*at..*at + length]).into_owned();
        *at += length + 1;
        Ok(text)
    };
    while at < pickle.len() {
        let code = pickle[at];
        at += 1;
        // Bytes that follow an opcode: `fixed` bytes, or a length of `counted` bytes and then as many bytes as it says.
        let (fixed, counted) = match code {
            b'c' | b'i' => {
                found.push((line(&mut at)?, line(&mut at)?));
                (0, 0)
            }
            b'F' | b'I' | b'L' | b'S' | b'V' | b'P' | b'g' | b'p' => {
                line(&mut at)?;
                (0, 0)
            }
            0x93 => return Err("its pickle builds names at run time (STACK_GLOBAL); save it with torch.save's own protocol, 2".into()),
            0x82..=0x84 => return Err("its pickle names things by numbers of the extension registry".into()),
            b'K' | b'q' | b'h' | 0x80 => (1, 0),
            b'M' => (2, 0),
            b'J' | b'r' | b'j' => (4, 0),
            b'G' | 0x95 => (8, 0),
            b'U' | b'C' | 0x8a | 0x8c => (0, 1),
            b'T' | b'X' | b'B' | 0x8b => (0, 4),
            0x8d | 0x8e | 0x96 => (0, 8),
            _ => (0, 0),
        };
        let size = pickle
            .get(at..at + counted)
            .ok_or_else(|| cut(at))?
            .iter()
            .rev()
            .fold(0u64, |n, b| n << 8 | u64::from(*b));
        let length = usize::try_from(size)
            .ok()
            .and_then(|n| n.checked_add(fixed + counted))
            .ok_or_else(|| cut(at))?;
        at = at.checked_add(length).filter(|end| *end <= pickle.len()).ok_or_else(|| cut(at))?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_what_hides_them_is_refused() {
        // pickle.dumps(os.system, protocol=0), then 4, and an INST.
        assert_eq!(
            names(b"cposix\nsystem\np0\n.").expect("read"),
            [("posix".into(), "system".into())]
        );
        assert_eq!(
            names(b"(S'ls'\niposix\nsystem\n.").expect("read"),
            [("posix".into(), "system".into())]
        );
        let four = b"\x80\x04\x95\x14\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.";
        assert!(names(four).expect_err("protocol 4").contains("STACK_GLOBAL"));
        assert!(names(b"\x80\x04\x8c\xffposix").expect_err("cut").contains("cut short"));
        assert!(names(b"\x80\x02\x82\x01.").expect_err("extension").contains("extension registry"));
        // A name inside a string is no name.
        assert_eq!(names(b"\x80\x02X\x0e\x00\x00\x00cposix\nsystem\nq\x00.").expect("read"), []);
    }
}
