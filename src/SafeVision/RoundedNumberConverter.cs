using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>Writes a number with at most six decimals, which is more than any score is worth.</summary>
public sealed class RoundedNumberConverter : JsonConverter<double>
{
    /// <inheritdoc />
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNumberValue(Math.Round(value, 6));
    }
}
