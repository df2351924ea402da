#!/usr/bin/env bash
# Measures a vision-language model's answers by SafeVision and by transformers.js on the same files in the same run, taking
# turns. The argument is a folder that 'safevision convert' made; options of the benchmark follow it. Needs node 20 and npm.
set -euo pipefail
model=$(realpath "$1")
shift
cd "$(dirname "${BASH_SOURCE[0]}")"
[ -d node_modules/@huggingface/transformers ] || npm ci --no-audit --no-fund --ignore-scripts
dotnet run -c Release --project ../SafeVision.Benchmarks -- vlm "$model" --peer "$PWD/vlm.mjs" "$@"
