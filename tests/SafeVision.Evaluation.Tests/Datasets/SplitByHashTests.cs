using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Tests.Datasets;

public sealed class SplitByHashTests
{
    private static readonly (DatasetSplit Split, double Share)[] Shares = [(DatasetSplit.Train, 0.6), (DatasetSplit.Calibration, 0.15), (DatasetSplit.Test, 0.25)];

    [Fact]
    public void Each_split_gets_its_share()
    {
        EvaluationDataset dealt = Numbered(20_000).SplitByHash(Shares);
        foreach ((DatasetSplit split, double share) in Shares)
        {
            int expected = (int)(share * 20_000);
            Assert.InRange(dealt.Only(split).Samples.Count, expected - 300, expected + 300); // over four standard deviations
        }
    }

    [Fact]
    public void A_sample_keeps_its_split_whatever_else_the_dataset_holds()
    {
        Dictionary<string, DatasetSplit> large = Numbered(1000).SplitByHash(Shares).Samples.ToDictionary(sample => sample.Id, sample => sample.Split);
        Assert.All(Numbered(100).SplitByHash(Shares).Samples, sample => Assert.Equal(large[sample.Id], sample.Split));
        Assert.NotEqual(large.Values, Numbered(1000).SplitByHash(Shares, salt: "other").Samples.Select(sample => sample.Split));

        // Computed with Python's hashlib: the deal may never change, because a calibration made with it would meet its own samples again.
        Assert.Equal("Test Test Train Test Train Train Calibration Train", string.Join(' ', Numbered(8).SplitByHash(Shares).Samples.Select(sample => sample.Split)));
    }

    [Fact]
    public void A_group_stays_together()
    {
        EvaluationDataset dealt = Numbered(1000).SplitByHash(Shares, group: sample => sample.Id[..1]);
        Assert.All(dealt.Samples.GroupBy(sample => sample.Id[..1]), group => Assert.Single(group.Select(sample => sample.Split).Distinct()));
        Assert.True(dealt.Samples.Select(sample => sample.Split).Distinct().Count() > 1);
    }

    [Fact]
    public void Shares_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Numbered(1).SplitByHash([(DatasetSplit.Train, 0.5)]));
        Assert.Throws<ArgumentException>(() => Numbered(1).SplitByHash([(DatasetSplit.Train, 1), (DatasetSplit.Test, double.NaN)]));
        Assert.Throws<ArgumentException>(() => Numbered(1).SplitByHash([(DatasetSplit.Train, 1.5), (DatasetSplit.Test, -0.5)]));
    }

    private static EvaluationDataset Numbered(int count) => new()
    {
        Name = "numbers",
        Hash = "",
        Folder = ".",
        Categories = [],
        Samples = [.. Enumerable.Range(0, count).Select(i => new EvaluationSample { Id = $"{i}", Image = $"{i}.png" })],
    };
}
