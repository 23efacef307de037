# Play the demonstration and keep serving.
run:
    cargo run --release -- demo

# Run all tests; with PostgreSQL's binaries on the machine on both databases.
test:
    cargo test

# What CI runs.
check:
    bash .ci/run

# Make every committed artefact anew.
bless:
    cargo fmt
    cargo run --quiet -- openapi > openapi/dengwen.json.new
    mv openapi/dengwen.json.new openapi/dengwen.json
    DENGWEN_TEST_BLESS=1 cargo test --quiet --test integration documents

# Format.
fmt:
    cargo fmt
