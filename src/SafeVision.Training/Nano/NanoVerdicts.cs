namespace SafeVision.Training.Nano;

/// <summary>Policies about drawn scenes, and the states from which the model gives its verdicts about them.</summary>
/// <param name="Hidden">[verdicts, width], as the last norm leaves it.</param>
/// <param name="Answers">The tokens that a verdict may be, and which of them is right.</param>
internal sealed record NanoVerdicts(Tensor Hidden, IReadOnlyList<(long[] Marks, int Right)> Answers)
{
    /// <summary>Puts to the model two policies about each scene, one that it violates and one that it does not.</summary>
    public static NanoVerdicts Ask(NanoTraining training, SymbolScenes scenes, int count, int seed)
    {
        var questions = new NanoQuestions(training.Words, training.Tokenizer, new Random(seed)) { HasGroups = true };
        var states = new List<Tensor>();
        var answers = new List<(long[] Marks, int Right)>();
        for (int index = 0; index < count; index++)
        {
            using DisposeScope scope = NewDisposeScope();
            SymbolScene scene = scenes.Draw(index);
            SceneThing[] things = [.. NanoScenes.Shown(scene, training.Words.NumberOf)];
            (NanoPolicy forbids, NanoPolicy allows) = questions.Pair(things);
            NanoPolicy[] policies = [forbids, allows];
            states.Add(training.Before(training.See(scene), [.. policies.Select(policy => questions.Open(policy.Prompt))]).MoveToOuterDisposeScope());
            answers.AddRange(policies.Select(policy =>
            {
                string[] marks = [NanoCheckpoint.Safe, .. policy.Categories.Select(category => category.Mark)];
                return (marks.Select(mark => (long)questions.Id(mark)).ToArray(), Array.IndexOf(marks, policy.Judge(things)?.Category.Mark ?? NanoCheckpoint.Safe));
            }));
        }

        return new NanoVerdicts(cat(states, 0), answers);
    }

    /// <summary>What all logits are to be divided by, so that a probability is as often right as it says: the likeliest.</summary>
    /// <param name="logits">Of <see cref="Hidden"/>: [verdicts, vocabulary].</param>
    public double Temperature(Tensor logits)
    {
        double[][] values = [.. Answers.Select((answer, i) => logits[i].index_select(0, tensor(answer.Marks)).data<float>().Select(value => (double)value).ToArray())];
        return Enumerable.Range(0, 46).Select(i => 0.5 * Math.Pow(1.05, i)).MinBy(temperature => values.Zip(Answers, (one, answer) => Loss(one, answer.Right, temperature)).Sum());

        static double Loss(double[] logits, int right, double temperature)
        {
            double most = logits.Max();
            return Math.Log(logits.Sum(logit => Math.Exp((logit - most) / temperature))) - ((logits[right] - most) / temperature);
        }
    }
}
