using CsCheck;
using SafeVision.Evaluation.Calibration;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Calibration;

public sealed class ConformalThresholdTests
{
    [Theory]
    [InlineData(0.05, 0.95, 59)] // 0.95^59 = 0.0485
    [InlineData(0.01, 0.95, 299)]
    [InlineData(0.5, 0.75, 2)] // exactly 0.25
    public void Too_few_positives_are_told_how_many_are_needed(double rate, double confidence, int needed)
    {
        GuaranteedThreshold refused = ConformalThreshold.ForMisses(Even(needed - 1), rate, confidence);
        Assert.Equal((false, needed - 1, needed), (refused.IsPossible, refused.Samples, refused.SamplesNeeded));

        GuaranteedThreshold given = ConformalThreshold.ForMisses(Even(needed), rate, confidence);
        Assert.Equal((Even(needed)[0], 0), (given.Threshold, given.Errors));
    }

    [Theory]
    [InlineData(0.05, 19)]
    [InlineData(0.29, 3)]
    [InlineData(0.1, 9)]
    public void On_average_fewer_are_needed(double rate, int needed)
    {
        Assert.False(ConformalThreshold.ForMisses(Even(needed - 1), rate).IsPossible);
        GuaranteedThreshold given = ConformalThreshold.ForMisses(Even(needed), rate);
        Assert.Equal((Even(needed)[0], needed), (given.Threshold, given.SamplesNeeded));
        Assert.Equal(Even(99)[28], ConformalThreshold.ForMisses(Even(99), 0.29).Threshold);
    }

    [Fact]
    public void No_more_misses_could_have_been_allowed() =>
        Gen.Select(Gen.Int[1, 400], Gen.Double[0.01, 0.4], Gen.Double[0.6, 0.99]).Sample((samples, rate, confidence) =>
        {
            GuaranteedThreshold found = ConformalThreshold.ForMisses(Even(samples), rate, confidence);
            Assert.Equal(samples >= found.SamplesNeeded, found.IsPossible);
            if (found.IsPossible)
            {
                Assert.True(RateInterval.UpperBound(found.Errors, samples, confidence) <= rate + 1e-9);
                Assert.True(RateInterval.UpperBound(found.Errors + 1, samples, confidence) >= rate - 1e-9);
            }
        });

    [Theory]
    [InlineData(59, 0.05, 0.95)]
    [InlineData(300, 0.05, 0.9)]
    [InlineData(120, 0.1, 0.8)]
    public void With_confidence_so_few_calibrations_break_the_promise(int samples, double rate, double confidence)
    {
        // Scores are uniform, so that a threshold's true miss rate is the threshold.
        const int runs = 4_000;
        SeededRandom random = new(1);
        int broken = 0, alarmsBroken = 0;
        for (int i = 0; i < runs; i++)
        {
            double[] scores = [.. Enumerable.Range(0, samples).Select(_ => random.NextDouble())];
            broken += ConformalThreshold.ForMisses(scores, rate, confidence).Threshold > rate ? 1 : 0;
            alarmsBroken += ConformalThreshold.ForFalseAlarms(scores, rate, confidence).Threshold < 1 - rate ? 1 : 0;
        }

        double slack = 4 * Math.Sqrt(confidence * (1 - confidence) / runs);
        Assert.InRange((double)broken / runs, 0, 1 - confidence + slack);
        Assert.InRange((double)alarmsBroken / runs, 0, 1 - confidence + slack);

        // The promise is not kept by promising too little: it breaks about as often as one sample more or less allows.
        Assert.True((double)broken / runs > (1 - confidence) / 3);
    }

    [Theory]
    [InlineData(19, 0.05)]
    [InlineData(57, 0.1)]
    public void On_average_a_new_positive_is_missed_as_often_as_promised(int samples, double rate)
    {
        const int runs = 20_000;
        SeededRandom random = new(2);
        double missed = 0;
        for (int i = 0; i < runs; i++)
        {
            double[] scores = [.. Enumerable.Range(0, samples).Select(_ => random.NextDouble())];
            missed += ConformalThreshold.ForMisses(scores, rate).Threshold!.Value / runs;
        }

        Assert.InRange(missed, rate - (1.0 / (samples + 1)), rate + 0.002);
    }

    [Fact]
    public void Ties_only_make_it_safer()
    {
        // Scores of ten steps: a threshold misses the steps below it.
        const int runs = 4_000;
        SeededRandom random = new(3);
        int broken = 0;
        for (int i = 0; i < runs; i++)
        {
            double[] scores = [.. Enumerable.Range(0, 100).Select(_ => random.Next(10) / 10.0)];
            broken += ConformalThreshold.ForMisses(scores, 0.1, 0.9).Threshold > 0.1 + 1e-9 ? 1 : 0;
        }

        Assert.InRange(broken, 0, runs / 10);
        Assert.Equal((0.5, 0), (ConformalThreshold.ForMisses([.. Enumerable.Repeat(0.5, 100)], 0.1, 0.9).Threshold, ConformalThreshold.ForMisses([.. Enumerable.Repeat(0.5, 100)], 0.1, 0.9).Errors));
    }

    [Fact]
    public void A_threshold_for_false_alarms_lets_the_score_it_rests_on_pass()
    {
        GuaranteedThreshold found = ConformalThreshold.ForFalseAlarms([.. Enumerable.Repeat(0.3, 200)], 0.05, 0.95);
        Assert.Equal((Math.BitIncrement(0.3), 0), (found.Threshold, found.Errors));
    }

    [Theory]
    [InlineData(0, 0.9)]
    [InlineData(1, 0.9)]
    [InlineData(double.NaN, 0.9)]
    [InlineData(0.1, 1)]
    public void A_promise_of_nothing_or_everything_is_refused(double rate, double confidence) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ConformalThreshold.ForMisses([0.5], rate, confidence));

    [Fact]
    public void A_rare_category_makes_false_alarms_of_most_flags()
    {
        bool[] truth = [.. Enumerable.Range(0, 2_000).Select(i => i < 1_000)];
        double[] scores = [.. Enumerable.Range(0, 2_000).Select(i => i < 950 || (i >= 1_000 && i < 1_020) ? 0.9 : 0.1)];
        ThresholdEffect effect = ThresholdEffect.Measure(truth, scores, 0.5, prevalence: 0.001);
        Assert.Equal(0.001 * 0.95 / ((0.001 * 0.95) + (0.999 * 0.02)), effect.Precision!.Value, 1e-12);
        Assert.Equal((0.001 * 0.95) + (0.999 * 0.02), effect.Flagged!.Value, 1e-12);
        Assert.InRange(effect.PrecisionAtWorst, 0.02, effect.Precision.Value);
        Assert.InRange(0.02, effect.FalseAlarms.Low, effect.FalseAlarms.High);

        // Without a single false alarm precision looks perfect; the worst case says how little that is known.
        ThresholdEffect spotless = ThresholdEffect.Measure([true, true, false, false], [0.9, 0.8, 0.1, 0.2], 0.5, 0.001);
        Assert.Equal(1, spotless.Precision);
        Assert.InRange(spotless.PrecisionAtWorst, 0, 0.001);
        Assert.Null(ThresholdEffect.Measure([true], [0.9], 0.5, 0.001).Precision);
    }

    private static double[] Even(int count) => [.. Enumerable.Range(1, count).Select(i => i / (count + 1.0))];
}
