using System.Text.Json.Serialization;

namespace SafeVision.Assessments;

/// <summary>How a heat map was made.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<HeatMapMethod>))]
public enum HeatMapMethod
{
    /// <summary>The class-activation map of Zhou et al. (arXiv 1512.04150): exact for networks that end in global average pooling.</summary>
    ClassActivation = 0,

    /// <summary>Occlusion (Zeiler and Fergus, arXiv 1311.2901): by how much the score falls when a cell is covered.</summary>
    Occlusion = 1,
}
