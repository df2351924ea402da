using CsCheck;
using SafeVision.Evaluation.Calibration;

namespace SafeVision.Evaluation.Tests.Calibration;

public sealed class CalibrationEdgeTests
{
    [Fact]
    public void Samples_that_a_threshold_separates_have_no_plain_sigmoid_but_a_smoothed_one()
    {
        double[] scores = [0.1, 0.2, 0.8, 0.9];
        bool[] truth = [false, false, true, true];
        Assert.False(PlattScaling.Fit(scores, truth, PlattTargets.Plain).Converged);
        PlattScaling smoothed = PlattScaling.Fit(scores, truth);
        Assert.True(smoothed.Converged);
        Assert.InRange(smoothed.Apply(0.9), 0.5, 0.99);
    }

    [Fact]
    public void One_class_or_one_score_has_a_smoothed_sigmoid()
    {
        PlattScaling oneClass = PlattScaling.Fit([0.1, 0.5, 0.9], [true, true, true]);
        Assert.True(oneClass.Converged);
        Assert.Equal(0.8, oneClass.Apply(0.4), 1e-6);
        PlattScaling oneScore = PlattScaling.Fit([0.5, 0.5, 0.5, 0.5], [true, false, false, false]);
        Assert.True(oneScore.Converged);
        Assert.Equal(((2 / 3.0) + (3 * 0.2)) / 4, oneScore.Apply(0.5), 1e-6);
    }

    [Theory]
    [InlineData(1e-6, 0)]
    [InlineData(1e6, 0)]
    [InlineData(0.01, 1e4)]
    public void A_sigmoid_does_not_care_for_the_unit_of_the_score(double unit, double origin)
    {
        double[] scores = [-2, -1, -0.5, 0, 0.3, 1, 1.5, 2];
        bool[] truth = [false, false, true, false, true, false, true, true];
        PlattScaling plain = PlattScaling.Fit(scores, truth), other = PlattScaling.Fit([.. scores.Select(score => (score * unit) + origin)], truth);
        Assert.True(other.Converged);
        Assert.Equal(plain.Apply(0.7), other.Apply((0.7 * unit) + origin), 1e-6);
    }

    [Fact]
    public void A_temperature_without_an_optimum_says_so()
    {
        TemperatureScaling neverWrong = TemperatureScaling.Fit([1, 0, 0, 2], [0, 1], 2);
        Assert.Equal((TemperatureScaling.Lowest, true), (neverWrong.Temperature, neverWrong.AtBound));
        TemperatureScaling alwaysWrong = TemperatureScaling.Fit([1, 0, 0, 2], [1, 0], 2);
        Assert.Equal((TemperatureScaling.Highest, true), (alwaysWrong.Temperature, alwaysWrong.AtBound));
    }

    [Fact]
    public void Huge_logits_neither_overflow_nor_lose_the_optimum()
    {
        TemperatureScaling scaling = TemperatureScaling.Fit([1e5, 0, 1e5, 0, 0, 1e5], [0, 1, 1], 2);
        double[] probabilities = new double[2];
        scaling.Apply([1e5, -1e5], probabilities);
        Assert.Equal(1, probabilities.Sum(), 1e-12);
    }

    [Fact]
    public void No_other_monotone_curve_lies_nearer() =>
        Gen.Select(Gen.Int[0, 8], Gen.Bool).Array[1, 40].Sample(samples =>
        {
            (double[] x, double[] y) = ([.. samples.Select(one => one.Item1 / 8.0)], [.. samples.Select(one => one.Item2 ? 1.0 : 0.0)]);
            var curve = IsotonicRegression.Fit(x, y);
            double[] fitted = [.. Enumerable.Range(0, 9).Select(step => curve.Apply(step / 8.0))];
            Assert.Equal(fitted.Order(), fitted);

            // Least squares keeps the mean, and the max–min formula gives each value (Barlow et al. 1972).
            Assert.Equal(y.Average(), x.Average(curve.Apply), 1e-12);
            foreach (double at in x.Distinct())
            {
                double best = x.Where(low => low <= at).Distinct().Max(low => x.Where(high => high >= at).Distinct().Min(high =>
                    Enumerable.Range(0, x.Length).Where(i => x[i] >= low && x[i] <= high).Average(i => y[i])));
                Assert.Equal(best, curve.Apply(at), 1e-12);
            }
        });

    [Fact]
    public void What_cannot_be_fitted_is_refused()
    {
        Assert.Throws<ArgumentException>(() => PlattScaling.Fit([], []));
        Assert.Throws<ArgumentException>(() => PlattScaling.Fit([double.NaN], [true]));
        Assert.Throws<ArgumentException>(() => TemperatureScaling.Fit([], [], 2));
        Assert.Throws<ArgumentException>(() => TemperatureScaling.Fit([1, 2, 3], [0], 2));
        Assert.Throws<ArgumentException>(() => IsotonicRegression.Fit([], []));
        Assert.Throws<ArgumentException>(() => IsotonicRegression.Fit([1], [1], [0]));
        Assert.Throws<ArgumentException>(() => IsotonicRegression.Fit([1], [1]).Apply(double.NaN));
    }
}
