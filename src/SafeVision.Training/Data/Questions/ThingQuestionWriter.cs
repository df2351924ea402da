namespace SafeVision.Training.Data.Questions;

/// <summary>Writes questions about what is in an image and where, answered from exact truth: they keep a model able to see.</summary>
/// <param name="names">The names of all things that images of the project show, to ask about what is not there.</param>
internal sealed class ThingQuestionWriter(IReadOnlyList<string> names)
{
    /// <summary>The turns of a kind; none where the image or the names do not allow it.</summary>
    public IReadOnlyList<TrainingTurn> Write(QuestionKind kind, ImageTruth truth, Random random) => kind switch
    {
        QuestionKind.List => [AnswerText.Plain(Wordings.Ask(kind, random), ImageTruth.Listed([.. truth.Names.Select(ImageTruth.WithArticle)]))],
        QuestionKind.WhatAt => [WhatAt(truth, random)],
        QuestionKind.Where => Where(truth, random),
        QuestionKind.Presence => Presence(truth, random),
        QuestionKind.WhichOf => WhichOf(truth, random),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "It asks about no thing."),
    };

    private static TrainingTurn WhatAt(ImageTruth truth, Random random)
    {
        SampleObject thing = truth.Objects[random.Next(truth.Objects.Count)];
        string place = random.Next(4) == 0 ? ImageTruth.InWords(ImageTruth.Positions[random.Next(ImageTruth.Positions.Count)]) : ImageTruth.PlaceOf(thing);
        string[] found = [.. truth.Objects.Where(other => ImageTruth.PlaceOf(other) == place).Select(other => ImageTruth.WithArticle(other.Name)).Distinct()];
        return AnswerText.Plain(Wordings.Ask(QuestionKind.WhatAt, random, place), ImageTruth.Listed(found));
    }

    private static TrainingTurn[] Where(ImageTruth truth, Random random)
    {
        SampleObject[] single = [.. truth.Objects.Where(thing => truth.Objects.Count(other => other.Name == thing.Name) == 1)];
        if (single.Length == 0)
        {
            return [];
        }

        SampleObject asked = single[random.Next(single.Length)];
        return [AnswerText.Plain(Wordings.Ask(QuestionKind.Where, random, $"the {asked.Name}"), ImageTruth.PlaceOf(asked))];
    }

    private TrainingTurn[] Presence(ImageTruth truth, Random random)
    {
        string[] asked = random.Shuffled([.. Pick(truth.Names, 3, random), .. Pick(names.Except(truth.Names), 3, random)]);
        return [.. asked.Select(name => AnswerText.Plain(Wordings.Ask(QuestionKind.Presence, random, ImageTruth.WithArticle(name)), truth.Names.Contains(name) ? "yes" : "no"))];
    }

    private TrainingTurn[] WhichOf(ImageTruth truth, Random random)
    {
        string right = truth.Names[random.Next(truth.Names.Count)];
        string[] offered = random.Shuffled([right, .. Pick(names.Except(truth.Names), 3, random)]);
        return offered.Length > 1 ? [AnswerText.Plain(Wordings.Ask(QuestionKind.WhichOf, random, string.Join(", ", offered.Select(ImageTruth.WithArticle))), ImageTruth.WithArticle(right))] : [];
    }

    private static IEnumerable<string> Pick(IEnumerable<string> from, int count, Random random) => random.Shuffled(from).Take(count);
}
