namespace SafeVision.VisionLanguage;

/// <summary>What a vision-language model reads: images as pixel values, policies and conversations as token ids, exactly as the
/// engine feeds them, from the files beside a checkpoint's weights. For training and measuring; needs no graph.
/// Thread-safe.</summary>
public sealed class PromptEncoder
{
    private readonly VisionLanguageProfile _profile;
    private readonly IGuardProtocol _protocol;
    private readonly PromptWording _wording;
    private readonly string _name;

    private PromptEncoder(TextTokenizer tokenizer, VisionLanguageProfile profile, (IGuardProtocol, PromptWording) protocol, string name)
    {
        (Tokenizer, _profile, _name) = (tokenizer, profile, name);
        (_protocol, _wording) = protocol;
    }

    /// <summary>The model's tokenizer.</summary>
    public TextTokenizer Tokenizer { get; }

    /// <summary>The id whose embedding an image feature replaces.</summary>
    public int ImageToken => _profile.ImageToken;

    /// <summary>The ids that end an answer; at least one.</summary>
    public IReadOnlyList<int> StopTokens => _profile.StopTokens;

    /// <summary>The most tokens that the model was made for, prompt and answer together.</summary>
    public int ContextLength => _profile.ContextLength;

    /// <summary>Numbers that say where a token stands: 1, or 3 where images have rows and columns of their own.</summary>
    public int PositionRows => _profile.Positions.Rows;

    /// <summary>Reads the files beside a checkpoint's weights.</summary>
    /// <param name="folder">The checkpoint's folder, or a converted model's.</param>
    /// <param name="maximumTiles">The most tiles of an image, where the family has tiles; null: the model's own number, which it only ever lowers.</param>
    /// <param name="maximumTokens">The most tokens that an image should take, where the family resizes by them; null: as the files say.</param>
    /// <exception cref="ModelLoadException">A file is missing or wrong; the message says which and how to mend it.</exception>
    public static PromptEncoder Open(string folder, int? maximumTiles = null, int? maximumTokens = null)
    {
        ModelConfiguration configuration = ModelConfiguration.Open(folder);
        TextTokenizer tokenizer = TextTokenizer.Open(configuration.Folder);
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(configuration, tokenizer, new PreparationOptions { MaximumTiles = maximumTiles, MaximumTokens = maximumTokens });
        return new PromptEncoder(tokenizer, profile, GuardProtocols.Choose(configuration, tokenizer, profile, asked: null), Path.GetFileName(Path.TrimEndingDirectorySeparator(configuration.Folder)));
    }

    /// <summary>The prompt file (<c>safevision-prompt.yaml</c>) of a model that has tokens of its own for a policy's categories:
    /// the library's wording of the SafeVision protocol, without the prompt for categories that have none.</summary>
    /// <param name="tokens">The token of each category, by its id.</param>
    public static string WordingWith(IReadOnlyDictionary<string, string> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        List<string> lines = [.. PromptWording.DefaultText("safevision").ReplaceLineEndings("\n").Split('\n')];
        int novel = lines.FindIndex(line => line.StartsWith("  novel:", StringComparison.Ordinal)), reason = lines.FindIndex(line => line.StartsWith("  reason:", StringComparison.Ordinal));
        lines.RemoveRange(novel, lines.Count - novel);
        while (lines[^1].TrimStart().StartsWith('#'))
        {
            lines.RemoveAt(lines.Count - 1);
        }

        lines.InsertRange(reason + 1, tokens.OrderBy(token => token.Key, StringComparer.Ordinal).Select(token => $"  {Quoted(token.Key)}: {Quoted(token.Value)}"));
        return string.Join('\n', lines) + '\n';
        static string Quoted(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }

    /// <summary>An image as the model reads it.</summary>
    public PreparedImage Encode(ImageFrame frame)
    {
        ArgumentNullException.ThrowIfNull(frame);
        ImagePlan plan = _profile.Images.Plan(frame.Width, frame.Height);
        float[] pixels = new float[plan.PixelCount];
        _profile.Images.Write(frame, plan, pixels);
        return new PreparedImage(plan.PixelShape, pixels, Tokenizer.Encode(plan.Text), plan.Grid);
    }

    /// <summary>The questions by which the model is asked about a policy, whatever its protocol: the ids before an image and those after it.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="mode">Whether a reason is asked for.</param>
    /// <exception cref="ModelLoadException">The model can't be asked about the policy.</exception>
    public IReadOnlyList<(IReadOnlyList<int> Before, IReadOnlyList<int> After)> Ask(SafetyPolicy policy, VisionLanguageMode mode)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return [.. Compile(policy, mode).Prompts.Select(prompt => ((IReadOnlyList<int>)prompt.Before, (IReadOnlyList<int>)prompt.After))];
    }

