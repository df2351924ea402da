namespace SafeVision.Cli.Output;

/// <summary>Prints results as they come.</summary>
internal interface IReport : IDisposable
{
    /// <summary>Adds one image's result; <paramref name="heatMap"/> is the picture of its evidence, where one was written.</summary>
    void Add(string path, GuardrailResult result, string? heatMap);

    /// <summary>Says what concerns all images.</summary>
    void Complete(GuardrailStatus status);
}
