using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Generation;

/// <summary>Tokens of a prompt and of the answer so far, and which of them stand for images. Not thread-safe.</summary>
internal sealed class TokenSequence
{
    private readonly List<int> _ids;
    private readonly List<ImageSpan> _images;

    public TokenSequence()
        : this([], [])
    {
    }

    public TokenSequence(IEnumerable<int> ids, IEnumerable<ImageSpan> images) => (_ids, _images) = ([.. ids], [.. images]);

    /// <summary>How many tokens there are.</summary>
    public int Count => _ids.Count;

    /// <summary>The ids, image tokens included.</summary>
    public ReadOnlySpan<int> Ids => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids);

    /// <summary>The images in order.</summary>
    public IReadOnlyList<ImageSpan> Images => _images;

    public void Append(ReadOnlySpan<int> ids)
    {
        foreach (int id in ids)
        {
            _ids.Add(id);
        }
    }

    /// <summary>Forgets everything from a token on; an image is never cut in two.</summary>
    public void Truncate(int count)
    {
        _ids.RemoveRange(count, _ids.Count - count);
        _images.RemoveAll(image => image.Start >= count);
    }

    /// <summary>
    /// How many tokens two sequences have in common from their beginning, of the first <paramref name="limit"/>. A image
    /// counts only whole and only where it is the same image.
    /// </summary>
    public int CommonPrefix(TokenSequence other, int limit = int.MaxValue)
    {
        int common = Math.Min(limit, Ids.CommonPrefixLength(other.Ids));
        for (int i = 0; i < Math.Max(_images.Count, other._images.Count); i++)
        {
            ImageSpan? mine = i < _images.Count ? _images[i] : null, others = i < other._images.Count ? other._images[i] : null;
            bool same = mine is not null && others is not null && (mine.Start, mine.Length, mine.Image) == (others.Start, others.Length, others.Image) && mine.End <= common;
            if (!same)
            {
                return Math.Min(common, Math.Min(mine?.Start ?? int.MaxValue, others?.Start ?? int.MaxValue));
            }
        }

        return common;
    }
}

/// <summary>The tokens of a sequence that stand for one image. Text tokens, such as line breaks, may stand between its image tokens.</summary>
/// <param name="Start">The first image token.</param>
/// <param name="Length">From the first to the last image token.</param>
/// <param name="Image">What tells images apart: a hash of the pixel values.</param>
/// <param name="Plan">The image's tiles and tokens.</param>
internal sealed record ImageSpan(int Start, int Length, UInt128 Image, ImagePlan Plan)
{
    public int End => Start + Length;
}

/// <summary>What a vision tower made of one image: one row for each image token.</summary>
/// <param name="Values">[tokens, width].</param>
/// <param name="Width">Numbers a row.</param>
internal sealed record ImageFeatures(ReadOnlyMemory<float> Values, int Width)
{
    public int Tokens => Values.Length / Width;

    public ReadOnlyMemory<float> Row(int token) => Values.Slice(token * Width, Width);
}
