# One frozen encoder for multimodal person re-identification. `just` without a recipe lists what there is.

set positional-arguments

aio := "cargo run --quiet --profile quick --bin aio --"
pretrain := aio + " pretrain --steps 1500 --pictures-first 500 --company-steps 375 --warmup 100"

[private]
default:
    @just --justfile "{{justfile()}}" --list --unsorted

# Run an experiment to its end: just experiment zero-shot
experiment name *options: build
    {{aio}} experiment {{name}} {{options}}

# The same over seeds 0, 1 and 2, then one table
seeds name *options: build
    {{aio}} experiment {{name}} --set seed=0 {{options}}
    {{aio}} experiment {{name}} --set seed=1 {{options}}
    {{aio}} experiment {{name}} --set seed=2 {{options}}
    {{aio}} report {{name}}

# Many cells of one experiment: just sweep plan|check|run|slurm|status experiments/sweeps/heads.toml
sweep +arguments: build
    {{aio}} sweep {{arguments}}

# The encoders that sweeps/size.toml and sweeps/stem.toml compare, each with a quarter of the embedded one's steps (seen: 69 minutes on two cores, two at a time)
encoders: build
    {{pretrain}} --out runs/pretrain/reference
    {{pretrain}} --out runs/pretrain/batch --stem batch
    {{pretrain}} --out runs/pretrain/patch --stem patch
    {{pretrain}} --out runs/pretrain/small --depth 2 --width 64
    {{pretrain}} --out runs/pretrain/large --depth 6 --width 192

# Tables from finished runs: just report zero-shot --format csv
report +arguments: build
    {{aio}} report {{arguments}}

# Results of an experiment's finished runs into results/, where the tables come from: just keep ablation
keep name:
    cd runs && find {{name}} \( -name result.json -o -name manifest.json -o -name config.toml \) -path '*/seed-*/*' | while read -r file; do \
        run=$(dirname "$file"); [ ! -f "$run/result.json" ] || (mkdir -p "../results/$run" && cp "$file" "../results/$run/"); done

# Data sets: just data list, just data synth --sheet sheet.png
data +arguments: build
    {{aio}} data {{arguments}}

# Any other command of the program: just aio search PHOTOS --text "a man in a red jacket"
aio +arguments: build
    {{aio}} "$@"

# Build the program (the first time takes minutes)
build:
    cargo build --profile quick --bin aio

# Every test
test:
    cargo test --profile quick --workspace

# Formatting, lints and documentation, as contributors run them before a commit
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets
    cargo doc --no-deps --workspace

# Benchmarks: just bench (CPU operations), just bench scale (Market-1501 with 500,000 distractors, SYNTH-PEDES' index)
bench what="ops" *arguments:
    cargo run --quiet --profile quick {{ if what == "ops" { "-p aio-ops --example throughput" } else { "-p aio-bench --example " + what } }} -- {{arguments}}

# Random input for every parser, so many seconds each (installs cargo-fuzz if it is missing)
fuzz seconds="30":
    command -v cargo-fuzz >/dev/null || cargo install --locked --version 0.13.2 cargo-fuzz
    cd crates/aio-bench && for target in lists tables matlab features captions config; do cargo fuzz run --sanitizer none $target -- -max_total_time={{seconds}} -rss_limit_mb=2048 || exit 1; done

# The smoke experiment on CUDA and on the CPU, compared (a machine with CUDA; see docs/devices.md)
gpu-check:
    AIO_TEST_DEVICE=cuda cargo test --profile quick --features aio-bench/cuda -p aio-bench --test devices -- --ignored

# The smoke experiment on wgpu and on the CPU, compared (any Vulkan adapter: Debian's mesa-vulkan-drivers will do)
test-wgpu:
    AIO_TEST_DEVICE=wgpu cargo test --profile quick --features aio-bench/wgpu -p aio-bench --test devices -- --ignored

# A one-node Slurm cluster, a sweep on it, one of its jobs stopped, all of it finished (root; installs Debian's Slurm; see docs/slurm.md)
test-slurm: build
    bash scripts/slurm/test.sh target/quick/aio

# API documentation
docs:
    cargo doc --no-deps --workspace --open
