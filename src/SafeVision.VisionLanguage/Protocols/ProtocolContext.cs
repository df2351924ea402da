using SafeVision.Policies;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>What a protocol compiles from.</summary>
/// <param name="Policy">The policy.</param>
/// <param name="Mode">How much is answered.</param>
/// <param name="Model">The model's name, for errors.</param>
/// <param name="Profile">How the model is fed.</param>
/// <param name="Tokenizer">The model's tokenizer.</param>
/// <param name="Wording">The words and layout of the prompts: those beside the model, or the protocol's own.</param>
internal sealed record ProtocolContext(
    SafetyPolicy Policy,
    VisionLanguageMode Mode,
    string Model,
    VisionLanguageProfile Profile,
    TextTokenizer Tokenizer,
    PromptWording Wording);
