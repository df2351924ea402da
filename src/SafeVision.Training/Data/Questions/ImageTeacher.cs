namespace SafeVision.Training.Data.Questions;

/// <summary>What a teacher wrote about an image.</summary>
/// <param name="Text">Its sentence; null where it gave none that can be used.</param>
/// <param name="Prompt">What it was asked.</param>
/// <param name="Words">What it answered last, used or not.</param>
/// <param name="Problem">Why there is no sentence; null where there is one.</param>
public sealed record TaughtSentence(string? Text, string Prompt, string? Words, string? Problem);

/// <summary>A model that describes images and says why a given label is right, for training another: what it writes is
/// conditioned on the label and no judgement. Refusals, empty answers and answers over the limit are asked for again,
/// then given up and counted.</summary>
/// <param name="client">The model. It must take images; they are sent to wherever it is served.</param>
/// <param name="name">What provenance calls it.</param>
public sealed class ImageTeacher(IChatClient client, string name)
{
    /// <summary>What provenance calls it.</summary>
    public string Name { get; } = !string.IsNullOrWhiteSpace(name) ? name : throw new ArgumentException("A teacher has a name.", nameof(name));

    /// <summary>How often it is asked for one sentence, 1 to 10. Default 3.</summary>
    public int Attempts { get; init => field = value is >= 1 and <= 10 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A teacher is asked 1 to 10 times."); } = 3;

    /// <summary>The most words of a sentence. Default 30.</summary>
    public int MaximumWords { get; init => field = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "A sentence has at least one word."); } = 30;

    /// <summary>One sentence about what the image shows.</summary>
    public Task<TaughtSentence> DescribeAsync(ImageSource image, SafetyCategory? category, CancellationToken cancellationToken) => AskAsync(
        image,
        category is null
            ? $"Describe the image in one sentence of at most {MaximumWords} words. Answer with the sentence alone."
            : $"The image was labelled \"{category.Name}\" by people, for a filter that keeps such images away. Describe it soberly in one sentence of at most {MaximumWords} words; what counts is whether it shows: {string.Join("; ", category.Includes)}. Answer with the sentence alone.",
        cancellationToken);

    /// <summary>One sentence about why the label is right.</summary>
    /// <param name="image">The image.</param>
    /// <param name="category">Its category; null: it is harmless.</param>
    /// <param name="description">What it shows, where that is known already.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public Task<TaughtSentence> ExplainAsync(ImageSource image, SafetyCategory? category, string? description, CancellationToken cancellationToken) => AskAsync(
        image,
        (description is null ? "" : $"What the image shows: {description}\n") + (category is null
            ? $"People found nothing harmful in the image. Say in one sentence of at most {MaximumWords} words what it shows that makes it harmless. Answer with the sentence alone."
            : $"People labelled the image \"{category.Name}\", which means: {string.Join("; ", category.Includes)}.{(category.Excludes.Count > 0 ? $" It does not mean: {string.Join("; ", category.Excludes)}." : "")} Say in one sentence of at most {MaximumWords} words what in the image is the reason. Answer with the sentence alone."),
        cancellationToken);

    private async Task<TaughtSentence> AskAsync(ImageSource image, string prompt, CancellationToken cancellationToken)
    {
        (string? words, string? problem) = (null, null);
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            words = await ServedModel.AskAsync(client, Name, image, prompt, new ChatOptions { Temperature = attempt == 0 ? 0 : 0.7f, MaxOutputTokens = 256, Seed = attempt }, cancellationToken).ConfigureAwait(false);
            problem = ProblemOf(words, MaximumWords);
            if (problem is null)
            {
                return new TaughtSentence(words.ReplaceLineEndings(" "), prompt, words, null);
            }
        }

        return new TaughtSentence(null, prompt, words, problem);
    }

    /// <summary>Why an answer cannot be used; null where it can.</summary>
    internal static string? ProblemOf(string answer, int maximumWords) =>
        answer.Length == 0 ? "It is empty."
        : Refusal.IsOne(answer) ? "It is a refusal."
        : answer.Contains("<|", StringComparison.Ordinal) || answer.Contains("<image>", StringComparison.Ordinal) ? "It holds a mark of the conversation."
        : answer.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length > maximumWords ? $"It has more than {maximumWords} words."
        : null;
}
