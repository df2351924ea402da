namespace SafeVision.Conversion.Calibration;

/// <summary>What a guard is asked about one image.</summary>
/// <param name="ImageToken">The id whose embedding an image feature replaces.</param>
/// <param name="Answers">The first tokens of all that may be answered; empty: any token.</param>
internal sealed record SampleQuestion(IReadOnlyDictionary<string, VisionInput> Image, int[] Ids, int ImageToken, IReadOnlyList<int> Answers)
{
    /// <summary>What a host hands over for the prompt, image features in their places.</summary>
    public float[] Embed(TextDecoder text, float[] features) => Place(text.Embed(Ids), features, text.Shape.InputWidth);

    /// <summary>The embeddings of the prompt with image features in their places.</summary>
    public float[] Place(float[] embeddings, float[] features, int width)
    {
        for (int token = 0, taken = 0; token < Ids.Length && taken < features.Length; token++)
        {
            if (Ids[token] == ImageToken)
            {
                features.AsSpan(taken, width).CopyTo(embeddings.AsSpan(token * width));
                taken += width;
            }
        }

        return embeddings;
    }
}

/// <summary>Asks a guard's own questions, in its own protocol, about images: those of a folder, or drawn ones.</summary>
internal sealed class SampleQuestions
{
    private const int Count = 6; // two to calibrate with, four to measure on
    private const int MostTokens = 512;
    private const int Ending = 64; // of them the prompt's last ones
    private const int ImageTokens = 256;
    private const int Side = 448;

    private SampleQuestions(IReadOnlyList<SampleQuestion> all, string description, IReadOnlyList<int> verdictTokens) =>
        (Calibrating, Measuring, Description, VerdictTokens) = ([.. all.Take(2)], [.. all.Skip(2)], description, verdictTokens);

    public IReadOnlyList<SampleQuestion> Calibrating { get; }

    /// <summary>Others than <see cref="Calibrating"/>.</summary>
    public IReadOnlyList<SampleQuestion> Measuring { get; }

    /// <summary>What they are, for the manifest.</summary>
    public string Description { get; }

    /// <summary>The tokens that the guard's verdicts on the library's categories, and on some others, are made of; empty: they are not known.</summary>
    public IReadOnlyList<int> VerdictTokens { get; }

    private static SafetyPolicy Own { get; } = SafetyPolicy.Define("shop", "1")
        .Category("counterfeit", category => category.Includes("fake brand goods", "forged identity documents"))
        .Category("fireworks", category => category.Includes("fireworks", "firecrackers").Excludes("sparklers"))
        .Build();

    private static SafetyPolicy Nine { get; } = HarmCategory.All.Aggregate(SafetyPolicy.Define("nine", "1"), (policy, category) => policy.Category(category)).Build();

    /// <summary>Reads them; where the files beside the weights don't say how the guard is asked, noise and tokens made from a seed stand for them.</summary>
    /// <exception cref="CheckpointException">There are no images in the folder.</exception>
    public static async Task<SampleQuestions> CreateAsync(string checkpoint, VisionLanguageModel model, string? images, CancellationToken cancellationToken)
    {
        try
        {
            PromptEncoder encoder = PromptEncoder.Open(checkpoint, maximumTiles: 1, maximumTokens: ImageTokens);
            SafetyPolicy[] policies = [.. new[] { Nine, Own }.Where(policy => Asks(encoder, policy))];
            var questions = new List<SampleQuestion>();
            var verdicts = new List<(IReadOnlyList<int> First, IReadOnlyList<int> All)>();
            foreach (SafetyPolicy policy in policies)
            {
                verdicts.Add(await encoder.FindVerdictTokensAsync(policy, VisionLanguageMode.Fast).ConfigureAwait(false));
            }

            foreach (DecodedImage image in await SampleImages.ReadAsync(images, policies.Length == 0 ? 0 : Count, Side, cancellationToken).ConfigureAwait(false))
            {
                using (image)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int turn = questions.Count % policies.Length;
                    questions.Add(Ask(encoder, model, image.Frames[0], policies[turn], verdicts[turn].First));
                }
            }

            if (questions.Count > 0 && questions.All(question => question.Ids.All(id => id < model.Text.Shape.Vocabulary)))
            {
                return new SampleQuestions(questions, $"the guard's own questions about {(images is null ? "drawn images" : "images of a folder")}", [.. verdicts.SelectMany(tokens => tokens.All).Distinct()]);
            }
        }
        catch (ModelLoadException)
        {
            // The checkpoint lacks what a guard is asked by.
        }

        int vocabulary = model.Text.Shape.Vocabulary;
        return new SampleQuestions(
            [.. Enumerable.Range(1, Count).Select(seed => new SampleQuestion(model.Vision.Probe((ulong)seed), [.. SeededIds(seed, vocabulary)], -1, []))], "noise and tokens made from a seed", []);
    }

    /// <summary>Whether the model is asked about a policy: one of small context can't be about nine categories, one of few words not about all.</summary>
    private static bool Asks(PromptEncoder encoder, SafetyPolicy policy)
    {
        try
        {
            return encoder.Ask(policy, VisionLanguageMode.Fast).Count > 0;
        }
        catch (ModelLoadException)
        {
            return false;
        }
    }

    private static IEnumerable<int> SeededIds(int seed, int vocabulary)
    {
        var random = new Random(seed);
        return Enumerable.Range(0, MostTokens / 4).Select(_ => random.Next(vocabulary));
    }

    private static SampleQuestion Ask(PromptEncoder encoder, VisionLanguageModel model, ImageFrame frame, SafetyPolicy policy, IReadOnlyList<int> answers)
    {
        PreparedImage image = encoder.Encode(frame);
        (IReadOnlyList<int> before, IReadOnlyList<int> after) = encoder.Ask(policy, VisionLanguageMode.Fast)[0];
        int[] ids = [.. before, .. image.Ids, .. after];
        ids = ids.Length <= MostTokens ? ids : [.. ids[..(MostTokens - Ending)], .. ids[^Ending..]];
        var inputs = new Dictionary<string, VisionInput> { ["pixel_values"] = new([.. image.PixelShape.Select(size => (int)size)], image.Pixels.ToArray()) };
        if (model.Vision.Probe(1).ContainsKey("grid_thw") && image.Grid is { } grid)
        {
            int factor = (int)Math.Round(Math.Sqrt((double)image.PixelShape[0] / (grid.Frames * grid.Rows * grid.Columns))); // patches along a token's side
            inputs["grid_thw"] = new VisionInput([1, 3], [grid.Frames, grid.Rows * factor, grid.Columns * factor]);
        }

        return new SampleQuestion(inputs, ids, encoder.ImageToken, answers.Count > 1 ? answers : []);
    }
}
