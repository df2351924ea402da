namespace SafeVision.Training.Networks;

/// <summary>One conversation as token ids.</summary>
/// <param name="Ids">The tokens.</param>
/// <param name="Labels">What is to be learnt: the token itself, or <see cref="SupervisedObjective.Ignored"/>. As long as the ids, not shifted.</param>
public sealed record TokenRow(IReadOnlyList<long> Ids, IReadOnlyList<long> Labels)
{
    /// <summary>Which tokens are critical, as long as the ids; null: those that the objective knows by their ids.</summary>
    public IReadOnlyList<bool>? Critical { get; init; }
}

/// <summary>Token rows of one length with the tiles of their images.</summary>
/// <param name="Ids">[rows, tokens] int64.</param>
/// <param name="Labels">[rows, tokens] int64, not shifted.</param>
/// <param name="Attention">[rows, tokens] int64: 0 for padding, else the number of the segment in its row, from 1; <see cref="SharedSegment"/> for a beginning that all segments see.</param>
/// <param name="Positions">[rows, tokens] int64; each segment begins at 0, or behind the shared beginning.</param>
/// <param name="Pixels">[tiles, 3, side, side] float32, in the order of rows and of marks in a row; null: no images.</param>
public sealed record TokenBatch(Tensor Ids, Tensor Labels, Tensor Attention, Tensor Positions, Tensor? Pixels)
{
    /// <summary>The segment of a beginning that all others of the row see.</summary>
    public const long SharedSegment = -1;

    /// <summary>[rows, tokens] bool: which tokens are critical; null: those that the objective knows by their ids.</summary>
    public Tensor? Critical { get; init; }

    /// <summary>For families whose images have rows and columns: each image's grid of image tokens; then positions are [3, rows, tokens].</summary>
    public IReadOnlyList<(int Frames, int Rows, int Columns)>? Grids { get; init; }

    /// <summary>The position before the first that is learnt: no earlier logits are needed.</summary>
    public int FirstLearnt
    {
        get
        {
            using Tensor any = Labels.IsNot(SupervisedObjective.Ignored).any(0);
            return Math.Max(0, Array.IndexOf(any.cpu().data<bool>().ToArray(), true) - 1);
        }
    }

    /// <summary>The same on another device.</summary>
    internal TokenBatch On(Device device) => Ids.device.type == device.type
        ? this
        : this with { Ids = Ids.to(device), Labels = Labels.to(device), Attention = Attention.to(device), Positions = Positions.to(device), Pixels = Pixels?.to(device), Critical = Critical?.to(device) };

    /// <summary>Pads rows to the longest.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="padding">The id of the padding.</param>
    /// <param name="pixels">The rows' tiles.</param>
    /// <param name="isLeft">Whether the padding stands before a row; training pads behind.</param>
    public static TokenBatch Pad(IReadOnlyList<TokenRow> rows, long padding, Tensor? pixels, bool isLeft = false) =>
        Lay([.. rows.Select(row => new[] { row })], padding, pixels, isLeft);

    /// <summary>Puts several conversations behind one another where they fit (first fit, in the given order). They do not see one
    /// another, their positions begin anew, and the first token of each is not learnt from the one before it.</summary>
    /// <param name="rows">At least one; in the result's order of rows, so that tiles must follow it too.</param>
    /// <param name="limit">The most tokens of a packed row.</param>
    /// <returns>The indices of <paramref name="rows"/> in each packed row.</returns>
    /// <exception cref="ArgumentException">A conversation is longer than the limit.</exception>
    public static IReadOnlyList<IReadOnlyList<int>> FirstFit(IReadOnlyList<TokenRow> rows, int limit)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var bins = new List<(List<int> Rows, int Room)>();
        for (int i = 0; i < rows.Count; i++)
        {
            int length = rows[i].Ids.Count, bin = bins.FindIndex(bin => bin.Room >= length);
            if (length > limit)
            {
                throw new ArgumentException($"Conversation {i} has {length} tokens, more than the {limit} allowed.", nameof(rows));
            }

            if (bin < 0)
            {
                bins.Add(([i], limit - length));
            }
            else
            {
                bins[bin].Rows.Add(i);
                bins[bin] = (bins[bin].Rows, bins[bin].Room - length);
            }
        }

        return [.. bins.Select(bin => bin.Rows)];
    }

    /// <summary>Lays packed rows out.</summary>
    /// <param name="packed">The conversations of each row.</param>
    /// <param name="padding">The id of the padding.</param>
    /// <param name="pixels">The tiles, in the order of the packed rows.</param>
    public static TokenBatch Pack(IReadOnlyList<IReadOnlyList<TokenRow>> packed, long padding, Tensor? pixels) => Lay(packed, padding, pixels, isLeft: false);

    /// <summary>Several questions about one image in a row: they see the beginning, with the image, and not one another, so that
    /// the image is computed once for all of them.</summary>
    /// <param name="rows">For each row its beginning, and the questions with their answers.</param>
    /// <param name="padding">The id of the padding.</param>
    /// <param name="pixels">The tiles, in the order of the rows.</param>
    public static TokenBatch Share(IReadOnlyList<(TokenRow Beginning, IReadOnlyList<TokenRow> Questions)> rows, long padding, Tensor? pixels) =>
        Lay([.. rows.Select(row => (IReadOnlyList<TokenRow>)[row.Beginning, .. row.Questions])], padding, pixels, isLeft: false, isShared: true);

    private static TokenBatch Lay(IReadOnlyList<IReadOnlyList<TokenRow>> packed, long padding, Tensor? pixels, bool isLeft, bool isShared = false)
    {
        int count = packed.Count, longest = packed.Max(row => row.Sum(segment => segment.Ids.Count));
        long[] ids = new long[count * longest], labels = new long[ids.Length], attention = new long[ids.Length], positions = new long[ids.Length];
        bool[]? critical = packed.Any(row => row.Any(segment => segment.Critical is not null)) ? new bool[ids.Length] : null;
        Array.Fill(ids, padding);
        Array.Fill(labels, SupervisedObjective.Ignored);
        for (int row = 0; row < count; row++)
        {
            int place = (row * longest) + (isLeft ? longest - packed[row].Sum(segment => segment.Ids.Count) : 0);
            for (int segment = 0; segment < packed[row].Count; segment++)
            {
                TokenRow tokens = packed[row][segment];
                int first = isShared && segment > 0 ? packed[row][0].Ids.Count : 0;
                for (int i = 0; i < tokens.Ids.Count; i++, place++)
                {
                    (ids[place], labels[place]) = (tokens.Ids[i], i == 0 && segment > 0 ? SupervisedObjective.Ignored : tokens.Labels[i]);
                    if (critical is not null && tokens.Critical is { } marked)
                    {
                        critical[place] = marked[i];
                    }

                    (attention[place], positions[place]) = (isShared && segment == 0 ? SharedSegment : segment + 1, first + i);
                }
            }
        }

        long[] shape = [count, longest];
        return new TokenBatch(tensor(ids, shape), tensor(labels, shape), tensor(attention, shape), tensor(positions, shape), pixels) { Critical = critical is null ? null : tensor(critical, shape) };
    }
}
