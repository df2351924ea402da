namespace SafeVision.VisionLanguage.Protocols;

/// <summary>The protocol of SafeVision-Nano: a policy in words that the model learnt, each list of up to six of them
/// behind a mark; the answer is a mark, or "safe", and in comprehension mode the name of what is there and its place.
/// Longer categories take several marks, longer policies several questions. A reason can name only what its mark lists.
/// Phrases that are not known, or that name things the model was never shown, are not assessed.</summary>
internal sealed class NanoProtocol : IGuardProtocol
{
    private const int MostWordsOfAMark = 6;

    public string Name => "nano";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        ClosedVocabulary words = context.Profile.Words
            ?? throw new ModelLoadException($"{context.Model}: the protocol 'nano' is for models of a closed vocabulary, which come with a {ClosedVocabulary.FileName}.");
        var tokens = new AnswerTokens(context.Tokenizer, context.Wording, context.Model);
        (AnswerToken safe, AnswerToken reason) = (tokens.OfSafe(), tokens.OfReason());
        AnswerToken[] marks = [.. context.Wording.CategoriesWithToken.Order(StringComparer.Ordinal).Select(id => context.Wording.Token(id)!).Select(text => new AnswerToken(text, [context.Tokenizer.Find(text)
            ?? throw new ModelLoadException($"{context.Model}: the prompt file names the mark '{text}', which is no token of the model.")]))];
        if (marks.Length == 0)
        {
            throw new ModelLoadException($"{context.Model}: the prompt file names no mark for a category under 'tokens'.");
        }

        (CategoryCoverage Coverage, SpokenWord[] Words)[] read = [.. context.Policy.Categories.Select(category => Read(category, words))];
        (int Category, SpokenWord[] Words)[] lists = [.. read.SelectMany((category, i) => category.Words.Chunk(MostWordsOfAMark).Select(part => (i, part)))];
        var prompts = new ProtocolPrompts(context);
        Question[] questions = [.. lists.Chunk(marks.Length).Select(Ask)];
        return new Compiled(context.Policy, [.. read.Select(category => category.Coverage)], questions, context.Mode == VisionLanguageMode.Comprehension ? (reason.Ids, prompts.ReasonLimits) : null);

        Question Ask((int Category, SpokenWord[] Words)[] part)
        {
            ProtocolPrompt prompt = prompts.Write(
                "fast",
                [.. part.Select((list, i) => new ProtocolCategory(list.Category, Spoken(context.Policy.Categories[list.Category].Id, list.Words.Select(word => word.Text)), PromptText.Trusted(marks[i].Text)))],
                safe.Text);
            var choices = AnswerChoices.Create(
                [new PossibleAnswer("the answer 'safe'", safe.Ids, prompt.End), .. part.Select((list, i) => new PossibleAnswer($"the mark '{marks[i].Text}'", marks[i].Ids, reason.Ids[0]))], context.Model);
            prompts.RequireFit(prompt, choices.LongestAnswer + reason.Ids.Length + prompts.ReasonLimits.MaximumTokens);
            return new Question(prompt.Tokens, choices, [.. part.Select((list, i) => new QuestionMark(list.Category, marks[i].Ids, Names(list.Words)))]);
        }

