namespace SafeVision.Inference;

/// <summary>What an ONNX file says about itself, read without its weights and without ONNX Runtime.</summary>
internal sealed record OnnxHeader
{
    private static readonly byte[] s_pointer = [.. "version https://git-lfs"u8];

    /// <summary>The version of the file format.</summary>
    public required long IrVersion { get; init; }

    /// <summary>The version of each operator set that is used; the standard one has the empty name.</summary>
    public required IReadOnlyDictionary<string, long> Opsets { get; init; }

    /// <summary>The operators of the graph and of the graphs inside it, each once.</summary>
    public required IReadOnlySet<OnnxOperator> Operators { get; init; }

    /// <summary>Operators that the file itself defines as functions of others.</summary>
    public required IReadOnlySet<OnnxOperator> Functions { get; init; }

    /// <summary>The graph's inputs in order. Files older than IR version 4 list their weights here too.</summary>
    public required IReadOnlyList<OnnxTensorInfo> Inputs { get; init; }

    /// <summary>The graph's outputs in order.</summary>
    public required IReadOnlyList<OnnxTensorInfo> Outputs { get; init; }

    /// <summary>The files in which weights are kept, each once.</summary>
    public required IReadOnlyList<OnnxExternalFile> ExternalFiles { get; init; }

    /// <summary>The nodes that may share one buffer between past and present keys and values.</summary>
    public required IReadOnlyList<OnnxGroupQueryAttention> GroupQueryAttentions { get; init; }

    /// <summary>Reads the header of a file of any size; weights inside the file are skipped.</summary>
    /// <exception cref="ModelLoadException">The file is missing, can't be read, is no ONNX model, or breaks a bound.</exception>
    public static OnnxHeader Read(string path)
    {
        try
        {
            // Opening a pipe waits for its writer, for ever if need be; pipes and devices report no length.
            if (new FileInfo(path) is not { Exists: true, Length: > 0 })
            {
                throw new ModelLoadException($"{path}: is missing or empty.");
            }

            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 1);
            Span<byte> start = stackalloc byte[s_pointer.Length];
            if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual(s_pointer))
            {
                throw new ModelLoadException($"{path}: is not the file but a Git LFS pointer to it. Run 'git lfs pull' in the repository, or download the file itself.");
            }

            return new OnnxHeaderReader(new ProtobufReader(stream, path), path).Read();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException($"{path}: can't be read. {exception.Message}", exception);
        }
    }
}
