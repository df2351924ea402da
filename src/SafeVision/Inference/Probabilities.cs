namespace SafeVision.Inference;

/// <summary>From a model's logits to probabilities, and the check that numbers are probabilities at all.</summary>
public static class Probabilities
{
    /// <summary>How far a sum may be from 1: half-precision models with a thousand classes stay within it.</summary>
    private const double SumTolerance = 0.02;

    /// <summary>The softmax: <c>exp(logit − maximum) / Σ exp(logit − maximum)</c>. Because the maximum is subtracted
    /// first, it can neither overflow nor lose every class, however large the logits are.</summary>
    /// <param name="logits">At least one. Negative infinity is a class that is ruled out: its probability is 0.</param>
    /// <param name="probabilities">Receives as many numbers, each 0 to 1, which add up to 1; may be the memory of <paramref name="logits"/>.</param>
    /// <exception cref="ArgumentException">There are no logits, or there is less room than logits.</exception>
    /// <exception cref="ModelOutputException">A logit is NaN or positive infinity, or all are negative infinity: nothing can be concluded from them.</exception>
    public static void SoftMax<T>(ReadOnlySpan<T> logits, Span<T> probabilities)
        where T : IFloatingPointIeee754<T>
    {
        if (logits.IsEmpty || probabilities.Length < logits.Length)
        {
            throw new ArgumentException($"There must be at least one logit and room for all: {logits.Length} logits, room for {probabilities.Length}.");
        }

        Span<T> results = probabilities[..logits.Length];
        T largest = TensorPrimitives.Max(logits); // NaN when any is
        if (!T.IsFinite(largest))
        {
            throw new ModelOutputException($"The largest of {logits.Length} logits is {largest}; nothing can be concluded from them.");
        }

        TensorPrimitives.Subtract(logits, largest, results);
        TensorPrimitives.Exp(results, results);
        TensorPrimitives.Divide(results, TensorPrimitives.Sum<T>(results), results); // the sum is at least 1, the exp(0) of the largest
    }

    /// <summary>Holds that numbers are probabilities of classes of which exactly one applies.</summary>
    /// <exception cref="ModelOutputException">One is NaN, below 0 or above 1, or they do not add up to 1 within 2 %.</exception>
    internal static void Require(ReadOnlySpan<float> values, string model)
    {
        float sum = TensorPrimitives.Sum(values); // NaN when any is
        if (!(Math.Abs(sum - 1) <= SumTolerance) || !(TensorPrimitives.Min(values) >= 0))
        {
            throw new ModelOutputException(
                $"{model}: the {values.Length} scores are no probabilities: they add up to {sum}, the smallest is {TensorPrimitives.Min(values)}. Nothing can be concluded from them; 'safevision doctor' checks the model.");
        }
    }

    /// <summary>Holds that numbers are finite.</summary>
    /// <exception cref="ModelOutputException">One is NaN or infinite.</exception>
    internal static void RequireFinite(ReadOnlySpan<float> values, string model, string what)
    {
        if (!float.IsFinite(TensorPrimitives.MaxMagnitude(values)))
        {
            throw new ModelOutputException($"{model}: {what} hold numbers that are not finite; nothing can be concluded from them.");
        }
    }
}

/// <summary>A model gave values that are not finite, such as NaN; nothing may be concluded from them.</summary>
public sealed class ModelOutputException(string message, Exception? innerException = null) : Exception(message, innerException);
