namespace SafeVision.Training.Runs;

/// <summary>A sample as the network reads it.</summary>
/// <param name="Sample">The sample.</param>
/// <param name="Row">Its tokens, the image's among them.</param>
/// <param name="Image">Its image.</param>
internal sealed record EncodedSample(TrainingSample Sample, TokenRow Row, PreparedImage Image);

/// <summary>The question of a policy about one image, ready to be answered.</summary>
/// <param name="Sample">The sample, whose category is the truth.</param>
/// <param name="Policy">The policy with its answers.</param>
/// <param name="Prompt">All ids up to where the answer begins.</param>
/// <param name="Image">The image.</param>
/// <param name="Truth">The right one of the answers: 0 for safe, else the category's place plus 1.</param>
/// <param name="Categories">The ids of the policy's categories.</param>
internal sealed record PolicyQuestion(TrainingSample Sample, EncodedPolicy Policy, IReadOnlyList<int> Prompt, PreparedImage Image, int Truth, IReadOnlyList<string> Categories);

/// <summary>Turns samples into tokens and pixel values. A question that follows a policy is asked in the engine's own
/// words, made anew from the policy as it is now; all others as they stand in the dataset. Thread-safe.</summary>
/// <param name="prompts">How the model is asked.</param>
/// <param name="dataset">Where images and policies are.</param>
/// <param name="policy">The policy of samples that name none, or a file of the name of this one's; null: each names its own.</param>
/// <param name="policyFile">The name of the policy's file.</param>
/// <param name="weighsOffender">Whether the name of what makes a category right is critical.</param>
internal sealed class SampleEncoder(PromptEncoder prompts, TrainingDataset dataset, SafetyPolicy? policy, string? policyFile, bool weighsOffender = false)
{
    private const int MostPolicies = 512;

    private readonly SkiaImageDecoder _decoder = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<(string?, VisionLanguageMode), (SafetyPolicy Policy, EncodedPolicy Encoded)> _policies = [];

    public PromptEncoder Prompts => prompts;

    /// <summary>Whether a sample asks for a verdict under a policy.</summary>
    public bool IsJudged(TrainingSample sample) => sample.Kind == QuestionKind.Policy && (sample.Policy is not null || policy is not null);

    public async Task<EncodedSample> EncodeAsync(TrainingSample sample, CancellationToken cancellationToken)
    {
        PreparedImage image = await ImageAsync(sample, cancellationToken).ConfigureAwait(false);
        List<long> ids = [], labels = [];
        List<bool> critical = [];
        if (IsJudged(sample))
        {
            string? reason = Reason(sample);

            // Half of the samples are asked for the mark alone, so that both of the engine's modes are learnt; which half hangs on the id.
            VisionLanguageMode mode = await DiffersAsync(sample).ConfigureAwait(false) && (IsFast(sample.Id) || (sample.Category is not null && reason is null))
                ? VisionLanguageMode.Fast
                : VisionLanguageMode.Comprehension;
            (SafetyPolicy own, EncodedPolicy encoded) = await PolicyAsync(sample, mode).ConfigureAwait(false);
            int truth = Truth(sample, own);
            Add([.. encoded.Before, .. image.Ids, .. encoded.After], isLearnt: false, isCritical: false);
            Answer(encoded, truth, mode == VisionLanguageMode.Fast ? null : reason);
        }
        else
        {
            EncodedConversation conversation = prompts.Encode([.. sample.Turns.Select(turn => (turn.Question, (IReadOnlyList<string>)[.. Pieces(turn).Select(piece => piece.Text)]))]);
            Add([.. conversation.Before, .. image.Ids], isLearnt: false, isCritical: false);
            int turn = -1;
            foreach (AnswerSegment segment in conversation.After)
            {
                turn += segment.Piece < 0 ? 1 : 0;
                Add(segment.Ids, segment.Piece >= 0, segment.Piece >= 0 && Pieces(sample.Turns[turn]).ElementAtOrDefault(segment.Piece).IsCritical);
            }
        }

        return new EncodedSample(sample, new TokenRow(ids, labels) { Critical = critical }, image);

        void Answer(EncodedPolicy encoded, int truth, string? reason)
        {
            (IReadOnlyList<int> mark, IReadOnlyList<int> words) = Parts(encoded, truth, reason);
            Add(mark, isLearnt: true, isCritical: true);
            (int first, int last) = reason is not null && weighsOffender ? OffenderTokens(sample, reason) : (0, 0);
            Add([.. words.Take(first)], isLearnt: true, isCritical: false);
            Add([.. words.Take(last).Skip(first)], isLearnt: true, isCritical: true);
            Add([.. words.Skip(last)], isLearnt: true, isCritical: false);
        }

        void Add(IReadOnlyList<int> tokens, bool isLearnt, bool isCritical)
        {
            foreach (int token in tokens)
            {
                ids.Add(token);
                labels.Add(isLearnt ? token : SupervisedObjective.Ignored);
                critical.Add(isCritical);
            }
        }
    }

