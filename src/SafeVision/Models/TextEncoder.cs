using System.Numerics.Tensors;
using Microsoft.ML.OnnxRuntime;
using SafeVision.Inference;

namespace SafeVision.Models;

/// <summary>
/// A sentence encoder: texts in, unit vectors out, so that the dot product of two is their cosine similarity. Thread-safe.
/// </summary>
public sealed class TextEncoder
{
    private const int BatchSize = 32;

    private readonly ModelPackage _package;
    private readonly ModelSession _session;
    private readonly BertSentenceTokenizer _tokenizer;
    private readonly string _embeddings;

    private TextEncoder(ModelPackage package, ModelSession session, BertSentenceTokenizer tokenizer)
    {
        (_package, _session, _tokenizer) = (package, session, tokenizer);
        _embeddings = package.Manifest.Outputs.TryGetValue("embeddings", out string? name) ? name : "embeddings";
        session.Require(["input_ids", "attention_mask"], [_embeddings]);
        Dimensions = session.OutputShape(_embeddings)[^1];
    }

    /// <summary>The provider it runs on.</summary>
    public ProviderSelection Provider => _session.Provider;

    /// <summary>The length of a vector.</summary>
    public int Dimensions { get; }

    /// <summary>The model's hash, which names the space that its vectors live in.</summary>
    public string Sha256 => _package.Manifest.Sha256;

    /// <summary>Loads a text encoder.</summary>
    /// <exception cref="ModelLoadException">It is missing, altered or not a text encoder.</exception>
    public static async Task<TextEncoder> LoadAsync(
        ModelPackage package, SessionCache sessions, ExecutionOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(package);
        ArgumentNullException.ThrowIfNull(sessions);
        if (package.Manifest is not { Kind: "textEncoder", Tokenizer: { } rules })
        {
            throw new ModelLoadException($"{package.Folder.Description}: a {package.Manifest.Kind} is no text encoder.");
        }

        // Phrases are embedded when a policy is compiled, a few at a time: the processor is the right place on any machine.
        var onCpu = new ExecutionOptions { Threads = options?.Threads };
        ModelSession session = await sessions.GetAsync(package.Image(null), onCpu, cancellationToken).ConfigureAwait(false);
        return new TextEncoder(package, session, ReadTokenizer(package, rules));
    }

    /// <summary>The vectors of some texts, row by row: [texts, <see cref="Dimensions"/>].</summary>
    public float[] Embed(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        float[] result = new float[texts.Count * Dimensions];
        for (int start = 0; start < texts.Count; start += BatchSize)
        {
            int count = Math.Min(BatchSize, texts.Count - start);
            Embed([.. texts.Skip(start).Take(count).Select(_tokenizer.Encode)], result.AsSpan(start * Dimensions, count * Dimensions), cancellationToken);
        }

        return result;
    }

    private static BertSentenceTokenizer ReadTokenizer(ModelPackage package, ModelTokenizer rules)
    {
        try
        {
            return rules.Create(package.ReadVerified(rules.Vocabulary));
        }
        catch (InvalidDataException exception)
        {
            throw new ModelLoadException($"{package.Folder.Description}/{rules.Vocabulary}: {exception.Message}.", exception);
        }
    }

    private void Embed(IReadOnlyList<int>[] ids, Span<float> destination, CancellationToken cancellationToken)
    {
        int length = ids.Max(row => row.Count);
        long[] tokens = new long[ids.Length * length]; // [batch, tokens], 0 where padded
        long[] mask = new long[tokens.Length];
        for (int row = 0; row < ids.Length; row++)
        {
            for (int i = 0; i < ids[row].Count; i++)
            {
                (tokens[(row * length) + i], mask[(row * length) + i]) = (ids[row][i], 1);
            }
        }

        using OrtValue tokenValue = OrtValue.CreateTensorValueFromMemory(tokens, [ids.Length, length]);
        using OrtValue maskValue = OrtValue.CreateTensorValueFromMemory(mask, [ids.Length, length]);
        ObjectDisposedException.ThrowIf(_session.IsDisposed, _session);
        using var runOptions = new RunOptions();
        float[] vectors = [];
        ModelSession.Run(
            runOptions,
            _session.Session,
            (options, session) =>
            {
                using IDisposableReadOnlyCollection<OrtValue> outputs = session.Run(
                    options, ["input_ids", "attention_mask"], [tokenValue, maskValue], [_embeddings]);
                vectors = outputs[0].GetTensorDataAsSpan<float>().ToArray();
            },
            cancellationToken);

        if (vectors.Length != destination.Length || !float.IsFinite(TensorPrimitives.Sum<float>(vectors)))
        {
            throw new ModelLoadException($"{_package.Manifest.Id}: gave {vectors.Length} numbers, not all finite, for {destination.Length}.");
        }

        vectors.CopyTo(destination);
    }
}
