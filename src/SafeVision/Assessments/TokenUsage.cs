using System.Text.Json.Serialization;

namespace SafeVision.Assessments;

/// <summary>How many tokens a language model read and wrote for a result.</summary>
/// <param name="Prompt">Tokens of all prompts, those of pictures included.</param>
/// <param name="Reused">Of these, how many were computed before: for another policy, another picture or another question.</param>
/// <param name="Written">Tokens of the answers.</param>
public sealed record TokenUsage(int Prompt, int Reused, int Written)
{
    /// <summary>The share of the prompts' tokens that needed no computing, 0 to 1; 0 where there was no prompt.</summary>
    [JsonIgnore]
    public double HitRate => Prompt == 0 ? 0 : (double)Reused / Prompt;

    /// <summary>Both together; null is nothing.</summary>
    public static TokenUsage? Sum(TokenUsage? left, TokenUsage? right) => left is null || right is null
        ? left ?? right
        : new TokenUsage(left.Prompt + right.Prompt, left.Reused + right.Reused, left.Written + right.Written);
}
