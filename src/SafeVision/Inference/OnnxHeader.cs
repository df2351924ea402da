using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.Inference;

/// <summary>What an ONNX file says about itself, read without its weights and without ONNX Runtime.</summary>
public sealed record OnnxHeader
{
    /// <summary>The version of the file format.</summary>
    public required long IrVersion { get; init; }

    /// <summary>The version of each operator set that is used; the standard one has the empty name.</summary>
    public required IReadOnlyDictionary<string, long> Opsets { get; init; }

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

/// <summary>A file in which a model keeps weights.</summary>
/// <param name="Location">The file's name as the model gives it, not yet checked.</param>
/// <param name="Bytes">The end of the last weight in it: the least length that the file must have.</param>
internal sealed record OnnxExternalFile(string Location, long Bytes);

/// <summary>A node that appends keys and values in place when its past and present tensors are the same memory. Source:
/// GroupQueryAttention in ONNX Runtime's docs/ContribOperators.md.</summary>
/// <param name="PastKey">Keys of the past tokens; empty where the node keeps none.</param>
/// <param name="PastValue">Values of the past tokens.</param>
/// <param name="PresentKey">Keys with the new tokens.</param>
/// <param name="PresentValue">Values with the new tokens.</param>
/// <param name="Heads">Query heads; 0 where the node does not say.</param>
/// <param name="KeyValueHeads">Key and value heads; 0 where the node does not say.</param>
public sealed record OnnxGroupQueryAttention(
    string PastKey, string PastValue, string PresentKey, string PresentValue, int Heads, int KeyValueHeads);

/// <summary>An input or output of a graph.</summary>
/// <param name="Name">The tensor's name.</param>
/// <param name="Type">What its elements are; ONNX and ONNX Runtime number them alike.</param>
/// <param name="Dimensions">The sizes, -1 where the graph leaves one open; empty for a scalar, and where the graph says nothing.</param>
public sealed record OnnxTensorInfo(string Name, TensorElementType Type, IReadOnlyList<long> Dimensions)
{
    /// <summary>Such as <c>Float [-1, 3, 448, 448]</c>, for errors.</summary>
    public string Form => $"{Type} [{string.Join(", ", Dimensions)}]";
}
