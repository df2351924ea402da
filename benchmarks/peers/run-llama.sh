#!/usr/bin/env bash
# Measures a language model's answers by SafeVision and by llama.cpp in the same run, taking turns: the same random shape, made
# on the spot, in the same bit width. Options of the benchmark may follow. Needs node 20 and npm, and 4 GB on the disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
[ -d llama/node_modules/node-llama-cpp ] || (cd llama && npm install --no-save --no-audit --no-fund --ignore-scripts)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build -c Release ../SafeVision.Benchmarks -v q
run() { dotnet run -c Release --no-build --project ../SafeVision.Benchmarks -- "$@"; }
run make-model "$work/checkpoint" --shape internvl2.5-1b
run make-gguf "$work/checkpoint" "$work/model.gguf"
dotnet run -c Release --project ../../src/SafeVision.Cli -- convert "$work/checkpoint" "$work/model" --precision int4
run llama "$work/model" "$work/model.gguf" --peer "$PWD/llama/llama.mjs" "$@"
