using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeVision.Imaging;

/// <summary>Reads and writes <see cref="ChannelValues"/> as an array of exactly three numbers.</summary>
internal sealed class ChannelValuesJsonConverter : JsonConverter<ChannelValues>
{
    private const string Shape = "Expected an array of three numbers: red, green, blue.";

    public override ChannelValues Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException(Shape);
        }

        var values = new ChannelValues(ReadNumber(ref reader), ReadNumber(ref reader), ReadNumber(ref reader));
        return reader.Read() && reader.TokenType == JsonTokenType.EndArray ? values : throw new JsonException(Shape);
    }

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
