using Microsoft.ML.OnnxRuntime.Tensors;

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

    public int Count => _ids.Count;

    /// <summary>The ids, image tokens included.</summary>
    public ReadOnlySpan<int> Ids => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ids);

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

    /// <summary>The neighbouring image tokens of one image among which a token stands, as places from Start to before End; for other tokens the token alone.</summary>
    public (int Start, int End) ImageBlock(int place)
    {
        (int start, int end) = (place, place + 1);
        if (_images.Find(image => image.Start <= place && place < image.End) is { } span && _ids[place] == _ids[span.Start])
        {
            for (; start > span.Start && _ids[start - 1] == _ids[place]; start--)
            {
            }

            for (; end < Math.Min(span.End, _ids.Count) && _ids[end] == _ids[place]; end++)
            {
            }
        }

        return (start, end);
    }

    /// <summary>The largest number of first tokens, at most <paramref name="count"/>, that ends in no block of image tokens.</summary>
    public int WithoutPartOfImage(int count) => count > 0 && count < _ids.Count ? ImageBlock(count).Start : count;

    /// <summary>How many tokens two sequences have in common from their beginning, of the first
    /// <paramref name="limit"/>. A image counts only whole and only where it is the same image.</summary>
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

/// <summary>A graph that maps ids to embeddings, [batch, tokens] to [batch, tokens, width]. Image features stand in
/// place of image tokens, in order: the graph puts them there where it has an input for them, otherwise they overwrite
/// its rows. Not thread-safe.</summary>
internal sealed class EmbeddingTable : IDisposable
{
    private readonly ModelSession _session;
    private readonly EmbeddingNames _names;
    private readonly int _imageToken;
    private readonly int _width;
    private readonly TensorElementType _type;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _options = new();
    private NativeBuffer _input = new(0);
    private NativeBuffer _converted = new(0);
    private NativeBuffer _merged = new(0);

    /// <param name="width">Numbers of an embedding.</param>
    /// <param name="imageToken">The id that stands for an image feature.</param>
    public EmbeddingTable(ModelSession session, EmbeddingNames names, int width, int imageToken)
    {
        (_session, _names, _width, _imageToken) = (session, names, width, imageToken);
        _type = session.Session.OutputMetadata[names.Embeddings].ElementDataType;
        _binding = session.Session.CreateIoBinding();
    }

    /// <summary>Writes the embeddings of a run of tokens, [count, width].</summary>
    /// <param name="start">The first token of the run.</param>
    /// <param name="features">The features of the sequence's images, in order; not needed where the run holds no image token.</param>
    /// <param name="type">Of the numbers that are written.</param>
    /// <param name="firstRow">The row of <paramref name="target"/> to start at.</param>
    public void Embed(TokenSequence tokens, int start, int count, IReadOnlyList<ImageFeatures> features, NativeBuffer target, TensorElementType type, int firstRow)
    {
        ReadOnlySpan<int> ids = tokens.Ids.Slice(start, count);
        Span<long> input = NativeBuffer.Grow(ref _input, (long)count * sizeof(long)).Span<long>(0, count);
        for (int i = 0; i < count; i++)
        {
            input[i] = ids[i];
        }

        bool direct = type == _type;
        NativeBuffer output = direct ? target : NativeBuffer.Grow(ref _converted, (long)count * _width * TensorElements.SizeOf(_type));
        long offset = direct ? (long)firstRow * _width * TensorElements.SizeOf(type) : 0;
        using (OrtValue idTensor = _input.Tensor(TensorElementType.Int64, [1, count]))
        using (OrtValue? featureTensor = _names.ImageFeatures is null ? null : Merge(tokens, start, count, features))
        using (OrtValue embeddingTensor = output.Tensor(_type, [1, count, _width], offset))
        {
            _binding.BindInput(_names.InputIds, idTensor);
            if (featureTensor is not null)
            {
                _binding.BindInput(_names.ImageFeatures, featureTensor);
            }

            _binding.BindOutput(_names.Embeddings, embeddingTensor);
            ObjectDisposedException.ThrowIf(_session.IsDisposed, _session);
            _session.Session.RunWithBinding(_options, _binding);
        }

        if (!direct)
        {
            Convert(count * _width, target, type, (long)firstRow * _width);
        }

        if (_names.ImageFeatures is null)
        {
            foreach ((int at, ReadOnlyMemory<float> values) in ImageRows(tokens, start, count, features))
            {
                TensorElements.Write(values.Span, target, type, ((long)firstRow + at - start) * _width);
            }
        }
    }

    /// <summary>The features of a run's image tokens, for graphs that put them in their places.</summary>
    private OrtValue Merge(TokenSequence tokens, int start, int count, IReadOnlyList<ImageFeatures> features)
    {
        NodeMetadata input = _session.Session.InputMetadata[_names.ImageFeatures!];
        int rows = 0;
        foreach ((_, ReadOnlyMemory<float> values) in ImageRows(tokens, start, count, features))
        {
            NativeBuffer.Grow(ref _merged, (long)count * _width * TensorElements.SizeOf(input.ElementDataType));
            TensorElements.Write(values.Span, _merged, input.ElementDataType, (long)rows++ * _width);
        }

        return _merged.Tensor(input.ElementDataType, input.Dimensions.Length == 3 ? [1, rows, _width] : [rows, _width]);
    }

    private void Convert(int count, NativeBuffer target, TensorElementType type, long first)
    {
        float[] floats = System.Buffers.ArrayPool<float>.Shared.Rent(count);
        TensorElements.Read(_converted.Span<byte>(0, checked(count * TensorElements.SizeOf(_type))), _type, floats.AsSpan(0, count));
        TensorElements.Write(floats.AsSpan(0, count), target, type, first);
        System.Buffers.ArrayPool<float>.Shared.Return(floats);
    }

    /// <summary>Each image token of a run with its feature. Images are gone through from their first token, because a run may begin in the middle of one.</summary>
    private IEnumerable<(int At, ReadOnlyMemory<float> Values)> ImageRows(TokenSequence tokens, int start, int count, IReadOnlyList<ImageFeatures> features)
    {
        for (int image = 0; image < tokens.Images.Count; image++)
        {
            ImageSpan span = tokens.Images[image];
            if (span.End <= start || span.Start >= start + count)
            {
                continue;
            }

            ImageFeatures rows = image < features.Count ? features[image] : throw new InvalidOperationException("The features of an image in the prompt are missing.");
            if (rows.Width != _width || rows.Tokens != span.Plan.Tokens)
            {
                throw new ModelOutputException(
                    $"{_session.ModelName}: the vision tower gave {rows.Tokens} features of {rows.Width} numbers for an image that has {span.Plan.Tokens} tokens of {_width} in the prompt.");
            }

            int row = 0;
            for (int at = span.Start; at < Math.Min(span.End, start + count); at++)
            {
                if (tokens.Ids[at] == _imageToken)
                {
                    if (at >= start)
                    {
                        yield return (at, rows.Row(row));
                    }

                    row++;
                }
            }
        }
    }

    public void Dispose()
    {
        _binding.Dispose();
        _options.Dispose();
        _input.Dispose();
        _converted.Dispose();
        _merged.Dispose();
    }
}
