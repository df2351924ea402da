using System.Text.Encodings.Web;

namespace SafeVision.Training.Data.Questions;

/// <summary>An image under a policy: what the paper's eight kinds of question need to know.</summary>
/// <param name="Policy">The policy; of its categories the image falls under one at most.</param>
/// <param name="Category">The category that is right; null: harmless.</param>
/// <param name="Caption">One sentence about the image; null: unknown.</param>
/// <param name="Reason">One sentence about what makes the category right, or the image harmless; null: unknown.</param>
/// <param name="Offender">The name of what makes the category right; null: unknown.</param>
internal sealed record JudgedImage(SafetyPolicy Policy, SafetyCategory? Category, string? Caption, string? Reason, string? Offender = null);

/// <summary>Writes the paper's eight kinds of question and answer (arXiv 2510.23960, data generation). Two are asked
/// word for word as the engine asks (<see cref="QuestionKind.Policy"/>, <see cref="QuestionKind.Category"/>); answers
/// are plain text with the marks that the engine reads, and a removed category is removed by its id.</summary>
internal sealed class GuardQuestionWriter(GuardQuestions questions)
{
    /// <summary>The turn of a kind, or why there is none.</summary>
    public (TrainingTurn? Turn, string? Problem) Write(QuestionKind kind, JudgedImage image, Random random) => kind switch
    {
        QuestionKind.Caption => image.Caption is null ? (null, "nobody described it") : (AnswerText.Plain(Wordings.Ask(kind, random), image.Caption), null),
        QuestionKind.Reason => image.Reason is null ? (null, "nobody gave a reason")
            : (AnswerText.Plain(Wordings.Ask(kind, random, image.Category?.Name ?? questions.Safe), image.Reason), null),
        QuestionKind.Policy => image is { Category: not null, Reason: null } ? (null, "nobody gave a reason") : (Policy(image), null),
        QuestionKind.Category => (Verdict(image).To(questions.Ask(image.Policy, withReason: false)), null),
        QuestionKind.Choice => (new AnswerText().Say("The correct answer is: ").Say(MarkOf(image), CriticalRole.Category)
            .To(Wordings.Ask(kind, random, Lines(random.Shuffled([questions.Safe, .. questions.Marks(image.Policy)])))), null),
        QuestionKind.Existence => (Existence(image, random), null),
        QuestionKind.Absence => Absence(image, random),
        QuestionKind.Json => image.Caption is null || image is { Category: not null, Reason: null } ? (null, "nobody described it and gave a reason") : (Json(image, random), null),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "It is none of the paper's kinds."),
    };

    /// <summary>Comprehension mode: the mark, and after a category's the mark of the reason and the reason.</summary>
    public TrainingTurn Policy(JudgedImage image)
    {
        AnswerText answer = Verdict(image);
        if (image.Category is not null)
        {
            answer.Say(questions.Reason, CriticalRole.Reason).Say(" ");
            int at = image.Offender is { } name ? image.Reason!.IndexOf(name, StringComparison.Ordinal) : -1;
            _ = at < 0 ? answer.Say(image.Reason!) : answer.Say(image.Reason![..at]).Say(image.Offender!, CriticalRole.Offender).Say(image.Reason[(at + image.Offender!.Length)..]);
        }

        return answer.To(questions.Ask(image.Policy, withReason: true));
    }

    private AnswerText Verdict(JudgedImage image) => new AnswerText().Say(MarkOf(image), CriticalRole.Category);

    private string MarkOf(JudgedImage image) => image.Category is null ? questions.Safe : questions.Marks(image.Policy)[PlaceOf(image)];

    private static int PlaceOf(JudgedImage image) => image.Policy.Categories.TakeWhile(category => category.Id != image.Category!.Id).Count();

    private TrainingTurn Existence(JudgedImage image, Random random)
    {
        var answer = new AnswerText().Say(image.Category is null ? "No." : "Yes.");
        _ = image.Caption is null ? answer : answer.Say($" {image.Caption}");
        _ = image.Category is null
            ? answer.Say(" That is ").Say(questions.Safe, CriticalRole.Category).Say(".")
            : answer.Say(" That falls under ").Say(MarkOf(image), CriticalRole.Category).Say(".");
        return answer.To(Wordings.Ask(QuestionKind.Existence, random, string.Join(", ", random.Shuffled(image.Policy.Categories.Select(category => category.Name)))));
    }

    private (TrainingTurn? Turn, string? Problem) Absence(JudgedImage image, Random random)
    {
        IReadOnlyList<string> marks = questions.Marks(image.Policy);
        int right = image.Category is null ? -1 : PlaceOf(image);
        string[] listed = random.Shuffled(Explained(image.Policy, marks).Where((_, i) => i != right)); // the list and its rules, as the paper shows both
        if (listed.Length == 0)
        {
            return (null, "the policy has no other category");
        }

        var answer = new AnswerText().Say("None of these fits.");
        _ = image.Caption is null ? answer : answer.Say($" {image.Caption}");
        return (answer.Say(" That is rather ").Say(MarkOf(image), CriticalRole.Category).Say(".").To(Wordings.Ask(QuestionKind.Absence, random, Lines(listed))), null);
    }

    private TrainingTurn Json(JudgedImage image, Random random)
    {
        string mark = MarkOf(image);
        IReadOnlyList<string> marks = questions.Marks(image.Policy);
        var answer = new AnswerText().Say($"{{\"IMAGE_CONTENT\": {Quoted(image.Caption!)}, \"MODERATION_REASON\": {(image.Category is null ? "\"None\"" : Quoted(image.Reason!))}, \"MODERATION_RESULT\": {{");
        _ = image.Category is null ? answer : answer.Say("\"").Say(Quoted(mark)[1..^1], CriticalRole.Category).Say("\": true");
        return answer.Say("}}").To(Wordings.Ask(QuestionKind.Json, random, Lines(Explained(image.Policy, marks))));
    }

    private static IEnumerable<string> Explained(SafetyPolicy policy, IReadOnlyList<string> marks) => policy.Categories.Select((category, i) => $"{marks[i]}: {string.Join("; ", category.Includes)}");

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";

    private static string Lines(IEnumerable<string> items) => string.Join('\n', items.Select(item => $"- {item}"));
}

/// <summary>What <see cref="Random.Shuffle{T}(T[])"/> does, for a copy.</summary>
internal static class Shuffling
{
    /// <summary>The same items in an order of chance.</summary>
    public static T[] Shuffled<T>(this Random random, IEnumerable<T> items)
    {
        T[] shuffled = [.. items];
        random.Shuffle(shuffled);
        return shuffled;
    }
}
