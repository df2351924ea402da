using Microsoft.Extensions.Logging;

namespace SafeVision.Inference;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "{Model} runs on {Provider}, not on the provider asked for first: {Reasons}")]
    public static partial void Fallback(ILogger logger, string model, string provider, string reasons);
}
