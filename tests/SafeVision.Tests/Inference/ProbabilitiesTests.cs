using CsCheck;
using SafeVision.Inference;

namespace SafeVision.Tests.Inference;

/// <summary>The one softmax, on logits that a careless one turns into NaN.</summary>
public sealed class ProbabilitiesTests
{
    public static TheoryData<float[], float[]> Goldens => new()
    {
        { [100, 1, 2], [1, 0, 0] },
        { [1e4f, -1e4f, 0], [1, 0, 0] },
        { [1e4f, 1e4f - 1, -1e4f], [0.7310586f, 0.26894143f, 0] },
        { [-1e4f, -1e4f, -1e4f, -1e4f], [0.25f, 0.25f, 0.25f, 0.25f] },
        { [1e4f, 1e4f], [0.5f, 0.5f] },
        { [float.MaxValue, -float.MaxValue], [1, 0] },
        { [3, float.NegativeInfinity, 3], [0.5f, 0, 0.5f] },
        { [1, 2, 3], [0.09003057f, 0.24472848f, 0.66524094f] },
        { [-7], [1] },
    };

    [Theory]
    [MemberData(nameof(Goldens))]
    public void Large_equal_and_ruled_out_logits_have_the_probabilities_of_the_definition(float[] logits, float[] expected)
    {
        float[] single = new float[logits.Length];
        Probabilities.SoftMax(logits, single);
        Assert.Equal(expected, single, (a, b) => Math.Abs(a - b) <= 1e-6);

        double[] inPlace = [.. logits.Select(logit => (double)logit)];
        Probabilities.SoftMax(inPlace, inPlace);
        Assert.Equal(expected, inPlace.Select(value => (float)value), (a, b) => Math.Abs(a - b) <= 1e-6);
    }

    [Theory]
    [InlineData(float.NaN, 0, 0)]
    [InlineData(0, 0, float.NaN)]
    [InlineData(float.PositiveInfinity, 0, 0)]
    [InlineData(float.PositiveInfinity, float.NaN, float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity, float.NegativeInfinity)]
    public void Logits_of_which_nothing_follows_are_an_error_never_a_number(float first, float second, float third) =>
        Assert.Contains("nothing can be concluded", Assert.Throws<ModelOutputException>(() => Probabilities.SoftMax([first, second, third], new float[3])).Message, StringComparison.Ordinal);

    [Fact]
    public void No_logits_or_no_room_is_misuse()
    {
        Assert.Throws<ArgumentException>(() => Probabilities.SoftMax<float>([], []));
        Assert.Throws<ArgumentException>(() => Probabilities.SoftMax([1f, 2f], new float[1]));
    }

    [Fact]
    public void Any_finite_logits_give_the_definition_in_double_precision() =>
        Gen.Float[-1e4f, 1e4f].Array[1, 1200].Sample(logits =>
        {
            float[] actual = new float[logits.Length];
            Probabilities.SoftMax(logits, actual);
            double largest = logits.Max(), sum = logits.Sum(logit => Math.Exp(logit - largest));
            return Math.Abs(actual.Sum() - 1) < 1e-4
                && actual.Index().All(entry => Math.Abs(entry.Item - (Math.Exp(logits[entry.Index] - largest) / sum)) < 1e-5);
        }, iter: 500);

    [Theory]
    [InlineData(0.5f, 0.6f, "add up to 1.1")]
    [InlineData(1.5f, -0.5f, "the smallest is -0.5")]
    [InlineData(float.NaN, 1f, "NaN")]
    [InlineData(0f, 0f, "add up to 0")]
    public void Numbers_that_are_no_probabilities_are_an_error_that_names_the_model(float first, float second, string what)
    {
        string message = Assert.Throws<ModelOutputException>(() => Probabilities.Require([first, second], "tiny")).Message;
        Assert.StartsWith("tiny: ", message, StringComparison.Ordinal);
        Assert.Contains(what, message, StringComparison.Ordinal);
    }
}
