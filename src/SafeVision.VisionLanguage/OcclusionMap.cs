namespace SafeVision.VisionLanguage;

/// <summary>Where a score comes from, by occlusion (Zeiler and Fergus, arXiv 1311.2901): each cell of the image is covered once,
/// and the heat is by how much the score falls. A cell is covered by giving the tokens that show it, in tiles and thumbnail, the
/// image's mean feature, so that the vision tower need not look again.</summary>
internal sealed class OcclusionMap(VisionLanguageModel model, CompiledProtocol protocol, int cells, TokenCount count)
{
    /// <summary>The map of one category; null where covering nothing lowers the score.</summary>
    public async ValueTask<HeatMap?> ComputeAsync(PromptImage image, int category, GuardAnswer answer, CancellationToken cancellationToken)
    {
        double whole = answer.Categories[category]!.Value.Score;
        ImageFeatures features = await image.FeaturesAsync(cancellationToken).ConfigureAwait(false);
        float[] mean = Mean(features);
        float[] heat = new float[cells * cells];
        for (int cell = 0; cell < heat.Length; cell++)
        {
            var covered = new PromptImage(image, Cover(features, mean, image.Plan.Regions, cell), image.Key ^ (UInt128)(cell + 1));
            GuardAnswer without = await protocol.JudgeAsync(new WordlessModel(new GuardModel(model, covered, count)), null, cancellationToken).ConfigureAwait(false);
            heat[cell] = (float)Math.Max(0, whole - without.Categories[category]!.Value.Score);
        }

        float hottest = heat.Max();
        return hottest <= 0 ? null : new HeatMap(cells, cells, [.. heat.Select(value => value / hottest)], ImageBox.Whole) { Method = HeatMapMethod.Occlusion };
    }

    private static float[] Mean(ImageFeatures features)
    {
        float[] mean = new float[features.Width];
        for (int token = 0; token < features.Tokens; token++)
        {
            System.Numerics.Tensors.TensorPrimitives.Add(mean, features.Row(token).Span, mean);
        }

        System.Numerics.Tensors.TensorPrimitives.Divide(mean, features.Tokens, mean);
        return mean;
    }

    private ImageFeatures Cover(ImageFeatures features, float[] mean, IReadOnlyList<TokenRegion> regions, int cell)
    {
        float[] values = features.Values.ToArray();
        float left = cell % cells / (float)cells, top = cell / cells / (float)cells, side = 1f / cells;
        for (int token = 0; token < regions.Count; token++)
        {
            TokenRegion region = regions[token];
            float width = Math.Min(region.Right, left + side) - Math.Max(region.Left, left);
            float height = Math.Min(region.Bottom, top + side) - Math.Max(region.Top, top);

            // Covered where the cell holds half of the token, or the token holds the whole cell.
            float shared = Math.Max(0, width) * Math.Max(0, height);
            if (shared >= 0.5f * Math.Min((region.Right - region.Left) * (region.Bottom - region.Top), side * side))
            {
                mean.CopyTo(values, token * features.Width);
            }
        }

        return new ImageFeatures(values, features.Width);
    }

    /// <summary>Asks for scores only.</summary>
    internal sealed class WordlessModel(IGuardModel model) : IGuardModel
    {
        public async ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken) =>
            new WordlessDialog(await model.OpenAsync(prompt, cancellationToken).ConfigureAwait(false));
    }

    private sealed class WordlessDialog(IGenerationSession session) : IGenerationSession
    {
        public ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken) => session.ChooseAsync(choices, cancellationToken);

        public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken) => session.AppendAsync(ids, cancellationToken);

        public ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken) => limits.IsThought
            ? session.WriteAsync(limits, null, cancellationToken)
            : ValueTask.FromResult(new WrittenText("", TextEnd.Limit, ""));

        public ValueTask DisposeAsync() => session.DisposeAsync();
    }
}
