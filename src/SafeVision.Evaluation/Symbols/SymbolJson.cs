using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Symbols;

/// <summary>How samples.jsonl and dataset.json are written: properties and names of enums in camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EvaluationSample))]
[JsonSerializable(typeof(SymbolDatasetHeader))]
internal sealed partial class SymbolJson : JsonSerializerContext
{
    /// <summary>A sample as a line.</summary>
    public static byte[] Write(EvaluationSample sample) => [.. JsonSerializer.SerializeToUtf8Bytes(sample, Forms.Line.EvaluationSample), (byte)'\n'];

    /// <summary>The description of a dataset.</summary>
    public static byte[] Write(SymbolDatasetHeader header) => [.. JsonSerializer.SerializeToUtf8Bytes(header, Forms.Indented.SymbolDatasetHeader), (byte)'\n'];

    private static class Forms
    {
        public static readonly SymbolJson Line = new(Create(isIndented: false));
        public static readonly SymbolJson Indented = new(Create(isIndented: true));

        // Apostrophes stay readable: the files are no part of a web page.
        private static JsonSerializerOptions Create(bool isIndented) => new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = isIndented,
            NewLine = "\n",
            Converters = { new JsonStringEnumConverter<DatasetSplit>(JsonNamingPolicy.CamelCase) },
        };
    }
}
