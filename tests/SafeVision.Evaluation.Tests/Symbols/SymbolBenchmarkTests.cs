using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Symbols;

public sealed class SymbolBenchmarkTests
{
    [Theory]
    [InlineData(DatasetSplit.Train, 90)]
    [InlineData(DatasetSplit.Validation, 90)]
    [InlineData(DatasetSplit.Test, 180)]
    public void What_a_sample_says_is_consistent_and_classes_are_in_balance(DatasetSplit split, int count)
    {
        SymbolBenchmark benchmark = SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = count, Split = split, Seed = 3, ImageSize = 160, SafeShare = 0.5 });

        EvaluationSample[] samples = [.. benchmark.Draw().Select(image => image.Sample)];

        Assert.All(samples, sample =>
        {
            Assert.Equal(sample.Labels.ToHashSet(), sample.Objects.SelectMany(thing => thing.Categories).ToHashSet());
            Assert.Equal(sample.Labels, sample.Reasons.Keys);
            Assert.Subset(benchmark.Categories.ToHashSet(), sample.Labels.ToHashSet());
            Assert.All(sample.Reasons, reason => Assert.Contains(sample.Objects, thing => thing.Categories.Contains(reason.Key) && reason.Value.Contains(thing.Name, StringComparison.OrdinalIgnoreCase)));
            Assert.All(sample.Objects, thing =>
            {
                Assert.InRange(thing.Box.X, 0, 1);
                Assert.InRange(thing.Box.Y, 0, 1);
                Assert.InRange(thing.Box.Width, 0.01, 1 - thing.Box.X + 1e-9);
                Assert.InRange(thing.Box.Height, 0.01, 1 - thing.Box.Y + 1e-9);
            });
            string focus = sample.Tags.Single(tag => tag.StartsWith("focus:", StringComparison.Ordinal))["focus:".Length..];
            Assert.Equal(focus == "SAFE", sample.Labels.Count == 0);
            Assert.True(focus == "SAFE" || sample.Labels.Contains(focus));
        });
        int[] foci = [.. benchmark.Categories.Select(category => samples.Count(sample => sample.Tags.Contains($"focus:{category}")))];
        Assert.Equal(count / 2, foci.Sum());
        Assert.InRange(foci.Max() - foci.Min(), 0, 1);
        Assert.Equal(count, samples.Select(sample => sample.Id).Distinct().Count());
    }

    [Fact]
    public void The_nine_policy_is_the_built_in_one_and_the_novel_one_has_nine_other_categories()
    {
        Assert.Equal(HarmCategory.All.Select(category => category.Definition), SymbolBenchmark.Nine.Categories);
        Assert.Equal(["Alcohol", "Gambling", "ID_Card", "Negative_Sign", "SNS", "Money", "Smoking", "Medical", "Religion"], SymbolBenchmark.Novel.Categories.Select(category => category.Id));
    }

    [Fact]
    public void An_option_out_of_range_is_named() => Assert.All(
        new SymbolBenchmarkOptions[]
        {
            new() { Count = 0 },
            new() { ImageSize = 64 },
            new() { SafeShare = 1 },
            new() { SafeShare = double.NaN },
            new() { Split = DatasetSplit.Calibration },
            new() { Split = DatasetSplit.Train, IconSet = "icons.json" },
        },
        options => Assert.Contains("must be", Assert.Throws<ArgumentOutOfRangeException>(() => SymbolBenchmark.Create(options)).Message, StringComparison.Ordinal));
}
