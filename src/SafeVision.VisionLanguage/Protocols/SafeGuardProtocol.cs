namespace SafeVision.VisionLanguage.Protocols;

/// <summary>SafeGuard-VL (arXiv 2603.01228): a question with one policy, here one for each category, answered with free
/// reasoning that ends in Safe or Unsafe. The last such word is the verdict; the score is its share against the other
/// one at that place, after the reasoning, and no first impression. An answer without a verdict, or one that is cut
/// off, is an error and never safe.</summary>
internal sealed partial class SafeGuardProtocol : IGuardProtocol
{
    private const string Negation = @"(?:\b(?:not|never|hardly|neither|nor|cannot|non)|n['’]t)";

    private static readonly SearchValues<char> s_ending = SearchValues.Create(" \t\r\n.!\"'”’*`</>}])");

    public string Name => "safeguard";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        var prompts = new ProtocolPrompts(context);
        ProtocolPrompt[] questions = prompts.WriteEach("fast", "Safe");
        TextLimits limits = prompts.ThoughtLimits(null);
        Array.ForEach(questions, question => prompts.RequireFit(question, limits.MaximumTokens));
        return new Compiled(context, questions, limits);
    }

    /// <summary>The verdict of an answer: where it stands, and whether a word before it turns it round; null where there is none, or a
    /// word further before it may turn it, "not considered safe", or words behind it may take it back: "safe, but ...".</summary>
    private static (int Start, bool IsTurned)? Verdict(string answer)
    {
        if (VerdictWord().Matches(answer) is not { Count: > 0 } words)
        {
            return null;
        }

        (int start, bool isTurned) = (words[^1].Groups["verdict"].Index, words[^1].Groups["not"].Success);
        Match last = words[^1];
        bool isSafe = last.Groups["verdict"].Length == "safe".Length && !isTurned;
        return isSafe && answer.AsSpan(last.Index + last.Length).ContainsAnyExcept(s_ending) ? null : !isTurned && DoubtBefore().IsMatch(answer.AsSpan(Math.Max(0, start - 200), Math.Min(start, 200))) ? null : (start, isTurned);
    }

    [GeneratedRegex("(?<not>" + Negation + @"[\s""'“‘*-]+)?\b(?<verdict>unsafe|safe)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex VerdictWord();

    [GeneratedRegex(Negation + @"[ ""'“‘*-]+(?:(?!(?:and|so|but|therefore|thus|hence|which)\b)\w+[ ""'“‘*-]+){1,8}$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex DoubtBefore();

    private sealed class Compiled(ProtocolContext context, ProtocolPrompt[] questions, TextLimits limits) : CompiledProtocol
    {
        public override IReadOnlyList<CategoryCoverage> Coverage { get; } =
            [.. context.Policy.Categories.Select((category, i) => questions[i].Coverage.Of(category, "Unsafe"))];

        public override IReadOnlyList<GuardPrompt> Prompts { get; } = [.. questions.Select(question => question.Tokens)];

        public override bool Thinks => true;

        /// <remarks>Nothing is told to the listener before all verdicts are known: which reason is the answer's shows only then.</remarks>
        public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
        {
            var categories = new CategoryAnswer?[questions.Length];
            string[] reasons = new string[questions.Length];
            for (int i = 0; i < questions.Length; i++)
            {
                (double share, reasons[i]) = await AskAsync(model, questions[i], cancellationToken).ConfigureAwait(false);
                categories[i] = new CategoryAnswer(share, share);
            }

            int primary = CategoryScores.Primary(context.Policy, categories, safe: 0.5);
            string? written = primary >= 0 && context.Mode == VisionLanguageMode.Comprehension ? reasons[primary] : null;
            if (written is not null)
            {
                reason?.Invoke(written);
            }

            return new GuardAnswer { Categories = categories, Reason = written, Primary = primary, IsAfterThought = true };
        }

        private async ValueTask<(double Unsafe, string Reasoning)> AskAsync(IGuardModel model, ProtocolPrompt question, CancellationToken cancellationToken)
        {
            string answer = await AnswerAsync(model, question.Tokens, cancellationToken).ConfigureAwait(false);
            (int start, bool isTurned) = Verdict(answer)
                ?? throw new ModelOutputException("The model ended its reasoning without a plain 'safe' or 'unsafe'; nothing can be concluded from it.");

            // What the model wrote is no more to be trusted than what it saw.
            var grammar = new AnswerGrammar(context.Tokenizer, question.End, context.Model);
            bool small = char.IsLower(answer[start]);
            AnswerStep step = grammar.Step(
                PromptText.Untrusted(answer[..start]), [new AnswerOption(small ? "safe" : "Safe", ""), new AnswerOption(small ? "unsafe" : "Unsafe", "")]);
            double[] shares = await model.UseAsync(
                question.Tokens, session => new AnswerDialog(session).AskAsync(step, cancellationToken), cancellationToken).ConfigureAwait(false);
            return (shares[isTurned ? 0 : 1], answer);
        }

        private async ValueTask<string> AnswerAsync(IGuardModel model, GuardPrompt question, CancellationToken cancellationToken)
        {
            WrittenText written = await model.UseAsync(question, session => session.WriteAsync(limits, null, cancellationToken), cancellationToken).ConfigureAwait(false);
            return written.End == TextEnd.Turn ? written.Text : throw new ModelOutputException(
                $"The model's reasoning was cut off after {limits.MaximumTokens} tokens, before its verdict; nothing can be concluded from it. Raise maximumThoughtTokens in the prompt file.");
        }
    }
}
