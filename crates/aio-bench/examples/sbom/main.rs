//! Writes the software bill of materials of the program: `just sbom sbom.json`.
//!
//! CycloneDX 1.6 in JSON. Everything comes from Cargo: names, versions, licences and dependencies from `cargo metadata`, checksums from
//! `Cargo.lock`. There is no time and no serial number in it, so that equal sources give equal files.

mod bill;

use std::path::Path;
use std::process::{Command, ExitCode};

fn write(output: &Path) -> Result<usize, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let metadata = Command::new(cargo)
        .args(["metadata", "--locked", "--format-version", "1", "--all-features"])
        .current_dir(&root)
        .output()
        .map_err(|e| format!("cannot start cargo: {e}"))?;
    if !metadata.status.success() {
        return Err(String::from_utf8_lossy(&metadata.stderr).into_owned());
    }
    let metadata = serde_json::from_slice(&metadata.stdout).map_err(|e| e.to_string())?;
    let lock = std::fs::read_to_string(root.join("Cargo.lock")).map_err(|e| e.to_string())?;
    let bill = bill::bill(&metadata, &lock)?;
    let text = serde_json::to_string_pretty(&bill).map_err(|e| e.to_string())? + "\n";
    std::fs::write(output, text).map_err(|e| format!("cannot write {}: {e}", output.display()))?;
    Ok(bill["components"].as_array().map_or(0, Vec::len))
}

fn main() -> ExitCode {
    let output = std::env::args().nth(1).unwrap_or_else(|| "sbom.json".into());
    match write(Path::new(&output)) {
        Ok(components) => {
            eprintln!("{output}: {components} components");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}
