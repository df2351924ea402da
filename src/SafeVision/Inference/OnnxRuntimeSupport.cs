namespace SafeVision.Inference;

/// <summary>What to do about a file whose format, operator sets or operators the ONNX Runtime in use lacks, told from what ONNX
/// Runtime says of it when it is loaded.</summary>
internal static partial class OnnxRuntimeSupport
{
    /// <summary>What ONNX Runtime says of an operator that it has in no version, in other versions only, or whose set is not named.</summary>
    private static readonly string[] s_unknown = [" is not a registered function/op", "No Op registered for ", "No opset import for domain "];

    /// <summary>A sentence to stand behind ONNX Runtime's message; empty where that is about something else.</summary>
    public static string Advice(string message)
    {
        string? lacks = LargestFormat().Match(message) is { Success: true } format ? $"with IR version {format.Groups[1].Value} or less"
            : LargestOpset().Match(message) is { Success: true } opset
                ? $"with opset {opset.Groups[3].Value} or less where it uses opset {opset.Groups[1].Value} of {opset.Groups[2].Value}"
            : Array.Exists(s_unknown, message.Contains) ? "without that operator, or with operator sets that have it"
            : null;
        return lacks is null ? "" : $" Export it again {lacks}, or reference a newer ONNX Runtime.";
    }

    [GeneratedRegex(@"max supported IR version: (\d+)", RegexOptions.NonBacktracking)]
    private static partial Regex LargestFormat();

    [GeneratedRegex(@"Opset (\d+) is under development.*official support for domain (\S+) is till opset (\d+)", RegexOptions.NonBacktracking | RegexOptions.Singleline)]
    private static partial Regex LargestOpset();
}
