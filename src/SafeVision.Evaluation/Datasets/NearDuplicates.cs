namespace SafeVision.Evaluation.Datasets;

/// <summary>Finds images that look the same, saved anew or scaled, by PDQ hashes (Facebook 2019).</summary>
public static class NearDuplicates
{
    internal const int LeastQuality = 50; // as PDQ's authors advise

    /// <summary>An image's perceptual hash, 64 hexadecimal digits; null where there is too little to see for it to mean anything.</summary>
    /// <param name="frame">The image; 256 pixels on its short side are enough.</param>
    public static string? HashOf(ImageFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return PdqHasher.Hash(frame) is { Quality: >= LeastQuality } found ? found.Hash.ToString() : null;
    }

    /// <summary>All pairs of hashes that differ in at most 31 of 256 bits, exactly; each pair once.</summary>
    /// <param name="hashes">What <see cref="HashOf"/> gave; null is near nothing.</param>
    /// <returns>The places of both in the list, the lower first, and in how many bits they differ.</returns>
    /// <exception cref="ArgumentException">A text is no hash.</exception>
    public static IReadOnlyList<(int First, int Second, int Distance)> Find(IReadOnlyList<string?> hashes)
    {
        ArgumentNullException.ThrowIfNull(hashes);
        int[] places = [.. Enumerable.Range(0, hashes.Count).Where(i => hashes[i] is not null)];
        var index = new PdqIndex([.. places.Select(i => PdqHash.TryParse(hashes[i], out PdqHash hash) ? hash : throw new ArgumentException($"'{hashes[i]}' is no perceptual hash.", nameof(hashes)))]);
        List<(int First, int Second, int Distance)> pairs = [];
        for (int i = 0; i < places.Length; i++)
        {
            int first = places[i];
            index.FindAfter(i, (other, distance) => pairs.Add((first, places[other], distance)));
        }

        return pairs;
    }
}
