namespace SafeVision.Extensions.AI.Chat;

/// <summary>A policy in the words of one chat protocol. Thread-safe.</summary>
internal abstract class ChatJudge
{
    /// <summary>What of each category is asked about, in the policy's order.</summary>
    public abstract IReadOnlyList<CategoryCoverage> Coverage { get; }

    /// <summary>Every prompt, with the mark <c>&lt;image&gt;</c> where the image stands; no more calls than these are made for one frame.</summary>
    public abstract IReadOnlyList<string> Prompts { get; }

    /// <summary>Sees to it that the policy reaches the model, before the first image.</summary>
    /// <exception cref="ModelOutputException">It does not, or that can't be seen.</exception>
    public virtual Task RequireReachAsync(ChatCall call, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Judges an image: one assessment for each category, in the policy's order.</summary>
    /// <exception cref="ModelOutputException">An answer is missing or not of its form.</exception>
    public abstract Task<IReadOnlyList<CategoryAssessment>> AssessAsync(ChatCall call, AssessOptions options, CancellationToken cancellationToken);
}

/// <summary>Questions that are all known beforehand.</summary>
internal sealed class QuestionJudge : ChatJudge
{
    private readonly SafetyPolicy _policy;
    private readonly IReadOnlyList<ChatQuestion> _questions;

    public QuestionJudge(SafetyPolicy policy, string protocol, IReadOnlyList<ChatQuestion> questions)
    {
        (_policy, _questions) = (policy, questions);
        HashSet<int> asked = [];
        if (!_questions.SelectMany(question => question.Categories).All(place => place >= 0 && place < policy.Categories.Count && asked.Add(place)))
        {
            throw new InvalidOperationException($"The chat protocol '{protocol}' asks about a category twice, or about one that the policy does not have.");
        }

        Coverage = [.. policy.Categories.Select((category, place) => asked.Contains(place)
            ? new CategoryCoverage(category.Id, CoverageLevel.Full, [.. Phrases(category.Includes, PhraseRole.Include), .. Phrases(category.Excludes, PhraseRole.Exclude)])
            : CategoryCoverage.None(category.Id, category.Includes))];
        Prompts = [.. _questions.Select(question => $"{question.Instructions}\n\n<image>\n\n{question.Request}")];
    }

    public override IReadOnlyList<CategoryCoverage> Coverage { get; }

    public override IReadOnlyList<string> Prompts { get; }

    public override async Task<IReadOnlyList<CategoryAssessment>> AssessAsync(ChatCall call, AssessOptions options, CancellationToken cancellationToken)
    {
        var categories = new CategoryAssessment[_policy.Categories.Count];
        foreach (ChatQuestion question in _questions)
        {
            var request = new ChatRequest(question.Instructions, question.Request) { Format = question.Schema is { } schema ? ChatResponseFormat.ForJsonSchema(schema, "verdict") : null };
            ChatAnswer answer = Read(question, (await call.AskAsync(request, cancellationToken).ConfigureAwait(false)).Text);
            string? words = options.Reasons && OneLine(answer.Reason) is { Length: > 0 } reason ? reason : null;
            int highest = answer.Scores.Index().MaxBy(score => score.Item).Index;
            for (int i = 0; i < question.Categories.Count; i++)
            {
                string id = _policy.Categories[question.Categories[i]].Id, said = answer.Scores[i] switch { 1 => "yes", 0 => "no", _ => "not sure" };
                string? own = i == highest ? words : null;
                categories[question.Categories[i]] = CategoryAssessment.Assessed(
                    id, answer.Scores[i], CoverageLevel.Full, own is null ? $"The served model says {said}." : $"The served model says {said}: \"{own}\"", new Evidence { Words = own });
            }

            if (words is not null)
            {
                options.OnReason?.Invoke(words);
            }
        }

        for (int i = 0; i < categories.Length; i++)
        {
            categories[i] ??= CategoryAssessment.NotAssessed(_policy.Categories[i].Id, "The protocol asks nothing about this category.");
        }

        return categories;
    }

    private static ChatAnswer Read(ChatQuestion question, string text)
    {
        try
        {
            ChatAnswer answer = question.Read(text);
            return answer.Scores.Count == question.Categories.Count && answer.Scores.All(score => score is >= 0 and <= 1)
                ? answer
                : throw new FormatException("it does not give each category a score from 0 to 1");
        }
        catch (FormatException exception)
        {
            throw new ModelOutputException($"The served model's answer is not of the form that was asked for: {exception.Message}.", exception);
        }
    }

    /// <summary>A model writes what it likes; what reaches a log or a page is one line without control characters.</summary>
    private static string? OneLine(string? text) => text is null ? null : string.Join(' ', string.Concat(text.Select(letter =>
        char.IsControl(letter) || char.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? ' ' : letter))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static IEnumerable<PhraseCoverage> Phrases(IReadOnlyList<string> phrases, PhraseRole role) =>
        phrases.Select(phrase => new PhraseCoverage(phrase, CoverageLevel.Full) { Role = role });
}
