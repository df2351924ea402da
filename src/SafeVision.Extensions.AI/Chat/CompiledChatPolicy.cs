using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;

namespace SafeVision.Extensions.AI.Chat;

/// <summary>A policy as questions for a served model.</summary>
internal sealed class CompiledChatPolicy : ICompiledPolicy
{
    private readonly SafetyPolicy _policy;
    private readonly IChatClient _client;
    private readonly ChatClientEngineOptions _options;
    private readonly ChatBudget _budget;
    private readonly IReadOnlyList<ChatQuestion> _questions;

    public CompiledChatPolicy(SafetyPolicy policy, IChatClient client, ChatProtocol protocol, ChatClientEngineOptions options, ChatBudget budget)
    {
        (_policy, _client, _options, _budget) = (policy, client, options, budget);
        _questions = protocol.Compile(policy);
        HashSet<int> asked = [];
        if (!_questions.SelectMany(question => question.Categories).All(place => place >= 0 && place < policy.Categories.Count && asked.Add(place)))
        {
            throw new InvalidOperationException($"The chat protocol '{protocol.Name}' asks about a category twice, or about one that the policy does not have.");
        }

        Coverage = [.. policy.Categories.Select((category, place) => asked.Contains(place)
            ? new CategoryCoverage(category.Id, CoverageLevel.Full, [.. Phrases(category.Includes, PhraseRole.Include), .. Phrases(category.Excludes, PhraseRole.Exclude)])
            : CategoryCoverage.None(category.Id, category.Includes))];
        Prompts = [.. _questions.Select(question => $"{question.Instructions}\n\n<image>\n\n{question.Request}")];
        ChatClientMetadata? metadata = client.GetService<ChatClientMetadata>();
        string model = options.ModelId ?? metadata?.DefaultModelId ?? "unnamed";
        // The weights can't be seen from here; what can be is what is asked, and of whom.
        string asks = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', Prompts.Prepend(model)))));
        Models = [new ModelProvenance("chat-client", model, asks, $"{metadata?.ProviderName ?? "chat"} at {metadata?.ProviderUri?.Host ?? "an unnamed host"}, protocol {protocol.Name}", null)];
    }

    public IReadOnlyList<CategoryCoverage> Coverage { get; }

    public IReadOnlyList<ModelProvenance> Models { get; }

    public int ShortSide => _options.LargestSide;

    public IReadOnlyList<string> Prompts { get; }

    public async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(options);
        if ((long)frames.Count * _questions.Count > _options.CallsPerImage)
        {
            throw new ModelOutputException($"The image needs {(long)frames.Count * _questions.Count} calls of the chat client; at most {_options.CallsPerImage} are made for one (CallsPerImage).");
        }

        var assessed = new FrameAssessment[frames.Count];
        for (int i = 0; i < assessed.Length; i++)
        {
            assessed[i] = await AssessAsync(frames[i], options, cancellationToken).ConfigureAwait(false);
        }

        return assessed;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<FrameAssessment> AssessAsync(ImageFrame frame, AssessOptions options, CancellationToken cancellationToken)
    {
        var image = new DataContent(FrameJpeg.Encode(frame, _options.LargestSide, _options.Quality), "image/jpeg");
        var categories = new CategoryAssessment[_policy.Categories.Count];
        TokenUsage? usage = null;
        foreach (ChatQuestion question in _questions)
        {
            ChatResponse response = await AskAsync(question, image, cancellationToken).ConfigureAwait(false);
            ChatAnswer answer = Read(question, response);
            string? words = options.Reasons && OneLine(answer.Reason) is { Length: > 0 } reason ? reason : null;
            int highest = Highest(answer.Scores);
            for (int i = 0; i < question.Categories.Count; i++)
            {
                string id = _policy.Categories[question.Categories[i]].Id, said = answer.Scores[i] switch { 1 => "yes", 0 => "no", _ => "not sure" };
                string? own = i == highest ? words : null;
                categories[question.Categories[i]] = CategoryAssessment.Assessed(
                    id, answer.Scores[i], CoverageLevel.Full, own is null ? $"The served model says {said}." : $"The served model says {said}: \"{own}\"", new Evidence { Words = own });
            }

            if (words is not null)
            {
                options.OnReason?.Invoke(words);
            }

            UsageDetails? counted = response.Usage;
            usage = TokenUsage.Sum(usage, counted is null ? null : new TokenUsage((int)(counted.InputTokenCount ?? 0), (int)(counted.CachedInputTokenCount ?? 0), (int)(counted.OutputTokenCount ?? 0)));
        }

        for (int i = 0; i < categories.Length; i++)
        {
            categories[i] ??= CategoryAssessment.NotAssessed(_policy.Categories[i].Id, "The protocol asks nothing about this category.");
        }

        return new FrameAssessment(categories) { Usage = usage };
    }

    private async Task<ChatResponse> AskAsync(ChatQuestion question, DataContent image, CancellationToken cancellationToken)
    {
        await _budget.EnterAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var chat = new ChatOptions
            {
                ModelId = _options.ModelId,
                Temperature = 0,
                MaxOutputTokens = _options.MaximumOutputTokens,
                ResponseFormat = question.Schema is { } schema ? ChatResponseFormat.ForJsonSchema(schema, "verdict") : null,
            };
            _options.Configure?.Invoke(chat);
            ChatMessage[] messages = [new(ChatRole.System, question.Instructions), new(ChatRole.User, [image, new TextContent(question.Request)])];
            // A client that does not listen to the token is left behind.
            ChatResponse response = await _client.GetResponseAsync(messages, chat, cancellationToken).WaitAsync(cancellationToken).ConfigureAwait(false);
            _budget.Charge(response.Usage);
            return response;
        }
        catch (Exception exception) when (exception is not ModelOutputException && !cancellationToken.IsCancellationRequested)
        {
            // A client's message may hold addresses and keys, and this one is shown to whoever sent the image.
            throw new ModelOutputException($"The served model could not be asked ({exception.GetType().Name}).", exception);
        }
        finally
        {
            _budget.Leave();
        }
    }

    private static ChatAnswer Read(ChatQuestion question, ChatResponse response)
    {
        string? cut = response.FinishReason is { } finish && finish != ChatFinishReason.Stop ? finish.Value : null;
        if (cut is not null || response.Messages.SelectMany(message => message.Contents).Any(content => content is ErrorContent))
        {
            throw new ModelOutputException($"The served model gave no whole answer ({cut ?? "refused"}).");
        }

        try
        {
            ChatAnswer answer = question.Read(response.Text);
            return answer.Scores.Count == question.Categories.Count && answer.Scores.All(score => score is >= 0 and <= 1)
                ? answer
                : throw new FormatException("it does not give each category a score from 0 to 1");
        }
        catch (FormatException exception)
        {
            throw new ModelOutputException($"The served model's answer is not of the form that was asked for: {exception.Message}.", exception);
        }
    }

    private static int Highest(IReadOnlyList<double> scores)
    {
        int highest = 0;
        for (int i = 1; i < scores.Count; i++)
        {
            highest = scores[i] > scores[highest] ? i : highest;
        }

        return highest;
    }

    /// <summary>A model writes what it likes; what reaches a log or a page is one line without control characters.</summary>
    private static string? OneLine(string? text) => text is null ? null : string.Join(' ', string.Concat(text.Select(letter =>
        char.IsControl(letter) || char.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? ' ' : letter))
        .Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static IEnumerable<PhraseCoverage> Phrases(IReadOnlyList<string> phrases, PhraseRole role) =>
        phrases.Select(phrase => new PhraseCoverage(phrase, CoverageLevel.Full) { Role = role });
}
