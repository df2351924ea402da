namespace SafeVision.Training.Data.Export;

/// <summary>The conversations of a dataset as other trainers read them. Image paths are relative to the dataset's folder.</summary>
internal static class ForeignRows
{
    private const string ImageMark = "<image>";

    /// <summary>Writes <c>internvl/</c> and <c>swift/</c> into a dataset's folder, a file for each split.</summary>
    public static async Task WriteAsync(TrainingDataset dataset, CancellationToken cancellationToken)
    {
        foreach (TrainingSplit split in Enum.GetValues<TrainingSplit>())
        {
            string file = $"{split.ToString().ToLowerInvariant()}.jsonl";
            await JsonLines.WriteAsync(PathOf("internvl"), Read(split).Select(ToInternVl), DataJson.Default.InternVlRow, cancellationToken).ConfigureAwait(false);
            await JsonLines.WriteAsync(PathOf("swift"), Read(split).Select(ToSwift), DataJson.Default.SwiftRow, cancellationToken).ConfigureAwait(false);

            string PathOf(string form) => Path.Combine(Directory.CreateDirectory(Path.Combine(dataset.Folder, form)).FullName, file);
        }

        IAsyncEnumerable<TrainingSample> Read(TrainingSplit split) => split switch
        {
            TrainingSplit.Train => dataset.ReadTrainAsync(cancellationToken),
            TrainingSplit.Refine => dataset.ReadRefineAsync(cancellationToken),
            _ => dataset.ReadTestAsync(cancellationToken).Select(held => held.Sample),
        };
    }

    private static InternVlRow ToInternVl(TrainingSample sample) => new(
        sample.Id, sample.Image, [.. Turns(sample).SelectMany(turn => new InternVlTurn[] { new("human", turn.Question), new("gpt", turn.Answer) })]);

    private static SwiftRow ToSwift(TrainingSample sample) => new(
        [.. Turns(sample).SelectMany(turn => new SwiftMessage[] { new("user", turn.Question), new("assistant", turn.Answer) })], [sample.Image]);

    // The image stands once, before the first question: a mark in each would ask for as many images.
    private static IEnumerable<(string Question, string Answer)> Turns(TrainingSample sample) => sample.Turns.Select((turn, i) =>
        turn.Question.Contains(ImageMark, StringComparison.Ordinal) || turn.Answer.Contains(ImageMark, StringComparison.Ordinal)
            ? throw new TrainingDataException($"The sample '{sample.Id}' holds the text {ImageMark}, which other trainers take for an image. Remove it from the policy or the answer that it comes from.")
            : (i == 0 ? $"{ImageMark}\n{turn.Question}" : turn.Question, turn.Answer));
}

/// <summary>A row of InternVL's fine-tuning.</summary>
internal sealed record InternVlRow(string Id, string Image, IReadOnlyList<InternVlTurn> Conversations);

/// <summary>A turn of it: from is human or gpt.</summary>
internal sealed record InternVlTurn([property: JsonPropertyName("from")] string Speaker, string Value);

/// <summary>A row of ms-swift 3.</summary>
internal sealed record SwiftRow(IReadOnlyList<SwiftMessage> Messages, IReadOnlyList<string> Images);

/// <summary>A message of it: the role is user or assistant.</summary>
internal sealed record SwiftMessage(string Role, string Content);