    /// <summary>The policy's question of a sample; null where it asks for no verdict.</summary>
    public async Task<PolicyQuestion?> AskAsync(TrainingSample sample, VisionLanguageMode mode, CancellationToken cancellationToken)
    {
        if (!IsJudged(sample))
        {
            return null;
        }

        (SafetyPolicy own, EncodedPolicy encoded) = await PolicyAsync(sample, mode).ConfigureAwait(false);
        PreparedImage image = await ImageAsync(sample, cancellationToken).ConfigureAwait(false);
        return new PolicyQuestion(sample, encoded, [.. encoded.Before, .. image.Ids, .. encoded.After], image, Truth(sample, own), [.. own.Categories.Select(category => category.Id)]);
    }

    /// <summary>The tokens of an answer: those that decide, and the rest with its end.</summary>
    public (IReadOnlyList<int> Critical, IReadOnlyList<int> Others) Parts(EncodedPolicy encoded, int answer, string? reason) =>
        answer > 0 && reason is not null && encoded.Spoken.Count > 0
            ? (encoded.Spoken[answer - 1], [.. prompts.Tokenizer.EncodeAsText($" {reason.Trim()}"), encoded.End])
            : (encoded.Answers[answer], encoded.Answers[answer] is [.., var last] && last == encoded.End ? [] : [encoded.End]);

    /// <summary>Where the offender's name stands among the tokens of a reason: the first, and the one after the last.</summary>
    private (int First, int Last) OffenderTokens(TrainingSample sample, string reason)
    {
        TrainingTurn turn = sample.Turns[^1];
        CriticalSpan name = turn.Critical.FirstOrDefault(span => span.Role == CriticalRole.Offender);
        int start = name.Start - turn.Answer.LastIndexOf(reason, StringComparison.Ordinal);
        return name.Length > 0 && start >= 0 ? (Tokens(reason[..start].TrimEnd()), Tokens(reason[..(start + name.Length)])) : (0, 0);

        int Tokens(string beginning) => beginning.Length == 0 ? 0 : prompts.Tokenizer.EncodeAsText($" {beginning}").Length;
    }

    /// <summary>The words behind the mark of a reason; null where there are none.</summary>
    public static string? Reason(TrainingSample sample)
    {
        TrainingTurn turn = sample.Turns[^1];
        CriticalSpan mark = turn.Critical.FirstOrDefault(span => span.Role == CriticalRole.Reason);
        int start = mark.Length > 0 ? mark.Start + mark.Length : turn.Answer.IndexOf("<|REASON|>", StringComparison.OrdinalIgnoreCase) is var at and >= 0 ? at + "<|REASON|>".Length : -1;
        return start >= 0 && turn.Answer[start..].Trim() is { Length: > 0 } words ? words : null;
    }

    /// <summary>A batch on the processor, images in the order of their rows.</summary>
    public TokenBatch Batch(IReadOnlyList<(TokenRow Row, PreparedImage Image)> rows, bool isLeft = false)
    {
        using IDisposable still = no_grad();
        var pixels = rows.Select(row => tensor(row.Image.Pixels.ToArray(), [.. row.Image.PixelShape])).ToList();
        TokenBatch batch = TokenBatch.Pad([.. rows.Select(row => row.Row)], prompts.StopTokens[0], cat(pixels, 0), isLeft);
        return prompts.PositionRows == 1 ? batch : batch with { Positions = Positions(rows, batch, isLeft), Grids = [.. rows.Select(row => row.Image.Grid!.Value)] };
    }

