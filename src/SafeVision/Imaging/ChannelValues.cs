using System.Text.Json.Serialization;

namespace SafeVision.Imaging;

/// <summary>One number for each colour channel. In JSON an array of three numbers: red, green, blue.</summary>
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
