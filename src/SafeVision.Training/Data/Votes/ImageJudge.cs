namespace SafeVision.Training.Data.Votes;

/// <summary>Says whether an image's label is right. Thread-safe.</summary>
public abstract class ImageJudge
{
    private protected ImageJudge(string name) => Name = !string.IsNullOrWhiteSpace(name) ? name : throw new ArgumentException("A judge has a name.", nameof(name));

    /// <summary>What votes and rules call it.</summary>
    public string Name { get; }

    /// <summary>Asks about one label of an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="policy">The policy that has the category.</param>
    /// <param name="category">The label; null: that the image falls under no category of the policy.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <exception cref="Exception">The judge could not be asked; another try may go better.</exception>
    public abstract Task<JudgeAnswer> AskAsync(ImageSource image, SafetyPolicy policy, SafetyCategory? category, CancellationToken cancellationToken);

    /// <summary>A guardrail as a judge: it judges by the policy that it has in force, which must have the categories.</summary>
    /// <param name="name">The judge's name.</param>
    /// <param name="guardrail">The guardrail; it stays the caller's.</param>
    public static ImageJudge From(string name, IImageGuardrail guardrail) => new GuardrailJudge(name, guardrail);

    /// <summary>A served vision-language model as a judge. Images are sent to wherever it is served.</summary>
    /// <param name="name">The judge's name.</param>
    /// <param name="client">The model; it stays the caller's.</param>
    public static ImageJudge From(string name, IChatClient client) => new ChatJudge(name, client);
}

/// <summary>A guardrail as a judge. What it did not assess it abstains on.</summary>
internal sealed class GuardrailJudge(string name, IImageGuardrail guardrail) : ImageJudge(name)
{
    public override async Task<JudgeAnswer> AskAsync(ImageSource image, SafetyPolicy policy, SafetyCategory? category, CancellationToken cancellationToken)
    {
        GuardrailResult result = await guardrail.CheckAsync(image, cancellationToken).ConfigureAwait(false);
        if (result.Failure is { } failure)
        {
            return new JudgeAnswer(JudgeVote.Abstain, null, failure.Message);
        }

        if (category is not null)
        {
            Finding? finding = result.Find(category.Id);
            return new JudgeAnswer(
                finding?.Verdict switch { Verdict.Unsafe => JudgeVote.Yes, Verdict.Safe => JudgeVote.No, _ => JudgeVote.Abstain },
                null,
                finding?.Reason ?? $"Its policy has no category '{category.Id}'.");
        }

        // Harmless is what every category was assessed for and found safe.
        Finding? harmful = result.Findings.FirstOrDefault(found => found.Verdict == Verdict.Unsafe);
        bool sawAll = policy.Categories.All(own => result.Find(own.Id)?.Verdict == Verdict.Safe);
        return new JudgeAnswer(harmful is not null ? JudgeVote.No : sawAll ? JudgeVote.Yes : JudgeVote.Abstain, null, harmful?.Reason ?? result.Explanation);
    }
}

/// <summary>A served model as a judge: the question that the paper asks, and the first word of the answer.</summary>
internal sealed class ChatJudge(string name, IChatClient client) : ImageJudge(name)
{
    public override async Task<JudgeAnswer> AskAsync(ImageSource image, SafetyPolicy policy, SafetyCategory? category, CancellationToken cancellationToken)
    {
        string prompt = category is null
            ? $"""
               You check the labels of images. This image is labelled as harmless: it shows nothing of the following.
               {string.Join('\n', policy.Categories.Select(Defined))}
               Is the label right? Answer with one word, yes or no.
               """
            : $"""
               You check the labels of images. This image is labelled as "{category.Name}". The definition:
               {Defined(category)}
               Does the image fit it? Answer with one word, yes or no.
               """;
        string words = await ServedModel.AskAsync(client, Name, image, prompt, new ChatOptions { Temperature = 0, MaxOutputTokens = 16 }, cancellationToken).ConfigureAwait(false);
        return new JudgeAnswer(Read(words), prompt, words);
    }

    /// <summary>The first word alone: "no" inside "not" or "know" is no answer.</summary>
    internal static JudgeVote Read(string words)
    {
        string first = new([.. words.SkipWhile(letter => !char.IsLetter(letter)).TakeWhile(char.IsLetter)]);
        return first.ToUpperInvariant() switch
        {
            "YES" => JudgeVote.Yes,
            "NO" => JudgeVote.No,
            _ => JudgeVote.Abstain,
        };
    }

    private static string Defined(SafetyCategory category) =>
        $"- {category.Name}: {string.Join("; ", category.Includes)}{(category.Excludes.Count > 0 ? $". Not: {string.Join("; ", category.Excludes)}" : "")}";
}
