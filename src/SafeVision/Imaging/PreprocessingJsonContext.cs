using System.Text.Json.Serialization;

namespace SafeVision.Imaging;

/// <summary>The generated serialisation of recipes.</summary>
[JsonSourceGenerationOptions(WriteIndented = false)]
[JsonSerializable(typeof(PreprocessingRecipe))]
internal sealed partial class PreprocessingJsonContext : JsonSerializerContext;
