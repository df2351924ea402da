using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class MultilabelMetricsTests
{
    [Fact]
    public void Sets_of_categories_are_compared_sample_by_sample()
    {
        // Right; one of two found; one found and one invented; nothing to find and nothing found; an invention.
        bool[] truth = [true, false, false, true, true, false, false, true, false, false, false, false, false, false, false];
        bool[] found = [true, false, false, true, false, false, false, true, true, false, false, false, false, false, true];
        MultilabelScores scores = MultilabelMetrics.Compare(truth, found, 3);
        Assert.Equal((5, 1), (scores.Samples, scores.BothEmpty));
        Assert.Equal(2 / 5.0, scores.ExactMatch!.Value, 1e-12);
        Assert.Equal((1 + 0.5 + 0.5 + 1 + 0) / 5, scores.Jaccard!.Value, 1e-12);
        Assert.Equal(12 / 15.0, scores.CellAccuracy!.Value, 1e-12);
        Assert.Equal(2 * 3.0 / ((2 * 3) + 2 + 1), scores.Scores.Micro.F1, 1e-12);
        Assert.Equal((1 + (2.0 / 3) + 0) / 3, scores.Scores.Macro.F1, 1e-12);
        Assert.Equal(new BinaryConfusion(0, 2, 3, 0), scores.Categories[2]);
    }

    [Fact]
    public void Nothing_is_claimed_of_no_samples()
    {
        MultilabelScores scores = MultilabelMetrics.Compare([], [], 3);
        Assert.Equal([null, null, null], [scores.ExactMatch, scores.Jaccard, scores.CellAccuracy]);
        CategoryRanking ranking = MultilabelMetrics.Rank([], [], 3);
        Assert.Equal([null, null], [ranking.MacroAveragePrecision, ranking.MacroRocAuc]);
    }

    [Fact]
    public void Each_category_is_the_binary_problem_that_it_is()
    {
        // Three of scikit-learn's sets side by side, cut to one length; the third has no positive.
        string[] names = ["ordinary", "ties", "all-negative"];
        JsonNode[] sets = [.. names.Select(name => MetricGolden.Set("binary", name))];
        int length = sets.Min(set => set["labels"]!.AsArray().Count);
        bool[] truth = [.. Enumerable.Range(0, length).SelectMany(i => sets.Select(set => set["labels"].Flags()[i]))];
        double[] scores = [.. Enumerable.Range(0, length).SelectMany(i => sets.Select(set => set["scores"].Numbers()[i]))];
        CategoryRanking ranking = MultilabelMetrics.Rank(truth, scores, 3);
        for (int category = 0; category < 3; category++)
        {
            (bool[] labels, double[] column) = (sets[category]["labels"].Flags()[..length], sets[category]["scores"].Numbers()[..length]);
            Assert.Equal(RankingMetrics.AveragePrecision(labels, column), ranking.AveragePrecision[category]);
            Assert.Equal(RankingMetrics.RocAuc(labels, column), ranking.RocAuc[category]);
        }

        // An undefined value is left out of the mean and is neither 0 nor 1 in it.
        Assert.Null(ranking.RocAuc[2]);
        Assert.Equal((ranking.RocAuc[0] + ranking.RocAuc[1]) / 2, ranking.MacroRocAuc);
        Assert.Equal((ranking.AveragePrecision[0] + ranking.AveragePrecision[1]) / 2, ranking.MacroAveragePrecision);
    }

    [Fact]
    public void What_was_not_assessed_leaves_its_category_only()
    {
        CategoryRanking ranking = MultilabelMetrics.Rank(
            [true, true, false, false, true, false], [0.9, double.NaN, 0.2, 0.1, 0.1, 0.4], 2);
        Assert.Equal([3, 2], ranking.Samples);
        Assert.Equal(0.5, ranking.RocAuc[0]);
        Assert.Null(ranking.RocAuc[1]);
    }

    [Fact]
    public void One_category_agrees_with_the_binary_metrics() =>
        Gen.Select(Gen.Bool, Gen.Bool).Array[1, 40].Sample(samples =>
        {
            (bool[] truth, bool[] found) = ([.. samples.Select(one => one.Item1)], [.. samples.Select(one => one.Item2)]);
            MultilabelScores scores = MultilabelMetrics.Compare(truth, found, 1);
            BinaryConfusion counts = BinaryMetrics.Confusion(truth, found);
            Assert.Equal(counts, scores.Categories[0]);
            Assert.Equal(counts.Accuracy!.Value, scores.ExactMatch!.Value, 1e-12);
            Assert.Equal(counts.Positive.F1, scores.Scores.Micro.F1, 1e-12);
        });
}
