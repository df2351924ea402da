using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class LegacyMetricsTests
{
    // Labels of three classes, 0 = safe: two of three safe right, one of two 1s, the 2 taken for a 1.
    private readonly LegacyScores _scores = LegacyMetrics.Score([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 1], 3);

    [Fact]
    public void The_false_positive_rate_has_the_two_denominators_of_the_two_scripts()
    {
        Assert.Equal(1 / 3.0, _scores.FalsePositiveRate!.Value, 1e-12);
        Assert.Equal(1 / 6.0, _scores.FalsePositiveShare!.Value, 1e-12);
    }

    [Fact]
    public void The_area_is_balanced_accuracy_under_another_name()
    {
        Assert.Equal(3 / 6.0, _scores.MulticlassAccuracy!.Value, 1e-12);
        Assert.Equal(4 / 6.0, _scores.BinaryAccuracy!.Value, 1e-12);
        Assert.Equal(2 / 3.0, _scores.F1, 1e-12);
        Assert.Equal(2 / 3.0, _scores.HardAuc!.Value, 1e-12);
        Assert.Null(LegacyMetrics.Score([1, 1], [1, 0], 2).HardAuc);
    }

    [Fact]
    public void A_class_has_a_curve_of_three_points_and_an_accuracy_near_one()
    {
        // Class 1: one hit of two, two false alarms of four others. Points (1, 1/3), (1/2, 1/3), (0, 1).
        LegacyClassScores one = _scores.Classes[1];
        Assert.Equal((0.5 * (1 / 3.0)) + (0.5 * (1 / 3.0 + 1) / 2), one.Auprc!.Value, 1e-12);
        Assert.Equal((0.4, 0.5, 0.5, 0.5), (one.F1, one.TruePositiveRate!.Value, one.FalsePositiveRate!.Value, one.Accuracy!.Value));
        Assert.Equal(5 / 6.0, _scores.Classes[2].Accuracy!.Value, 1e-12);
    }

    [Fact]
    public void Whoever_flags_everything_scores_one()
    {
        Assert.Equal(1, LegacyMetrics.MultilabelAccuracy([true, false, false, true, true, false], [true, true, true, true, true, true], 3));
        Assert.Equal(0.75, LegacyMetrics.MultilabelAccuracy([true, true, false, false], [true, false, false, false], 2));
        Assert.Equal(0, LegacyMetrics.MultilabelAccuracy([false, false], [true, false], 2));
        Assert.Null(LegacyMetrics.MultilabelAccuracy([], [], 2));
    }
}
