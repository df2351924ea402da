namespace SafeVision.Cli.Output;

/// <summary>One object a line.</summary>
internal sealed class NdjsonReport(TextWriter writer) : IReport
{
    public void Add(string path, GuardrailResult result, string? heatMap) => writer.WriteLine(ImageReport.ToJson(path, result, heatMap));

    public void Complete(GuardrailStatus status)
    {
    }

    public void Dispose()
    {
    }
}
