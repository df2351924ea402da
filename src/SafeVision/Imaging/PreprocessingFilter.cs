using System.Text.Json.Serialization;

namespace SafeVision.Imaging;

/// <summary>How a <see cref="PreprocessingRecipe"/> resizes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PreprocessingFilter>))]
public enum PreprocessingFilter
{
    /// <summary><see cref="ResampleFilter.Nearest"/> on bytes.</summary>
    [JsonStringEnumMemberName("nearest")]
    Nearest,

    /// <summary><see cref="ResampleFilter.Box"/> on bytes.</summary>
    [JsonStringEnumMemberName("box")]
    Box,

    /// <summary><see cref="ResampleFilter.Bilinear"/> on bytes.</summary>
    [JsonStringEnumMemberName("bilinear")]
    Bilinear,

    /// <summary><see cref="ResampleFilter.Hamming"/> on bytes.</summary>
    [JsonStringEnumMemberName("hamming")]
    Hamming,

    /// <summary><see cref="ResampleFilter.Bicubic"/> on bytes.</summary>
    [JsonStringEnumMemberName("bicubic")]
    Bicubic,

    /// <summary><see cref="ResampleFilter.Lanczos"/> on bytes.</summary>
    [JsonStringEnumMemberName("lanczos")]
    Lanczos,

    /// <summary>
    /// TensorFlow's <c>resizeBilinear</c> with <c>alignCorners</c>: on rescaled single-precision values, the corner
    /// pixels of source and target coincide, and nothing is smoothed, so a picture that shrinks a lot aliases.
    /// </summary>
    [JsonStringEnumMemberName("bilinearAlignCorners")]
    BilinearAlignCorners,
}
