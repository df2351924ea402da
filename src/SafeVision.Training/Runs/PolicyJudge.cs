namespace SafeVision.Training.Runs;

/// <summary>What a network said to a policy's question.</summary>
/// <param name="Question">The question.</param>
/// <param name="Shares">Each answer's share, as the engine computes it.</param>
internal sealed record JudgedQuestion(PolicyQuestion Question, IReadOnlyList<double> Shares)
{
    /// <summary>The likeliest answer.</summary>
    public int Verdict { get; } = Shares.Index().MaxBy(share => share.Item).Index;

    public bool IsRight => Verdict == Question.Truth;
}

/// <summary>Asks the network that is being trained, as the engine will ask the finished one.</summary>
internal sealed class PolicyJudge(TrainableNetwork network, SampleEncoder encoder)
{
    private const int RowsAtOnce = 8;

    /// <summary>How likely each answer is.</summary>
    public JudgedQuestion Judge(PolicyQuestion question)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();

        // Answers that differ in their first token are told apart by one look; otherwise each is said as far as it decides.
        EncodedPolicy policy = question.Policy;
        bool isOneLook = policy.DecidingTokens.All(count => count == 1);
        TokenRow[] rows = isOneLook
            ? [Row(question.Prompt, [])]
            : [.. policy.Answers.Select((answer, i) => Row(question.Prompt, [.. answer.Take(policy.DecidingTokens[i] - 1)]))];
        var scores = new double[policy.Answers.Count][];
        for (int first = 0; first < rows.Length; first += RowsAtOnce)
        {
            TokenRow[] some = rows[first..Math.Min(rows.Length, first + RowsAtOnce)];
            TokenBatch batch = encoder.Batch([.. some.Select(row => (row, question.Image))]);
            Tensor logs = nn.functional.log_softmax(network.Forward(batch, network.See(batch), question.Prompt.Count - 1), -1);
            for (int answer = isOneLook ? 0 : first; answer < (isOneLook ? scores.Length : first + some.Length); answer++)
            {
                Tensor row = logs[isOneLook ? 0 : answer - first];
                scores[answer] = [.. Enumerable.Range(0, policy.DecidingTokens[answer]).Select(i => (double)row[i, policy.Answers[answer][i]].ToSingle())];
            }
        }

        return new JudgedQuestion(question, policy.Shares(scores));
    }

    /// <summary>The reason that the network gives for a category, likeliest token first; empty where the policy wants none.</summary>
    public string Explain(PolicyQuestion question, int verdict)
    {
        if (verdict == 0 || question.Policy.Spoken.Count == 0)
        {
            return "";
        }

        IReadOnlyList<int> words = Write(question, question.Policy.Spoken[verdict - 1], question.Policy.MaximumReasonTokens, 1, row => row.argmax(-1))[0];
        return encoder.Prompts.Tokenizer.Decode([.. words.Where(id => !encoder.Prompts.StopTokens.Contains(id))], skipSpecial: true).Trim();
    }

    /// <summary>Whole answers drawn from the network's own distribution.</summary>
    /// <param name="temperature">1 draws as the network would; less keeps to the likely.</param>
    /// <param name="generator">The source of chance.</param>
    public IReadOnlyList<IReadOnlyList<int>> Draw(PolicyQuestion question, int count, double temperature, Generator generator) =>
        Write(question, [], question.Policy.MaximumReasonTokens + question.Policy.Spoken.Append([]).Max(spoken => spoken.Count) + 2, count,
            rows => multinomial(nn.functional.softmax(rows.Times(1 / temperature), -1).cpu(), 1, generator: generator).squeeze(-1));

    /// <summary>Goes on token by token until each row ends; what ends it is a part of it.</summary>
    private List<int>[] Write(PolicyQuestion question, IReadOnlyList<int> begun, int most, int count, Func<Tensor, Tensor> choose)
    {
        using IDisposable still = no_grad();
        using DisposeScope whole = NewDisposeScope();
        List<int>[] written = [.. Enumerable.Range(0, count).Select(_ => new List<int>())];
        List<int> open = [.. Enumerable.Range(0, count)];
        Tensor image = tensor(new long[] { encoder.Prompts.ImageToken }, device: network.Weights.Device);
        Tensor features = network.See(encoder.Batch([(Row(question.Prompt, []), question.Image)]));
        while (open.Count > 0)
        {
            using DisposeScope scope = NewDisposeScope();
            TokenBatch batch = encoder.Batch([.. open.Select(row => (Row(question.Prompt, [.. begun, .. written[row]]), question.Image))], isLeft: true);
            Tensor last = network.Forward(batch, cat([.. Enumerable.Repeat(features, open.Count)], features.shape[0] == 1 && encoder.Prompts.PositionRows > 1 ? 1 : 0), (int)batch.Ids.shape[1] - 1).select(1, -1); // [rows, vocabulary]
            last = last.FilledAt(image, float.NegativeInfinity); // an image token in an answer would ask for an image that is not there
            long[] next = choose(last).cpu().data<long>().ToArray();
            foreach ((int place, int row) in open.ToArray().Index())
            {
                written[row].Add((int)next[place]);
                if (encoder.Prompts.StopTokens.Contains((int)next[place]) || written[row].Count >= most)
                {
                    open.Remove(row);
                }
            }
        }

        return written;
    }

    public static TokenRow Row(IReadOnlyList<int> prompt, IReadOnlyList<int> answer) => new(
        [.. prompt.Concat(answer).Select(id => (long)id)],
        [.. prompt.Select(_ => SupervisedObjective.Ignored), .. answer.Select(id => (long)id)]);
}
