namespace SafeVision.Training.Nano;

/// <summary>How well SafeVision-Nano follows policies about scenes that it was not trained on. Always "safe" is right in half of the verdicts, and never flips.</summary>
/// <param name="Scenes">How many scenes.</param>
/// <param name="Verdict">The share of verdicts that are exactly right: the category, or safe.</param>
/// <param name="Auc">Area under the ROC curve of unsafe against safe.</param>
/// <param name="Flips">The share of scenes whose verdict is right under a policy that forbids what they show, and right once the name is exchanged.</param>
/// <param name="Presence">The share of right answers to whether a thing is there.</param>
/// <param name="Groups">The share of right verdicts about words for groups that were learnt.</param>
/// <param name="UnlearntGroups">The same for words that training never asked about, put name by name.</param>
/// <param name="ReasonPresent">Of the reasons for an unsafe verdict the share that names a thing of the scene.</param>
/// <param name="Place">Of reasons that name a thing of the scene the share with its right place.</param>
/// <param name="CalibrationError">Expected calibration error of the probability of unsafe, 15 bins.</param>
public sealed record NanoScore(
    int Scenes, double Verdict, double Auc, double Flips, double Presence, double Groups, double UnlearntGroups, double ReasonPresent, double Place, double CalibrationError);

/// <summary>Measures a trained SafeVision-Nano.</summary>
internal static class NanoMeasurement
{
    private const int MostNamesOfACategory = 6;

    /// <summary>Puts policies about drawn scenes to the model.</summary>
    public static NanoScore Measure(NanoTraining training, SymbolScenes scenes, int count, int seed)
    {
        var random = new Random(seed);
        NanoWords words = training.Words;
        var questions = new NanoQuestions(words, training.Tokenizer, random);
        var (verdicts, flips, presence, learnt, unlearnt, present, places) = (new Share(), new Share(), new Share(), new Share(), new Share(), new Share(), new Share());
        var scored = new List<(double Score, bool IsUnsafe)>();
        long[] names = [.. words.Names.Select(name => (long)questions.Id($" {NanoWords.Spelled(name)}"))], spots = [.. NanoCheckpoint.Places.Select(place => (long)questions.Id($" {place}"))];
        long[] flags = [questions.Id(" no"), questions.Id(" yes")];
        string[] spotNames = [.. NanoCheckpoint.Places];
        for (int index = 0; index < count; index++)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable still = no_grad();
            SymbolScene scene = scenes.Draw(index);
            SceneThing[] things = [.. NanoScenes.Shown(scene, words.NumberOf)];
            Tensor seen = training.See(scene);
            questions.HasGroups = false;
            (NanoPolicy forbids, NanoPolicy allows) = questions.Pair(things);
            questions.HasGroups = true;
            (NanoPolicy forbidsGroup, NanoPolicy allowsGroup) = questions.Pair(things);
            NanoPolicy?[] unseen = [Unlearnt(words, questions, things, isThere: true, random), Unlearnt(words, questions, things, isThere: false, random)];
            NanoPolicy[] policies = [forbids, allows, forbidsGroup, allowsGroup, .. unseen.OfType<NanoPolicy>()];
            int there = things[random.Next(things.Length)].Name, absent = Enumerable.Range(0, words.Names.Count).OrderBy(_ => random.Next()).First(name => things.All(thing => thing.Name != name));
            Tensor logits = training.Next(seen, [
                .. policies.Select(policy => questions.Open(policy.Prompt)),
                .. new[] { there, absent }.Select(name => questions.Open(" check", $" {NanoWords.Spelled(words.Names[name])}"))]);
            bool[] isRight = [.. policies.Select((policy, i) =>
            {
                (string[] marks, Tensor verdict) = Verdict(logits[i], policy, questions);
                float[] shares = nn.functional.softmax(verdict, 0).data<float>().ToArray();
                string said = marks[Array.IndexOf(shares, shares.Max())];
                var truth = policy.Judge(things);
                if (i < 2)
                {
                    scored.Add((1 - shares[0], truth is not null));
                    if (said != NanoCheckpoint.Safe)
                    {
                        Explain(policy, policy.Categories.First(category => category.Mark == said));
                    }
                }

                // A word that is put name by name takes several marks: any of them says it.
                bool isRightMark = i >= 4 ? (said == NanoCheckpoint.Safe) == (truth is null) : said == (truth?.Category.Mark ?? NanoCheckpoint.Safe);
                (i < 2 ? verdicts : i < 4 ? learnt : unlearnt).Count(isRightMark);
                return isRightMark;
            })];
            flips.Count(isRight[0] && isRight[1]);
            for (int i = 0; i < 2; i++)
            {
                long says = flags[(int)logits[policies.Length + i].index_select(0, tensor(flags)).argmax().ToInt64()];
                presence.Count(says == flags[i == 0 ? 1 : 0]);
            }

            void Explain(NanoPolicy policy, NanoCategory category)
            {
                string answered = category.Mark + NanoCheckpoint.Reason;
                int[] among = [.. Enumerable.Range(0, names.Length).Where(category.Takes)]; // as the protocol: a reason names what its mark lists
                int name = among[Best(questions.Open(policy.Prompt, answered), [.. among.Select(one => names[one])])];
                SceneThing? thing = things.FirstOrDefault(thing => thing.Name == name);
                present.Count(thing is not null);
                if (thing is not null)
                {
                    places.Count(spotNames[Best(questions.Open(policy.Prompt, $"{answered} {NanoWords.Spelled(words.Names[name])} at"), spots)] == NanoWords.Spelled(thing.Place));
                }
            }

            int Best(TokenRow open, long[] among) => (int)training.Next(seen, [open])[0].index_select(0, tensor(among)).argmax().ToInt64();
        }

