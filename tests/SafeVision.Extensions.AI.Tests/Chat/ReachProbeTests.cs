using System.Collections.Concurrent;
using Microsoft.Extensions.AI;
using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Extensions.AI.Chat;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;

namespace SafeVision.Extensions.AI.Tests.Chat;

/// <summary>Whether the policy reaches a served guard is found out once, however many images arrive before that is known.</summary>
public sealed class ReachProbeTests : IDisposable
{
    private readonly Server _server = new();
    private readonly DecodedImage _image = DecodedImage.FromPixels(new ImagePixels(new byte[64 * 64 * 3], 64, 64, PixelFormat.Rgb24), new ImageDecodeOptions());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Images_that_arrive_together_make_one_probe_of_two_calls()
    {
        await using ICompiledPolicy policy = await CompileAsync();
        Task<IReadOnlyList<FrameAssessment>>[] images = [.. Enumerable.Range(0, 5).Select(_ => Assess(policy, Token))];
        Assert.Equal((1, 0), _server.Calls); // all five wait for the one call
        _server.AnswerAll();
        await Task.WhenAll(images);
        Assert.Equal((2, 5), _server.Calls);
        await Assess(policy, Token);
        Assert.Equal((2, 6), _server.Calls);
    }

    [Fact]
    public async Task A_failed_probe_fails_all_images_that_waited_for_it_and_the_next_image_probes_anew()
    {
        await using ICompiledPolicy policy = await CompileAsync();
        Task<IReadOnlyList<FrameAssessment>>[] images = [.. Enumerable.Range(0, 4).Select(_ => Assess(policy, Token))];
        _server.Counts = false;
        _server.AnswerAll();
        foreach (Task<IReadOnlyList<FrameAssessment>> image in images)
        {
            Assert.Contains("TrustsTemplateVariables", (await Assert.ThrowsAsync<ModelOutputException>(() => image)).Message, StringComparison.Ordinal);
        }

        Assert.Equal((1, 0), _server.Calls);
        _server.Counts = true;
        await Assess(policy, Token);
        Assert.Equal((3, 1), _server.Calls);
    }

    [Fact]
    public async Task Where_the_probing_image_is_cancelled_another_one_probes_and_no_image_is_judged_before()
    {
        await using ICompiledPolicy policy = await CompileAsync();
        using var first = new CancellationTokenSource();
        Task<IReadOnlyList<FrameAssessment>> cancelled = Assess(policy, first.Token);
        Task<IReadOnlyList<FrameAssessment>>[] others = [.. Enumerable.Range(0, 3).Select(_ => Assess(policy, Token))];
        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        while (_server.Calls != (2, 0))
        {
            await Task.Delay(5, Token); // another one takes over
        }

        _server.AnswerAll();
        await Task.WhenAll(others);
        Assert.Equal((3, 3), _server.Calls);
    }

    [Fact]
    public async Task An_image_that_only_waits_can_be_cancelled_and_stops_nobody()
    {
        await using ICompiledPolicy policy = await CompileAsync();
        Task<IReadOnlyList<FrameAssessment>> probing = Assess(policy, Token);
        using var second = new CancellationTokenSource();
        Task<IReadOnlyList<FrameAssessment>> waiting = Assess(policy, second.Token);
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        _server.AnswerAll();
        await probing;
        Assert.Equal((2, 1), _server.Calls);
    }

    public void Dispose()
    {
        _image.Dispose();
        _server.Dispose();
    }

    private ValueTask<ICompiledPolicy> CompileAsync() => new ChatClientEngine(_server, ChatProtocol.Guard("singguard")).CompileAsync(
        SafetyPolicy.Define("pots", "1").Category("teapots", category => category.Includes("teapots")).Build(), Token);

    private async Task<IReadOnlyList<FrameAssessment>> Assess(ICompiledPolicy policy, CancellationToken cancellationToken) =>
        await policy.AssessAsync(_image.Frames, AssessOptions.Default, cancellationToken);

    /// <summary>Counts words of the policy as tokens, and answers when it is let.</summary>
    private sealed class Server : IChatClient
    {
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentBag<bool> _calls = [];

        public bool Counts { get; set; } = true;

        /// <summary>Calls without an image, and with one.</summary>
        public (int Probes, int Images) Calls => (_calls.Count(hasImage => !hasImage), _calls.Count(hasImage => hasImage));

        public void AnswerAll() => _go.SetResult();

        public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            bool hasImage = messages.Any(message => message.Contents.OfType<DataContent>().Any());
            _calls.Add(hasImage);
            await _go.Task.WaitAsync(cancellationToken);
            var variables = (IReadOnlyDictionary<string, object>)options!.AdditionalProperties!["chat_template_kwargs"]!;
            return new ChatResponse(new ChatMessage(ChatRole.Assistant, "safe\n<answer>Safe</answer>"))
            {
                FinishReason = ChatFinishReason.Stop,
                Usage = Counts ? new UsageDetails { InputTokenCount = variables.Values.Sum(value => $"{value}".Split(' ').Length), OutputTokenCount = 4 } : null,
            };
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
