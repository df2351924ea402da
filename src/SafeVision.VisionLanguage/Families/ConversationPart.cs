using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>A piece of a user's turn: a picture where <see cref="Text"/> is null.</summary>
internal readonly record struct ConversationPart(PromptText? Text)
{
    public static ConversationPart Image { get; }

    public bool IsImage => Text is null;
}
