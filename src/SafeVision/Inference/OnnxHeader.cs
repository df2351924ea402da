using System.Collections.Frozen;
using SafeVision.Files;

namespace SafeVision.Inference;

/// <summary>What an ONNX file says about itself, read without its weights and without ONNX Runtime.</summary>
public sealed record OnnxHeader
{
    /// <summary>The version of the file format.</summary>
    public required long IrVersion { get; init; }

    /// <summary>The version of each operator set that is used; the standard one has the empty name.</summary>
    public required IReadOnlyDictionary<string, long> Opsets { get; init; }

    /// <summary>The operators of the graph and of the graphs inside it, each once.</summary>
    internal IReadOnlySet<OnnxOperator> Operators { get; init; } = FrozenSet<OnnxOperator>.Empty;

    /// <summary>Operators that the file itself defines as functions of others.</summary>
    internal IReadOnlySet<OnnxOperator> Functions { get; init; } = FrozenSet<OnnxOperator>.Empty;

    /// <summary>The graph's inputs in order. Files older than IR version 4 list their weights here too.</summary>
    public required IReadOnlyList<OnnxTensorInfo> Inputs { get; init; }

    /// <summary>The graph's outputs in order.</summary>
    public required IReadOnlyList<OnnxTensorInfo> Outputs { get; init; }

    /// <summary>The files in which weights are kept, each once.</summary>
    internal IReadOnlyList<OnnxExternalFile> ExternalFiles { get; init; } = [];

    /// <summary>The nodes that may share one buffer between past and present keys and values.</summary>
    public required IReadOnlyList<OnnxGroupQueryAttention> GroupQueryAttentions { get; init; }

    /// <summary>Reads the header of a file of any size; weights inside the file are skipped.</summary>
    /// <exception cref="ModelLoadException">The file is missing, can't be read, is no ONNX model, or breaks a bound.</exception>
    public static OnnxHeader Read(string path)
    {
        try
        {
            using FileStream stream = RegularFile.Open(path, long.MaxValue);
            return new OnnxHeaderReader(new ProtobufReader(stream, path), path).Read();
        }
        catch (FileRefusedException exception) when (exception.Reason is FileRefusalReason.Missing or FileRefusalReason.Empty)
        {
            throw new ModelLoadException($"{path}: is missing or empty.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelLoadException($"{path}: can't be read. {exception.Message}", exception);
        }
    }
}
