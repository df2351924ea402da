using SafeVision.Cli.Output;

namespace SafeVision.Cli;

/// <summary>What a command line of <c>safevision check</c> asks for.</summary>
internal sealed record CheckRequest(
    IReadOnlyList<string> Paths, string? PolicyFile, ReportFormat Format, string? HeatMapFolder, bool Recursive, string Provider,
    ModelChoice? Model, int? TimeoutSeconds, bool ShowPrompt);
