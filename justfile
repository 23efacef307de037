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
    cargo fmt --all
    cargo run --quiet -- openapi > openapi/dengwen.json.new
    mv openapi/dengwen.json.new openapi/dengwen.json
    DENGWEN_TEST_BLESS=1 cargo test --quiet --test integration documents

# Format.
fmt:
    cargo fmt --all

# The bill of materials of what goes into the executable (CycloneDX, target/sbom.cdx.json).
sbom:
    command -v cargo-cyclonedx >/dev/null || cargo install --locked --debug --quiet cargo-cyclonedx --version 0.5.9
    cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename sbom.cdx
    mkdir -p target
    mv sbom.cdx.json target/sbom.cdx.json
    test "$(grep -c '"purl": "pkg:cargo/' target/sbom.cdx.json)" -gt 100

# Licences, sources and advisories of the dependencies.
deny:
    bash .ci/deny
