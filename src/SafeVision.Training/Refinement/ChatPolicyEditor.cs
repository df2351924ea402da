namespace SafeVision.Training.Refinement;

/// <summary>Asks a served model for changes, a category at a time, with what its overlooked and falsely accused images show. What
/// it answers is proposed only as far as it is the JSON that was asked for. The client stays the caller's.</summary>
/// <param name="client">The model.</param>
/// <param name="most">The most mistakes of a category that are shown; default 20.</param>
public sealed class ChatPolicyEditor(IChatClient client, int most = 20) : IPolicyEditor
{
    private const int MostCharacters = 20_000;

    /// <inheritdoc />
    public async Task<IReadOnlyList<PolicyProposal>> ProposeAsync(SafetyPolicy policy, IReadOnlyList<JudgedWrongly> mistakes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(mistakes);
        var proposals = new List<PolicyProposal>();
        foreach (SafetyCategory category in policy.Categories)
        {
            JudgedWrongly[] own = [.. mistakes.Where(mistake => Is(mistake.Sample.Category) || Is(mistake.Predicted)).Take(most)];
            if (own.Length == 0)
            {
                continue;
            }

            string prompt = $$"""
                You edit one category of an image policy. A guard that follows it judged some images wrongly.
                Category: {{category.Name}}
                Belongs to it: {{JsonSerializer.Serialize(category.Includes)}}
                Does not belong to it: {{JsonSerializer.Serialize(category.Excludes)}}
                Images, each with what it shows, whether it belongs to the category, and whether the guard said so:
                {{string.Join('\n', own.Select(mistake => $"- {string.Join(", ", mistake.Named)}: belongs {(Is(mistake.Sample.Category) ? "yes" : "no")}, guard said {(Is(mistake.Predicted) ? "yes" : "no")}"))}}
                Where a label looks wrong, or the text covers the image already, propose nothing for it.
                Answer with JSON alone: {"includes": [phrases to add], "excludes": [phrases to add], "why": "one sentence"}
                """;
            ChatResponse response = await client.GetResponseAsync([new ChatMessage(ChatRole.User, prompt)], new ChatOptions { Temperature = 0, MaxOutputTokens = 1024 }, cancellationToken).ConfigureAwait(false);
            if (Read(category.Id, response.Text) is { } proposal)
            {
                proposals.Add(proposal);
            }

            bool Is(string? id) => category.Id.Equals(id, StringComparison.OrdinalIgnoreCase);
        }

        return proposals;
    }

    /// <summary>A proposal from a model's answer; null where it is not a proposal, or proposes nothing.</summary>
    internal static PolicyProposal? Read(string category, string text)
    {
        if (text.Length > MostCharacters || ServedModel.ObjectIn(text) is not { } json)
        {
            return null;
        }

        try
        {
            using JsonDocument answer = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 4, AllowDuplicateProperties = false });
            string[] includes = Phrases(answer.RootElement, "includes"), excludes = Phrases(answer.RootElement, "excludes");
            string why = answer.RootElement.TryGetProperty("why", out JsonElement said) && said.ValueKind == JsonValueKind.String ? said.GetString()! : "Proposed by a model.";
            return includes.Length + excludes.Length == 0 ? null : new PolicyProposal(category, includes, excludes, why.Length <= 300 ? why : why[..300]);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string[] Phrases(JsonElement answer, string name) =>
        answer.TryGetProperty(name, out JsonElement list) ? [.. list.EnumerateArray().Select(phrase => phrase.GetString()?.Trim() ?? "")] : [];
}
