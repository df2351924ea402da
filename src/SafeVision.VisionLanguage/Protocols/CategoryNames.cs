namespace SafeVision.VisionLanguage.Protocols;

/// <summary>What a guard calls the policy's categories. It may have several names for one, and names for what the policy lacks.</summary>
internal sealed class CategoryNames
{
    private readonly int[][] _namesOf; // of each category that is asked about
    private readonly int[] _others; // names of categories that the policy lacks

    /// <param name="categories">The categories that the guard can name, one entry for each name.</param>
    /// <param name="known">All names of the guard's own taxonomy; what belongs to one that the policy lacks is no harm of the policy's.</param>
    public CategoryNames(IReadOnlyList<ProtocolCategory> categories, params IEnumerable<string> known)
    {
        PromptText[] names = [.. categories.Select(category => category.Answer).Concat(known.Select(PromptText.Trusted)).DistinctBy(name => name.Text)];
        string[] texts = [.. names.Select(name => name.Text)];
        All = [.. names.Select(name => new AnswerOption($"the category '{name.Text}'", name, null))];
        Asked = [.. categories.Select(category => category.Position).Distinct()];
        _namesOf = [.. Asked.Select(position => categories
            .Where(category => category.Position == position).Select(category => Array.IndexOf(texts, category.Answer.Text)).ToArray())];
        _others = [.. Enumerable.Range(0, names.Length).Except(_namesOf.SelectMany(name => name))];
    }

    /// <summary>Every name that the guard may say.</summary>
    public IReadOnlyList<AnswerOption> All { get; }

    /// <summary>The positions in the policy of the categories that the guard can name.</summary>
    public IReadOnlyList<int> Asked { get; }

    /// <summary>A name of the category at a position in the policy; null where the guard has none.</summary>
    public string? AnswerOf(int position) => Index(position) is { } asked ? All[_namesOf[asked][0]].Text.Text : null;

    public string Likeliest(int position, double[] names) => All[_namesOf[Index(position)!.Value].MaxBy(name => names[name])].Text.Text;

    /// <summary>Takes each name's share at one point of the answer into the scores and probabilities of the categories, where it raises them.</summary>
    public void Add(double[] names, double unsafeShare, double[] scores, double[] probabilities)
    {
        double[] together = [.. _namesOf.Select(mine => mine.Sum(name => names[name]))];
        double[] near = CategoryScores.Spread(unsafeShare, together, _others.Length == 0 ? 0 : _others.Max(name => names[name]));
        for (int i = 0; i < near.Length; i++)
        {
            scores[i] = Math.Max(scores[i], near[i]);
            probabilities[i] = Math.Max(probabilities[i], unsafeShare * together[i]);
        }
    }

    private int? Index(int position) => Asked.Index().Where(asked => asked.Item == position).Select(asked => (int?)asked.Index).FirstOrDefault();
}
