using System.Globalization;
using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// Llama Guard 3 Vision and 4: the first line is <c>safe</c> or <c>unsafe</c>, the second of an unsafe image lists the codes of
/// its categories, <c>S1,S3</c>. It writes no reasons. By default the policy's categories stand in the prompt as S1, S2, …; where
/// the prompt file maps ids to codes, the model is taken to know only its own taxonomy and only those are asked about.
/// </summary>
internal sealed class LlamaGuardProtocol : IGuardProtocol
{
    public string Name => "llamaguard";

    public CompiledProtocol Compile(ProtocolContext context)
    {
        IEnumerable<ProtocolCategory> categories = context.Wording.CategoriesWithToken.Any()
            ? context.Policy.Categories.SelectMany((category, i) => context.Wording.Token(category.Id) is { } code
                ? new[] { new ProtocolCategory(i, category, PromptText.Trusted(code)) } : [])
            : context.Policy.Categories.Select((category, i) => new ProtocolCategory(
                i, category, PromptText.Trusted(string.Create(CultureInfo.InvariantCulture, $"S{i + 1}"))));
        ProtocolCategory[] asked = [.. categories];
        return asked.Length == 0 ? new UnsupportedPolicyProtocol(context.Policy) : new Compiled(context, asked);
    }

    private sealed class Compiled : CompiledProtocol
    {
        private readonly SafetyPolicy _policy;
        private readonly ProtocolCategory[] _categories;
        private readonly GuardPrompt _prompt;
        private readonly AnswerChoices _rating;
        private readonly int[] _unsafe;
        private readonly int[][] _codes;
        private readonly int[][] _codesAndComma;
        private readonly int[] _codeOf; // of each category that is asked about
        private readonly AnswerChoices _list;

        public Compiled(ProtocolContext context, ProtocolCategory[] categories)
        {
            (_policy, _categories) = (context.Policy, categories);
            var prompts = new ProtocolPrompts(context);
            ProtocolPrompt prompt = prompts.Write("fast", categories, PromptText.Trusted("safe"), PromptText.Empty);
            _prompt = prompt.Tokens;

            TextTokenizer tokenizer = context.Tokenizer;
            int[] line = tokenizer.Encode("\n"), unsafeWord = tokenizer.Encode("unsafe");
            _rating = AnswerChoices.Create(
                [new PossibleAnswer("the answer 'safe'", tokenizer.Encode("safe"), prompt.End), new PossibleAnswer("the answer 'unsafe'", unsafeWord, line[0])], context.Model);
            _unsafe = [.. unsafeWord, .. line];
            int[] comma = tokenizer.Encode(",");

            // Codes of the model's that the policy lacks can be chosen as well: what belongs there is no harm of the policy's.
            string[] names = [.. categories.Select(category => category.Answer.Text).Concat(context.Wording.CategoriesWithToken.Select(id => context.Wording.Token(id)!)).Distinct(StringComparer.Ordinal)];
            _codes = [.. names.Select(tokenizer.Encode)];
            _codesAndComma = [.. _codes.Select(code => (int[])[.. code, .. comma])];
            _codeOf = [.. categories.Select(category => Array.IndexOf(names, category.Answer.Text))];
            prompts.RequireFit(prompt, _unsafe.Length + _codesAndComma.Sum(code => code.Length) + 1);

            // Each code as the last of the list, then with another one to follow. So S1 is never the beginning of S10.
            _list = AnswerChoices.Create(
                [.. names.SelectMany((name, code) => (PossibleAnswer[])
                    [
                        new PossibleAnswer($"the code '{name}' at the end", [.. _codes[code], prompt.End], null),
                        new PossibleAnswer($"the code '{name}' and another", _codesAndComma[code], null),
                    ])], context.Model);

            Coverage = [.. context.Policy.Categories.Select((category, i) => Array.Find(categories, asked => asked.Position == i) is { } asked
                ? prompt.Coverage.Of(category, asked.Answer.Text)
                : PromptCoverage.None(category))];
            Prompts = [_prompt];
        }

        public override IReadOnlyList<CategoryCoverage> Coverage { get; }

        public override IReadOnlyList<GuardPrompt> Prompts { get; }

        /// <remarks>
        /// The list is written as the model would write it, if the image were unsafe. A category's score is P(unsafe) times how
        /// near it comes at any point of the list to the code that stands there; so each code that is listed scores P(unsafe).
        /// </remarks>
        public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
        {
            IGenerationSession session = await model.OpenAsync(_prompt, cancellationToken).ConfigureAwait(false);
            await using (session.ConfigureAwait(false))
            {
                double[] rating = await _rating.AskAsync(session, cancellationToken).ConfigureAwait(false);
                await session.AppendAsync(_unsafe, cancellationToken).ConfigureAwait(false);

                double[] scores = new double[_codes.Length], shares = new double[_codes.Length];
                List<int> left = [.. Enumerable.Range(0, _codes.Length)];
                bool more = true;
                while (more && left.Count > 0)
                {
                    AnswerChoices list = left.Count == _codes.Length ? _list : _list.Only([.. left.SelectMany(code => (int[])[2 * code, (2 * code) + 1])]);
                    double[] asked = await list.AskAsync(session, cancellationToken).ConfigureAwait(false);
                    double[] here = [.. left.Select((_, i) => asked[2 * i] + asked[(2 * i) + 1])];
                    double[] near = CategoryScores.Spread(rating[1], here);
                    int listed = Array.IndexOf(here, here.Max());
                    for (int i = 0; i < here.Length; i++)
                    {
                        scores[left[i]] = Math.Max(scores[left[i]], near[i]);
                        shares[left[i]] = Math.Max(shares[left[i]], rating[1] * here[i]);
                    }

                    more = asked[(2 * listed) + 1] > asked[2 * listed];
                    if (more)
                    {
                        await session.AppendAsync(_codesAndComma[left[listed]], cancellationToken).ConfigureAwait(false);
                    }

                    left.RemoveAt(listed);
                }

                var answers = new CategoryAnswer?[_policy.Categories.Count];
                foreach ((int i, ProtocolCategory category) in _categories.Index())
                {
                    answers[category.Position] = new CategoryAnswer(scores[_codeOf[i]], shares[_codeOf[i]]);
                }

                return new GuardAnswer { Categories = answers, Safe = rating[0], Primary = CategoryScores.Primary(_policy, answers, rating[0]) };
            }
        }
    }
}
