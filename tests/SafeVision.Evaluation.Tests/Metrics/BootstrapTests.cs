using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class BootstrapTests
{
    private static readonly BootstrapOptions Quick = new() { Resamples = 1_000 };

    [Fact]
    public void A_seed_gives_the_same_interval_on_every_machine()
    {
        SeededRandom random = new(1234567);
        ulong[] reference = [3504822795582309479, 1819558768956484042, 1250851346055027673, 16940231675099994102];
        Assert.All(reference, bits => Assert.Equal(bits, random.NextBits()));

        (bool[] truth, double[] scores) = Draw(300, 7);
        BootstrapInterval first = Bootstrap.Interval(300, RankedSamples.From(truth, scores).RocAuc, new SeededRandom(1), Quick);
        Assert.Equal(first, Bootstrap.Interval(300, RankedSamples.From(truth, scores).RocAuc, new SeededRandom(1), Quick));
        Assert.NotEqual(first, Bootstrap.Interval(300, RankedSamples.From(truth, scores).RocAuc, new SeededRandom(2), Quick));
        Assert.Equal(RankingMetrics.RocAuc(truth, scores), first.Value);
    }

    [Fact]
    public void The_interval_of_a_mean_is_that_of_the_central_limit()
    {
        SeededRandom random = new(3);
        double[] values = [.. Enumerable.Range(0, 2_000).Select(_ => random.NextDouble())];
        BootstrapInterval interval = Bootstrap.Interval(values.Length, Bootstrap.Mean(values), random, Quick);
        double error = Math.Sqrt(1.0 / 12 / values.Length);
        Assert.Equal(interval.Value!.Value - (1.96 * error), interval.Low!.Value, error / 3);
        Assert.Equal(interval.Value.Value + (1.96 * error), interval.High!.Value, error / 3);
    }

    [Fact]
    public void The_interval_holds_the_truth_about_as_often_as_it_says()
    {
        // The ROC-AUC of N(1, 1) against N(0, 1) is Φ(1/√2) = 0.7602.
        int held = 0;
        for (ulong seed = 0; seed < 200; seed++)
        {
            (bool[] truth, double[] scores) = Draw(150, seed);
            BootstrapInterval interval = Bootstrap.Interval(150, RankedSamples.From(truth, scores).RocAuc, new SeededRandom(seed), new() { Resamples = 300 });
            held += interval.Low <= 0.7602 && interval.High >= 0.7602 ? 1 : 0;
        }

        Assert.InRange(held, 176, 198);
    }

    [Fact]
    public void Resamples_without_a_value_are_counted_and_too_many_give_no_interval()
    {
        // One positive of twenty is drawn into 64 % of the resamples; a statistic of one in ten is none.
        bool[] truth = [.. Enumerable.Range(0, 20).Select(i => i == 0)];
        double[] scores = [.. Enumerable.Range(0, 20).Select(i => i / 20.0)];
        BootstrapInterval interval = Bootstrap.Interval(20, RankedSamples.From(truth, scores).RocAuc, new SeededRandom(1), Quick);
        Assert.InRange(interval.Undefined, 300, 420);
        Assert.NotNull(interval.Low);

        BootstrapInterval rare = Bootstrap.Interval(20, counts => counts[0] >= 3 ? 1 : null, new SeededRandom(1), Quick);
        Assert.True(rare.Undefined > 800);
        Assert.Equal((null, null), (rare.Low, rare.High));
    }

    [Fact]
    public void Numbers_below_a_bound_are_drawn_evenly()
    {
        SeededRandom random = new(9);
        int[] seen = new int[7];
        for (int i = 0; i < 70_000; i++)
        {
            seen[random.Next(7)]++;
        }

        Assert.All(seen, count => Assert.InRange(count, 9_600, 10_400));
        Assert.InRange(random.Next(-5, -2), -5, -3);
        Assert.Equal(4, random.Next(4, 5));
    }

    private static (bool[] Truth, double[] Scores) Draw(int samples, ulong seed)
    {
        SeededRandom random = new(seed);
        bool[] truth = [.. Enumerable.Range(0, samples).Select(i => i % 3 == 0)];
        return (truth, [.. truth.Select(positive => (positive ? 1 : 0) + Normal(random))]);
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
