using System.Runtime.InteropServices;
using SafeVision.Engines.ClosedSet;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Conversion;

/// <summary>Embeds the names of a classifier's labels beforehand, in half precision.</summary>
internal static class LabelEmbeddings
{
    public const string FileName = "label-embeddings.f16";

    private const int NamesAtOnce = 32;

    /// <summary>Writes the file into a model's folder.</summary>
    /// <exception cref="ModelLoadException">The text encoder is missing, altered or none.</exception>
    public static async Task<StoredEmbeddings> WriteAsync(
        string folder, ModelManifest manifest, string textEncoder, Action<long, long> done, CancellationToken cancellationToken)
    {
        using var sessions = new SessionCache();
        TextEncoder encoder = await TextEncoder.LoadAsync(ModelPackage.Open(textEncoder), sessions, new ExecutionOptions(), cancellationToken).ConfigureAwait(false);
        (string[] texts, _) = LabelSpace.TextsOf(manifest);
        using FileStream file = File.Create(Path.Combine(folder, FileName));
        for (int start = 0; start < texts.Length; start += NamesAtOnce)
        {
            float[] vectors = encoder.Embed([.. texts.Skip(start).Take(NamesAtOnce)], cancellationToken);
            Half[] halves = [.. vectors.Select(value => (Half)value)];
            file.Write(MemoryMarshal.AsBytes(halves.AsSpan()));
            done(Math.Min(start + NamesAtOnce, texts.Length), texts.Length);
        }

        return new StoredEmbeddings(FileName, encoder.Sha256);
    }
}
