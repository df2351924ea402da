#!/usr/bin/env bash
# Writes PublicAPI.Unshipped.txt of every library, or of those named, anew from what the compiler sees. Look at the difference before committing it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

for project in ${@:-SafeVision SafeVision.VisionLanguage SafeVision.Models SafeVision.Models.Nano SafeVision.Conversion SafeVision.Evaluation SafeVision.Training SafeVision.Extensions.AI}; do
  folder=src/$project
  [ -f "$folder/PublicAPI.Shipped.txt" ] || echo '#nullable enable' > "$folder/PublicAPI.Shipped.txt"
  echo '#nullable enable' > "$folder/PublicAPI.Unshipped.txt"

  # The analyzer names each symbol that is in neither list, in the form in which the list has it.
  dotnet build "$folder" --nologo --no-incremental -v quiet -p:TreatWarningsAsErrors=false 2>&1 |
    sed -n "s|.*$folder.* RS0016: Symbol '\(.*\)' is not part of the declared public API.*|\1|p" |
    LC_ALL=C sort -u > "$folder/PublicAPI.Unshipped.tmp"
  cat "$folder/PublicAPI.Unshipped.tmp" >> "$folder/PublicAPI.Unshipped.txt"
  rm "$folder/PublicAPI.Unshipped.tmp"
  echo "$project: $(($(wc -l < "$folder/PublicAPI.Unshipped.txt") - 1)) symbols"
done
