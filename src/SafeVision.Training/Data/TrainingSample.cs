namespace SafeVision.Training.Data;

/// <summary>A conversation about one image that a model learns from: one line of a dataset's <c>samples.jsonl</c>.</summary>
public sealed record TrainingSample
{
    /// <summary>Its name, unique in the dataset; letters, digits, <c>_ - . /</c>, at most 200 characters.</summary>
    public required string Id { get; init; }

    /// <summary>The image's path inside the dataset's folder, with <c>/</c> between its parts.</summary>
    public required string Image { get; init; }

    /// <summary>SHA-256 of the image file, 64 lower-case hexadecimal digits.</summary>
    public required string ImageHash { get; init; }

    /// <summary>What its questions ask for.</summary>
    public required QuestionKind Kind { get; init; }

    /// <summary>The questions and answers in order, at least one. The image stands before the first question and nowhere else.</summary>
    public required IReadOnlyList<TrainingTurn> Turns { get; init; }

    /// <summary>The name of the file in <c>policies/</c> that the answer follows; null where the question needs no policy.</summary>
    public string? Policy { get; init; }

    /// <summary>The id of the category that is the right answer; null where the image is safe under the policy, or no policy is asked about.</summary>
    public string? Category { get; init; }

    /// <summary>What the sample may be used for.</summary>
    public required TrainingSplit Split { get; init; }

    /// <summary>The id of its partner: the edited image's sample, or the same image's under the policy on the other side of a boundary. Null: none.</summary>
    public string? Pair { get; init; }

    /// <summary>Where image and answers come from.</summary>
    public SampleProvenance Provenance { get; init; } = new();
}

/// <summary>One question with its answer.</summary>
/// <param name="Question">What is asked, without any mark for the image.</param>
/// <param name="Answer">What is to be answered.</param>
public sealed record TrainingTurn(string Question, string Answer)
{
    /// <summary>The parts of the answer that a weighted loss gives more weight to; they do not overlap.</summary>
    public IReadOnlyList<CriticalSpan> Critical { get; init; } = [];
}

/// <summary>A part of an answer.</summary>
/// <param name="Start">Its first character in the answer, from 0, counted in UTF-16 code units.</param>
/// <param name="Length">How many code units it has, at least 1.</param>
/// <param name="Role">What it is.</param>
public readonly record struct CriticalSpan(int Start, int Length, CriticalRole Role);

/// <summary>What a critical part of an answer is.</summary>
public enum CriticalRole
{
    /// <summary>The category, or the mark of a safe image: the verdict.</summary>
    Category,

    /// <summary>The mark before the reason.</summary>
    Reason,

    /// <summary>In the reason, the name of the thing that makes the category right. It gets more weight only where a run asks for it.</summary>
    Offender,
}

/// <summary>What a sample may be used for.</summary>
public enum TrainingSplit
{
    /// <summary>To train on.</summary>
    Train,

    /// <summary>To find mistakes on, to clean labels and edit policies by, and to choose between rounds.</summary>
    Refine,

    /// <summary>To report on, once, and for nothing else.</summary>
    Test,
}

/// <summary>What a question asks for. The first eight are the paper's (arXiv 2510.23960, data generation); the others need exact truth.</summary>
public enum QuestionKind
{
    /// <summary>The image in one sentence.</summary>
    Caption,

    /// <summary>Why the image falls under its category.</summary>
    Reason,

    /// <summary>Category and reason under a policy in the prompt: comprehension mode.</summary>
    Policy,

    /// <summary>Which of the listed categories fits.</summary>
    Choice,

    /// <summary>Whether there is something harmful.</summary>
    Existence,

    /// <summary>The same list with the right category removed, where the answer is that none fits.</summary>
    Absence,

    /// <summary>The category alone, without a policy in the prompt: fast mode.</summary>
    Category,

    /// <summary>The verdict as a JSON object.</summary>
    Json,

    /// <summary>All that is in the image.</summary>
    List,

    /// <summary>What is at a place.</summary>
    WhatAt,

    /// <summary>Where a thing is.</summary>
    Where,

    /// <summary>Whether a thing is there.</summary>
    Presence,

    /// <summary>Which of several things is there.</summary>
    WhichOf,
}

/// <summary>Where an image and what is said of it come from. Null: unknown, or not applicable.</summary>
public sealed record SampleProvenance
{
    /// <summary>The folder, table or address that the image was taken from.</summary>
    public string? Source { get; init; }

    /// <summary>The licence of the image, as the source states it.</summary>
    public string? Licence { get; init; }

    /// <summary>The stage that wrote the record.</summary>
    public string? Stage { get; init; }

    /// <summary>Who judged the image or wrote the answer: a model's id, or <c>truth</c> for exact answers.</summary>
    public string? Judge { get; init; }

    /// <summary>What the judge was asked.</summary>
    public string? Prompt { get; init; }

    /// <summary>What the judge said, before it was made into an answer.</summary>
    public string? Answer { get; init; }
}

/// <summary>A sample that a finished model is reported on. A type of its own, so that it cannot be handed to what trains or refines.</summary>
/// <param name="Sample">The sample; its split is <see cref="TrainingSplit.Test"/>.</param>
public sealed record HeldOutSample(TrainingSample Sample);

/// <summary>Training data cannot be used; the message says what is wrong, in which file and line, and how to mend it.</summary>
public sealed class TrainingDataException : Exception
{
    private const int MostCharacters = 2000; // what a stranger's file holds may be megabytes

    /// <summary>Creates the exception.</summary>
    public TrainingDataException(string message)
        : base(Bounded(message))
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public TrainingDataException(string message, Exception innerException)
        : base(Bounded(message), innerException)
    {
    }

    private static string Bounded(string message) => message is { Length: > MostCharacters } ? $"{message[..(MostCharacters / 2)]} … {message[^(MostCharacters / 2)..]}" : message;
}
