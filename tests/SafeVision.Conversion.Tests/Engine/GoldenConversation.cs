using System.Text.Json;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>The messages of a row of prompts.json.</summary>
internal static class GoldenConversation
{
    public static (PromptText? System, List<ConversationTurn> Turns) Read(JsonElement row)
    {
        PromptText? system = null;
        var turns = new List<ConversationTurn>();
        foreach (JsonElement message in row.GetProperty("messages").EnumerateArray())
        {
            ConversationPart[] parts = Parts(message.GetProperty("content"));
            switch (message.GetProperty("role").GetString())
            {
                case "system": system = Assert.Single(parts).Text; break;
                case "user": turns.Add(ConversationTurn.OfUser(parts)); break;
                default: turns.Add(ConversationTurn.OfModel(parts)); break;
            }
        }

        return (system, turns);
    }

    private static ConversationPart[] Parts(JsonElement content) => content.ValueKind == JsonValueKind.String
        ? [new ConversationPart(PromptText.Trusted(content.GetString()!))]
        : [.. content.EnumerateArray().Select(part => part.GetProperty("type").GetString() == "image" ? ConversationPart.Image : new ConversationPart(PromptText.Trusted(part.GetProperty("text").GetString()!)))];
}
