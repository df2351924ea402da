namespace SafeVision.Training.Refinement;

/// <summary>A sample of the refine split that a round judged wrongly.</summary>
/// <param name="Sample">The sample, whose category is the truth.</param>
/// <param name="Predicted">The category that the model gave; null: safe.</param>
/// <param name="Named">Words for what is in the image, where the dataset says so.</param>
public sealed record JudgedWrongly(TrainingSample Sample, string? Predicted, IReadOnlyCollection<string> Named);

/// <summary>A change of one category that is proposed, not yet made.</summary>
/// <param name="Category">The category's id.</param>
/// <param name="Includes">Phrases to be added to what belongs to it.</param>
/// <param name="Excludes">Phrases to be added to what does not.</param>
/// <param name="Why">What it is proposed for, in a sentence.</param>
public sealed record PolicyProposal(string Category, IReadOnlyList<string> Includes, IReadOnlyList<string> Excludes, string Why)
{
    /// <summary>The change as lines that begin with a plus.</summary>
    public string Diff => string.Join('\n', [$"{Category}: {Why}", .. Includes.Select(phrase => $"+ include: {phrase}"), .. Excludes.Select(phrase => $"+ exclude: {phrase}")]);
}

/// <summary>Proposes changes of a policy from what was judged wrongly. Thread-safe.</summary>
public interface IPolicyEditor
{
    /// <summary>Proposes changes; none where the policy says what it should.</summary>
    /// <param name="policy">The policy in force.</param>
    /// <param name="mistakes">What was judged wrongly in this round.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<IReadOnlyList<PolicyProposal>> ProposeAsync(SafetyPolicy policy, IReadOnlyList<JudgedWrongly> mistakes, CancellationToken cancellationToken);
}

/// <summary>Proposes without a model: a thing that several overlooked images of a category show, and the policy does not name, is
/// to be included; one that several falsely accused images show is to be excluded, unless an image of the category shows it
/// too.</summary>
/// <param name="fewest">How many images must show it; default 2.</param>
public sealed class EvidencePolicyEditor(int fewest = 2) : IPolicyEditor
{
    /// <inheritdoc />
    public Task<IReadOnlyList<PolicyProposal>> ProposeAsync(SafetyPolicy policy, IReadOnlyList<JudgedWrongly> mistakes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(mistakes);
        var proposals = new List<PolicyProposal>();
        foreach (SafetyCategory category in policy.Categories)
        {
            JudgedWrongly[] overlooked = [.. mistakes.Where(mistake => Is(mistake.Sample.Category, category))], accused = [.. mistakes.Where(mistake => Is(mistake.Predicted, category))];
            HashSet<string> said = [.. category.Includes.Concat(category.Excludes).SelectMany(NamedThings.Words)];
            string[] includes = Common(overlooked, said), excludes = [.. Common(accused, said).Except(overlooked.SelectMany(mistake => mistake.Named), StringComparer.OrdinalIgnoreCase)];
            if (includes.Length + excludes.Length > 0)
            {
                proposals.Add(new PolicyProposal(category.Id, includes, excludes, $"{overlooked.Length} images of it were overlooked and {accused.Length} falsely accused."));
            }
        }

        return Task.FromResult<IReadOnlyList<PolicyProposal>>(proposals);

        static bool Is(string? id, SafetyCategory category) => category.Id.Equals(id, StringComparison.OrdinalIgnoreCase);
    }

    private string[] Common(JudgedWrongly[] mistakes, HashSet<string> said) =>
        [.. mistakes.SelectMany(mistake => mistake.Named.Distinct()).Where(word => !said.Contains(word)).GroupBy(word => word).Where(group => group.Count() >= fewest).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, StringComparer.Ordinal).Select(group => group.Key)];
}

/// <summary>How far a policy may be changed without a person having written it anew.</summary>
public sealed record PolicyEditLimits
{
    /// <summary>The most phrases that a category gets in a round; default 3.</summary>
    public int PhrasesInRound { get; init; } = 3;

    /// <summary>The most phrases of a category, includes and excludes together; default 40.</summary>
    public int Phrases { get; init; } = 40;

    /// <summary>The longest phrase, in characters; default 120.</summary>
    public int Characters { get; init; } = 120;

    /// <summary>The policy with a proposal in it, as far as it is allowed; null where nothing of it is new, or allowed.</summary>
    internal SafetyPolicy? Apply(SafetyPolicy policy, PolicyProposal proposal)
    {
        if (!policy.TryGetCategory(proposal.Category, out SafetyCategory? category))
        {
            return null;
        }

        int room = Math.Max(0, Math.Min(PhrasesInRound, Phrases - category.Includes.Count - category.Excludes.Count));
        HashSet<string> known = new(category.Includes.Concat(category.Excludes), StringComparer.OrdinalIgnoreCase);
        string[] includes = [.. proposal.Includes.Where(IsAllowed).Take(room)], excludes = [.. proposal.Excludes.Where(IsAllowed).Take(room - includes.Length)];
        return includes.Length + excludes.Length == 0 ? null : policy.With(category.Customize(draft =>
        {
            draft.Includes([.. category.Includes, .. includes]);
            if (category.Excludes.Count + excludes.Length > 0)
            {
                draft.Excludes([.. category.Excludes, .. excludes]);
            }
        }));

        bool IsAllowed(string phrase) => phrase.Length > 0 && phrase.Length <= Characters && !phrase.Any(char.IsControl) && known.Add(phrase);
    }
}
