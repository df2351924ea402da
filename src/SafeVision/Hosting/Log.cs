namespace SafeVision.Hosting;

internal static partial class Log
{
    [LoggerMessage(10, LogLevel.Error, "An image could not be judged because an engine failed; the policy's onFailure applies.")]
    public static partial void EngineFailed(ILogger logger, Exception exception);

    [LoggerMessage(13, LogLevel.Warning, "The image {Image} was rejected as {Reason}, so that the policy's onFailure applies: {Message}")]
    public static partial void ImageRejected(ILogger logger, string image, ImageRejectionReason reason, string message);

    [LoggerMessage(11, LogLevel.Error, "The change of the policy file {Path} was refused and the old policy stays in force: {Error}")]
    public static partial void PolicyRefused(ILogger logger, string path, string error);

    [LoggerMessage(12, LogLevel.Information, "The policy file {Path} changed; policy {Name} version {Version} (hash {Hash}) is in force.")]
    public static partial void PolicyReplaced(ILogger logger, string path, string name, string version, string hash);
}
