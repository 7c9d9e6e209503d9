//! Writes the table of keys into docs/configuration.md.

use std::path::Path;

fn main() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let page = std::fs::read_to_string(&path).expect("docs/configuration.md");
    let (before, rest) = page.split_once("<!-- keys -->\n").expect("the opening marker");
    let (_, after) = rest.split_once("<!-- end of keys -->").expect("the closing marker");
    let table = aio_bench::config::reference();
    let page = format!("{before}<!-- keys -->\n{table}\n<!-- end of keys -->{after}");
    std::fs::write(&path, page).expect("written");
}
