using System.Numerics.Tensors;
using SafeVision.Models;

namespace SafeVision.Conversion.Verification;

/// <summary>Sums up how far logits are from those that they should be, place by place.</summary>
internal sealed class LogitComparison(int vocabulary)
{
    private double _largest, _differences, _sum, _squares;
    private long _numbers;
    private int _positions, _agreements;

    /// <summary>Adds the logits of some places, [places, vocabulary].</summary>
    public void Add(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(actual.Length, expected.Length);
        for (int start = 0; start < expected.Length; start += vocabulary)
        {
            ReadOnlySpan<float> wanted = expected.Slice(start, vocabulary), got = actual.Slice(start, vocabulary);
            for (int i = 0; i < vocabulary; i++)
            {
                double difference = Math.Abs((double)wanted[i] - got[i]);
                _largest = Math.Max(_largest, difference);
                _differences += difference;
                _sum += wanted[i];
                _squares += (double)wanted[i] * wanted[i];
            }

            _numbers += vocabulary;
            _positions++;
            _agreements += TensorPrimitives.IndexOfMax(wanted) == TensorPrimitives.IndexOfMax(got) ? 1 : 0;
        }
    }

    public PrecisionLoss ToLoss(string scope, double? imageFeatureError)
    {
        double mean = _sum / _numbers;
        return new PrecisionLoss
        {
            Scope = scope,
            Positions = _positions,
            LargestLogitDifference = _largest,
            MeanLogitDifference = _differences / _numbers,
            LogitDeviation = Math.Sqrt(Math.Max(0, (_squares / _numbers) - (mean * mean))),
            TopAgreement = (double)_agreements / _positions,
            ImageFeatureError = imageFeatureError,
        };
    }
}
