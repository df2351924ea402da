namespace SafeVision.VisionLanguage.Served;

/// <summary>A served guard before one image, as protocols see a model: what they ask token by token is read from the
/// whole answers that the server gave. An answer that is none of those that may be given ends in an exception. For one
/// caller at a time.</summary>
internal sealed class AnsweredModel(ServedConversation conversation, Func<ServedPrompt, CancellationToken, ValueTask<ServedAnswer>> ask, IGuardProtocol protocol) : IGuardModel
{
    private readonly Dictionary<ServedPrompt, Session> _sessions = [];

    /// <summary>The tokens that a whole answer has behind a safe verdict; null: any.</summary>
    private int[]? SafeEnding { get; } = protocol.SafeEnding is { } ending ? [.. ServedConversation.Tokenizer.Encode(ending), ServedConversation.End] : null;

    private SafeVerdict? SafeVerdict { get; } = protocol.SafeVerdict;
    private int[] SafeWord { get; } = ServedConversation.Tokenizer.Encode(protocol.SafeVerdict?.Word ?? "");

    /// <summary>Whether every choice so far was made by the server's probabilities.</summary>
    public bool HasProbabilities { get; private set; } = true;

    /// <remarks>A protocol may open a prompt twice, to go on from its own answer; the server is asked once.</remarks>
    public async ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken)
    {
        ServedPrompt asked = conversation.PromptOf(prompt);
        return _sessions[asked] = _sessions.TryGetValue(asked, out Session? before)
            ? new Session(before)
            : new Session(this, await ask(asked, cancellationToken).ConfigureAwait(false) ?? throw new ModelOutputException("The served guard gave no answer."));
    }

    /// <summary>One answer that is read from its beginning.</summary>
    private sealed class Session : IGenerationSession
    {
        private const string Thinks = "<think>", Thought = "</think>";

        private readonly AnsweredModel _model;
        private readonly ServedAnswer _given;
        private AnswerText _answer;
        private int _at; // where in the answer the protocol stands
        private (ChoiceSet Choices, int Chosen)? _asked; // the last choice, which was made at _at
        private (ChoiceSet Choices, int Chosen)? _first; // the one at the beginning
        private bool _isSupposed; // whether the protocol goes on from a choice that the answer did not make

        public Session(AnsweredModel model, ServedAnswer answer) => (_model, _given, _answer) = (model, answer, new AnswerText(answer.Text, answer.Tokens));

        /// <summary>The same answer from its beginning.</summary>
        public Session(Session before)
            : this(before._model, before._given) => _asked = _first = before._first;

        public ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken)
        {
            if (_isSupposed)
            {
                // What would follow a verdict that was not given; nothing is known of it.
                int end = _answer.Match(_asked!.Value.Choices.Choices[_asked.Value.Chosen], _at, isWhole: false);
                return _model.SafeEnding is { } ending && _answer.Match(ending, end, isWhole: true) < 0
                    ? throw NotOfItsForm("it is no whole safe answer, and no other")
                    : new(new ChoiceScores(choices, AnswerShares.Unknown(choices)));
            }

            int[] ends = [.. choices.Choices.Select(choice => _answer.Match(choice, _at, isWhole: true))];
            int last = ends.Max(), chosen = Array.IndexOf(ends, last);
            if (last < 0)
            {
                throw NotOfItsForm("nothing that may stand there stands there");
            }

            (double[][] scores, bool known) = AnswerShares.Of(choices, chosen, _answer, _at);
            int within = 2;
            if (_model.SafeVerdict is { } safe && _answer.Match(_model.SafeWord, _at, isWhole: true) is >= 0 and int behind)
            {
                if (!(known && safe.IsFirstToken) && !safe.Rest.IsMatch(_answer.From(behind)))
                {
                    throw NotOfItsForm(safe.IsFirstToken
                        ? $"behind '{safe.Word}' stand words that could take it back; let the server give its tokens' probabilities (ReadTokens), or answer with the word alone"
                        : $"behind '{safe.Word}' stands what no safe answer has");
                }

                within = int.MaxValue;
            }

            if (ends.Count(end => end == last) > 1 || (AnswerText.AreWords(choices) && choices.Choices.Where((choice, i) => ends[i] < 0).Any(choice => _answer.Holds(choice, last, within))))
            {
                throw NotOfItsForm("it says one thing and the other");
            }

            _asked = (choices, chosen);
            _first = _at == 0 ? _asked : _first;
            _model.HasProbabilities &= known;
            return new(new ChoiceScores(choices, scores));
        }

        public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int[] said = ids.ToArray();
            int end = _isSupposed ? -1 : _answer.Match(said, _at, isWhole: false);
            if (end >= 0)
            {
                (_at, _asked) = (end, null);
            }
            else if (_isSupposed || (_asked is { } asked && asked.Choices.Choices.Where((choice, i) => i != asked.Chosen && said.AsSpan().StartsWith(choice)).Any()))
            {
                _isSupposed = true;
            }
            else if (_at == 0 && AnswerText.Says(said, Thinks) && (_given.Reasoning is not null || _answer.Text.Contains(Thought, StringComparison.Ordinal)))
            {
                // A template may have opened the thought, and a server may give it apart.
                _answer = _given.Reasoning is { } reasoning && !_answer.Text.Contains(Thought, StringComparison.Ordinal)
                    ? new AnswerText($"{reasoning}{Thought}{_answer.Text}", []) : _answer;
            }
            else
            {
                throw NotOfItsForm($"'{Encoding.UTF8.GetString([.. said.Where(id => id < ServedConversation.End).Select(id => (byte)id)]).Trim()}' does not stand where it belongs");
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken)
        {
            if (_isSupposed)
            {
                return new(new WrittenText("", TextEnd.Turn, ""));
            }

            (string written, int end, bool marked) = _answer.Until(limits.EndsAt, _at);
            (_at, _asked) = (end, null);
            string kept = limits.MaximumWords == int.MaxValue ? written : string.Join(' ', written.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Take(limits.MaximumWords));
            text?.Invoke(kept);
            return new(marked ? new WrittenText(kept, TextEnd.Mark, limits.EndsAt!) : new WrittenText(kept, TextEnd.Turn, ""));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static ModelOutputException NotOfItsForm(string what) => new(
            $"The served guard's answer is not of its form: {what}. Nothing can be concluded from it. If that is so for every image, the server may not run this guard, or not in the checkpoint's chat template.");
    }
}
