namespace SafeVision.Evaluation.Metrics;

/// <summary>The counts that BLEU is made of; those of a corpus are the sums over its sentences.</summary>
internal sealed class BleuCounts(int order)
{
    private readonly long[] _matches = new long[order];
    private readonly long[] _totals = new long[order];
    private long _length;
    private long _referenceLength;

    public void Add(int[] hypothesis, IReadOnlyList<int[]> references)
    {
        for (int n = 1; n <= order; n++)
        {
            var grams = NGrams.Count(hypothesis, n);
            var best = references.Select(reference => NGrams.Count(reference, n)).ToArray();
            _totals[n - 1] += Math.Max(0, hypothesis.Length - n + 1);
            _matches[n - 1] += grams.Sum(gram => Math.Min(gram.Value, best.Max(counts => counts.GetValueOrDefault(gram.Key))));
        }

        _length += hypothesis.Length;

        // The closest reference's length, the shorter one on ties.
        _referenceLength += references.Select(reference => reference.Length)
            .MinBy(length => (Math.Abs(length - hypothesis.Length), length));
    }

    public double Score(BleuSmoothing smoothing)
    {
        if (_length == 0 || _matches[0] == 0)
        {
            return 0;
        }

        double logarithms = 0, unmatched = 1;
        for (int i = 0; i < order; i++)
        {
            int added = smoothing == BleuSmoothing.AddOne && i > 0 ? 1 : 0;
            double matches = _matches[i] + added, total = _totals[i] + added;
            if (total == 0 || (matches == 0 && smoothing != BleuSmoothing.Exponential))
            {
                return 0;
            }

            if (matches == 0)
            {
                unmatched /= 2;
                matches = unmatched;
            }

            logarithms += Math.Log(matches / total) / order;
        }

        double brevity = _length >= _referenceLength ? 1 : Math.Exp(1 - ((double)_referenceLength / _length));
        return brevity * Math.Exp(logarithms);
    }
}
