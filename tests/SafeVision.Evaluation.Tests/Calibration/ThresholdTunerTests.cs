using SafeVision.Evaluation.Calibration;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Runs;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Calibration;

public sealed class ThresholdTunerTests
{
    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("shop", "1")
        .Category("knives", category => category.Includes("knives").ReviewAt(0.35).BlockAt(0.8))
        .Category("guns", category => category.Includes("guns").ReviewAt(0.2).BlockAt(0.4))
        .Build();

    [Fact]
    public void Thresholds_hold_their_promise_on_images_that_had_no_part_in_them()
    {
        // Knives score high and others low, with an overlap; guns likewise, worse.
        ScoredSamples samples = Draw(seed: 1, calibration: 2_000, test: 20_000);
        TuningResult result = ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run, new() { MaximumMissRate = 0.1, MaximumFalseBlockRate = 0.02, Prevalence = 0.001 });

        Assert.True(result.IsComplete);
        Assert.Equal((2_000, 20_000), (result.CalibrationSamples, result.TestSamples));
        foreach (CategoryTuning tuning in result.Categories)
        {
            Assert.True(result.Policy.TryGetCategory(tuning.Category, out SafetyCategory? category));
            Assert.Equal((tuning.ReviewAt, tuning.BlockAt), (category.ReviewAt, category.BlockAt));
            double missed = 1 - tuning.Test!.Counts.TruePositiveRate!.Value;
            Assert.InRange(missed, 0.05, 0.1); // no more than promised, and no threshold much lower than need be
            Assert.InRange(tuning.TestBlock!.Counts.FalsePositiveRate!.Value, 0, 0.02);
            Assert.Equal(tuning.Test.Counts.PrecisionAtPrevalence(0.001), tuning.Test.Precision);
            Assert.Contains("at most 10 % missed", tuning.Statement, StringComparison.Ordinal);
            Assert.Contains($"of {tuning.Review!.Samples} calibration images", tuning.Statement, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_test_split_has_no_say_in_the_thresholds()
    {
        ScoredSamples one = Draw(seed: 1, calibration: 1_000, test: 100), other = Draw(seed: 1, calibration: 1_000, test: 100);
        for (int i = 0; i < 500; i++)
        {
            other.Add(DatasetSplit.Test, ["knives", "guns"], [0.001, 0.001]);
            other.Add(DatasetSplit.Train, ["knives", "guns"], [0.001, 0.001]);
            other.Add(DatasetSplit.Validation, [], [0.999, 0.999]);
        }

        TuningResult expected = ThresholdTuner.Tune(s_policy, one.Dataset, one.Run), result = ThresholdTuner.Tune(s_policy, other.Dataset, other.Run);
        Assert.Equal(expected.Policy, result.Policy);

        // It has a say in what is believed: half of its knives are missed.
        Assert.True(result.Categories[0].IsContradicted);
        Assert.False(result.IsComplete);
        Assert.Contains("SPEAKS AGAINST", result.ToYaml(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_image_in_both_splits_is_refused_by_name()
    {
        ScoredSamples samples = Draw(seed: 1, calibration: 500, test: 100);
        samples.Add(DatasetSplit.Calibration, ["knives"], [0.9, 0.1], hash: "same");
        samples.Add(DatasetSplit.Test, ["knives"], [0.9, 0.1], hash: "same");
        string message = Assert.Throws<EvaluationException>(() => ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run)).Message;
        Assert.Contains("'s600' is 's601'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copies_of_an_image_count_once()
    {
        var samples = new ScoredSamples(s_policy);
        for (int i = 0; i < 100; i++)
        {
            samples.Add(DatasetSplit.Calibration, ["knives"], [0.9, 0.1], hash: $"one of {i % 10}");
        }

        TuningResult result = ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run);
        Assert.Equal((10, 90), (result.CalibrationSamples, result.Repeated));
        Assert.Equal((TuningOutcome.TooFewSamples, 10, 59), (result.Categories[0].Outcome, result.Categories[0].Review!.Samples, result.Categories[0].Review!.SamplesNeeded));
    }

    [Fact]
    public void What_cannot_be_promised_keeps_its_thresholds_and_says_why()
    {
        SafetyPolicy policy = s_policy
            .With(SafetyCategory.Define("blind", category => category.Includes("fog")))
            .With(SafetyCategory.Define("silent", category => category.Includes("music")))
            .With(SafetyCategory.Define("unknown", category => category.Includes("riddles")));
        var samples = new ScoredSamples(policy) { Categories = ["knives", "guns", "blind", "silent"] };
        for (int i = 0; i < 100; i++)
        {
            samples.Add(DatasetSplit.Calibration, i < 20 ? ["knives", "guns", "blind", "silent"] : ["guns", "blind", "silent"], [0.9, 0.9, 0, double.NaN, 0.5]);
        }

        TuningResult result = ThresholdTuner.Tune(policy, samples.Dataset, samples.Run);
        Assert.Equal(
            [TuningOutcome.TooFewSamples, TuningOutcome.Tuned, TuningOutcome.NotSeen, TuningOutcome.NotAssessed, TuningOutcome.NotAnnotated],
            result.Categories.Select(category => category.Outcome));
        Assert.Contains("20 calibration images: a promise of at most 5 % missed, with 95 % confidence, takes at least 59", result.Categories[0].Statement, StringComparison.Ordinal);
        Assert.Equal(policy.Categories.Where(category => category.Id != "guns"), result.Policy.Categories.Where(category => category.Id != "guns"));
        Assert.Equal(0.9, result.Policy.Categories[1].ReviewAt);
        Assert.Equal(0.9, result.Policy.Categories[1].BlockAt); // never below review
        Assert.Equal(100, result.Categories[3].NotAssessed);

        TuningResult onAverage = ThresholdTuner.Tune(policy, samples.Dataset, samples.Run, new() { Confidence = null });
        Assert.Equal(TuningOutcome.Tuned, onAverage.Categories[0].Outcome);
        Assert.Contains("on average", onAverage.Categories[0].Statement, StringComparison.Ordinal);
    }

    [Fact]
    public void Failed_images_and_those_not_assessed_are_counted_and_not_guessed()
    {
        ScoredSamples samples = Draw(seed: 2, calibration: 1_000, test: 0);
        SafetyPolicy expected = ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run).Policy;
        samples.Add(DatasetSplit.Calibration, ["knives"], []);
        samples.Add(DatasetSplit.Calibration, ["knives"], [double.NaN, double.NaN]);
        TuningResult result = ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run);
        Assert.Equal((1, 1), (result.Failed, result.Categories[0].NotAssessed));
        Assert.Equal(expected, result.Policy);
        Assert.Null(result.Categories[0].Test);
    }

    [Fact]
    public void A_promise_that_is_kept_by_flagging_most_says_so()
    {
        // Scores of knives know nothing of knives; those of guns do.
        var samples = new ScoredSamples(s_policy);
        SeededRandom random = new(5);
        for (int i = 0; i < 1_000; i++)
        {
            bool applies = i % 4 == 0;
            samples.Add(i < 500 ? DatasetSplit.Calibration : DatasetSplit.Test, applies ? ["knives", "guns"] : [], [random.NextDouble(), applies ? 0.9 : 0.1]);
        }

        TuningResult result = ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run);
        Assert.Equal([true, false], result.Categories.Select(category => category.FlagsMost));
        Assert.Equal(1, result.ToYaml().Split("flagging most of everything").Length - 1);
    }

    [Fact]
    public void A_dataset_without_splits_is_dealt_out_and_equal_images_stay_together()
    {
        var samples = new ScoredSamples(s_policy);
        SeededRandom random = new(4);
        for (int i = 0; i < 2_000; i++)
        {
            bool knife = i % 2 == 0;
            samples.Add(DatasetSplit.None, knife ? ["knives"] : [], [knife ? 0.4 + (0.6 * random.NextDouble()) : 0.5 * random.NextDouble(), 0], hash: $"pair {i / 4}");
        }

        TuningResult result = ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run);
        Assert.InRange(result.CalibrationSamples, 200, 300);
        Assert.Equal(2_000, result.TestSamples + result.Repeated + result.CalibrationSamples);
        Assert.Equal(result.Policy, ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run, new() { Source = CalibrationSource.Dealt }).Policy);
    }

