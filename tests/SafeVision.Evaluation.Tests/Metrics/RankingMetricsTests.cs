using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class RankingMetricsTests
{
    public static TheoryData<string> Sets => [.. MetricGolden.Names("binary")];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Areas_curves_and_points_equal_scikit_learns(string name)
    {
        JsonNode golden = MetricGolden.Set("binary", name);
        (bool[] truth, double[] scores) = (golden["labels"].Flags(), golden["scores"].Numbers());
        golden.Matches("average_precision", RankedSamples.From(truth, scores).AveragePrecision([]));
        golden.Matches("roc_auc", RankedSamples.From(truth, scores).RocAuc([]));
        F1AtThreshold best = RankingMetrics.BestF1(truth, scores)!.Value;
        golden["best_f1"]!.Matches("f1", best.F1);
        golden["best_f1"]!.Matches("threshold", best.Threshold);
        if (golden["pr_curve"] is { } precisionRecall)
        {
            PrecisionRecallCurve curve = RankingMetrics.PrecisionRecallCurve(truth, scores)!;
            precisionRecall.Matches("precision", curve.Precisions);
            precisionRecall.Matches("recall", curve.Recalls);
            precisionRecall.Matches("thresholds", curve.Thresholds);
        }

        if (golden["roc_curve"] is { } roc)
        {
            RocCurve curve = RankingMetrics.RocCurve(truth, scores)!;
            roc.Matches("fpr", curve.FalsePositiveRates);
            roc.Matches("tpr", curve.TruePositiveRates);
            roc.Matches("thresholds_first_is_infinite", curve.Thresholds.Skip(1));
            Assert.Equal(double.PositiveInfinity, curve.Thresholds[0]);
        }

        if (golden["roc_auc"] is not null)
        {
            golden.Matches("tpr_at_fpr_0.05", RankingMetrics.AtFalsePositiveRate(truth, scores, 0.05)!.Value.TruePositiveRate);
        }
        else
        {
            Assert.Null(RankingMetrics.RocCurve(truth, scores));
            Assert.Null(RankingMetrics.AtFalsePositiveRate(truth, scores, 0.05));
            Assert.Null(RankingMetrics.AtRecall(truth, scores, 0.95));
        }
    }

    private static readonly Gen<(bool Truth, double Score)[]> Labelled =
        Gen.Select(Gen.Bool, Gen.Int[0, 12].Select(step => step / 12.0)).Array[2, 60].Where(set => set.Any(one => one.Item1) && set.Any(one => !one.Item1));

    [Fact]
    public void The_roc_area_is_how_often_a_positive_outranks_a_negative() => Labelled.Sample(set =>
    {
        double wins = 0, pairs = 0;
        foreach (double positive in set.Where(one => one.Truth).Select(one => one.Score))
        {
            foreach (double negative in set.Where(one => !one.Truth).Select(one => one.Score))
            {
                wins += positive > negative ? 1 : positive == negative ? 0.5 : 0;
                pairs++;
            }
        }

        Assert.Equal(wins / pairs, RankedSamples.From(Truth(set), Scores(set)).RocAuc([])!.Value, 1e-12);
    });

    [Fact]
    public void A_sample_counted_thrice_is_three_samples() => Gen.Select(Labelled, Gen.Int[0, 3].Array[60]).Sample((set, drawn) =>
    {
        int[] counts = drawn[..set.Length];
        (bool, double)[] repeated = [.. set.SelectMany((one, i) => Enumerable.Repeat(one, counts[i]))];
        RankedSamples ranked = RankedSamples.From(Truth(set), Scores(set));
        MetricGolden.Same(RankedSamples.From(Truth(repeated), Scores(repeated)).RocAuc([]), ranked.RocAuc(counts), "ROC-AUC");
        MetricGolden.Same(RankedSamples.From(Truth(repeated), Scores(repeated)).AveragePrecision([]), ranked.AveragePrecision(counts), "average precision");
        Assert.Equal(
            BinaryMetrics.Confusion(Truth(repeated), Scores(repeated), 0.5),
            BinaryMetrics.Confusion(Truth(set), [.. Scores(set).Select(score => score >= 0.5)], counts));
    });

    [Fact]
    public void A_point_does_what_its_threshold_does() => Gen.Select(Labelled, Gen.Double[0, 1]).Sample((set, share) =>
    {
        OperatingPoint recall = RankingMetrics.AtRecall(Truth(set), Scores(set), share)!.Value;
        OperatingPoint alarms = RankingMetrics.AtFalsePositiveRate(Truth(set), Scores(set), share)!.Value;
        foreach (OperatingPoint point in new[] { recall, alarms })
        {
            BinaryConfusion counts = BinaryMetrics.Confusion(Truth(set), Scores(set), point.Threshold);
            Assert.Equal((counts.TruePositiveRate, counts.FalsePositiveRate), (point.TruePositiveRate, point.FalsePositiveRate));
        }

        // No other threshold is better.
        Assert.True(recall.TruePositiveRate >= share && alarms.FalsePositiveRate <= share);
        foreach (double threshold in Scores(set))
        {
            BinaryConfusion counts = BinaryMetrics.Confusion(Truth(set), Scores(set), threshold);
            Assert.False(counts.TruePositiveRate >= share && counts.FalsePositiveRate < recall.FalsePositiveRate);
            Assert.False(counts.FalsePositiveRate <= share && counts.TruePositiveRate > alarms.TruePositiveRate);
        }
    });

    [Fact]
    public void Zero_and_minus_zero_are_one_score() => Assert.Equal(0.5, RankedSamples.From([true, false], [-0.0, 0.0]).RocAuc([]));

    private static bool[] Truth((bool Truth, double)[] set) => [.. set.Select(one => one.Truth)];

    private static double[] Scores((bool, double Score)[] set) => [.. set.Select(one => one.Score)];
}
