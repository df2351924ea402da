using System.Text.Json.Serialization;

namespace SafeVision;

/// <summary>Why an image could not be judged.</summary>
[JsonConverter(typeof(CamelCaseEnumConverter<FailureReason>))]
public enum FailureReason
{
    /// <summary>An engine, or the guardrail itself, failed.</summary>
    EngineError = 0,

    /// <summary>The content is not one of the image formats that are accepted.</summary>
    Unsupported = 1,

    /// <summary>The image's data end early.</summary>
    Truncated = 2,

    /// <summary>The image is over a limit on bytes, pixels, rows or frames.</summary>
    TooLarge = 3,

    /// <summary>The image's content is invalid.</summary>
    Corrupt = 4,

    /// <summary>The file or stream could not be read.</summary>
    Unreadable = 5,

    /// <summary>The time allowed for one image ran out, waiting for its turn included.</summary>
    TimedOut = 6,

    /// <summary>Too many images wait already; <see cref="GuardrailFailure.RetryAfter"/> says when to try again.</summary>
    Busy = 7,
}
