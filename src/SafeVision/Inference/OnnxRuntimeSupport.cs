using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;

namespace SafeVision.Inference;

/// <summary>Whether the ONNX Runtime in use knows a file's format, operator sets and operators, asked of ONNX Runtime
/// itself with models of a few bytes, so that a file of gigabytes is refused at once and with advice. Kernels are
/// another matter: which element types an operator takes shows when the file is loaded.</summary>
internal static partial class OnnxRuntimeSupport
{
    /// <summary>What ONNX Runtime says of an operator that it has in no version, in other versions only, or whose set is not named.</summary>
    private static readonly string[] s_unknown = [" is not a registered function/op", "No Op registered for ", "No opset import for domain "];

    /// <exception cref="ModelLoadException">It lacks something; the message names it, the file, and what to do.</exception>
    public static void Require(OnnxFile file)
    {
        OnnxHeader header = file.Header;
        using SessionOptions options = OnnxRuntime.CreateOptions();
        options.IntraOpNumThreads = options.InterOpNumThreads = 1;
        options.GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL;
        options.LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL;
        string sets = Complaint(Probe(header, null), options);
        if (LargestFormat().Match(sets) is { Success: true } format)
        {
            throw Unsupported(file, $"has IR version {header.IrVersion}; ONNX Runtime {OnnxRuntime.Version} reads up to {format.Groups[1].Value}. Export it again with IR version {format.Groups[1].Value} or less");
        }

        if (LargestOpset().Match(sets) is { Success: true } opset)
        {
            string domain = opset.Groups[1].Value;
            throw Unsupported(file, $"uses opset {header.Opsets.GetValueOrDefault(domain == "ai.onnx" ? "" : domain)} of {domain}; ONNX Runtime {OnnxRuntime.Version} has up to opset {opset.Groups[2].Value}. Export it again with opset {opset.Groups[2].Value} or less");
        }

        foreach (OnnxOperator operation in header.Operators.Where(operation => !header.Functions.Contains(operation)))
        {
            string complaint = Complaint(Probe(header, operation), options);
            if (Array.Exists(s_unknown, complaint.Contains))
            {
                string version = header.Opsets.TryGetValue(operation.Domain, out long number) ? $" in opset {number}" : "";
                throw Unsupported(file, $"uses the operator {operation}, which ONNX Runtime {OnnxRuntime.Version} does not have{version}. Export it again without that operator, or with operator sets that have it");
            }
        }
    }

    private static ModelLoadException Unsupported(OnnxFile file, string what) => new($"{file.Path}: {what}, or reference a newer ONNX Runtime.");

    private static string Complaint(byte[] model, SessionOptions options)
    {
        try
        {
            using InferenceSession session = OnnxRuntime.Open(model, options);
            return "";
        }
        catch (OnnxRuntimeException exception)
        {
            return exception.Message;
        }
    }

    /// <summary>A model with the file's format and operator sets and at most one node, which has no inputs and one output.</summary>
    private static byte[] Probe(OnnxHeader header, OnnxOperator? operation)
    {
        using var model = new MemoryStream();
        Number(model, 1, header.IrVersion);
        using var graph = new MemoryStream();
        Text(graph, 2, "probe");
        if (operation is { } known)
        {
            using var node = new MemoryStream();
            Text(node, 2, "y");
            Text(node, 4, known.Name);
            Text(node, 7, known.Domain);
            Block(graph, 1, node.ToArray());
            using var output = new MemoryStream();
            Text(output, 1, "y");
            Block(graph, 12, output.ToArray());
        }

        Block(model, 7, graph.ToArray());
        foreach ((string domain, long version) in header.Opsets)
        {
            using var set = new MemoryStream();
            Text(set, 1, domain);
            Number(set, 2, version);
            Block(model, 8, set.ToArray());
        }

        return model.ToArray();
    }

    private static void Number(MemoryStream message, int field, long value)
    {
        Varint(message, (ulong)(field << 3));
        Varint(message, (ulong)value);
    }

    private static void Text(MemoryStream message, int field, string text) => Block(message, field, Encoding.UTF8.GetBytes(text));

    private static void Block(MemoryStream message, int field, byte[] content)
    {
        Varint(message, (ulong)((field << 3) | 2));
        Varint(message, (ulong)content.Length);
        message.Write(content);
    }

    private static void Varint(MemoryStream message, ulong value)
    {
        for (; value > 0x7F; value >>= 7)
        {
            message.WriteByte((byte)(value | 0x80));
        }

        message.WriteByte((byte)value);
    }

    [GeneratedRegex(@"max supported IR version: (\d+)", RegexOptions.NonBacktracking)]
    private static partial Regex LargestFormat();

    [GeneratedRegex(@"official support for domain (\S+) is till opset (\d+)", RegexOptions.NonBacktracking)]
    private static partial Regex LargestOpset();
}
