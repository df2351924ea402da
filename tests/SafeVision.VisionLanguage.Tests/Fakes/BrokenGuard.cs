using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.VisionLanguage.Tests.Fakes;

/// <summary>A model whose numbers are none: the tokens of the first choice of every question get this log-probability, the others are sound.</summary>
internal sealed class BrokenGuard(double first, double others = -1) : IGuardModel, IGenerationSession
{
    public ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken) => ValueTask.FromResult<IGenerationSession>(this);

    public ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken) => ValueTask.FromResult(new ChoiceScores(
        choices, [.. choices.DecidingTokens.Select((tokens, i) => Enumerable.Repeat(i == 0 ? first : others, tokens).ToArray())]));

    public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new WrittenText("a reason; unsafe", limits.EndsAt is null ? TextEnd.Turn : TextEnd.Mark, limits.EndsAt ?? ""));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