    /// <summary>Time, row and column of each token: [3, rows, tokens].</summary>
    private Tensor Positions(IReadOnlyList<(TokenRow Row, PreparedImage Image)> rows, TokenBatch batch, bool isLeft)
    {
        int longest = (int)batch.Ids.shape[1], numbers = prompts.PositionRows;
        long[] all = new long[numbers * rows.Count * longest];
        for (int i = 0; i < rows.Count; i++)
        {
            int[] ids = [.. rows[i].Row.Ids.Select(id => (int)id)];
            long[] own = prompts.Positions(ids, rows[i].Image);
            int first = isLeft ? longest - ids.Length : 0;
            for (int number = 0; number < numbers; number++)
            {
                own.AsSpan(number * ids.Length, ids.Length).CopyTo(all.AsSpan((((number * rows.Count) + i) * longest) + first));
            }
        }

        return tensor(all, [numbers, rows.Count, longest]);
    }

    private static bool IsFast(string id) => (id.Aggregate(17u, (hash, letter) => (hash * 31) + letter) & 1) == 0; // the same on every machine

    /// <summary>Whether the model is asked otherwise for the mark alone; a prompt file may have one wording for both.</summary>
    private async Task<bool> DiffersAsync(TrainingSample sample) =>
        !(await PolicyAsync(sample, VisionLanguageMode.Fast).ConfigureAwait(false)).Encoded.After
            .SequenceEqual((await PolicyAsync(sample, VisionLanguageMode.Comprehension).ConfigureAwait(false)).Encoded.After);

    private static int Truth(TrainingSample sample, SafetyPolicy policy)
    {
        int place = policy.Categories.Index().FirstOrDefault(category => category.Item.Id.Equals(sample.Category, StringComparison.OrdinalIgnoreCase), (-1, null!)).Index;
        return sample.Category is null ? 0
            : place >= 0 ? place + 1
            : throw new TrainingDataException($"The sample '{sample.Id}': its category '{sample.Category}' is not one of the policy '{policy.Name}' ({string.Join(", ", policy.Categories.Select(category => category.Id))}).");
    }

    private async Task<(SafetyPolicy Policy, EncodedPolicy Encoded)> PolicyAsync(TrainingSample sample, VisionLanguageMode mode)
    {
        SafetyPolicy own;
        lock (_gate)
        {
            if (_policies.TryGetValue((sample.Policy, mode), out (SafetyPolicy, EncodedPolicy) known))
            {
                return known;
            }

            own = (sample.Policy is null || sample.Policy == policyFile ? policy : null) ?? dataset.LoadPolicy(sample)!;
        }

        EncodedPolicy encoded = await prompts.EncodeAsync(own, mode).ConfigureAwait(false);
        lock (_gate)
        {
            if (_policies.Count >= MostPolicies)
            {
                _policies.Clear();
            }

            return _policies[(sample.Policy, mode)] = (own, encoded);
        }
    }

    private async Task<PreparedImage> ImageAsync(TrainingSample sample, CancellationToken cancellationToken)
    {
        try
        {
            using DecodedImage image = await _decoder.DecodeAsync(dataset.OpenImage(sample), new ImageDecodeOptions(), cancellationToken).ConfigureAwait(false);
            return prompts.Encode(image.Frames[0]);
        }
        catch (ImageRejectedException rejected)
        {
            throw new TrainingDataException($"The sample '{sample.Id}': its image '{sample.Image}' can't be used. {rejected.Message}", rejected);
        }
    }

    /// <summary>An answer cut where critical parts begin and end.</summary>
    private List<(string Text, bool IsCritical)> Pieces(TrainingTurn turn)
    {
        var pieces = new List<(string, bool)>();
        int at = 0;
        foreach (CriticalSpan span in turn.Critical.Where(span => weighsOffender || span.Role != CriticalRole.Offender).OrderBy(span => span.Start))
        {
            Add(span.Start, isCritical: false);
            Add(span.Start + span.Length, isCritical: true);
        }

        Add(turn.Answer.Length, isCritical: false);
        return pieces;

        void Add(int end, bool isCritical)
        {
            if (end > at)
            {
                pieces.Add((turn.Answer[at..end], isCritical));
                at = end;
            }
        }
    }
}
