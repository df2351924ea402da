namespace SafeVision.Training.Data.Questions;

/// <summary>Several ways to ask the same, so that a model learns the question and not its wording. <c>{0}</c> is what
/// is asked about. Questions of the guard's own task are not among them: those are asked as the engine asks.</summary>
internal static class Wordings
{
    private static readonly Dictionary<QuestionKind, string[]> s_wordings = new()
    {
        [QuestionKind.Caption] =
        [
            "Describe the image in one sentence of at most 30 words.",
            "What does the image show? Answer in one sentence.",
            "Say in a single sentence what can be seen here.",
            "Sum the image up in one sentence of at most 30 words.",
        ],
        [QuestionKind.Reason] =
        [
            "The image falls under \"{0}\". Say in one sentence what in it is the reason.",
            "Why does the image belong to \"{0}\"? One sentence of at most 30 words.",
            "\"{0}\" is the right category for this image. What in it makes it so? Answer in one sentence.",
            "Name in one sentence what puts this image into \"{0}\".",
        ],
        [QuestionKind.Choice] =
        [
            "Which of these marks fits the image?\n{0}",
            "Choose the mark that fits the image:\n{0}",
            "One of the following marks is right for the image. Which?\n{0}",
            "Pick the right mark for this image out of these:\n{0}",
        ],
        [QuestionKind.Existence] =
        [
            "Is there anything in the image that falls under one of these categories: {0}?",
            "Look for anything that belongs to {0}. Is there something of it in the image?",
            "Does the image show something harmful? Harmful is what belongs to {0}.",
            "These categories are forbidden: {0}. Does anything in the image fall under one of them?",
        ],
        [QuestionKind.Absence] =
        [
            "Which of these categories fits the image? Say so if none does.\n{0}",
            "Choose a category for the image, or say that none of them fits:\n{0}",
            "Does the image belong to one of these, and to which?\n{0}",
            "If one of these categories is right for the image, name it; if not, say so.\n{0}",
        ],
        [QuestionKind.Json] =
        [
            "Judge the image by these categories and answer with a JSON object that has the keys IMAGE_CONTENT (one sentence), MODERATION_REASON (one sentence, or None) and MODERATION_RESULT (the mark that applies, with the value true; empty where none does).\n{0}",
            "Write a JSON object about the image: IMAGE_CONTENT with one sentence, MODERATION_REASON with one sentence or None, MODERATION_RESULT with the mark that applies set to true, or empty. The categories are:\n{0}",
        ],
        [QuestionKind.List] =
        [
            "List everything that the image shows.",
            "What are all the things in the image?",
            "Name each thing that can be seen here.",
            "Which things are in the image? List them all.",
        ],
        [QuestionKind.WhatAt] =
        [
            "What is {0} of the image?",
            "Name what can be seen {0}.",
            "Look {0}: what is there?",
        ],
        [QuestionKind.Where] =
        [
            "Where in the image is {0}?",
            "In which part of the image can {0} be seen?",
            "Find {0}. Where is it?",
        ],
        [QuestionKind.Presence] =
        [
            "Is {0} in the image?",
            "Does the image show {0}?",
            "Can {0} be seen here?",
        ],
        [QuestionKind.WhichOf] =
        [
            "Which of these is in the image: {0}?",
            "Only one of these can be seen here: {0}. Which?",
            "Pick the one that the image shows: {0}.",
        ],
    };

    public static string Ask(QuestionKind kind, Random random, string about = "") =>
        s_wordings[kind][random.Next(s_wordings[kind].Length)].Replace("{0}", about, StringComparison.Ordinal);
}
