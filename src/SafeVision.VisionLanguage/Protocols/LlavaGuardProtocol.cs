using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// LlavaGuard 1.2 (arXiv 2406.05113; answer format json-v12 of its training code): JSON with rating, category and rationale. The
/// model decides the two values and writes the third; the rest is put in its mouth. Its nine categories O1 to O9 are the only
/// ones that it can name, but what stands under them in the prompt is the policy's.
/// </summary>
internal sealed class LlavaGuardProtocol : IGuardProtocol
{
    private static readonly FrozenDictionary<string, string[]> s_names = new Dictionary<string, string[]>(StringComparer.OrdinalIgnoreCase)
    {
        [HarmCategory.Hate_Humiliation_Harassment.Id] = ["O1: Hate, Humiliation, Harassment"],
        [HarmCategory.Violence_Harm_Cruelty.Id] = ["O2: Violence, Harm, or Cruelty"],
        [HarmCategory.Sexual.Id] = ["O3: Sexual Content", "O4: Nudity Content"],
        [HarmCategory.Criminal_Planning.Id] = ["O5: Criminal Planning"],
        [HarmCategory.Weapons_Substance_Abuse.Id] = ["O6: Weapons or Substance Abuse"],
        [HarmCategory.Self_Harm.Id] = ["O7: Self-Harm"],
        [HarmCategory.Animal_Cruelty.Id] = ["O8: Animal Cruelty"],
        [HarmCategory.Disasters_Emergencies.Id] = ["O9: Disasters or Emergencies"],
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    public string Name => "llavaguard";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        ProtocolCategory[] categories = [.. context.Policy.Categories.SelectMany((category, i) =>
            NamesOf(category, context.Wording).Select(name => new ProtocolCategory(i, category, PromptText.Trusted(name))))];
        return categories.Length == 0 ? new UnsupportedPolicyProtocol(context.Policy) : new Compiled(context, categories);
    }

    /// <summary>The model's names for a category: those of the prompt file, else those of the taxonomy; none where it has none.</summary>
    private static string[] NamesOf(SafetyCategory category, PromptWording wording) =>
        wording.Token(category.Id) is { } name ? [name] : s_names.GetValueOrDefault(category.Id, []);

    private sealed class Compiled : CompiledProtocol
    {
        private readonly SafetyPolicy _policy;
        private readonly int[] _asked;
        private readonly int[][] _namesOf;
        private readonly int[] _others; // names of categories that the policy lacks
        private readonly GuardPrompt _prompt;
        private readonly AnswerChoices _rating;
        private readonly AnswerChoices _category;
        private readonly int[] _opening;
        private readonly int[] _toCategory;
        private readonly int[][] _toRationale;
        private readonly JsonText? _rationale;

        public Compiled(ProtocolContext context, ProtocolCategory[] categories)
        {
            _policy = context.Policy;
            var prompts = new ProtocolPrompts(context);
            ProtocolPrompt prompt = prompts.Write("fast", categories, PromptText.Trusted("Safe"), PromptText.Empty);
            _prompt = prompt.Tokens;
            _rationale = context.Mode == VisionLanguageMode.Comprehension ? new JsonText(context.Tokenizer, prompts.ReasonLimits) : null;

            TextTokenizer tokenizer = context.Tokenizer;
            int[] unsafeIds = tokenizer.Encode("Unsafe"), toCategory = tokenizer.Encode("\",\n    \"category\": \""), toRationale = tokenizer.Encode("\",\n    \"rationale\": \"");
            _opening = tokenizer.Encode("{\n    \"rating\": \"");
            _rating = AnswerChoices.Create(
                [new PossibleAnswer("the rating 'Safe'", tokenizer.Encode("Safe"), toCategory[0]), new PossibleAnswer("the rating 'Unsafe'", unsafeIds, toCategory[0])], context.Model);
            _toCategory = [.. unsafeIds, .. toCategory];

            // The model's categories that the policy lacks can be chosen as well: what belongs there is no harm of the policy's.
            string[] names = [.. categories.Select(category => category.Answer.Text).Union(s_names.Values.SelectMany(all => all))];
            int[][] nameIds = [.. names.Select(tokenizer.Encode)];
            _category = AnswerChoices.Create(
                [.. names.Select((name, i) => new PossibleAnswer($"the category '{name}'", nameIds[i], toRationale[0]))], context.Model);
            _toRationale = [.. nameIds.Select(ids => (int[])[.. ids, .. toRationale])];
            _asked = [.. categories.Select(category => category.Position).Distinct()];
            _namesOf = [.. _asked.Select(position => categories
                .Where(category => category.Position == position).Select(category => Array.IndexOf(names, category.Answer.Text)).ToArray())];
            _others = [.. Enumerable.Range(0, names.Length).Except(_namesOf.SelectMany(known => known))];
            prompts.RequireFit(
                prompt, _opening.Length + _toCategory.Length + _category.LongestAnswer + toRationale.Length + (_rationale is null ? 0 : prompts.ReasonLimits.MaximumTokens));

            Coverage = [.. context.Policy.Categories.Select((category, i) => Array.Find(categories, asked => asked.Position == i) is { } asked
                ? prompt.Coverage.Of(category, asked.Answer.Text)
                : PromptCoverage.None(category))];
            Prompts = [_prompt];
        }

