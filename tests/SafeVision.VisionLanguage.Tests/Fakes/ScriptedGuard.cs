using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Fakes;

/// <summary>A small language model: a distribution over whole answers, token by token. The probability of a token is the share of
/// the answers that go on with it, so what a protocol asks and says is answered exactly. To say what no answer holds is an
/// error.</summary>
internal sealed class ScriptedGuard(TextTokenizer tokenizer, Func<GuardPrompt, IReadOnlyList<(PromptText Answer, double Probability)>> answers) : IGuardModel
{
    private readonly List<Dialog> _dialogs = [];

    public ScriptedGuard(TextTokenizer tokenizer, params (string Answer, double Probability)[] answers)
        : this(tokenizer, _ => [.. answers.Select(answer => (PromptText.Trusted(answer.Answer), answer.Probability))])
    {
    }

    /// <summary>What stood in each dialog at last, in order of opening.</summary>
    public IReadOnlyList<string> Said => [.. _dialogs.Select(dialog => dialog.Said)];

    /// <summary>The prompts in order of opening.</summary>
    public IReadOnlyList<GuardPrompt> Asked => [.. _dialogs.Select(dialog => dialog.Prompt)];

    /// <summary>Whether every dialog was given back.</summary>
    public bool IsIdle => _dialogs.TrueForAll(dialog => dialog.IsDisposed);

    public ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var dialog = new Dialog(tokenizer, prompt, [.. answers(prompt).Select(answer => (tokenizer.Encode(answer.Answer), answer.Probability))]);
        _dialogs.Add(dialog);
        return ValueTask.FromResult<IGenerationSession>(dialog);
    }

    private sealed class Dialog(TextTokenizer tokenizer, GuardPrompt prompt, (int[] Ids, double Probability)[] answers) : IGenerationSession
    {
        private readonly List<int> _said = [];

        public GuardPrompt Prompt => prompt;

        public bool IsDisposed { get; private set; }

        public string Said => tokenizer.Decode([.. _said], skipSpecial: false);

        public ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken) => ValueTask.FromResult(new ChoiceScores(
            choices, [.. choices.Choices.Zip(choices.DecidingTokens, (choice, tokens) => Enumerable.Range(0, tokens).Select(i => LogProbability([.. _said, .. choice[..i]], choice[i])).ToArray())]));

        public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken)
        {
            _said.AddRange(ids.Span);
            Assert.True(Mass(_said) > 0, $"The script has no answer that begins with: {Said}");
            return ValueTask.CompletedTask;
        }

        public ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken)
        {
            var written = new LimitedText(tokenizer.CreateTextStream(skipSpecial: true), limits, text);
            int mark = limits.EndsAt is { } endsAt && tokenizer.Find(endsAt) is { } known && tokenizer.AddedTokens.Any(token => token.Id == known) ? known : -1;
            for (bool goesOn = true; goesOn;)
            {
                int next = answers.Where(answer => Begins(answer.Ids, _said) && answer.Ids.Length > _said.Count)
                    .GroupBy(answer => answer.Ids[_said.Count]).OrderByDescending(group => group.Sum(answer => answer.Probability)).Select(group => group.Key).FirstOrDefault(-1);
                if (next < 0 || next == mark || tokenizer.IsSpecial(next))
                {
                    written.EndBy(next == mark && next >= 0 ? TextEnd.Mark : TextEnd.Turn);
                    break;
                }

                goesOn = written.Append(next);
                if (goesOn)
                {
                    _said.Add(next);
                }
            }

            return ValueTask.FromResult(written.End());
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }

        private static bool Begins(int[] answer, List<int> said) => answer.AsSpan().StartsWith(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(said));

        private double LogProbability(List<int> before, int next) => Mass(before) is > 0 and double mass ? Math.Log(Mass([.. before, next]) / mass) : double.NegativeInfinity;

        // Added up by size, so that the order in which a script lists its answers changes no bit.
        private double Mass(List<int> said) => answers.Where(answer => Begins(answer.Ids, said)).Select(answer => answer.Probability).Order().Sum();
    }
}
