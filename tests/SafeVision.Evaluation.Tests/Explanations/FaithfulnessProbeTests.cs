using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Explanations;
using SafeVision.Evaluation.Reports;
using SafeVision.Evaluation.Runs;
using SafeVision.Imaging;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Explanations;

public sealed class FaithfulnessProbeTests
{
    [Fact]
    public async Task The_areas_are_those_under_the_scores_that_the_masked_images_get()
    {
        // The guardrail scores how much red is left; the red half is where the map is hot.
        byte[] pixels = new byte[8 * 8 * 3];
        for (int i = 0; i < 64; i++)
        {
            pixels[i * 3] = i % 8 < 4 ? (byte)255 : (byte)0;
        }

        await using var guardrail = new RednessGuardrail();
        FaithfulnessScore score = (await FaithfulnessProbe.MeasureAsync(
            guardrail,
            ImageSource.FromPixels(pixels, 8, 8, PixelFormat.Rgb24),
            "a",
            RednessGuardrail.Finding(0.5) with { Evidence = new Evidence { HeatMap = new HeatMap(2, 1, [1, 0], ImageBox.Whole) } },
            1,
            CancellationToken.None,
            most: 2,
            notInserted: MaskFill.Mean))!;

        // Red of all pixels: whole 0.5; hot half hidden by the mean 128/255: 0.25; cold half then too: 0.5.
        double mean = 128 / 255.0;
        double hidden = mean / 2;
        Assert.Equal((0.25 * (0.5 + hidden)) + (0.25 * (hidden + mean)), score.Deletion, 6);

        // Nothing but the mean: 0.5; the red half shown: 0.75; all shown: 0.5.
        double shown = (1 + mean) / 2;
        Assert.Equal((0.25 * (mean + shown)) + (0.25 * (shown + 0.5)), score.Insertion, 6);

        // In random order one of two cells comes first: the same as hottest first, or the other way round.
        double coldFirst = (0.25 * (0.5 + shown)) + (0.25 * (shown + mean));
        Assert.Contains(score.DeletionRandom, (double[])[score.Deletion, coldFirst], new Close());
    }

    [Fact]
    public async Task The_default_models_heat_shows_what_their_score_rests_on()
    {
        using var folder = new Datasets.DatasetFolder();
        foreach (string photo in (string[])["chelsea.png", "coffee.png"])
        {
            folder.Write($"{(photo == "chelsea.png" ? "cats" : "safe")}/{photo}", await File.ReadAllBytesAsync(Repository.Photo(photo), TestContext.Current.CancellationToken));
        }

        EvaluationDataset dataset = DatasetReader.Read(folder.Path);
        SafetyPolicy policy = SafetyPolicy.Define("no-cats", "1").Category("cats", category => category.Includes("domestic cats").ReviewAt(0.3).BlockAt(0.6)).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        EvaluationRun run = await EvaluationRunner.RunAsync(guardrail, dataset, Path.Combine(folder.Path, "run"), cancellationToken: TestContext.Current.CancellationToken);

        // The cat's face fills the middle of the image; its box was drawn by hand.
        dataset = dataset.With([.. dataset.Samples.Select(sample => sample.Labels.Count == 0 ? sample : sample with { Objects = [new SampleObject("cat", new ImageBox(0.15, 0, 0.75, 1), ["cats"])] })]);
        IReadOnlyList<MetricValue> metrics = ExplanationMetrics.Of(dataset, run);
        Assert.Equal((1.0, 1), Value("pointingGame"));
        Assert.Equal((1.0, 1), Value("reasonNamesObject"));
        Assert.Equal((1.0, 2), Value("explanationConsistency"));
        Assert.InRange(Value("energyInBox").Item1, 0.75, 1); // the box is three quarters of the image: an even map would have that

        Faithfulness faithfulness = await FaithfulnessProbe.MeasureAsync(guardrail, dataset, run, 200, cancellationToken: TestContext.Current.CancellationToken);
        FaithfulnessScore cat = Assert.Single(faithfulness.Scores);
        Assert.Equal(0, faithfulness.LeftOut);
        Assert.True(cat.Insertion > cat.InsertionRandom + 0.1, cat.ToString());
        Assert.Equal(cat.Insertion, faithfulness.Metrics.Single(metric => metric.Name == "insertionAuc").Value);

        (double, int) Value(string name) => metrics.Where(metric => metric.Name == name && metric.Category is null).Select(metric => (metric.Value!.Value, metric.Support)).Single();
    }

    [Fact]
    public async Task The_random_order_depends_on_the_seed_and_the_sample_alone()
    {
        byte[] pixels = [.. Enumerable.Range(0, 16 * 16 * 3).Select(i => (byte)(i * 7))];
        Finding finding = RednessGuardrail.Finding(0.5) with { Evidence = new Evidence { HeatMap = new HeatMap(4, 4, [.. Enumerable.Range(0, 16).Select(i => i / 16f)], ImageBox.Whole) } };
        await using var guardrail = new RednessGuardrail();
        FaithfulnessScore first = await Measure("a", 1), again = await Measure("a", 1), other = await Measure("b", 1), reseeded = await Measure("a", 2);
        Assert.Equal(first, again);
        Assert.Equal(first.Deletion, other.Deletion);
        Assert.NotEqual(first.DeletionRandom, other.DeletionRandom);
        Assert.NotEqual(first.DeletionRandom, reseeded.DeletionRandom);

        async Task<FaithfulnessScore> Measure(string sample, long seed) => (await FaithfulnessProbe.MeasureAsync(
            guardrail, ImageSource.FromPixels(pixels, 16, 16, PixelFormat.Rgb24), sample, finding, seed, CancellationToken.None))!;
    }

    [Fact]
    public async Task A_run_of_transformed_images_is_refused()
    {
        await using var guardrail = new RednessGuardrail();
        var run = new EvaluationRun(
            new RunIdentity { Dataset = "D", DatasetVersion = "", DatasetHash = "h", Samples = 0, SamplesHash = "", Policy = "p", PolicyVersion = "", PolicyHash = "", Models = [], Transform = "flip", Seed = 1 }, []);
        var dataset = new EvaluationDataset { Name = "D", Hash = "h", Folder = ".", Categories = [], Samples = [] };
        await Assert.ThrowsAsync<EvaluationException>(() => FaithfulnessProbe.MeasureAsync(guardrail, dataset, run, 200, cancellationToken: TestContext.Current.CancellationToken));
        Faithfulness nothing = await FaithfulnessProbe.MeasureAsync(guardrail, dataset, run with { Identity = run.Identity with { Transform = "none" } }, 200, cancellationToken: TestContext.Current.CancellationToken);
        Assert.All(nothing.Metrics, metric => Assert.Equal((null, 0), (metric.Value, metric.Support)));
    }

    private sealed class Close : IEqualityComparer<double>
    {
        public bool Equals(double x, double y) => Math.Abs(x - y) < 1e-6;

        public int GetHashCode(double value) => 0;
    }
}
