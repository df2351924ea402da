using System.Globalization;
using BenchmarkDotNet.Running;
using SafeVision.Benchmarks.Answering;
using SafeVision.Benchmarks.Checkpoints;
using SafeVision.Benchmarks.Converting;
using SafeVision.Benchmarks.Heads;
using SafeVision.Benchmarks.Linears;
using SafeVision.Benchmarks.Llama;
using SafeVision.Benchmarks.Peers;
using SafeVision.Benchmarks.Photographs;
using SafeVision.Benchmarks.Resizing;
using SafeVision.Benchmarks.Sharing;
using SafeVision.Benchmarks.Soaking;
using SafeVision.Benchmarks.Starting;

// A word runs a comparison that prints one table; anything else goes to BenchmarkDotNet.
switch (args)
{
    case ["resize", ..]:
        ResizeComparison.Run(Console.Out);
        break;
    case ["share", ..]:
        await ShareComparison.RunAsync(Console.Out).ConfigureAwait(false);
        break;
    case ["soak", .. string[] rest]:
        await SoakComparison.RunAsync(rest is [string images, ..] ? int.Parse(images, CultureInfo.InvariantCulture) : 1000, Console.Out).ConfigureAwait(false);
        break;
    case ["start", ..]:
        await StartComparison.RunAsync(Console.Out).ConfigureAwait(false);
        break;
    case ["photographs", string folder, ..]:
        await PhotographComparison.RunAsync(folder, Console.Out).ConfigureAwait(false);
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
    case ["vlm-memory", string model, .. string[] rest]:
        await MemoryComparison.MeasureAsync(AnswerOptions.Parse(model, rest), Console.Out).ConfigureAwait(false);
        break;
    case ["llama", string model, string file, .. string[] rest]:
        await LlamaComparison.RunAsync(AnswerOptions.Parse(model, rest), file, Console.Out).ConfigureAwait(false);
        break;
    case ["make-gguf", string checkpoint, string file]:
        GgufExport.Write(checkpoint, file, Console.Out);
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
