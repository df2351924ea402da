using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision.Conversion;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip,
    AllowDuplicateProperties = false,
    AllowTrailingCommas = true)]
[JsonSerializable(typeof(ConversionRecipe))]
internal sealed partial class RecipeJson : JsonSerializerContext;
