using SafeVision.Policies;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A category of the policy as a protocol speaks of it.</summary>
/// <param name="Position">Its place in the policy.</param>
/// <param name="Category">What the policy says about it.</param>
/// <param name="Answer">What the model says when it means the category: a token of its own, a code, or the category's name.</param>
internal sealed record ProtocolCategory(int Position, SafetyCategory Category, PromptText Answer);