        public override IReadOnlyList<CategoryCoverage> Coverage { get; }

        public override IReadOnlyList<GuardPrompt> Prompts { get; }

        /// <remarks>The category is asked for as if the rating were Unsafe, whatever it is: each score is P(Unsafe) spread over them.</remarks>
        public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
        {
            IGenerationSession session = await model.OpenAsync(_prompt, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                await session.AppendAsync(_opening, cancellationToken).ConfigureAwait(false);
                double[] rating = await _rating.AskAsync(session, cancellationToken).ConfigureAwait(false);
                await session.AppendAsync(_toCategory, cancellationToken).ConfigureAwait(false);
                double[] shares = await _category.AskAsync(session, cancellationToken).ConfigureAwait(false);

                CategoryAnswer?[] answers = Answers(rating[1], shares);
                int primary = CategoryScores.Primary(_policy, answers, rating[0]);
                string? written = null;
                if (_rationale is not null && primary >= 0)
                {
                    await session.AppendAsync(_toRationale[Spoken(primary, shares)], cancellationToken).ConfigureAwait(false);
                    written = await _rationale.WriteAsync(session, reason, cancellationToken).ConfigureAwait(false);
                }

                return new GuardAnswer { Categories = answers, Safe = rating[0], Reason = written, Primary = primary };
            }
        }

        private CategoryAnswer?[] Answers(double unsafeShare, double[] shares)
        {
            double[] together = [.. _namesOf.Select(names => names.Sum(name => shares[name]))];
            double others = _others.Length == 0 ? 0 : _others.Max(name => shares[name]);
            double[] scores = CategoryScores.Spread(unsafeShare, together, others);
            var answers = new CategoryAnswer?[_policy.Categories.Count];
            for (int i = 0; i < _asked.Length; i++)
            {
                answers[_asked[i]] = new CategoryAnswer(scores[i], unsafeShare * together[i]);
            }

            return answers;
        }

        /// <summary>Of the model's names for a category of the policy, the likelier.</summary>
        private int Spoken(int position, double[] shares) => _namesOf[Array.IndexOf(_asked, position)].MaxBy(name => shares[name]);
    }
}

/// <summary>Lets a model write the inside of a JSON string, up to the quotation mark that ends it.</summary>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="limits">Where the text ends at the latest.</param>
internal sealed class JsonText(TextTokenizer tokenizer, TextLimits limits)
{
    private const char Quote = '"';

    private readonly int[] _quote = tokenizer.Encode("\"");

    /// <summary>The text without its escapes; the session stands before the quotation mark.</summary>
    /// <param name="session">The session, which stands behind the opening quotation mark.</param>
    /// <param name="listener">Receives the text with its escapes while it is being written; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the run within one step of the model.</param>
    public async ValueTask<string> WriteAsync(IGenerationSession session, Action<string>? listener, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        TextLimits left = limits with { EndsAt = "\"" };
        while (left.MaximumTokens > 0 && left.MaximumWords > 0)
        {
            text.Append(await session.WriteAsync(left, listener, cancellationToken).ConfigureAwait(false));
            if (!EndsInEscape(text))
            {
                break;
            }

            // An escaped quotation mark: it belongs to the text, which goes on.
            await session.AppendAsync(_quote, cancellationToken).ConfigureAwait(false);
            text.Append(Quote);
            listener?.Invoke("\"");
            string written = text.ToString();
            left = left with
            {
                MaximumTokens = limits.MaximumTokens - tokenizer.Encode(PromptText.Untrusted(written)).Length,
                MaximumWords = limits.MaximumWords - written.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length + 1,
            };
        }

        return Unescape(text.ToString());
    }

    private static bool EndsInEscape(StringBuilder text)
    {
        int backslashes = 0;
        while (backslashes < text.Length && text[text.Length - 1 - backslashes] == '\\')
        {
            backslashes++;
        }

        return backslashes % 2 == 1;
    }

    private static string Unescape(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse($"{Quote}{text.ReplaceLineEndings("\\n").Replace("\t", "\\t", StringComparison.Ordinal)}{Quote}");
            return document.RootElement.GetString()!;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return text.Replace("\\", "", StringComparison.Ordinal);
        }
    }
}
