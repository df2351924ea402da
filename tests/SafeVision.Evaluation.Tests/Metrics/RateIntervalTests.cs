using CsCheck;
using SafeVision.Evaluation.Metrics;

namespace SafeVision.Evaluation.Tests.Metrics;

public sealed class RateIntervalTests
{
    // Computed by bisection on the binomial sum in sixty-digit decimals.
    [Theory]
    [InlineData(0, 10, 0.0, 0.30849710781876083)]
    [InlineData(1, 10, 0.0025285785444617843, 0.44501611702819543)]
    [InlineData(10, 10, 0.69150289218123917, 1)]
    [InlineData(3, 17, 0.03798506807062596, 0.43431787284428397)]
    [InlineData(0, 59, 0.0, 0.060608900950339849)]
    [InlineData(5, 412, 0.0039519233491075289, 0.02809260949403327)]
    [InlineData(206, 412, 0.4506562217763147, 0.5493437782236853)]
    [InlineData(7, 5000, null, 0.0028823943528033303)]
    [InlineData(1, 100_000, null, 5.5715160347742758e-05)]
    public void Clopper_and_Pearsons_interval_is_exact(long events, long trials, double? low, double high)
    {
        ConfidenceInterval interval = RateInterval.ClopperPearson(events, trials);
        Assert.Equal(high, interval.High, 1e-11);
        if (low is { } lower)
        {
            Assert.Equal(lower, interval.Low, 1e-11);
        }
    }

    [Theory]
    [InlineData(0, 10, 0, 0.27753279986288926)]
    [InlineData(1, 10, 0.017876213095072903, 0.40415002679523848)]
    [InlineData(10, 10, 0.72246720013711074, 1)]
    [InlineData(5, 412, 0.0051945770172687773, 0.028090845893539156)]
    [InlineData(206, 412, 0.45194327150372987, 0.54805672849627018)]
    public void Wilsons_interval_follows_his_formula(long events, long trials, double low, double high)
    {
        ConfidenceInterval interval = RateInterval.Wilson(events, trials);
        Assert.Equal((low, high), (interval.Low, interval.High), (a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 1e-12);
    }

    [Fact]
    public void Of_no_trials_nothing_is_known()
    {
        Assert.Equal(new ConfidenceInterval(0, 1, 0.95), RateInterval.Wilson(0, 0));
        Assert.Equal(new ConfidenceInterval(0, 1, 0.95), RateInterval.ClopperPearson(0, 0));
    }

    [Fact]
    public void The_chance_of_so_few_events_at_the_bound_is_what_the_confidence_leaves() =>
        Gen.Select(Gen.Int[1, 20_000], Gen.Double[0, 0.999], Gen.Double[0.5, 0.999]).Sample((trials, share, confidence) =>
        {
            int events = (int)(share * trials);
            double bound = RateInterval.UpperBound(events, trials, confidence);
            Assert.InRange(bound, (double)events / trials, 1);
            Assert.Equal(1 - confidence, Sum(events, trials, bound), 1e-7);
        }, iter: 200);

    // The binomial sum itself, by logarithms of its terms.
    private static double Sum(int events, int trials, double rate)
    {
        double logTerm = trials * Math.Log(1 - rate), sum = 0;
        for (int k = 0; k <= events; k++)
        {
            sum += Math.Exp(logTerm);
            logTerm += Math.Log((double)(trials - k) / (k + 1)) + Math.Log(rate) - Math.Log(1 - rate);
        }

        return sum;
    }
}
