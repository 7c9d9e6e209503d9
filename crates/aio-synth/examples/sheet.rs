//! Draws the contact sheet of every domain: `cargo run --locked --profile quick -p aio-synth --example sheet OUT.png`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: sheet OUT.png")?;
    Ok(aio_synth::benchmark::contact_sheet(path.as_ref(), 0)?)
}
