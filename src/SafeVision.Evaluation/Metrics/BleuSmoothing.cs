namespace SafeVision.Evaluation.Metrics;

/// <summary>What BLEU does where no n-gram of an order matches, which is common for one short sentence.</summary>
public enum BleuSmoothing
{
    /// <summary>Nothing: BLEU is 0 (Papineni et al. 2002).</summary>
    None,

    /// <summary>One is added to matches and totals of the orders above 1 (Lin and Och 2004; NLTK's method 2).</summary>
    AddOne,

    /// <summary>The k-th order without a match counts 1/2^k of one (sacreBLEU's default).</summary>
    Exponential,
}
