#!/usr/bin/env bash
# Installs the packed packages into a fresh project and as a tool, as a user would, and judges two photographs.
#   packaging/test-install.sh [FEED]     FEED: a folder of packages; without it they are packed first
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
feed=$(realpath "${1:-$work/feed}")
images=$root/samples/images

step() { printf '\n-- %s\n' "$*"; }
fail() { printf 'test-install: %s\n' "$*" >&2; exit 1; }

# expect EXIT TEXT COMMAND...: the command must exit with EXIT and print TEXT.
expect() {
  local wanted=$1 text=$2 code=0
  shift 2
  "$@" > "$work/output" 2>&1 || code=$?
  cat "$work/output"
  [ "$code" = "$wanted" ] || fail "exit code $code instead of $wanted from: $*"
  grep -q -- "$text" "$work/output" || fail "'$text' is missing in the output of: $*"
}

if [ $# = 0 ]; then
  step "Pack"
  dotnet pack "$root/SafeVision.sln" -c Release -o "$feed" --nologo -v quiet
fi

step "The packages are the ones intended"
version=$(basename "$feed"/SafeVision.Models.[0-9]*.nupkg .nupkg)
version=${version#SafeVision.Models.}
for id in SafeVision SafeVision.Cli SafeVision.Conversion SafeVision.Cpu SafeVision.Cuda SafeVision.DirectML SafeVision.Evaluation SafeVision.Extensions.AI SafeVision.Models SafeVision.Models.Nano SafeVision.Training SafeVision.Training.Cli SafeVision.VisionLanguage; do
  echo "$id.$version.nupkg"
done | sort > "$work/wanted"
(cd "$feed" && ls ./*.nupkg) | sed 's|^\./||' | sort > "$work/packed"
diff "$work/wanted" "$work/packed" || fail "other packages were packed than intended"
ls -l "$feed" | awk 'NR > 1 { printf "%10d  %s\n", $5, $NF }'
large=$(find "$feed" -name '*.nupkg' -size +200M)
[ -z "$large" ] || fail "nuget.org takes 250 MB at most: $large"

# Packages of ours come from the feed and nowhere else, and go to a cache of this run's own, since a version may be packed
# twice with other contents. All else is taken from the user's cache where it is there, and from nuget.org.
cache=$(dotnet nuget locals global-packages --list | sed 's/^global-packages: //')
export NUGET_PACKAGES=$work/cache
cat > "$work/nuget.config" <<CONFIG
<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <packageSources>
    <clear />
    <add key="feed" value="$feed" />
    <add key="nuget.org" value="https://api.nuget.org/v3/index.json" protocolVersion="3" />
  </packageSources>
  <packageSourceMapping>
    <packageSource key="feed"><package pattern="SafeVision*" /></packageSource>
    <packageSource key="nuget.org"><package pattern="*" /></packageSource>
  </packageSourceMapping>
  <fallbackPackageFolders>
    <add key="cache" value="$cache" />
  </fallbackPackageFolders>
</configuration>
CONFIG

step "A fresh project runs the README's code"
awk '/^```csharp/ { block++; next } /^```/ { if (block == 1) exit } block == 1' "$root/README.md" > "$work/readme.cs"
diff "$work/readme.cs" "$root/samples/Quickstart/Program.cs" || fail "the README's first code block is not samples/Quickstart/Program.cs"
mkdir "$work/app"
cd "$work/app"
dotnet new console --no-restore -o . > /dev/null
cp "$work/readme.cs" Program.cs
# The lines are those of the documents, as they stand there.
lines() { grep -oh "$1[^\`(]*" "$root/README.md" "$root/docs/getting-started.md" | sed 's/ *$//' | sort -u; }
[ "$(lines 'dotnet add package' | wc -l)" = 2 ] || fail "README and getting-started add other packages: $(lines 'dotnet add package')"
while read -r line; do
  echo "$line"
  $line > /dev/null
done < <(lines 'dotnet add package')
grep -q "SafeVision.Models\" Version=\"$version\"" app.csproj || fail "another version than $version was added: $(cat app.csproj)"
dotnet build -c Release --nologo -v quiet -warnaserror
expect 0 '^Allow: ' dotnet run -c Release --no-build -- "$images/coffee.png"
expect 0 '^Allow: ' dotnet run -c Release --no-build -- "$images/chelsea.png"

# Natives are most of it, so a platform too many is seen here.
megabytes() { du -sm "$1" | cut -f1; }
output=$(megabytes bin/Release/net10.0)
dotnet publish -c Release -r linux-x64 --self-contained false -o "$work/published" --nologo -v quiet
printf 'output for all platforms: %s MB; published for linux-x64: %s MB\n' "$output" "$(megabytes "$work/published")"
[ -z "$(find "$work/published" -name 'onnxruntime*.dll')" ] || fail "a console application published for linux-x64 has ONNX Runtime's library for Windows"
[ "$output" -le 260 ] || fail "the output of a console application is larger than 260 MB"
[ "$(megabytes "$work/published")" -le 120 ] || fail "a console application published for linux-x64 is larger than 120 MB"

step "The same code, trimmed without a warning, judges as before"
dotnet publish -c Release -r linux-x64 -p:PublishTrimmed=true -p:TrimmerSingleWarn=false -warnaserror -o "$work/trimmed" --nologo -v quiet
printf 'trimmed, with its own .NET: %s MB\n' "$(megabytes "$work/trimmed")"
expect 0 '^Allow: ' "$work/trimmed/app" "$images/coffee.png"

for model in "$root"/models/*/manifest.json; do
  id=$(basename "$(dirname "$model")")
  [ "$id" != nano ] || continue # a package of its own
  cmp "$root/models/$id/LICENSE" "$NUGET_PACKAGES/safevision.models/$version/licenses/$id/LICENSE" || fail "SafeVision.Models lacks the licence of $id"
done

step "SafeVision-Nano answers with a reason, from its package alone"
mkdir "$work/nano"
cd "$work/nano"
dotnet new console --no-restore -o . > /dev/null
cp "$root/samples/Nano/Program.cs" Program.cs
dotnet add package SafeVision.Models.Nano --version "$version" > /dev/null
dotnet add package SafeVision.Cpu --version "$version" > /dev/null
dotnet build -c Release --nologo -v quiet -warnaserror
cmp "$root/models/nano/LICENSE" "$NUGET_PACKAGES/safevision.models.nano/$version/models/nano/LICENSE" || fail "SafeVision.Models.Nano lacks its licence"
expect 0 'bomb at' dotnet run -c Release --no-build -- "$root/samples/Nano/images/bomb-and-cat.png"

step "Two runtime packages in one project stop the build"
mkdir "$work/native" "$work/two"
cd "$work/native"
touch _._
cat > native.nuspec <<'NUSPEC'
<?xml version="1.0" encoding="utf-8"?>
<package>
  <metadata>
    <id>Microsoft.ML.OnnxRuntime.Gpu</id>
    <version>1.31.0</version>
    <authors>test</authors>
    <description>Stands in for the real package, which is large.</description>
    <dependencies><group targetFramework="net10.0" /></dependencies>
  </metadata>
  <files><file src="_._" target="lib/net10.0" /></files>
</package>
NUSPEC
dotnet pack native.nuspec -o "$work/native" > /dev/null
sed -e "s|<add key=\"feed\"|<add key=\"native\" value=\"$work/native\" /><add key=\"feed\"|" \
  -e 's|<packageSourceMapping>|&<packageSource key="native"><package pattern="Microsoft.ML.OnnxRuntime.Gpu" /></packageSource>|' \
  "$work/nuget.config" > "$work/two/nuget.config"
cd "$work/two"
dotnet new console --no-restore -o . > /dev/null
dotnet add package SafeVision.Cpu --version "$version" > /dev/null
dotnet add package SafeVision.Cuda --version "$version" > /dev/null
expect 1 'error SV0001' dotnet build --nologo -v quiet

# The real package has 900 MB, so it is restored only where it is already, or where CUDA=1 asks for it.
if [ "${CUDA:-}" = 1 ] || [ -d "$cache/microsoft.ml.onnxruntime.gpu.linux/1.31.0" ]; then
  step "With SafeVision.Cuda on a machine without a driver, one line says so and the processor judges"
  mkdir "$work/cuda"
  cd "$work/cuda"
  dotnet new console --no-restore -o . > /dev/null
  cat > Program.cs <<'PROGRAM'
using Microsoft.Extensions.Logging;
using SafeVision;
using SafeVision.Policies;

using ILoggerFactory log = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true));
await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
    .UsePolicy(SafetyPolicy.Define("p", "1").Category(HarmCategory.Sexual).Build())
    .UseClassifier(args[0])
    .PreferExecutionProviders(ExecutionProvider.Cuda, ExecutionProvider.Cpu)
    .UseLoggerFactory(log));
GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(args[1]));
Console.WriteLine($"{result.Findings[0].Verdict} on {result.Provenance.Models[0].Provider}");
PROGRAM
  dotnet add package SafeVision.Cuda --version "$version" > /dev/null
  dotnet add package Microsoft.Extensions.Logging.Console --version 10.0.12 > /dev/null
  dotnet build -c Release --nologo -v quiet
  expect 0 ' on cpu$' dotnet run -c Release --no-build -- "$root/models/nsfw-mobilenet-v2-mid" "$images/coffee.png"
  [ "$(grep -c 'runs on cpu, not on the provider asked for first: cuda' "$work/output")" = 1 ] || fail "the fallback is not one line"
fi

step "The tool checks images by its exit code"
cd "$work"
export DOTNET_CLI_HOME=$work/home PATH=$PATH:$work/home/.dotnet/tools
install=$(lines 'dotnet tool install')
[ "$(wc -l <<< "$install")" = 1 ] || fail "README and getting-started install the tool in different ways: $install"
echo "$install"
$install > /dev/null
printf 'the tool: %s MB\n' "$(megabytes "$work/home/.dotnet/tools")"
expect 0 allow safevision check "$images/coffee.png" --format json
expect 3 block safevision check "$images/chelsea.png" --policy "$root/samples/policies/no-cats.yaml" --format json
expect 0 cpu safevision doctor

step "Training is a tool of its own, which the first one names and then starts"
expect 1 'dotnet tool install' safevision train --model "$work" --output "$work/trained"
train=$(grep -oh 'dotnet tool install[^`(]*' "$root/docs/training.md" | sed 's/ *$//' | sort -u)
[ "$(wc -l <<< "$train")" = 1 ] || fail "docs/training.md installs the tool in different ways: $train"
echo "$train"
$train > /dev/null
printf 'both tools: %s MB\n' "$(megabytes "$work/home/.dotnet/tools")"
expect 0 'safevision-train' safevision train --help
expect 0 'a model of 12 names' safevision-train starter --output "$work/starter" --tile-steps 1 --steps 1

step "Installed, compiled and judged."
