using System.Text.Json.Nodes;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class MulticlassMetricsTests
{
    public static TheoryData<string> Sets => [.. MetricGolden.Names("multiclass")];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Labels_are_judged_as_in_scikit_learn(string name)
    {
        JsonNode golden = MetricGolden.Set("multiclass", name);
        int classes = golden["classes"]!.GetValue<int>();
        int[] truth = golden["labels"].Integers(), predicted = MulticlassMetrics.MostProbable(golden["probabilities"].Table(), classes);
        Assert.Equal(golden["predictions"].Integers(), predicted);
        ConfusionMatrix matrix = MulticlassMetrics.Confusion(truth, predicted, classes);
        Assert.Equal(golden["confusion_rows_true"].Table(), Enumerable.Range(0, classes * classes).Select(cell => (double)matrix[cell / classes, cell % classes]));
        golden.Matches("accuracy", matrix.Accuracy);
        golden.Matches("balanced_accuracy_present", matrix.BalancedAccuracy);
        golden.Matches("mcc", matrix.MatthewsCorrelation);
        golden.Matches("kappa_plain", matrix.Kappa(KappaWeights.None));
        golden.Matches("kappa_linear", matrix.Kappa(KappaWeights.Linear));
        golden.Matches("kappa_quadratic", matrix.Kappa(KappaWeights.Quadratic));
        BinaryMetricsTests.AveragesMatch(golden["all_labels"]!, matrix.Scores());
        BinaryMetricsTests.AveragesMatch(golden["present_labels"]!, matrix.Scores(matrix.PresentLabels()));
        BinaryMetricsTests.AveragesMatch(golden["policy_labels_1_to_9"]!, matrix.Scores([.. Enumerable.Range(1, 9)]));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void Probabilities_are_judged_as_in_scikit_learn(string name)
    {
        JsonNode golden = MetricGolden.Set("multiclass", name);
        int classes = golden["classes"]!.GetValue<int>();
        (int[] truth, double[] probabilities) = (golden["labels"].Integers(), golden["probabilities"].Table());
        golden.Matches("top3_accuracy", MulticlassMetrics.TopAccuracy(truth, probabilities, classes, 3));
        golden.Matches("brier_multiclass", MulticlassMetrics.Brier(truth, probabilities, classes));
        golden.Matches("log_loss_clip1e-15", MulticlassMetrics.LogLoss(truth, probabilities, classes));
        CalibrationError error = MulticlassMetrics.CalibrationError(truth, probabilities, classes)!;
        golden.Matches("ece15", error.Expected);
        golden.Matches("mce15", error.Maximum);
        BinaryMetricsTests.BinsMatch(golden, error);

        CategoryRanking ranking = MulticlassMetrics.OneVersusRest(truth, probabilities, classes);
        golden["one_vs_rest"]!.Matches("average_precision", ranking.AveragePrecision);
        golden["one_vs_rest"]!.Matches("roc_auc", ranking.RocAuc);
        golden.Matches("macro_average_precision_defined", ranking.MacroAveragePrecision);
        golden.Matches("macro_roc_auc_defined", ranking.MacroRocAuc);
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void The_share_of_unsafe_is_judged_as_in_scikit_learn(string name)
    {
        JsonNode golden = MetricGolden.Set("multiclass", name), expected = golden["unsafe_binary"]!;
        bool[] truth = [.. golden["labels"].Integers().Select(label => label != 0)];
        double[] scores = [.. golden["probabilities"]!.AsArray().Select(row => 1 - row.Numbers()[0])];
        BinaryConfusion counts = BinaryMetrics.Confusion(truth, [.. golden["predictions"].Integers().Select(label => label != 0)]);
        expected.Matches("accuracy", counts.Accuracy);
        expected.Matches("f1", counts.Positive.F1);
        expected.Matches("average_precision", RankingMetrics.AveragePrecision(truth, scores));
        expected.Matches("roc_auc", RankingMetrics.RocAuc(truth, scores));
    }

    [Fact]
    public void A_label_that_is_no_class_is_refused_by_name() =>
        Assert.Contains("Label 1 is 3", Assert.Throws<ArgumentException>(() => MulticlassMetrics.Confusion([0, 3], [0, 1], 3)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_class_named_twice_would_count_twice() =>
        Assert.Throws<ArgumentException>(() => MulticlassMetrics.Confusion([0, 1], [0, 1], 2).Scores([1, 1]));

    [Fact]
    public void Counts_stand_for_repeated_samples() =>
        Assert.Equal(
            MulticlassMetrics.Confusion([0, 2, 2, 2], [0, 1, 1, 1], 3).Scores().Macro,
            MulticlassMetrics.Confusion([0, 1, 2], [0, 1, 1], 3, [1, 0, 3]).Scores().Macro);
}
