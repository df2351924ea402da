namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A prompt and what it says.</summary>
/// <param name="Tokens">The prompt, ready for any picture.</param>
/// <param name="Coverage">What of the policy stands in it.</param>
/// <param name="End">The token that ends an answer to it.</param>
internal sealed record ProtocolPrompt(GuardPrompt Tokens, PromptCoverage Coverage, int End);
