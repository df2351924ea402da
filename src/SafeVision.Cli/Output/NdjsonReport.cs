namespace SafeVision.Cli.Output;

/// <summary>One object a line.</summary>
internal sealed class NdjsonReport(TextWriter writer) : IReport
{
    // '\n' whatever the system: the format's separator, not the terminal's.
    public void Add(string path, GuardrailResult result, string? heatMap) => writer.Write(ImageReport.ToJson(path, result, heatMap) + "\n");

    public void Complete(GuardrailStatus status)
    {
    }

    public void Dispose()
    {
    }
}
