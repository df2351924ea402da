using System.Numerics.Tensors;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// A picture as tokens: one for each patch, row by row, perhaps a class token before them, each with its place added
/// (Dosovitskiy et al., arXiv 2010.11929). Pixels behind the last whole patch are not seen, as in the reference.
/// </summary>
internal sealed record PatchTokens : IEncoderEmbedding
{
    private const int MostPatches = 1 << 14; // attention takes the square of it

    private PatchTokens()
    {
    }

    /// <summary>Pixels along a side of a picture.</summary>
    public required int ImageSize { get; init; }

    public required int PatchHeight { get; init; }

    public required int PatchWidth { get; init; }

    /// <summary>[width, 3 · patch height · patch width].</summary>
    public required Projection Patches { get; init; }

    /// <summary>The class token, its place added; null: none.</summary>
    public float[]? ClassToken { get; init; }

    /// <summary>[patches, width], without the class token's.</summary>
    public required float[] Positions { get; init; }

    /// <summary>Over each token, before the first layer; null: none.</summary>
    public NormWeights? Norm { get; init; }

    public int Rows => ImageSize / PatchHeight;

    public int Columns => ImageSize / PatchWidth;

    public int Tokens => (Rows * Columns) + (ClassToken is null ? 0 : 1);

    /// <summary>Reads the parts from a checkpoint.</summary>
    /// <param name="source">The tower's configuration and tensors.</param>
    /// <param name="patches">The name of the convolution that makes patches tokens.</param>
    /// <param name="hasBias">Whether it has a bias.</param>
    /// <param name="positions">The name of the table of places, [tokens, width] or [1, tokens, width].</param>
    /// <param name="classToken">The name of the class token, of any shape; null: none.</param>
    /// <param name="norm">Over each token, before the first layer; null: none.</param>
    public static PatchTokens Read(EncoderSource source, string patches, bool hasBias, string positions, string? classToken = null, NormWeights? norm = null)
    {
        (int image, int width) = (source.ImageSize, source.Width);
        (int patchHeight, int patchWidth) = source.PatchSize;
        int count = image / patchHeight * (image / patchWidth);
        if (count is 0 or > MostPatches)
        {
            throw new CheckpointException($"{source.Where}: a picture of {image} pixels has {count} patches of {patchHeight} by {patchWidth}; it must have 1 to {MostPatches}.");
        }

        float[] places = source.Table(positions, count + (classToken is null ? 0 : 1), width);
        float[]? first = null;
        if (classToken is not null)
        {
            first = source.Vector(classToken, width);
            TensorPrimitives.Add(first, places.AsSpan(0, width), first);
            places = places[width..];
        }

        return new PatchTokens
        {
            ImageSize = image,
            PatchHeight = patchHeight,
            PatchWidth = patchWidth,
            Patches = source.Kernel(patches, hasBias, width, PictureInput.Channels, patchHeight, patchWidth),
            ClassToken = first,
            Positions = places,
            Norm = norm,
        };
    }

    public string Write(TransformerGraph blocks)
    {
        string pixels = PictureInput.Write(blocks, ImageSize);
        int width = Patches.Features;
        string embedded = PatchEmbedding.Write(blocks, pixels, Patches, PictureInput.Channels, PatchHeight, PatchWidth); // [batch, patches, width]
        string tokens = blocks.Add("patches/placed", embedded, blocks.Constant("patches.positions", Positions, 1, Rows * Columns, width));
        if (ClassToken is not null)
        {
            string count = blocks.Reshape("class/count", blocks.SizeOf("class/batch", pixels, 0), 1);
            string shape = blocks.Concatenate("class/shape", 0, count, blocks.Graph.Integers("class/sizes", [1, width], 2));
            string first = blocks.Graph.Node("Expand", blocks.Graph.Claim("class"), [blocks.Constant("class.token", ClassToken, 1, 1, width), shape]);
            tokens = blocks.Concatenate("tokens", 1, first, tokens);
        }

        return Norm is null ? tokens : blocks.Normalize(Norm, tokens);
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => PictureInput.Probe(seed, ImageSize);

    public float[] Compute(IReadOnlyDictionary<string, VisionInput> inputs)
    {
        float[] patches = PatchEmbedding.Compute(inputs[PictureInput.Name].Numbers, Patches, PictureInput.Channels, ImageSize, PatchHeight, PatchWidth);
        TensorPrimitives.Add(patches, Positions, patches);
        float[] tokens = [.. ClassToken ?? [], .. patches];
        if (Norm is not null)
        {
            PlainTransformer.Normalize(Norm, tokens);
        }

        return tokens;
    }
}
