using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SafeVision.Execution;

namespace SafeVision.Models.Generation;

/// <summary>
/// A graph that maps ids to embeddings, [batch, tokens] to [batch, tokens, width]; image features then overwrite the rows of
/// image tokens, in order.
/// </summary>
internal sealed class EmbeddingTable : ITextEmbedder
{
    private readonly ModelSession _session;
    private readonly string _ids;
    private readonly string _embeddings;
    private readonly int _imageToken;
    private readonly TensorElementType _type;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _options = new();
    private NativeBuffer _input = new(0);
    private NativeBuffer _converted = new(0);

    /// <param name="session">The graph.</param>
    /// <param name="ids">Its input's name.</param>
    /// <param name="embeddings">Its output's name.</param>
    /// <param name="imageToken">The id whose rows are overwritten.</param>
    public EmbeddingTable(ModelSession session, string ids, string embeddings, int imageToken)
    {
        (_session, _ids, _embeddings, _imageToken) = (session, ids, embeddings, imageToken);
        _type = session.Session.OutputMetadata[embeddings].ElementDataType;
        _binding = session.Session.CreateIoBinding();
    }

    public void Embed(TokenSequence tokens, int start, int count, IReadOnlyList<ImageFeatures> features, NativeBuffer target, TensorElementType type, int firstRow)
    {
        int width = _session.Session.OutputMetadata[_embeddings].Dimensions[^1];
        ReadOnlySpan<int> ids = tokens.Ids.Slice(start, count);
        Span<long> input = Room(ref _input, (long)count * sizeof(long)).Span<long>(0, count);
        for (int i = 0; i < count; i++)
        {
            input[i] = ids[i];
        }

        bool direct = type == _type;
        NativeBuffer output = direct ? target : Room(ref _converted, (long)count * width * TensorElements.SizeOf(_type));
        long offset = direct ? (long)firstRow * width * TensorElements.SizeOf(type) : 0;
        using (OrtValue idTensor = _input.Tensor(TensorElementType.Int64, [1, count]))
        using (OrtValue embeddingTensor = output.Tensor(_type, [1, count, width], offset))
        {
            _binding.BindInput(_ids, idTensor);
            _binding.BindOutput(_embeddings, embeddingTensor);
            ObjectDisposedException.ThrowIf(_session.IsDisposed, _session);
            _session.Session.RunWithBinding(_options, _binding);
        }

        if (!direct)
        {
            Convert(count * width, target, type, (long)firstRow * width);
        }

        PutFeatures(tokens, start, count, features, width, target, type, firstRow);
    }

    private void Convert(int count, NativeBuffer target, TensorElementType type, long first)
    {
        float[] floats = System.Buffers.ArrayPool<float>.Shared.Rent(count);
        TensorElements.Read(_converted.Span<byte>(0, checked(count * TensorElements.SizeOf(_type))), _type, floats.AsSpan(0, count));
        TensorElements.Write(floats.AsSpan(0, count), target, type, first);
        System.Buffers.ArrayPool<float>.Shared.Return(floats);
    }

    /// <summary>Goes through the pictures from their first token, because a run may begin in the middle of one.</summary>
    private void PutFeatures(
        TokenSequence tokens, int start, int count, IReadOnlyList<ImageFeatures> features, int width, NativeBuffer target, TensorElementType type, int firstRow)
    {
        for (int image = 0; image < tokens.Images.Count; image++)
        {
            ImageSpan span = tokens.Images[image];
            if (span.End <= start || span.Start >= start + count)
            {
                continue;
            }

            ImageFeatures rows = image < features.Count ? features[image] : throw new InvalidOperationException("The features of a picture in the prompt are missing.");
            if (rows.Width != width || rows.Tokens != span.Plan.Tokens)
            {
                throw new ModelOutputException(
                    $"{_session.ModelName}: the vision tower gave {rows.Tokens} features of {rows.Width} numbers for a picture that has {span.Plan.Tokens} tokens of {width} in the prompt.");
            }

            int row = 0;
            for (int at = span.Start; at < Math.Min(span.End, start + count); at++)
            {
                if (tokens.Ids[at] == _imageToken)
                {
                    if (at >= start)
                    {
                        TensorElements.Write(rows.Row(row), target, type, ((long)firstRow + at - start) * width);
                    }

                    row++;
                }
            }
        }
    }

    private static NativeBuffer Room(ref NativeBuffer buffer, long bytes)
    {
        if (buffer.Bytes < bytes)
        {
            buffer.Dispose();
            buffer = new NativeBuffer(bytes);
        }

        return buffer;
    }

    public void Dispose()
    {
        _binding.Dispose();
        _options.Dispose();
        _input.Dispose();
        _converted.Dispose();
    }
}
