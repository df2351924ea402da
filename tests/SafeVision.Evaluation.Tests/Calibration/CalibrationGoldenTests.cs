using System.Text.Json.Nodes;
using SafeVision.Evaluation.Calibration;
using SafeVision.Evaluation.Metrics;
using SafeVision.Evaluation.Tests.Metrics;

namespace SafeVision.Evaluation.Tests.Calibration;

/// <summary>Calibrations against scikit-learn's isotonic regression and minima found by two optimisers in float64.</summary>
public sealed class CalibrationGoldenTests
{
    private static readonly JsonNode Goldens = MetricGolden.Read("calibration.json");

    // The goldens' own two optimisers agree to 2.3e-8 on the temperature and 3.7e-8 on the sigmoid.
    private const double OptimiserTolerance = 1e-7;

    public static TheoryData<int> Temperatures => Indices("temperature");

    public static TheoryData<int> Sigmoids => Indices("platt");

    public static TheoryData<int> Isotonics => Indices("isotonic");

    [Theory]
    [MemberData(nameof(Temperatures))]
    public void The_temperature_is_the_likeliest(int index)
    {
        JsonNode golden = Goldens["temperature"]![index]!;
        (double[] logits, int[] labels) = (golden["logits"].Table(), golden["labels"].Integers());
        int classes = logits.Length / labels.Length;
        TemperatureScaling scaling = TemperatureScaling.Fit(logits, labels, classes);
        Assert.Equal(golden["temperature"]!.GetValue<double>(), scaling.Temperature, OptimiserTolerance);
        Assert.False(scaling.AtBound);

        (double[] before, double[] after) = (Apply(new(1)), Apply(scaling));
        golden.Matches("nll_before", MulticlassMetrics.LogLoss(labels, before, classes));
        golden.Matches("nll_after", MulticlassMetrics.LogLoss(labels, after, classes));
        golden.Matches("ece15_before", MulticlassMetrics.CalibrationError(labels, before, classes)!.Expected);
        Assert.Equal(golden["ece15_after"]!.GetValue<double>(), MulticlassMetrics.CalibrationError(labels, after, classes)!.Expected, OptimiserTolerance);
        Assert.Equal(golden["first_row_after"].Numbers(), after[..classes], (a, b) => Math.Abs(a - b) < OptimiserTolerance);

        double[] Apply(TemperatureScaling applied)
        {
            var probabilities = new double[logits.Length];
            for (int i = 0; i < logits.Length; i += classes)
            {
                applied.Apply(logits.AsSpan(i, classes), probabilities.AsSpan(i, classes));
            }

            return probabilities;
        }
    }

    [Theory]
    [MemberData(nameof(Sigmoids))]
    public void The_sigmoid_is_the_likeliest(int index)
    {
        JsonNode golden = Goldens["platt"]![index]!;
        PlattTargets targets = golden["name"]!.GetValue<string>().EndsWith("plain", StringComparison.Ordinal) ? PlattTargets.Plain : PlattTargets.Smoothed;
        PlattScaling scaling = PlattScaling.Fit(golden["scores"].Numbers(), golden["labels"].Flags(), targets);
        Assert.True(scaling.Converged);
        golden.Matches("slope", scaling.Slope);
        golden.Matches("intercept", scaling.Intercept);
        if (targets == PlattTargets.Plain)
        {
            golden.Matches("loss", CalibrationMetrics.LogLoss(golden["labels"].Flags(), [.. golden["scores"].Numbers().Select(scaling.Apply)]));
        }
    }

    [Theory]
    [MemberData(nameof(Isotonics))]
    public void The_monotone_curve_is_scikit_learns(int index)
    {
        JsonNode golden = Goldens["isotonic"]![index]!;
        double[] x = golden["x"].Numbers();
        double[] weights = golden["weights"] is { } given ? given.Numbers() : [];
        var curve = IsotonicRegression.Fit(x, golden["y"].Numbers(), weights, golden["increasing"]!.GetValue<bool>());
        golden.Matches("x_thresholds", curve.X);
        golden.Matches("y_thresholds", curve.Y);
        golden.Matches("fit_at_unique_x", x.Distinct().Order().Select(curve.Apply));
        golden.Matches("predicted", golden["query"].Numbers().Select(curve.Apply));
    }

    private static TheoryData<int> Indices(string kind) => [.. Enumerable.Range(0, Goldens[kind]!.AsArray().Count)];
}
