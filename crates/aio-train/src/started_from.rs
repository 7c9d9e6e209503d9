//! The weights that a training started from, as the weights that it writes name them.

use aio_encoder::weights::Weights;
use std::path::Path;

/// The weights that a training started from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedFrom {
    /// The name of weights that are compiled into the program, or the name of the file without its folders.
    name: String,
    /// SHA-256 of the file.
    sha256: String,
    /// Where the file says that it comes from.
    origin: Option<String>,
    /// The terms of use that the file states. Checkpoints of other projects state none.
    licence: Option<String>,
}

impl StartedFrom {
    /// What `weights`, which were opened by `name` and whose file has the checksum `sha256`, say of themselves.
    #[must_use]
    pub fn new(name: &str, sha256: &str, weights: &Weights) -> Self {
        let file = Path::new(name).file_name().map(|file| file.to_string_lossy().into_owned());
        let stated = |key| weights.metadata::<String>(key).ok();
        Self {
            name: file.unwrap_or_else(|| name.to_owned()),
            sha256: sha256.to_owned(),
            // A checkpoint of another project that was converted just now names itself.
            origin: stated("origin").filter(|origin| origin != name),
            licence: stated("licence"),
        }
    }

    /// SHA-256 of the file.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The terms of use that the file states.
    #[must_use]
    pub fn licence(&self) -> Option<&str> {
        self.licence.as_deref()
    }

    /// The entry in the metadata of the weights that were trained.
    #[must_use]
    pub fn entry(&self) -> (&'static str, serde_json::Value) {
        let Self { name, sha256, origin, licence } = self;
        let mut entry = serde_json::Map::new();
        let known = [("name", Some(name)), ("sha256", Some(sha256))];
        let stated = [("origin", origin.as_ref()), ("licence", licence.as_ref())];
        for (key, value) in known.into_iter().chain(stated) {
            if let Some(value) = value {
                entry.insert(key.to_owned(), value.clone().into());
            }
        }
        ("started_from", entry.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_encoder::weights::Shipped;

    #[test]
    fn the_embedded_encoder_states_its_origin_and_licence_and_a_file_its_name() {
        let weights = Shipped::Embedded.weights().expect("embedded");
        let (key, value) = StartedFrom::new("embedded", "ab12", &weights).entry();
        assert_eq!(key, "started_from");
        assert_eq!(
            value,
            serde_json::json!({
                "name": "embedded",
                "sha256": "ab12",
                "origin": "aio pretrain, rendered data only",
                "licence": "MIT OR Apache-2.0",
            })
        );
        let silent = Weights::from_bytes("nothing", Vec::new());
        let (_, value) = StartedFrom::new("/home/someone/clip.safetensors", "cd", &silent).entry();
        assert_eq!(value, serde_json::json!({"name": "clip.safetensors", "sha256": "cd"}));
    }
}