        return new NanoScore(
            count, verdicts.Value, Auc(scored), flips.Value, presence.Value, learnt.Value, unlearnt.Value, present.Value, places.Value, CalibrationError(scored));
    }

    /// <summary>The marks that an answer may begin with, safe first, and their logits.</summary>
    private static (string[] Marks, Tensor Logits) Verdict(Tensor logits, NanoPolicy policy, NanoQuestions questions)
    {
        string[] marks = [NanoCheckpoint.Safe, .. policy.Categories.Select(category => category.Mark)];
        return (marks, logits.index_select(0, tensor(marks.Select(mark => (long)questions.Id(mark)).ToArray())));
    }

    /// <summary>A policy with a word for a group that was not learnt, put name by name as the protocol does, and a category beside it; null where no such word fits the scene.</summary>
    private static NanoPolicy? Unlearnt(NanoWords words, NanoQuestions questions, SceneThing[] things, bool isThere, Random random)
    {
        NameGroup[] fitting = [.. words.Unlearnt.Where(group => group.Members.Count <= MostNamesOfACategory * (NanoCheckpoint.CategoryMarks.Count - 1) && things.Any(thing => group.Members.Contains(thing.Name)) == isThere)];
        if (fitting.Length == 0)
        {
            return null;
        }

        NanoEntry[] other = [.. Enumerable.Range(0, words.Names.Count).Where(name => things.All(thing => thing.Name != name)).OrderBy(_ => random.Next()).Take(3).Select(questions.Name)];
        NanoEntry[][] parts = [other, .. fitting[random.Next(fitting.Length)].Members.Select(questions.Name).Chunk(MostNamesOfACategory)];
        return new NanoPolicy([.. parts.Select((part, i) => new NanoCategory(NanoCheckpoint.CategoryMarks[i], part, []))]);
    }

    private static double Auc(List<(double Score, bool IsUnsafe)> scored)
    {
        double[] bad = [.. scored.Where(one => one.IsUnsafe).Select(one => one.Score)], good = [.. scored.Where(one => !one.IsUnsafe).Select(one => one.Score)];
        return bad.Sum(one => good.Sum(other => one > other ? 1 : one == other ? 0.5 : 0)) / Math.Max(1, (double)bad.Length * good.Length);
    }

    private static double CalibrationError(List<(double Score, bool IsUnsafe)> scored) => scored
        .GroupBy(one => Math.Min(14, (int)(one.Score * 15)))
        .Sum(bin => Math.Abs(bin.Average(one => one.Score) - bin.Average(one => one.IsUnsafe ? 1.0 : 0)) * bin.Count() / scored.Count);

    private sealed class Share
    {
        private int _right;
        private int _all;

        public double Value => _all == 0 ? 0 : (double)_right / _all;

        public void Count(bool isRight) => (_right, _all) = (_right + (isRight ? 1 : 0), _all + 1);
    }
}