    /// <summary>The question of a policy, and all answers that the engine would let the model give.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="mode">Whether a reason follows a harmful category.</param>
    /// <exception cref="ModelLoadException">The model lacks tokens, or is asked in a way that has more than one question.</exception>
    public async Task<EncodedPolicy> EncodeAsync(SafetyPolicy policy, VisionLanguageMode mode)
    {
        ArgumentNullException.ThrowIfNull(policy);
        CompiledProtocol compiled = Compile(policy, mode);
        if (compiled.Prompts is not [GuardPrompt prompt])
        {
            throw Unasked(policy);
        }

        // What it lets the model say is found by answering in its stead: once for each category, and what is given to the model is written down.
        var answers = new List<IReadOnlyList<int>>();
        var spoken = new List<IReadOnlyList<int>>();
        for (int i = 0; i < policy.Categories.Count; i++)
        {
            var transcript = new Transcript(choice: i + 1);
            try
            {
                await compiled.JudgeAsync(transcript, null, CancellationToken.None).ConfigureAwait(false);
            }
            catch (NotSupportedException)
            {
                throw Unasked(policy);
            }

            if (transcript.Choices?.Choices is not { } choices || choices.Count != policy.Categories.Count + 1)
            {
                throw Unasked(policy);
            }

            answers = [.. choices];
            spoken.Add(transcript.Spoken);
        }

        int end = Array.FindLastIndex(prompt.After, _profile.StopTokens.Contains);
        return new EncodedPolicy(prompt.Before, prompt.After, end >= 0 ? prompt.After[end] : _profile.StopTokens[0], answers, mode == VisionLanguageMode.Fast ? [] : spoken)
        {
            MaximumReasonTokens = _wording.MaximumReasonTokens,
        };
    }

    /// <summary>The tokens by whose logits the engine judges an image under a policy, whatever the protocol: those at which answers
    /// part from each other.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="mode">Whether a reason follows a harmful category.</param>
    /// <returns>Those right behind the first question, empty where something is written first; and all of them. What a model's own
    /// words decide, such as the spelling of a verdict after free reasoning, is known in part.</returns>
    /// <exception cref="ModelLoadException">The model can't be asked about the policy.</exception>
    public async Task<(IReadOnlyList<int> First, IReadOnlyList<int> All)> FindVerdictTokensAsync(SafetyPolicy policy, VisionLanguageMode mode)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var listener = new Listener();
        try
        {
            await Compile(policy, mode).JudgeAsync(listener, null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ModelOutputException)
        {
            // What it has heard so far counts.
        }

        return ([.. listener.First], [.. listener.All]);
    }

    /// <summary>Free questions about one image, which stands before the first, with their answers.</summary>
    /// <param name="turns">Questions, each with its answer in pieces that are tokenised apart. In both, a mark that the
    /// model's prompt file or the SafeVision protocol names is a token; all else is text, whatever it looks
    /// like.</param>
    /// <exception cref="ModelLoadException">The model's conversation does not keep an answer as it stands.</exception>
    public EncodedConversation Encode(IReadOnlyList<(string Question, IReadOnlyList<string> Answer)> turns)
    {
        ArgumentNullException.ThrowIfNull(turns);
        HashSet<string> marks = [.. _wording.Tokens, "<|SAFE|>", "<|REASON|>", .. HarmCategory.All.Select(category => $"<|{category.Id}|>")];
        var said = new List<ConversationTurn>();
        var segments = new List<AnswerSegment>();
        int[] before = [];
        PromptText written = PromptText.Empty;
        int stop = _profile.StopTokens[0];
        foreach ((string question, IReadOnlyList<string> answer) in turns)
        {
            PromptText asked = Marked(question, marks);
            said.Add(said.Count == 0 ? ConversationTurn.OfUser(ConversationPart.Image, new ConversationPart(asked)) : ConversationTurn.OfUser(new ConversationPart(asked)));
            PromptText conversation = _profile.Conversation.Render(_wording.System, said);
            if (!conversation.Text.StartsWith(written.Text, StringComparison.Ordinal))
            {
                throw new ModelLoadException($"{_name}: its conversation template changes earlier turns, so answers in several turns can't be learnt; give each question a sample of its own.");
            }

            if (said.Count == 1)
            {
                GuardPrompt prompt = GuardPrompt.Compile(conversation, _profile, Tokenizer, _name);
                before = prompt.Before;
                segments.Add(new AnswerSegment(prompt.After, -1));
                stop = prompt.After.LastOrDefault(_profile.StopTokens.Contains, stop);
            }
            else
            {
                segments.Add(new AnswerSegment(WithoutStop(Tokenizer.Encode(conversation.Slice(written.Text.Length, conversation.Text.Length - written.Text.Length)), stop), -1));
            }

            PromptText spoken = PromptText.Concat([.. answer.Select(piece => Marked(piece, marks))]);
            segments.AddRange(answer.Select((piece, i) => new AnswerSegment(Tokenizer.Encode(Marked(piece, marks)), i)));
            segments.Add(new AnswerSegment([stop], answer.Count));
            said.Add(ConversationTurn.OfModel(new ConversationPart(spoken)));
            written = PromptText.Concat(conversation, spoken);
        }

        return new EncodedConversation(before, segments);
    }

