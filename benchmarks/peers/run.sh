#!/usr/bin/env bash
# Measures SafeVision and nsfwjs on the same files in the same run, taking turns. Needs node 20 and npm.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
[ -d node_modules/nsfwjs ] || npm ci --no-audit --no-fund --ignore-scripts
dotnet run -c Release --project ../SafeVision.Benchmarks -- peers "$PWD/nsfwjs.cjs" "$@"
