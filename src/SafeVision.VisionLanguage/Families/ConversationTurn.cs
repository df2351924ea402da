namespace SafeVision.VisionLanguage.Families;

/// <summary>A turn of a conversation.</summary>
/// <param name="ByModel">Whether the model said it; otherwise the user.</param>
/// <param name="Parts">Pictures and texts in order.</param>
internal sealed record ConversationTurn(bool ByModel, IReadOnlyList<ConversationPart> Parts)
{
    public static ConversationTurn OfUser(params IReadOnlyList<ConversationPart> parts) => new(ByModel: false, parts);

    public static ConversationTurn OfModel(params IReadOnlyList<ConversationPart> parts) => new(ByModel: true, parts);
}