    /// <summary>Where each token of a prompt stands.</summary>
    /// <param name="ids">The whole sequence; the image's ids stand in it once, or not at all.</param>
    /// <param name="image">The image; null: there is none.</param>
    /// <returns>[rows, tokens] numbers, rows being <see cref="PositionRows"/>.</returns>
    public long[] Positions(IReadOnlyList<int> ids, PreparedImage? image)
    {
        ArgumentNullException.ThrowIfNull(ids);
        int[] all = [.. ids];
        int first = Array.IndexOf(all, ImageToken), last = Array.LastIndexOf(all, ImageToken);
        ImageSpan[] spans = image is null || first < 0 ? [] :
            [new ImageSpan(first, last - first + 1, default, new ImagePlan { PixelShape = image.PixelShape, Tokens = last - first + 1, Text = "", Regions = [], Grid = image.Grid })];
        long[] positions = new long[PositionRows * ids.Count];
        _profile.Positions.Write(new TokenSequence(ids, spans), 0, positions);
        return positions;
    }

    /// <summary>The template writes the end of the answer, which the answer's own segment has already.</summary>
    private static int[] WithoutStop(int[] ids, int stop) => ids is [var first, ..] && first == stop ? ids[1..] : ids;

    private static PromptText Marked(string text, HashSet<string> marks)
    {
        var parts = new List<PromptText>();
        int from = 0;
        for (int at = text.IndexOf("<|", StringComparison.Ordinal); at >= 0; at = text.IndexOf("<|", at + 1, StringComparison.Ordinal))
        {
            int end = text.IndexOf("|>", at, StringComparison.Ordinal) + 2;
            if (end > 1 && marks.Contains(text[at..end]))
            {
                parts.Add(PromptText.Untrusted(text[from..at]));
                parts.Add(PromptText.Trusted(text[at..end]));
                from = end;
            }
        }

        parts.Add(PromptText.Untrusted(text[from..]));
        return PromptText.Concat([.. parts]);
    }

    private CompiledProtocol Compile(SafetyPolicy policy, VisionLanguageMode mode) =>
        _protocol.Compile(new ProtocolContext(policy, mode, _name, _profile, Tokenizer, _wording));

    private ModelLoadException Unasked(SafetyPolicy policy) => new(
        $"{_name}: the protocol '{_protocol.Name}' does not ask about the policy '{policy.Name}' with one question that names a category, so its answers can't be learnt as one. Give the model a token for each category, or set 'protocol: safevision' in the prompt file beside it.");

    /// <summary>Answers in a model's stead: always with one of the choices, and with a reason of no words.</summary>
    private sealed class Transcript(int choice) : IGuardModel, IGenerationSession
    {
        public ChoiceSet? Choices { get; private set; }
        public int[] Spoken { get; private set; } = [];

        public ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken) => ValueTask.FromResult<IGenerationSession>(this);

