using Microsoft.Extensions.AI.Evaluation;

namespace SafeVision.Extensions.AI;

/// <summary>Judges the images of a conversation by a guardrail: offline, without a chat client, and without opening any
/// address.</summary>
/// <remarks>
/// <para>
/// Metrics: <see cref="DecisionMetricName"/>, a string (<c>allow</c>, <c>review</c>, <c>block</c>), the strictest decision of all
/// images; and a number for each category of the policy, named by <see cref="CategoryMetricName"/>: the score of the image that
/// weighs most, 0 to 1.
/// </para>
/// <para>
/// What was not assessed is rated inconclusive and never good: a category that no engine judged, an image that could not be
/// read or fetched. Such a result fails, as long as the policy does not allow what was not assessed. Without an image, metrics
/// have no value, are rated inconclusive, and do not fail.
/// </para>
/// <para>Thread-safe where the guardrail is. The guardrail stays the caller's. Its exceptions for misuse and broken deployments pass through.</para>
/// </remarks>
public sealed class ImageGuardrailEvaluator : IEvaluator
{
    /// <summary>The name of the metric that holds the decision.</summary>
    public const string DecisionMetricName = "Image Guardrail Decision";

    private readonly IImageGuardrail _guardrail;
    private readonly bool _includeMessages;
    private readonly bool _reviewFails;
    private readonly int _maxImages;

    /// <summary>Creates the evaluator.</summary>
    /// <param name="guardrail">What judges.</param>
    /// <param name="options">Null: the defaults.</param>
    public ImageGuardrailEvaluator(IImageGuardrail guardrail, ImageGuardrailEvaluatorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(guardrail);
        options ??= new ImageGuardrailEvaluatorOptions();
        _guardrail = guardrail;
        (_includeMessages, _reviewFails, _maxImages) = (options.IncludeMessages, options.ReviewFails, options.MaxImages);
    }

    /// <summary>The names of the decision's metric and of one metric for each category of the policy in force.</summary>
    public IReadOnlyCollection<string> EvaluationMetricNames => [DecisionMetricName, .. _guardrail.Status.Policy.Categories.Select(category => CategoryMetricName(category.Id))];

    /// <summary>The name of a category's metric.</summary>
    /// <param name="category">The category's id.</param>
    public static string CategoryMetricName(string category) => $"Image Guardrail: {category}";

    /// <summary>Judges the images.</summary>
    /// <param name="messages">The conversation up to the response.</param>
    /// <param name="modelResponse">The response.</param>
    /// <param name="chatConfiguration">Not used: no chat client is asked.</param>
    /// <param name="additionalContext">Not used.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public async ValueTask<EvaluationResult> EvaluateAsync(
        IEnumerable<ChatMessage> messages,
        ChatResponse modelResponse,
        ChatConfiguration? chatConfiguration = null,
        IEnumerable<EvaluationContext>? additionalContext = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        ArgumentNullException.ThrowIfNull(modelResponse);
        var images = ConversationImages.Of(_includeMessages ? messages.Concat(modelResponse.Messages) : modelResponse.Messages, _maxImages);
        List<JudgedImage> judged = [];
        await foreach (GuardrailResult result in _guardrail.CheckManyAsync(images.Images.ToAsyncEnumerable(), cancellationToken).ConfigureAwait(false))
        {
            judged.Add(new JudgedImage(images.Images[judged.Count].Name, result));
        }

        // The policy may have been changed meanwhile: the metrics are those of the policy that judged.
        var verdict = new ConversationVerdict(judged, images.Unjudged, _reviewFails);
        string[] ids = [.. judged.SelectMany(image => image.Result.Findings).Select(finding => finding.Category).Distinct(StringComparer.Ordinal)];
        IEnumerable<string> categories = ids.Length > 0 ? ids : _guardrail.Status.Policy.Categories.Select(category => category.Id);
        return new EvaluationResult([verdict.Decision(), .. categories.Select(verdict.Category)]);
    }
}

/// <summary>What an <see cref="ImageGuardrailEvaluator"/> judges, and what fails.</summary>
/// <remarks>Setting a value outside its range throws <see cref="ArgumentOutOfRangeException"/>. Read when the evaluator is created.</remarks>
public sealed class ImageGuardrailEvaluatorOptions
{
    /// <summary>Whether the images of the messages before the response are judged too. Default true.</summary>
    public bool IncludeMessages { get; set; } = true;

    /// <summary>Whether a decision to review fails, as a decision to block does. Default true: nobody looks at a review in a test run.</summary>
    public bool ReviewFails { get; set; } = true;

    /// <summary>The most images of one conversation that are judged, 1 to 1,000. Default 32. With more, the result is inconclusive and fails.</summary>
    public int MaxImages
    {
        get;
        set => field = value is >= 1 and <= 1000 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "The number is to be from 1 to 1,000.");
    } = 32;
}
