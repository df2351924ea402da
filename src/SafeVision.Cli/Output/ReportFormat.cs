namespace SafeVision.Cli.Output;

/// <summary>How <c>check</c> prints its results.</summary>
internal enum ReportFormat
{
    /// <summary>For people.</summary>
    Table,

    /// <summary>One array.</summary>
    Json,

    /// <summary>One object a line, each as soon as it is known.</summary>
    Ndjson,
}
