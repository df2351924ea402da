// SafeVision: the first five minutes. ImageGuardrail is the whole story (decode, assess, decide, result); ImageGuardrailBuilder and
// SafeVisionServiceCollectionExtensions compose one; ImageSource goes in, GuardrailResult with its Findings and Provenance comes out.

namespace SafeVision;

/// <summary>What should happen to an image. The zero value is <see cref="Block"/>, so a decision that nobody made is never
/// <see cref="Allow"/>; a larger value is more lenient.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<Decision>))]
public enum Decision
{
    /// <summary>Do not show or accept the image.</summary>
    Block = 0,

    /// <summary>A person should look at the image before it is shown.</summary>
    Review = 1,

    /// <summary>The policy, as far as it was assessed, has nothing against the image.</summary>
    Allow = 2,
}
