namespace SafeVision;

/// <summary>The answer about one image: what should happen, why, and what the answer rests on. Immutable.</summary>
public sealed record GuardrailResult
{
    /// <summary>What should happen to the image: the strictest of the findings, or the policy's <c>onFailure</c>.</summary>
    public required Decision Decision { get; init; }

    /// <summary>One readable paragraph. It may repeat words of the policy; encode it before it goes into a page.</summary>
    public required string Explanation { get; init; }

    /// <summary>One finding for each category of the policy, in the policy's order; empty when the image could not be judged.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Set when the image could not be judged; null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public GuardrailFailure? Failure { get; init; }

    /// <summary>What is needed to audit the decision and to repeat it.</summary>
    public required Provenance Provenance { get; init; }

    /// <summary>The finding that weighs most: the strictest decision, then the highest score; null when there is none.</summary>
    [JsonIgnore]
    public Finding? Primary => Findings
        .OrderBy(finding => finding.Decision)
        .ThenByDescending(finding => finding.Score ?? -1)
        .FirstOrDefault();

    /// <summary>The finding of a category; null when the policy has none of this id, or the image could not be judged.</summary>
    /// <param name="category">The category's id, in any case.</param>
    public Finding? Find(string category) => Findings.FirstOrDefault(finding => finding.Category.Equals(category, StringComparison.OrdinalIgnoreCase));
}

/// <summary>An image that could not be judged; the result's decision is then the policy's <c>onFailure</c>.</summary>
/// <param name="Reason">The kind of failure.</param>
/// <param name="Message">What happened and where, for a person. It names files without their folders and never holds image data.</param>
public sealed record GuardrailFailure(FailureReason Reason, string Message)
{
    /// <summary>After how long another try may find a turn: whole seconds, at least one, for a host's <c>Retry-After</c>. Set where
    /// <see cref="Reason"/> is <see cref="FailureReason.Busy"/>, null otherwise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? RetryAfter { get; init; }
}

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

    /// <summary>Too many images wait already, or the guardrail was disposed while the image waited; <see cref="GuardrailFailure.RetryAfter"/> says when to try again.</summary>
    Busy = 7,
}

/// <summary>A piece of a reason that is being written, or the result that ends the stream: one of the two is set.</summary>
/// <param name="Reason">The next piece of the reason in the model's own words; encode it before it goes into a page.</param>
/// <param name="Result">The result; the last update of a stream has it.</param>
public readonly record struct GuardrailUpdate(string? Reason, GuardrailResult? Result);

/// <summary>Source-generated metadata to serialise results with System.Text.Json, also where reflection is off.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GuardrailResult))]
[JsonSerializable(typeof(IReadOnlyList<GuardrailResult>))]
public sealed partial class GuardrailJson : JsonSerializerContext;

/// <summary>Writes enum values as camelCase words: <c>block</c>, <c>notAssessed</c>.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Writes a number with at most six decimals, which is more than any score is worth.</summary>
public sealed class RoundedNumberConverter : JsonConverter<double>
{
    /// <inheritdoc />
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteNumberValue(Math.Round(value, 6));
    }
}
