using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class BootstrapTests
{
    [Fact]
    public void A_seed_gives_the_same_interval_on_every_machine()
    {
        SeededRandom random = new(1234567);
        ulong[] reference = [3504822795582309479, 1819558768956484042, 1250851346055027673, 16940231675099994102];
        Assert.All(reference, bits => Assert.Equal(bits, random.NextBits()));

        (bool[] truth, double[] scores) = Draw(300, 7);
        RankedSamples ranked = RankedSamples.From(truth, scores);
        Assert.Equal(Interval(300, ranked.RocAuc, 1_000, 1), Interval(300, ranked.RocAuc, 1_000, 1));
        Assert.NotEqual(Interval(300, ranked.RocAuc, 1_000, 1), Interval(300, ranked.RocAuc, 1_000, 2));
    }

    [Fact]
    public void The_interval_of_a_mean_is_that_of_the_central_limit()
    {
        SeededRandom random = new(3);
        double[] values = [.. Enumerable.Range(0, 2_000).Select(_ => random.NextDouble())];
        (double? low, double? high) = Interval(values.Length, Bootstrap.Mean(values), 1_000, 3);
        double error = Math.Sqrt(1.0 / 12 / values.Length);
        Assert.Equal(values.Average() - (1.96 * error), low!.Value, error / 3);
        Assert.Equal(values.Average() + (1.96 * error), high!.Value, error / 3);
    }

    [Fact]
    public void The_interval_holds_the_truth_about_as_often_as_it_says()
    {
        // The ROC-AUC of N(1, 1) against N(0, 1) is Φ(1/√2) = 0.7602.
        int held = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            (bool[] truth, double[] scores) = Draw(150, (ulong)seed);
            (double? low, double? high) = Interval(150, RankedSamples.From(truth, scores).RocAuc, 300, seed);
            held += low <= 0.7602 && high >= 0.7602 ? 1 : 0;
        }

        Assert.InRange(held, 176, 198);
    }

    [Fact]
    public void Resamples_without_a_value_are_left_out_and_too_many_give_no_interval()
    {
        // One positive of twenty is drawn into 64 % of the resamples; a statistic of one in ten is none.
        bool[] truth = [.. Enumerable.Range(0, 20).Select(i => i == 0)];
        double[] scores = [.. Enumerable.Range(0, 20).Select(i => i / 20.0)];
        Assert.NotNull(Interval(20, RankedSamples.From(truth, scores).RocAuc, 1_000, 1).Lower);
        Assert.Equal((null, null), Interval(20, counts => counts[0] >= 3 ? 1 : null, 1_000, 1));
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
        Assert.Equal(0, random.Next(1));
    }

    private static (double? Lower, double? Upper) Interval(int samples, ResampledStatistic statistic, int resamples, long seed) =>
        Bootstrap.Intervals(samples, [statistic], resamples, seed)[0];

    private static (bool[] Truth, double[] Scores) Draw(int samples, ulong seed)
    {
        SeededRandom random = new(seed);
        bool[] truth = [.. Enumerable.Range(0, samples).Select(i => i % 3 == 0)];
        return (truth, [.. truth.Select(positive => (positive ? 1 : 0) + Normal(random))]);
    }

    private static double Normal(SeededRandom random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