        public ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken)
        {
            Choices = Choices is null ? choices : throw new NotSupportedException();
            return ValueTask.FromResult(new ChoiceScores(choices, [.. choices.DecidingTokens.Select((count, i) => Enumerable.Repeat(i == choice ? 0.0 : -50.0, count).ToArray())]));
        }

        public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken)
        {
            Spoken = Choices is null ? throw new NotSupportedException() : [.. Spoken, .. ids.Span];
            return ValueTask.CompletedTask;
        }

        public ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken) =>
            limits.IsThought ? throw new NotSupportedException() : ValueTask.FromResult(new WrittenText("", TextEnd.Turn, ""));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>Writes down which tokens a protocol compares. All are equally likely, and what is to be written is one safe word.</summary>
    private sealed class Listener : IGuardModel, IGenerationSession
    {
        private bool _isOpen, _isBehindPrompt;

        public SortedSet<int> First { get; } = [];
        public SortedSet<int> All { get; } = [];

        public ValueTask<IGenerationSession> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken)
        {
            (_isBehindPrompt, _isOpen) = (!_isOpen, true);
            return ValueTask.FromResult<IGenerationSession>(this);
        }

        public ValueTask<ChoiceScores> ChooseAsync(ChoiceSet choices, CancellationToken cancellationToken)
        {
            for (int i = 0; i < choices.Choices.Count; i++)
            {
                All.UnionWith(choices.Choices[i][..choices.DecidingTokens[i]]);
                First.UnionWith(_isBehindPrompt ? choices.Choices[i][..1] : []);
            }

            return ValueTask.FromResult(new ChoiceScores(choices, [.. choices.DecidingTokens.Select(count => new double[count])]));
        }

        public ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken)
        {
            _isBehindPrompt = false;
            return ValueTask.CompletedTask;
        }

        public ValueTask<WrittenText> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken)
        {
            _isBehindPrompt = false;
            return ValueTask.FromResult(new WrittenText("Safe", limits.EndsAt is null ? TextEnd.Turn : TextEnd.Mark, ""));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

/// <summary>An image as a model reads it.</summary>
/// <param name="PixelShape">The shape of the pixel values, such as [tiles, 3, side, side].</param>
/// <param name="Pixels">The pixel values, normalised.</param>
/// <param name="Ids">The ids that stand in a prompt where the image belongs: its image tokens and what surrounds them.</param>
/// <param name="Grid">The image's grid of image tokens where positions depend on it.</param>
public sealed record PreparedImage(IReadOnlyList<long> PixelShape, ReadOnlyMemory<float> Pixels, IReadOnlyList<int> Ids, (int Frames, int Rows, int Columns)? Grid);

/// <summary>A policy's question and the answers that it may get.</summary>
/// <param name="Before">The ids before the image.</param>
/// <param name="After">The ids after it, up to where the answer begins.</param>
/// <param name="End">The id that ends an answer.</param>
/// <param name="Answers">All that may be answered, as ids: that nothing is forbidden, then each category in the policy's order.</param>
/// <param name="Spoken">For each category, what stands before its reason: the category and the mark of a reason; empty in fast mode.</param>
public sealed record EncodedPolicy(IReadOnlyList<int> Before, IReadOnlyList<int> After, int End, IReadOnlyList<IReadOnlyList<int>> Answers, IReadOnlyList<IReadOnlyList<int>> Spoken)
{
    /// <summary>The most tokens of a reason.</summary>
    public int MaximumReasonTokens { get; init; }

    /// <summary>For each answer, how many of its first tokens tell it from all others.</summary>
    public IReadOnlyList<int> DecidingTokens { get; } = ChoiceSet.Create([.. Answers.Select(answer => answer.ToArray())]).DecidingTokens;

    /// <summary>Each answer's share when nothing else can be said, as the engine computes it; they add up to 1.</summary>
    /// <param name="tokenLogProbabilities">For each answer, the natural logarithm of the probability of each of its deciding tokens.</param>
    public IReadOnlyList<double> Shares(IReadOnlyList<double[]> tokenLogProbabilities) =>
        new ChoiceScores(ChoiceSet.Create([.. Answers.Select(answer => answer.ToArray())]), tokenLogProbabilities).Shares();
}

/// <summary>A conversation about one image.</summary>
/// <param name="Before">The ids before the image.</param>
/// <param name="After">What follows the image, in order.</param>
public sealed record EncodedConversation(IReadOnlyList<int> Before, IReadOnlyList<AnswerSegment> After);

/// <summary>A part of a conversation.</summary>
/// <param name="Ids">Its ids.</param>
/// <param name="Piece">Which piece of the answer it is, from 0, the end of the answer last; -1: a part of a question.</param>
public readonly record struct AnswerSegment(IReadOnlyList<int> Ids, int Piece);
