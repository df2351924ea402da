using Microsoft.Extensions.AI;
using Microsoft.Extensions.AI.Evaluation;
using SafeVision.Policies;
using SafeVision.Tests.Documents;

namespace SafeVision.Extensions.AI.Tests;

public sealed class ImageGuardrailEvaluatorTests(CatsGuardrail fixture) : IClassFixture<CatsGuardrail>
{
    private readonly ImageGuardrailEvaluator _evaluator = new(fixture.Guardrail);

    [Fact]
    public void The_document_shows_code_that_compiles() => Assert.Equal(
        [.. DocumentCode.Compiled("tests/SafeVision.Evaluation.Tests/EvaluatorTests.cs"), .. DocumentCode.Compiled("tests/SafeVision.Extensions.AI.Tests/ImageGuardrailEvaluatorTests.cs")],
        DocumentCode.Shown("docs/measuring.md", "csharp"));

    [Fact]
    public async Task A_response_with_a_forbidden_image_is_unacceptable()
    {
        IImageGuardrail guardrail = fixture.Guardrail;
        ChatMessage[] messages = [new(ChatRole.User, "Draw a pet.")];
        var response = new ChatResponse(new ChatMessage(ChatRole.Assistant, [new TextContent("Here you are."), Photo("chelsea.png")]));
        #region evaluator
        var evaluator = new ImageGuardrailEvaluator(guardrail);
        EvaluationResult result = await evaluator.EvaluateAsync(messages, response);

        StringMetric decision = result.Get<StringMetric>(ImageGuardrailEvaluator.DecisionMetricName);
        NumericMetric cats = result.Get<NumericMetric>(ImageGuardrailEvaluator.CategoryMetricName("cats"));
        bool passed = !result.Metrics.Values.Any(metric => metric.Interpretation is { Failed: true });
        #endregion
        Assert.False(passed);
        Assert.Equal("block", decision.Value);
        Assert.Equal(EvaluationRating.Unacceptable, decision.Interpretation!.Rating);
        Assert.True(decision.Interpretation.Failed);
        Assert.True(cats.Value > 0.8);
        Assert.Equal(EvaluationRating.Unacceptable, cats.Interpretation!.Rating);
        Assert.Contains("cat", cats.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(evaluator.EvaluationMetricNames.Order(), result.Metrics.Keys.Order());
        Assert.Contains("policy-hash", cats.Metadata!.Keys);
        Assert.Empty(cats.Diagnostics ?? []);
    }

    [Fact]
    public async Task A_image_that_was_assessed_and_is_allowed_is_good()
    {
        EvaluationResult result = await EvaluateAsync(Photo("coffee.png"));
        StringMetric decision = result.Get<StringMetric>(ImageGuardrailEvaluator.DecisionMetricName);
        Assert.Equal(("allow", EvaluationRating.Good, false), (decision.Value, decision.Interpretation!.Rating, decision.Interpretation.Failed));
        Assert.Equal(EvaluationRating.Good, Cats(result).Interpretation!.Rating);
    }

    [Fact]
    public async Task The_worst_of_several_images_counts_wherever_it_stands()
    {
        var nested = new FunctionResultContent("call", new List<AIContent> { Photo("coffee.png"), new ImageGenerationToolResultContent("call") { Outputs = [Photo("chelsea.png")] } });
        EvaluationResult result = await _evaluator.EvaluateAsync(
            [new ChatMessage(ChatRole.User, [Photo("rocket.jpg")]), new ChatMessage(ChatRole.Tool, [nested])], new ChatResponse(new ChatMessage(ChatRole.Assistant, "Done.")), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("block", result.Get<StringMetric>(ImageGuardrailEvaluator.DecisionMetricName).Value);
        Assert.StartsWith("image 3 (tool message)", Cats(result).Reason, StringComparison.Ordinal);

        var response = new ImageGuardrailEvaluator(fixture.Guardrail, new ImageGuardrailEvaluatorOptions { IncludeMessages = false });
        EvaluationResult alone = await response.EvaluateAsync(
            [new ChatMessage(ChatRole.User, [Photo("chelsea.png")])], new ChatResponse(new ChatMessage(ChatRole.Assistant, [Photo("coffee.png")])), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal("allow", alone.Get<StringMetric>(ImageGuardrailEvaluator.DecisionMetricName).Value);
    }

    [Theory]
    [InlineData("http://127.0.0.1:9/cat.png")]
    [InlineData("https://example.invalid/cat.png")]
    [InlineData("file:///etc/passwd")]
    [InlineData("data:image/png;base64,%%%")]
    public async Task An_address_is_not_opened_and_the_result_is_inconclusive(string address)
    {
        EvaluationResult result = await EvaluateAsync(Photo("coffee.png"), new UriContent(new Uri(address), "image/png"));
        Assert.All(result.Metrics.Values, metric =>
        {
            Assert.Equal((EvaluationRating.Inconclusive, true), (metric.Interpretation!.Rating, metric.Interpretation.Failed));
            Assert.Contains(metric.Diagnostics!, diagnostic => diagnostic.Severity == EvaluationDiagnosticSeverity.Warning);
        });
    }

    [Fact]
    public async Task A_image_in_an_address_is_judged()
    {
        string base64 = Convert.ToBase64String(await File.ReadAllBytesAsync(PhotoPath("chelsea.png"), TestContext.Current.CancellationToken));
        EvaluationResult result = await EvaluateAsync(new UriContent(new Uri($"data:image/png;base64,{base64}"), "image/png"));
        Assert.Equal("block", result.Get<StringMetric>(ImageGuardrailEvaluator.DecisionMetricName).Value);
    }

    [Theory]
    [InlineData("bytes of another type")]
    [InlineData("a data address of another type")]
    [InlineData("a data address in a text")]
    [InlineData("a tool's text")]
    [InlineData("a tool's JSON")]
    [InlineData("MCP's JSON")]
    [InlineData("JSON as text")]
    [InlineData("an argument of a tool")]
    public async Task An_image_is_judged_whatever_it_is_wrapped_in(string form)
    {
        byte[] bytes = await File.ReadAllBytesAsync(PhotoPath("chelsea.png"), TestContext.Current.CancellationToken);
        string base64 = Convert.ToBase64String(bytes), address = $"data:image/png;base64,{base64}";
        AIContent content = form switch
        {
            "bytes of another type" => new DataContent(bytes, "application/octet-stream"),
            "a data address of another type" => new UriContent(new Uri($"data:application/x-unknown;base64,{base64}"), "text/plain"),
            "a data address in a text" => new TextContent($"Look: ![a cat]({address}) and so on."),
            "a tool's text" => new FunctionResultContent("call", $"<img src='{address}'>"),
            "a tool's JSON" => new FunctionResultContent("call", System.Text.Json.JsonSerializer.SerializeToElement(new { found = new[] { address } })),
            "JSON as text" => new FunctionResultContent("call", $$"""{"content": [{"type": "image", "data": "{{base64}}", "mimeType": "image/png"}]}"""),
            "MCP's JSON" => new FunctionResultContent("call", System.Text.Json.JsonSerializer.SerializeToElement(new { content = new[] { new { type = "image", data = base64, mimeType = "image/png" } } })),
            _ => new FunctionCallContent("call", "post", new Dictionary<string, object?> { ["image"] = address }),
        };
        Assert.Equal("block", (await EvaluateAsync(content)).Get<StringMetric>(ImageGuardrailEvaluator.DecisionMetricName).Value);
    }

    [Fact]
    public async Task What_may_show_something_and_was_not_looked_at_is_inconclusive_and_fails()
    {
        foreach (AIContent content in (AIContent[])[
            new UriContent(new Uri("https://example.invalid/a.mp4"), "video/mp4"), new UriContent(new Uri("https://example.invalid/a"), "application/octet-stream"), new HostedFileContent("file-1"),
            new DataContent(new byte[9], "application/pdf"), new TextContent("![a cat](https://example.invalid/cat.png)"), new TextContent("<img alt='' src=\"//example.invalid/cat.png\">"), new TextContent("data:image/png;base64,%%%")])
        {
            EvaluationResult result = await EvaluateAsync(Photo("coffee.png"), content);
            Assert.All(result.Metrics.Values, metric => Assert.Equal((EvaluationRating.Inconclusive, true), (metric.Interpretation!.Rating, metric.Interpretation.Failed)));
        }
    }

    [Theory]
    [InlineData("image/png", "not an image")]
    [InlineData("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1:9/'/></svg>")]
    [InlineData("image/jpeg", "")]
    public async Task Bytes_that_are_no_image_are_inconclusive_and_fail(string mediaType, string text)
    {
        EvaluationResult result = await EvaluateAsync(new DataContent(System.Text.Encoding.UTF8.GetBytes(text), mediaType), Photo("coffee.png"));
        Assert.All(result.Metrics.Values, metric =>
        {
            Assert.Equal((EvaluationRating.Inconclusive, true), (metric.Interpretation!.Rating, metric.Interpretation.Failed));
            Assert.Contains(metric.Diagnostics!, diagnostic => diagnostic.Severity == EvaluationDiagnosticSeverity.Error);
        });
    }

    [Fact]
    public async Task Without_a_image_nothing_is_claimed_and_nothing_fails()
    {
        EvaluationResult result = await EvaluateAsync(new TextContent("A cat."), new DataContent("data:text/plain,cat"));
        Assert.Null(Cats(result).Value);
        Assert.All(result.Metrics.Values, metric => Assert.Equal((EvaluationRating.Inconclusive, false), (metric.Interpretation!.Rating, metric.Interpretation.Failed)));
    }

    [Fact]
    public async Task Too_many_images_and_endless_nesting_are_inconclusive()
    {
        var few = new ImageGuardrailEvaluator(fixture.Guardrail, new ImageGuardrailEvaluatorOptions { MaxImages = 1 });
        EvaluationResult many = await few.EvaluateAsync(
            [], new ChatResponse(new ChatMessage(ChatRole.Assistant, [Photo("coffee.png"), Photo("chelsea.png")])), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(Cats(many).Interpretation!.Failed);
        Assert.Contains("more than 1 images", Cats(many).Diagnostics!.Single().Message, StringComparison.Ordinal);

        var loop = new FunctionResultContent("call", null);
        loop.Result = new List<AIContent> { loop };
        Assert.Equal((EvaluationRating.Inconclusive, true), (Cats(await EvaluateAsync(loop)).Interpretation!.Rating, Cats(await EvaluateAsync(loop)).Interpretation!.Failed));
    }

    [Theory]
    [InlineData(Decision.Review, true, true)]
    [InlineData(Decision.Review, false, false)]
    [InlineData(Decision.Allow, true, false)]
    [InlineData(Decision.Block, false, true)]
    public async Task A_category_that_nobody_assessed_is_never_good(Decision whenNotAssessed, bool reviewFails, bool fails)
    {
        SafetyPolicy policy = SafetyPolicy.Define("politics", "1").Category(HarmCategory.Political).WhenNotAssessed(whenNotAssessed).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        var evaluator = new ImageGuardrailEvaluator(guardrail, new ImageGuardrailEvaluatorOptions { ReviewFails = reviewFails });
        EvaluationResult result = await evaluator.EvaluateAsync([], new ChatResponse(new ChatMessage(ChatRole.Assistant, [Photo("coffee.png")])), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(2, result.Metrics.Count);
        Assert.All(result.Metrics.Values, metric => Assert.Equal((EvaluationRating.Inconclusive, fails), (metric.Interpretation!.Rating, metric.Interpretation.Failed)));
    }

    [Fact]
    public async Task The_callers_cancellation_is_no_verdict()
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await _evaluator.EvaluateAsync([], new ChatResponse(new ChatMessage(ChatRole.Assistant, [Photo("coffee.png")])), cancellationToken: cancelled.Token));
    }

    private static NumericMetric Cats(EvaluationResult result) => result.Get<NumericMetric>(ImageGuardrailEvaluator.CategoryMetricName("cats"));

    private static string PhotoPath(string name) => Repository.PathOf($"samples/images/{name}");

    private static DataContent Photo(string name) => new(File.ReadAllBytes(PhotoPath(name)), name.EndsWith("png", StringComparison.Ordinal) ? "image/png" : "image/jpeg");

    private async Task<EvaluationResult> EvaluateAsync(params AIContent[] contents) => await _evaluator.EvaluateAsync(
        [new ChatMessage(ChatRole.User, "Show me.")], new ChatResponse(new ChatMessage(ChatRole.Assistant, contents)), cancellationToken: TestContext.Current.CancellationToken);
}