        NameChoice Names(SpokenWord[] said)
        {
            string[] names = [.. said.SelectMany(word => word.Names).Distinct()];
            int[][] ids = [.. names.Select(name => context.Tokenizer.Encode($" {name}"))];
            return new NameChoice(names, ids, names.Length == 1 ? null : AnswerChoices.Create([.. names.Select((name, i) => new PossibleAnswer($"the name '{name}'", ids[i], null))], context.Model));
        }
    }

    private static SafetyCategory Spoken(string id, IEnumerable<string> words) =>
        SafetyPolicy.Define("spoken", "1").Category(id, category => category.Includes(words)).Build().Categories[0];

    /// <summary>What of a category the model knows, and the words that say it.</summary>
    private static (CategoryCoverage Coverage, SpokenWord[] Words) Read(SafetyCategory category, ClosedVocabulary words)
    {
        HashSet<string> excluded = [.. category.Excludes.Select(words.Find).Where(found => found.Unknown.Count == 0).SelectMany(found => found.Known).SelectMany(word => word.Names)];
        var said = new List<SpokenWord>();
        var covered = new HashSet<string>(StringComparer.Ordinal);
        foreach (KnownWord word in category.Includes.SelectMany(phrase => words.Find(phrase).Known).OrderByDescending(word => word.Names.Count))
        {
            string[] names = [.. word.Names.Where(name => !excluded.Contains(name) && !covered.Contains(name))];
            said.AddRange(word.Token is { } token && names.Length == word.Names.Count ? [new SpokenWord(token, names)] : names.Select(name => new SpokenWord(name, [name])));
            covered.UnionWith(names);
        }

        PhraseCoverage[] phrases = [.. category.Includes.Select(phrase => Read(phrase, PhraseRole.Include, words)), .. category.Excludes.Select(phrase => Read(phrase, PhraseRole.Exclude, words))];
        CoverageLevel level = said.Count == 0 ? CoverageLevel.None
            : Array.TrueForAll(phrases, phrase => phrase.Level == CoverageLevel.Full) ? CoverageLevel.Full : CoverageLevel.Partial;
        return (new CategoryCoverage(category.Id, level, phrases), [.. said]);
    }

    private static PhraseCoverage Read(string phrase, PhraseRole role, ClosedVocabulary words)
    {
        (IReadOnlyList<KnownWord> known, IReadOnlyList<string> unknown) = words.Find(phrase);
        if (known.Count == 0 || (role == PhraseRole.Exclude && unknown.Count > 0)) // "toy cats and bombs" may mean toy bombs, and then takes no bomb away
        {
            return new PhraseCoverage(phrase, CoverageLevel.None) { Role = role, NotJudged = phrase };
        }

        bool isWhole = unknown.Count == 0 && known.All(word => !word.IsKind);
        return new PhraseCoverage(phrase, isWhole ? CoverageLevel.Full : CoverageLevel.Partial)
        {
            Role = role,
            Labels = [.. known.SelectMany(word => word.Names).Distinct().Select(Plain)],
            NotJudged = isWhole ? null : unknown.Count > 0 ? string.Join(", ", unknown) : "kinds of it that the model was never shown",
        };
    }

    private static string Plain(string text) => text.Replace('_', ' ');

    /// <summary>A word of the prompt, and the names that it covers.</summary>
    private sealed record SpokenWord(string Text, IReadOnlyList<string> Names);

    /// <summary>The names that a reason may begin with.</summary>
    private sealed record NameChoice(string[] Names, int[][] Ids, AnswerChoices? Choices);

    /// <summary>A mark of a question, and what stands behind it.</summary>
    private sealed record QuestionMark(int Category, int[] Ids, NameChoice Names);

    /// <summary>One question: a prompt, its answers (safe first), and its marks.</summary>
    private sealed record Question(GuardPrompt Prompt, AnswerChoices Choices, IReadOnlyList<QuestionMark> Marks);

    /// <param name="questions">None where nothing is.</param>
    /// <param name="reason">What stands before a reason, and where it ends; null where none is wanted.</param>
    private sealed class Compiled(SafetyPolicy policy, CategoryCoverage[] coverage, Question[] questions, (int[] Mark, TextLimits Limits)? reason) : CompiledProtocol
    {
        public override IReadOnlyList<CategoryCoverage> Coverage => coverage;

        public override IReadOnlyList<GuardPrompt> Prompts { get; } = [.. questions.Select(question => question.Prompt)];

        /// <remarks>The questions share the image, which is computed once. A category that stands in several counts where it is likeliest.</remarks>
        public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? listener, CancellationToken cancellationToken)
        {
            var categories = new CategoryAnswer?[policy.Categories.Count];
            var likeliest = new (Question Question, QuestionMark Mark)[categories.Length];
            double safe = 1;
            foreach (Question question in questions)
            {
                IGenerationSession session = await model.OpenAsync(question.Prompt, cancellationToken).ConfigureAwait(false);
                await using (session.ConfigureAwait(false))
                {
                    double[] shares = await question.Choices.AskAsync(session, cancellationToken).ConfigureAwait(false);
                    safe = Math.Min(safe, shares[0]);
                    var asked = question.Marks.Select((mark, i) => (Mark: mark, Share: shares[i + 1])).GroupBy(one => one.Mark.Category).ToArray();
                    double[] sums = [.. asked.Select(marks => Math.Min(1, marks.Sum(one => one.Share)))], scores = CategoryScores.Spread(1 - shares[0], sums);
                    foreach ((int i, var marks) in asked.Index())
                    {
                        if (categories[marks.Key] is not { } known || scores[i] > known.Score)
                        {
                            (categories[marks.Key], likeliest[marks.Key]) = (new CategoryAnswer(scores[i], sums[i]), (question, marks.MaxBy(one => one.Share).Mark));
                        }
                    }
                }
            }

            int primary = CategoryScores.Primary(policy, categories, safe);
            string? written = reason is { } wanted && primary >= 0 ? await ExplainAsync(model, likeliest[primary].Question, likeliest[primary].Mark, wanted.Mark, wanted.Limits, cancellationToken).ConfigureAwait(false) : null;
            if (written is not null)
            {
                listener?.Invoke(written);
            }

            return new GuardAnswer { Categories = categories, Safe = questions.Length == 0 ? null : safe, Reason = written, Primary = primary };
        }

        private static async ValueTask<string> ExplainAsync(IGuardModel model, Question question, QuestionMark mark, int[] reason, TextLimits limits, CancellationToken cancellationToken)
        {
            IGenerationSession session = await model.OpenAsync(question.Prompt, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                await session.AppendAsync((int[])[.. mark.Ids, .. reason], cancellationToken).ConfigureAwait(false);
                double[] shares = mark.Names.Choices is { } choices ? await choices.AskAsync(session, cancellationToken).ConfigureAwait(false) : [1];
                int name = Array.IndexOf(shares, shares.Max());
                await session.AppendAsync(mark.Names.Ids[name], cancellationToken).ConfigureAwait(false);
                WrittenText rest = await session.WriteAsync(limits, null, cancellationToken).ConfigureAwait(false);
                return Plain(mark.Names.Names[name] + rest.Text).Trim();
            }
        }
    }
}
