using System.Globalization;
using BenchmarkDotNet.Running;
using SafeVision.Benchmarks.Answering;
using SafeVision.Benchmarks.Checkpoints;
using SafeVision.Benchmarks.Converting;
using SafeVision.Benchmarks.Drawings;
using SafeVision.Benchmarks.Heads;
using SafeVision.Benchmarks.Hosts;
using SafeVision.Benchmarks.Integers;
using SafeVision.Benchmarks.Linears;
using SafeVision.Benchmarks.Llama;
using SafeVision.Benchmarks.Peers;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Benchmarks.Resident;
using SafeVision.Benchmarks.Resizing;
using SafeVision.Benchmarks.Sharing;
using SafeVision.Benchmarks.Small;
using SafeVision.Benchmarks.Soaking;
using SafeVision.Benchmarks.Starting;
using SafeVision.Engines.ClosedSet;

// A word runs a comparison that prints one table; anything else goes to BenchmarkDotNet.
switch (args)
{
    case ["resize", ..]:
        ResizeComparison.Run(Console.Out);
        break;
    case ["share", ..]:
        await ShareComparison.RunAsync(Console.Out).ConfigureAwait(false);
        break;
    case ["nano"]:
        await NanoComparison.RunAsync(Console.Out).ConfigureAwait(false);
        break;
    case ["soak", .. string[] rest]:
        await SoakComparison.RunAsync(rest is [string images, ..] ? int.Parse(images, CultureInfo.InvariantCulture) : 1000, Console.Out).ConfigureAwait(false);
        break;
    case ["start", .. string[] rest]:
        await StartComparison.RunAsync(rest is [string rounds, ..] ? int.Parse(rounds, CultureInfo.InvariantCulture) : 7, Console.Out).ConfigureAwait(false);
        break;
    case ["start-run", string folder]:
        await StartComparison.MeasureAsync(folder, Console.Out).ConfigureAwait(false);
        break;
    case ["start-raw", string folder]:
        StartComparison.MeasureRaw(folder);
        break;
    case ["memory", .. string[] rest]:
        await ResidentComparison.RunAsync(rest is [string photographs, ..] ? int.Parse(photographs, CultureInfo.InvariantCulture) : 1000, Console.Out).ConfigureAwait(false);
        break;
    case ["memory-run", string folder, string count]:
        await ResidentComparison.MeasureAsync(folder, int.Parse(count, CultureInfo.InvariantCulture), Console.Out).ConfigureAwait(false);
        break;
    case ["host", .. string[] rest]:
        await HostComparison.RunAsync(
            rest is [string uploads, ..] ? int.Parse(uploads, CultureInfo.InvariantCulture) : 40,
            rest is [_, string megapixels, ..] ? double.Parse(megapixels, CultureInfo.InvariantCulture) : 36,
            Console.Out).ConfigureAwait(false);
        break;
    case ["photographs", string folder, .. string[] rest]:
        await PhotographComparison.RunAsync(folder, rest is [string plan, ..] ? Enum.Parse<ViewPlan>(plan, ignoreCase: true) : ViewPlan.Whole, Console.Out).ConfigureAwait(false);
        break;
    case ["integers", string folder]:
        await IntegerComparison.RunAsync(folder, Console.Out).ConfigureAwait(false);
        break;
    case ["drawings", .. string[] sets]:
        await DrawingComparison.RunAsync(sets, Console.Out).ConfigureAwait(false);
        break;
    case ["fit-drawings", string modules, string folder, .. string[] rest]:
        await DrawingsFit.RunAsync(modules, folder, rest is [string features, ..] ? features : null, Console.Out).ConfigureAwait(false);
        break;
    case ["peers", string script, ..]:
        await PeerComparison.RunAsync(script, Console.Out).ConfigureAwait(false);
        break;
    case ["convert", string checkpoint, .. string[] rest]:
        await ConversionComparison.RunAsync(checkpoint, rest is [string precision, ..] ? precision : "int4", Console.Out).ConfigureAwait(false);
        break;
    case ["head", string weights, .. string[] rest]:
        HeadComparison.Run(weights, rest is [string form, ..] ? form : "int4", Console.Out);
        break;
    case ["linears", ..]:
        LinearComparison.Run(Console.Out);
        break;
    case ["vlm", string model, .. string[] rest]:
        await AnswerComparison.RunAsync(AnswerOptions.Parse(model, rest), Console.Out).ConfigureAwait(false);
        break;
    case ["looks", string model, .. string[] rest]:
        AnswerOptions looks = AnswerOptions.Parse(model, rest);
        await (looks.Data is { } data ? LookVerdicts.RunAsync(looks, data, Console.Out) : looks.Against is { } other ? LookTimes.RunAsync(looks, other, Console.Out) : LookComparison.RunAsync(looks, Console.Out)).ConfigureAwait(false);
        break;
    case ["prompt-profile", .. string[] graphs]:
        PromptProfile.Run(graphs, Console.Out);
        break;
    case ["vlm-memory", string model, .. string[] rest]:
        await MemoryComparison.MeasureAsync(AnswerOptions.Parse(model, rest), Console.Out).ConfigureAwait(false);
        break;
    case ["llama", string model, string file, .. string[] rest]:
        await LlamaComparison.RunAsync(AnswerOptions.Parse(model, rest), file, Console.Out).ConfigureAwait(false);
        break;
    case ["make-gguf", string checkpoint, string file]:
        GgufExport.Write(checkpoint, file, half: false, Console.Out);
        break;
    case ["make-gguf", string checkpoint, string file, "float16"]:
        GgufExport.Write(checkpoint, file, half: true, Console.Out);
        break;
    case ["make-genai", string checkpoint, string folder, string bits]:
        GenAIExport.Write(checkpoint, folder, bits, Console.Out);
        break;
    case ["make-model", string folder, "--shape", string shape]:
        RandomCheckpoint.Write(folder, shape, Console.Out);
        break;
    case ["make-model", string folder]:
        RandomCheckpoint.Write(folder, CheckpointShape.All[0].Name, Console.Out);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(ResizeBenchmarks).Assembly).Run(args);
        break;
}
