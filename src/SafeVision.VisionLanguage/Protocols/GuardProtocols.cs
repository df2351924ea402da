using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>The protocols that are known; a new one is a file and a line here.</summary>
internal static class GuardProtocols
{
    private static readonly SafeVisionProtocol s_safeVision = new();
    private static readonly InstructProtocol s_instruct = new();
    private static readonly IGuardProtocol[] s_all = [s_safeVision, s_instruct, new LlavaGuardProtocol(), new ShieldGemmaProtocol(), new LlamaGuardProtocol()];

    /// <summary>Finds a protocol by its name, in any case.</summary>
    /// <param name="name">The name.</param>
    /// <param name="source">Where the name comes from, for the error.</param>
    /// <exception cref="ModelLoadException">There is none of that name; the message lists those that there are.</exception>
    public static IGuardProtocol Find(string name, string source) =>
        Array.Find(s_all, protocol => protocol.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ModelLoadException($"{source}: the guard protocol '{name}' is not known. Known are {string.Join(", ", s_all.Select(protocol => protocol.Name))}.");

    /// <summary>The protocol of a model of which nothing is said: the paper's where the tokenizer has its tokens, else plain questions.</summary>
    public static IGuardProtocol Guess(TextTokenizer tokenizer) => ModelMarks.AreKnownTo(tokenizer) ? s_safeVision : s_instruct;
}