    [Fact]
    public void Without_a_calibration_split_the_test_split_is_not_used_in_its_place()
    {
        var samples = new ScoredSamples(s_policy);
        samples.Add(DatasetSplit.Test, ["knives"], [0.9, 0.1]);
        samples.Add(DatasetSplit.Validation, ["knives"], [0.9, 0.1]);
        Assert.Contains("no calibration split", Refusal(new()), StringComparison.Ordinal);
        Assert.Contains("no calibration split", Refusal(new() { Source = CalibrationSource.Calibration }), StringComparison.Ordinal);
        Assert.Contains("can test nothing", Refusal(new() { Source = CalibrationSource.Dealt }), StringComparison.Ordinal);
        Assert.Equal(1, ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run, new() { Source = CalibrationSource.Validation }).CalibrationSamples);

        string Refusal(TuningOptions options) => Assert.Throws<EvaluationException>(() => ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run, options)).Message;
    }

    [Fact]
    public void Scores_of_something_else_are_refused()
    {
        ScoredSamples samples = Draw(seed: 1, calibration: 100, test: 0);
        Refused(samples.Run with { Records = [.. samples.Run.Records.Take(50)] }, "50 answers of 100");
        Refused(samples.Run with { Identity = samples.Run.Identity with { PolicyHash = "other" } }, "not by shop 1");
        Refused(samples.Run with { Identity = samples.Run.Identity with { DatasetHash = "other" } }, "not of written-down");
        Refused(samples.Run with { Identity = samples.Run.Identity with { Transform = "blur-3" } }, "blur-3");

        void Refused(EvaluationRun run, string because) =>
            Assert.Contains(because, Assert.Throws<EvaluationException>(() => ThresholdTuner.Tune(s_policy, samples.Dataset, run)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_reads_back_to_the_policy_whatever_the_dataset_calls_itself()
    {
        var samples = new ScoredSamples(s_policy) { Name = "evil\npolicy: mine\u2028categories: []" };
        for (int i = 0; i < 100; i++)
        {
            samples.Add(DatasetSplit.Calibration, ["knives", "guns"], [0.3 + (i / 1000.0 / 3), 0.9]);
        }

        TuningResult result = ThresholdTuner.Tune(s_policy, samples.Dataset, samples.Run);
        Assert.Equal(result.Policy, SafetyPolicy.Parse(result.ToYaml()));
        Assert.NotEqual(s_policy, result.Policy);
        Assert.Equal((s_policy.Name, s_policy.Version, s_policy.Categories[0].Includes), (result.Policy.Name, result.Policy.Version, result.Policy.Categories[0].Includes));
    }

    [Theory]
    [InlineData(0, 0.95, 0.01)]
    [InlineData(0.05, 1, 0.01)]
    [InlineData(0.05, 0.95, 0)]
    public void Impossible_promises_are_refused(double missed, double confidence, double prevalence)
    {
        ScoredSamples samples = Draw(seed: 1, calibration: 10, test: 0);
        Assert.Throws<ArgumentOutOfRangeException>(() => ThresholdTuner.Tune(
            s_policy, samples.Dataset, samples.Run, new() { MaximumMissRate = missed, Confidence = confidence, Prevalence = prevalence }));
    }

    private static ScoredSamples Draw(ulong seed, int calibration, int test)
    {
        var samples = new ScoredSamples(s_policy);
        SeededRandom random = new(seed);
        for (int i = 0; i < calibration + test; i++)
        {
            bool knife = random.Next(3) == 0, gun = random.Next(4) == 0;
            samples.Add(
                i < calibration ? DatasetSplit.Calibration : DatasetSplit.Test,
                [.. knife ? ["knives"] : Array.Empty<string>(), .. gun ? ["guns"] : Array.Empty<string>()],
                [Math.Pow(random.NextDouble(), knife ? 0.3 : 3), Math.Pow(random.NextDouble(), gun ? 0.5 : 2)]);
        }

        return samples;
    }
}
