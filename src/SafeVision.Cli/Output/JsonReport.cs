namespace SafeVision.Cli.Output;

/// <summary>One array with an object for each image, written as the results come.</summary>
internal sealed class JsonReport : IReport
{
    private readonly TextWriter _writer;
    private bool _any;

    public JsonReport(TextWriter writer)
    {
        _writer = writer;
        writer.Write('[');
    }

    public void Add(string path, GuardrailResult result, string? heatMap)
    {
        _writer.Write($"{(_any ? "," : "")}\n{ImageReport.ToJson(path, result, heatMap)}");
        _any = true;
    }

    public void Complete(GuardrailStatus status)
    {
    }

    /// <summary>Closes the array, also after an error: what was printed stays readable, and the exit code tells that it is not all.</summary>
    public void Dispose() => _writer.Write("\n]\n");
}
