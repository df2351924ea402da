using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Families;

/// <summary>How a conversation is written down for a model. Read from the model's files, never guessed from a folder's name. Thread-safe.</summary>
internal abstract class ConversationTemplate
{
    /// <summary>One turn of a user, up to the point where the model's answer begins.</summary>
    /// <param name="system">What the model is told beforehand; null: what the model's files say, which may be nothing.</param>
    /// <param name="user">The user's turn: pictures and texts in order.</param>
    /// <returns>The conversation with an image mark for each picture, without the token that begins every text.</returns>
    public PromptText Render(PromptText? system, IReadOnlyList<ConversationPart> user) => Render(system, [ConversationTurn.OfUser(user)]);

    /// <summary>Several turns, the last of them the user's, up to the point where the model's answer begins.</summary>
    /// <inheritdoc cref="Render(PromptText?, IReadOnlyList{ConversationPart})"/>
    public abstract PromptText Render(PromptText? system, IReadOnlyList<ConversationTurn> turns);
}
