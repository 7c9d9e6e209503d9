# One frozen encoder for multimodal person re-identification. `just` without a recipe lists all recipes.

set positional-arguments

aio := "cargo run --quiet --profile quick --bin aio --"
pretrain := aio + " pretrain --steps 1500 --pictures-first 500 --company-steps 375 --warmup-steps 100"

[private]
default:
    @just --justfile "{{justfile()}}" --list --unsorted

# Run an experiment, or continue it: just experiment zero-shot
experiment name *options: build
    {{aio}} experiment {{name}} {{options}}

# Run an experiment with seeds 0, 1 and 2 and print one table: just seeds zero-shot
seeds name *options: build
    {{aio}} experiment {{name}} --set seed=0 {{options}}
    {{aio}} experiment {{name}} --set seed=1 {{options}}
    {{aio}} experiment {{name}} --set seed=2 {{options}}
    {{aio}} report {{name}}

# Run an ablation from a sweep file: just sweep plan|check|run|slurm|status experiments/sweeps/heads.toml
sweep +arguments: build
    {{aio}} sweep {{arguments}}

# Pre-train the encoders for sweeps/size.toml and sweeps/stem.toml (measured: 69 minutes on two cores with two at a time)
encoders: build
    {{pretrain}} --output runs/pretrain/reference
    {{pretrain}} --output runs/pretrain/batch --stem batch
    {{pretrain}} --output runs/pretrain/patch --stem patch
    {{pretrain}} --output runs/pretrain/small --depth 2 --width 64
    {{pretrain}} --output runs/pretrain/large --depth 6 --width 192

# Print tables of finished runs: just report zero-shot --format csv
report +arguments: build
    {{aio}} report {{arguments}}

# Copy the results of finished runs into results/: just keep ablation
keep name:
    cd runs && find {{name}} \( -name result.json -o -name manifest.json -o -name config.toml \) -path '*/seed-*/*' | while read -r file; do \
        run=$(dirname "$file"); [ ! -f "$run/result.json" ] || (mkdir -p "../results/$run" && cp "$file" "../results/$run/"); done

# List, check, render or index data sets: just data list, just data synth --sheet sheet.png
data +arguments: build
    {{aio}} data {{arguments}}

# Run any command of the program: just aio search PHOTOS --text "a man in a red jacket"
aio +arguments: build
    {{aio}} "$@"

# Build the program (the first build takes several minutes)
build:
    cargo build --profile quick --bin aio

# Run every test
test:
    cargo test --profile quick --workspace

# Kill and stop experiments, sweeps, pre-trainings and embeddings at random moments, so many times each, and compare what they write
kill-test signals="50":
    AIO_KILLS={{signals}} cargo test --profile quick -p aio-bench --test kill -- --nocapture --test-threads 1

# Check formatting, lints and documentation before a commit
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets
    cargo doc --no-deps --workspace

# Run a benchmark: just bench (CPU operations), just bench scale (large galleries and indexes), just bench size (training at ViT-B/16 size)
bench what="ops" *arguments:
    cargo run --quiet --profile quick {{ if what == "ops" { "-p aio-ops --example throughput" } else { "-p aio-bench --example " + what } }} -- {{arguments}}

# Fuzz every parser, 30 seconds each by default (installs cargo-fuzz if it is missing)
fuzz seconds="30":
    command -v cargo-fuzz >/dev/null || cargo install --locked --version 0.13.2 cargo-fuzz
    cd crates/aio-bench && for target in lists tables matlab features captions config; do cargo fuzz run --sanitizer none $target -- -max_total_time={{seconds}} -rss_limit_mb=2048 || exit 1; done

# Compare the smoke experiment on CUDA and on the CPU (needs a CUDA GPU; see docs/devices.md)
gpu-check:
    AIO_TEST_DEVICE=cuda cargo test --profile quick --features aio-bench/cuda -p aio-bench --test devices -- --ignored

# Compare the smoke experiment on wgpu and on the CPU (needs a Vulkan adapter, for example Debian's mesa-vulkan-drivers)
test-wgpu:
    AIO_TEST_DEVICE=wgpu cargo test --profile quick --features aio-bench/wgpu -p aio-bench --test devices -- --ignored

# Test sweeps on a local one-node Slurm cluster (needs root; installs Debian's Slurm; see docs/slurm.md)
test-slurm: build
    bash scripts/slurm/test.sh target/quick/aio

# Build and open the API documentation
docs:
    cargo doc --no-deps --workspace --open
