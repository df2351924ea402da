namespace SafeVision.Imaging;

/// <summary>How an image becomes the input of a network: resize, centre crop, rescale, normalise. Part of a model's manifest; a
/// model that is fed by another recipe than it was trained with gives other scores.</summary>
/// <remarks>In JSON: <c>{"resize": {"mode": "shortestSide", "size": 256, "filter": "bicubic", "rounding": "round"}, "crop": 224,
/// "rescale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}</c>.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PreprocessingRecipe
{
    /// <summary>The largest size and crop, in pixels: 4096.</summary>
    public const int MaximumSize = 4096;

    private const double DefaultRescale = 1.0 / 255;

    /// <summary>The resize.</summary>
    [JsonPropertyName("resize")]
    public required PreprocessingResize Resize { get; init; }

    /// <summary>The side in pixels of the square cut out of the middle, 1 to the size of the resize; null to keep everything. An
    /// odd pixel too many stays at the left and the top (<c>(side - crop) / 2</c>, rounded down).</summary>
    [JsonPropertyName("crop")]
    public int? Crop { get; init; }

    /// <summary>What bytes are multiplied by. Default: 1/255.</summary>
    [JsonIgnore]
    public double Rescale { get; init; } = DefaultRescale;

    /// <summary>What is then subtracted. Default: 0.</summary>
    [JsonPropertyName("mean")]
    public ChannelValues Mean { get; init; }

    /// <summary>What is then divided by, more than 0. Default: 1.</summary>
    [JsonIgnore]
    public ChannelValues Std { get; init; } = ChannelValues.All(1);

    /// <summary>The side in pixels of the network's square input.</summary>
    [JsonIgnore]
    public int InputSize => Crop ?? Resize.Size;

    // Generated code sets an init-only property even where the JSON leaves it out, and so to null.
    [JsonInclude, JsonPropertyName("rescale")]
    internal double? StatedRescale { get => Rescale; init => Rescale = value ?? DefaultRescale; }

    [JsonInclude, JsonPropertyName("std")]
    internal ChannelValues? StatedStd { get => Std; init => Std = value ?? ChannelValues.All(1); }

    /// <summary>Reads a recipe and checks it.</summary>
    /// <param name="json">The recipe.</param>
    /// <exception cref="JsonException">The text is not a recipe; the message says where.</exception>
    /// <exception cref="ArgumentException">A value is out of range; the message says which.</exception>
    public static PreprocessingRecipe Parse(string json)
    {
        PreprocessingRecipe recipe = JsonSerializer.Deserialize(json, PreprocessingJsonContext.Default.PreprocessingRecipe)
            ?? throw new JsonException("The preprocessing recipe is null.");
        recipe.Validate();
        return recipe;
    }

    /// <summary>Writes the recipe as JSON that <see cref="Parse"/> reads back.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, PreprocessingJsonContext.Default.PreprocessingRecipe);

    /// <summary>Checks that the values make sense together.</summary>
    /// <exception cref="ArgumentException">One does not; the message names it by its JSON path.</exception>
    public void Validate()
    {
        Require(Resize is not null, "resize is missing");
        Require(Resize!.Size is >= 1 and <= MaximumSize, $"resize.size is {Resize.Size}; it must be 1 to {MaximumSize}");
        Require(Enum.IsDefined(Resize.Mode), $"resize.mode {(int)Resize.Mode} is unknown");
        Require(Enum.IsDefined(Resize.Filter), $"resize.filter {(int)Resize.Filter} is unknown");
        Require(Enum.IsDefined(Resize.Rounding), $"resize.rounding {(int)Resize.Rounding} is unknown");
        Require(Crop is null || (Crop >= 1 && Crop <= Resize.Size), $"crop is {Crop}; it must be 1 to resize.size, which is {Resize.Size}");
        Require(Crop is not null || Resize.Mode == ResizeMode.Exact, "resize.mode shortestSide needs a crop, for inputs of one size");
        Require(double.IsFinite(Rescale) && Rescale > 0, $"rescale is {Rescale}; it must be a number greater than 0");
        RequireChannels(Mean, "mean", "a number", double.IsFinite);
        RequireChannels(Std, "std", "a number greater than 0", value => double.IsFinite(value) && (float)value > 0);
    }

    private static void RequireChannels(in ChannelValues values, string name, string expected, Func<double, bool> isFit)
    {
        Require(isFit(values.Red), $"{name}[0] is {values.Red}; it must be {expected}");
        Require(isFit(values.Green), $"{name}[1] is {values.Green}; it must be {expected}");
        Require(isFit(values.Blue), $"{name}[2] is {values.Blue}; it must be {expected}");
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new ArgumentException($"The preprocessing recipe is not usable: {problem}.");
        }
    }
}

/// <summary>One number for each color channel. In JSON an array of three numbers: red, green, blue.</summary>
/// <param name="Red">The red channel's number.</param>
/// <param name="Green">The green channel's number.</param>
/// <param name="Blue">The blue channel's number.</param>
[JsonConverter(typeof(ChannelValuesJsonConverter))]
public readonly record struct ChannelValues(double Red, double Green, double Blue)
{
    /// <summary>The same number for all channels.</summary>
    /// <param name="value">The number.</param>
    public static ChannelValues All(double value) => new(value, value, value);
}

/// <summary>Reads and writes <see cref="ChannelValues"/> as an array of exactly three numbers.</summary>
public sealed class ChannelValuesJsonConverter : JsonConverter<ChannelValues>
{
    private const string Shape = "Expected an array of three numbers: red, green, blue.";

    /// <inheritdoc/>
    public override ChannelValues Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException(Shape);
        }

        var values = new ChannelValues(ReadNumber(ref reader), ReadNumber(ref reader), ReadNumber(ref reader));
        return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? values : throw new JsonException(Shape);
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, ChannelValues value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.Red);
        writer.WriteNumberValue(value.Green);
        writer.WriteNumberValue(value.Blue);
        writer.WriteEndArray();
    }

    private static double ReadNumber(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : throw new JsonException(Shape);
}

/// <summary>The generated serialisation of recipes.</summary>
[JsonSourceGenerationOptions(WriteIndented = false)]
[JsonSerializable(typeof(PreprocessingRecipe))]
internal sealed partial class PreprocessingJsonContext : JsonSerializerContext;
