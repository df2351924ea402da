using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class BinaryMetricsTests
{
    public static TheoryData<string> Sets => [.. MetricGolden.Names("binary")];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Decisions_of_a_threshold_count_as_in_scikit_learn(string name)
    {
        JsonNode golden = MetricGolden.Set("binary", name);
        BinaryConfusion counts = BinaryMetrics.Confusion(golden["labels"].Flags(), golden["scores"].Numbers(), golden["threshold"]!.GetValue<double>());
        Assert.Equal<IEnumerable<double>>([counts.TrueNegatives, counts.FalsePositives, counts.FalseNegatives, counts.TruePositives], golden["confusion"].Table());
        golden.Matches("accuracy", counts.Accuracy);
        golden.Matches("specificity", counts.Specificity);
        golden.Matches("false_positive_rate", counts.FalsePositiveRate);
        golden.Matches("balanced_accuracy", counts.BalancedAccuracy);
        golden.Matches("mcc", counts.MatthewsCorrelation);
        golden.Matches("kappa", counts.Kappa);
        Same(golden["binary"]!, counts.Positive);
        AveragesMatch(golden, AveragedScores.From(
        [
            (counts.TrueNegatives, counts.TrueNegatives + counts.FalseNegatives, counts.Negatives),
            (counts.TruePositives, counts.TruePositives + counts.FalsePositives, counts.Positives),
        ]));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Probabilities_are_judged_as_in_scikit_learn(string name)
    {
        JsonNode golden = MetricGolden.Set("binary", name);
        (bool[] truth, double[] scores) = (golden["labels"].Flags(), golden["scores"].Numbers());
        CalibrationError error = CalibrationMetrics.Error(truth, scores)!;
        golden.Matches("ece15_positive", error.Expected);
        golden.Matches("mce15_positive", error.Maximum);
        BinsMatch(golden, error);
        golden.Matches("brier", CalibrationMetrics.Brier(truth, scores));
    }

    public static TheoryData<string> Classes => [.. MetricGolden.Names("multiclass")];

    [Theory]
    [MemberData(nameof(Classes))]
    public void Averages_over_categories_are_scikit_learns(string name)
    {
        JsonNode golden = MetricGolden.Set("multiclass", name);
        int[] truth = golden["labels"].Integers(), predicted = golden["predictions"].Integers();
        AveragesMatch(golden["all_labels"]!, Over(Enumerable.Range(0, golden["classes"]!.GetValue<int>())));
        AveragesMatch(golden["policy_labels_1_to_9"]!, Over(Enumerable.Range(1, 9)));

        AveragedScores Over(IEnumerable<int> labels) => AveragedScores.From(
        [
            .. labels.Select(label => (
                (long)truth.Where((one, i) => one == label && predicted[i] == label).Count(), (long)predicted.Count(one => one == label), (long)truth.Count(one => one == label))),
        ]);
    }

    [Fact]
    public void Nothing_is_claimed_of_no_samples()
    {
        BinaryConfusion none = BinaryMetrics.Confusion([], []);
        Assert.Equal([null, null, null, null, null, null], [none.Accuracy, none.TruePositiveRate, none.FalsePositiveRate, none.BalancedAccuracy, none.MatthewsCorrelation, none.Kappa]);
        Assert.Null(none.PrecisionAtPrevalence(0.1));
        Assert.Null(CalibrationMetrics.Error([], []));
        Assert.Null(CalibrationMetrics.Brier([], []));
    }

    [Fact]
    public void Precision_at_the_test_sets_own_prevalence_is_its_precision() =>
        Gen.Select(Gen.Int[0, 50], Gen.Int[0, 50], Gen.Int[0, 50], Gen.Int[0, 50]).Where(c => c.Item1 + c.Item4 > 0 && c.Item2 + c.Item3 > 0).Sample(c =>
        {
            BinaryConfusion counts = new(c.Item1, c.Item2, c.Item3, c.Item4);
            double? precision = counts.PrecisionAtPrevalence((double)counts.Positives / counts.Total);
            if (counts.TruePositives + counts.FalsePositives == 0)
            {
                Assert.Null(precision);
            }
            else
            {
                Assert.Equal(counts.Positive.Precision, precision!.Value, 1e-12);
            }
        });

    [Fact]
    public void A_good_guardrail_is_mostly_wrong_where_unsafe_images_are_rare() =>
        Assert.Equal(0.0186, BinaryMetrics.PrecisionAtPrevalence(0.95, 0.05, 0.001)!.Value, 0.0001);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_broken_score_is_refused_and_not_sorted_in(double score)
    {
        Assert.Contains("Value 1 is", Assert.Throws<ArgumentException>(() => BinaryMetrics.Confusion([true, false], [0.1, score], 0.5)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => RankedSamples.From([true, false], [0.1, score]).RocAuc([]));
        Assert.Throws<ArgumentException>(() => CalibrationMetrics.Brier([true, false], [0.1, score]));
        Assert.Throws<ArgumentException>(() => RankedSamples.From([true, false], [0.1]).RocAuc([]));
    }

    private static void AveragesMatch(JsonNode golden, AveragedScores scores)
    {
        Same(golden["macro"]!, scores.Macro);
        Same(golden["micro"]!, scores.Micro);
        Same(golden["weighted"]!, scores.Weighted);
        JsonNode classes = golden["per_class"]!;
        classes.Matches("precision", scores.PerClass.Select(one => one.Precision));
        classes.Matches("recall", scores.PerClass.Select(one => one.Recall));
        classes.Matches("f1", scores.PerClass.Select(one => one.F1));
        classes.Matches("support", scores.PerClass.Select(one => (double)one.Support));
    }

    private static void BinsMatch(JsonNode golden, CalibrationError error)
    {
        JsonArray bins = golden["ece_bins"]!.AsArray();
        Assert.Equal(bins.Select(bin => (bin!["bin"]!.GetValue<int>(), bin["count"]!.GetValue<int>())), error.Bins.Select(bin => (bin.Index, bin.Count)));
        for (int i = 0; i < bins.Count; i++)
        {
            bins[i]!.Matches("accuracy", error.Bins[i].Accuracy);
            bins[i]!.Matches("confidence", error.Bins[i].Confidence);
        }
    }

    private static void Same(JsonNode golden, PrecisionRecallF1 actual)
    {
        golden.Matches("precision", actual.Precision);
        golden.Matches("recall", actual.Recall);
        golden.Matches("f1", actual.F1);
    }
}
