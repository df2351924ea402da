using System.CommandLine;
using SafeVision.Conversion;

namespace SafeVision.Cli;

/// <summary><c>safevision convert</c>: makes a model's folder from a checkpoint.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "The checkpoint's folder: safetensors with config.json as Hugging Face serves it, or a tfjs model." };
        var destination = new Argument<string>("destination") { Description = "The folder to make. A model that is there already is replaced when the new one is whole." };
        var family = new Option<string?>("--family") { Description = $"{string.Join(", ", ModelConverter.Families)}. Without it: found out from the checkpoint." };
        var recipe = new Option<string?>("--recipe") { Description = "A JSON file with what the checkpoint does not know: id, licence, source, what labels mean." };
        var encoder = new Option<string?>("--text-encoder") { Description = "A converted text encoder; it embeds the names of the labels beforehand, so that the first policy compiles at once." };
        var precision = new Option<string>("--precision") { Description = $"How a vision-language model's weights are written: {string.Join(", ", ModelConverter.Precisions)}.", DefaultValueFactory = _ => "float32" };
        var command = new Command("convert", "Convert a checkpoint to ONNX, check it against a plain computation, and write its manifest.")
        {
            source, destination, family, recipe, encoder, precision,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new ConversionOptions
            {
                Source = parsed.GetValue(source)!,
                Destination = parsed.GetValue(destination)!,
                Family = parsed.GetValue(family),
                Recipe = parsed.GetValue(recipe) is { } file ? ConversionRecipe.Read(file) : new ConversionRecipe(),
                TextEncoder = parsed.GetValue(encoder),
                Precision = parsed.GetValue(precision)!,
            },
            parsed.InvocationConfiguration.Output,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ConversionOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        ConversionResult result = await ConvertProgress.RunAsync(options, cancellationToken);
        await output.WriteLineAsync(FormattableString.Invariant(
            $"{options.Destination}: {result.Manifest.Id} ({result.Family}), {result.Manifest.Bytes / 1e6:0.0} MB, sha256 {result.Manifest.Sha256}"));
        await output.WriteLineAsync(FormattableString.Invariant(
            $"ONNX Runtime and a plain computation of the network differ by {result.LargestDifference:0.0e+0} at most."));
        return 0;
    }
}
