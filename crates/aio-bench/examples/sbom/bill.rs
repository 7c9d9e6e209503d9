//! From Cargo's own data to CycloneDX.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The crate whose binary is described.
const PROGRAM: &str = "aio-bench";

/// The bill of materials of the program: `metadata` is what `cargo metadata` prints, `lock` the text of `Cargo.lock`.
///
/// Crates that only tests need have the scope `excluded`.
///
/// # Errors
/// What is missing in the data.
pub(crate) fn bill(metadata: &Value, lock: &str) -> Result<Value, String> {
    let checksums = checksums(lock)?;
    let packages = list(metadata, "packages")?;
    let by_id: BTreeMap<&str, &Value> = packages
        .iter()
        .map(|package| Ok((text(package, "id")?, package)))
        .collect::<Result<_, String>>()?;
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"], "nodes")?
        .iter()
        .map(|node| Ok((text(node, "id")?, node)))
        .collect::<Result<_, String>>()?;
    let program = packages
        .iter()
        .find(|package| package["name"] == PROGRAM)
        .ok_or_else(|| format!("no package {PROGRAM}"))?;
    let start = text(program, "id")?;
    let needed = reachable(start, &nodes, &|kind| kind != "dev")?;
    let all = reachable(start, &nodes, &|_| true)?;

    let mut components = BTreeMap::new();
    let mut dependencies = BTreeMap::new();
    for id in &all {
        let package = by_id.get(id).ok_or_else(|| format!("no package {id}"))?;
        let reference = purl(package)?;
        if *id != start {
            let scope = if needed.contains(id) { "required" } else { "excluded" };
            components.insert(reference.clone(), component(package, scope, &checksums)?);
        }
        let mut on = BTreeSet::new();
        for (name, _) in edges(nodes.get(id).ok_or_else(|| format!("no node {id}"))?)? {
            on.insert(purl(by_id.get(name).ok_or_else(|| format!("no package {name}"))?)?);
        }
        dependencies.insert(reference.clone(), json!({"ref": reference, "dependsOn": on}));
    }
    let mut described = component(program, "required", &checksums)?;
    described["type"] = json!("application");
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": described},
        "components": components.into_values().collect::<Vec<_>>(),
        "dependencies": dependencies.into_values().collect::<Vec<_>>(),
    }))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>, String> {
    value[key].as_array().ok_or_else(|| format!("no list `{key}`"))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, String> {
    value[key].as_str().ok_or_else(|| format!("no text `{key}` in {value}"))
}

/// SHA-256 of the archives of crates by name and version.
fn checksums(lock: &str) -> Result<BTreeMap<(String, String), String>, String> {
    let lock: toml::Table = toml::from_str(lock).map_err(|e| e.to_string())?;
    let packages = lock.get("package").and_then(|p| p.as_array()).ok_or("no [[package]]")?;
    let mut found = BTreeMap::new();
    for package in packages {
        let part = |key: &str| package.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        if let (Some(name), Some(version), Some(sum)) =
            (part("name"), part("version"), part("checksum"))
        {
            found.insert((name, version), sum);
        }
    }
    Ok(found)
}

/// What a package depends on, with the kinds of the dependency (`normal`, `build`, `dev`).
fn edges(node: &Value) -> Result<Vec<(&str, Vec<&str>)>, String> {
    list(node, "deps")?
        .iter()
        .map(|dependency| {
            let kinds = list(dependency, "dep_kinds")?;
            Ok((
                text(dependency, "pkg")?,
                kinds.iter().map(|k| k["kind"].as_str().unwrap_or("normal")).collect(),
            ))
        })
        .collect()
}

/// Packages that one can reach from `start` over dependencies of the kinds that `follow` accepts.
fn reachable<'a>(
    start: &'a str,
    nodes: &BTreeMap<&'a str, &'a Value>,
    follow: &dyn Fn(&str) -> bool,
) -> Result<BTreeSet<&'a str>, String> {
    let (mut found, mut open) = (BTreeSet::from([start]), vec![start]);
    while let Some(id) = open.pop() {
        let node = nodes.get(id).ok_or_else(|| format!("no node {id}"))?;
        for (name, kinds) in edges(node)? {
            if kinds.iter().any(|kind| follow(kind)) && found.insert(name) {
                open.push(name);
            }
        }
    }
    Ok(found)
}

/// The package URL.
fn purl(package: &Value) -> Result<String, String> {
    Ok(format!("pkg:cargo/{}@{}", text(package, "name")?, text(package, "version")?))
}

fn component(
    package: &Value,
    scope: &str,
    checksums: &BTreeMap<(String, String), String>,
) -> Result<Value, String> {
    let (name, version) = (text(package, "name")?, text(package, "version")?);
    let reference = purl(package)?;
    let mut component = json!({
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "scope": scope,
        "purl": reference,
    });
    if let Some(licence) = package["license"].as_str() {
        // Some old crates write `MIT/Apache-2.0`.
        component["licenses"] = json!([{"expression": licence.replace('/', " OR ")}]);
    } else if let Some(file) = package["license_file"].as_str() {
        component["licenses"] =
            json!([{"license": {"name": format!("the text of its file {file}")}}]);
    }
    if let Some(sum) = checksums.get(&(name.to_owned(), version.to_owned())) {
        component["hashes"] = json!([{"alg": "SHA-256", "content": sum}]);
    }
    if let Some(repository) = package["repository"].as_str() {
        component["externalReferences"] = json!([{"type": "vcs", "url": repository}]);
    }
    Ok(component)
}
