#!/usr/bin/env bash
# Measures a language model's answers by SafeVision and by the .NET peers in turns: LLamaSharp (llama.cpp, its own quantiser's
# Q4_K_M and Q8_0) and OnnxRuntimeGenAI (int4 and int8 as its own model builder writes them, and our int8), each on a random
# model of the same shape that is made on the spot. Options of the benchmark may follow. Needs 9 GB on the disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dotnet build -c Release ../SafeVision.Benchmarks -v q
dotnet build -c Release dotnet -v q -o "$work/peers"
run() { dotnet run -c Release --no-build --project ../SafeVision.Benchmarks -- "$@"; }
peer=$work/peers/SafeVision.Peers.dll
run make-model "$work/checkpoint" --shape internvl2.5-1b
run make-gguf "$work/checkpoint" "$work/f16.gguf" float16
for precision in int4 int8; do
    dotnet run -c Release --project ../../src/SafeVision.Cli -- convert "$work/checkpoint" "$work/$precision" --precision "$precision"
    run make-genai "$work/checkpoint" "$work/genai-$precision" "builder-$precision"
done
run make-genai "$work/checkpoint" "$work/genai-ours" int8
dotnet "$peer" quantize "$work/f16.gguf" "$work/q4.gguf" Q4_K_M
dotnet "$peer" quantize "$work/f16.gguf" "$work/q8.gguf" Q8_0
rm "$work/f16.gguf"
for pair in "int4 q4.gguf" "int4 genai-int4" "int8 q8.gguf" "int8 genai-int8" "int8 genai-ours" "int8 q4.gguf" "int8 genai-int4"; do
    read -r ours theirs <<< "$pair"
    echo "## $ours against $theirs"
    run llama "$work/$ours" "$work/$theirs" --peer "$peer" --tokens 30 "$@"
done
