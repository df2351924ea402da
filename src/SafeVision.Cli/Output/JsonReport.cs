namespace SafeVision.Cli.Output;

/// <summary>One array with an object for each image.</summary>
internal sealed class JsonReport : IReport
{
    private readonly TextWriter writer;
    private bool any;

    public JsonReport(TextWriter writer)
    {
        this.writer = writer;
        writer.Write('[');
    }

    public void Add(string path, GuardrailResult result, string? heatMap)
    {
        writer.Write(any ? ",\n" : "\n");
        writer.Write(ImageReport.ToJson(path, result, heatMap));
        any = true;
    }

    public void Complete(GuardrailStatus status)
    {
    }

    /// <summary>Closes the array, also after an error: what was printed stays readable.</summary>
    public void Dispose() => writer.WriteLine("\n]");
}
