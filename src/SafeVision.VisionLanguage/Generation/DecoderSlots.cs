namespace SafeVision.VisionLanguage.Generation;

/// <summary>Places for sequences, which keep what they computed when they are given back: a prompt that begins as
/// another did starts where they part. Not thread-safe: the scheduler alone uses it.</summary>
internal sealed class DecoderSlots : IDisposable
{
    private const int WorthCopying = 16; // tokens; fewer are computed sooner than found

    private readonly DecoderSlot[] _slots;
    private readonly long[] _lastUse;
    private readonly bool[] _inUse;
    private readonly bool _seesWholeImages;
    private long _clock;

    public DecoderSlots(DecoderGraph graph, int count, int capacity)
    {
        Shared = graph.SharesCache ? new SharedKeyValueBuffers(graph, count, capacity) : null;
        _slots = new DecoderSlot[count];
        for (int row = 0; row < count; row++)
        {
            _slots[row] = new DecoderSlot(row, Shared is null ? new GrowingKeyValueCache(graph, capacity) : new SharedKeyValueCache(graph, Shared, row));
        }

        (_lastUse, _inUse) = (new long[count], new bool[count]);
        (Capacity, _seesWholeImages) = (capacity, graph.SeesWholeImages);
    }

    /// <summary>The tensors of all slots, for graphs that append in place; null for others.</summary>
    public SharedKeyValueBuffers? Shared { get; }

    public int Capacity { get; }

    public ReadOnlySpan<DecoderSlot> All => _slots;

    public bool HasFree => Array.IndexOf(_inUse, false) >= 0;

    /// <summary>Takes a free slot for a prompt, with as much of it computed as any slot remembers: the last token at
    /// least is left to compute, because its logits are wanted.</summary>
    /// <remarks>A slot goes on where it stands only if it keeps more than it forgets; else the beginning is copied to
    /// where nobody was for longest. So a policy that all prompts begin with outlives the images that follow it, and no
    /// image is forgotten for a few words that begin every prompt.</remarks>
    public DecoderSlot Take(TokenSequence prompt)
    {
        (int free, int freeCommon, int best, int bestCommon) = (-1, -1, -1, -1);
        for (int i = 0; i < _slots.Length; i++)
        {
            int common = Common(_slots[i], prompt);
            if (common > bestCommon)
            {
                (best, bestCommon) = (i, common);
            }

            if (!_inUse[i] && common > freeCommon && common * 2 >= _slots[i].Tokens.Count)
            {
                (free, freeCommon) = (i, common);
            }
        }

        if (bestCommon >= freeCommon + WorthCopying || freeCommon <= 0)
        {
            int oldest = LeastRecentlyUsed();
            if (oldest == best)
            {
                freeCommon = bestCommon;
            }
            else
            {
                _slots[oldest].Tokens = new TokenSequence();
                freeCommon = bestCommon >= WorthCopying ? bestCommon : 0;
                _slots[oldest].Cache.CopyPrefix(_slots[best].Cache, freeCommon);
            }

            free = oldest;
        }

        DecoderSlot slot = _slots[free];
        slot.Cache.Rewind(freeCommon);
        slot.Tokens = prompt;
        slot.Features = [];
        _inUse[slot.Row] = true;
        _lastUse[slot.Row] = ++_clock;
        return slot;
    }

    /// <summary>Gives a slot back; what it holds is remembered.</summary>
    public void Return(DecoderSlot slot)
    {
        slot.Truncate(slot.Cache.Length); // what was not computed is not known
        slot.Features = [];
        _inUse[slot.Row] = false;
        _lastUse[slot.Row] = ++_clock;
    }

    /// <summary>How many tokens of a prompt a slot has computed; while it is computing, as many as there are so far.</summary>
    private int Common(DecoderSlot slot, TokenSequence prompt) =>
        Resumable(slot, prompt, Math.Min(slot.Tokens.CommonPrefix(prompt, slot.Cache.Length), prompt.Count - 1));

    /// <summary>How many of a sequence's first tokens can stay when at most <paramref name="count"/> do: an image that is seen whole is computed whole, and a memory is cut back only to where it was kept.</summary>
    private int Resumable(DecoderSlot slot, TokenSequence tokens, int count) => slot.Cache.Resumable(_seesWholeImages ? tokens.WithoutPartOfImage(count) : count);

    /// <summary>Forgets what was computed of the last token, so that it can be computed once more.</summary>
    public void ForgetLast(DecoderSlot slot) => slot.Cache.Rewind(Resumable(slot, slot.Tokens, slot.Tokens.Count - 1));

    private int LeastRecentlyUsed() => Enumerable.Range(0, _slots.Length).Where(row => !_inUse[row]).MinBy(row => _lastUse[row]);

    public void Dispose()
    {
        foreach (DecoderSlot slot in _slots)
        {
            slot.Cache.Dispose();
        }

        Shared?.Dispose();
    }
}

/// <summary>A place for one sequence: its tokens, and the keys and values of those that were computed.</summary>
internal sealed class DecoderSlot(int row, KeyValueCache cache)
{
    /// <summary>Its place among the slots.</summary>
    public int Row { get; } = row;

    /// <summary>Keys and values of the first <see cref="KeyValueCache.Length"/> tokens.</summary>
    public KeyValueCache Cache { get; } = cache;

    /// <summary>The tokens; those beyond the cache's length are yet to be computed.</summary>
    public TokenSequence Tokens { get; set; } = new();

    /// <summary>The images' features, in order; empty where their tokens are already computed.</summary>
    public IReadOnlyList<ImageFeatures> Features { get; set; } = [];

    public int Pending => Tokens.Count - Cache.Length;

    /// <summary>Forgets everything from a token on; of what was computed before it perhaps some too, which then is pending.</summary>
    public void Truncate(int count)
    {
        Tokens.Truncate(count);
        if (Cache.Length > count)
        {
            Cache.Rewind(Cache.Resumable(count));
        }
    }
}
