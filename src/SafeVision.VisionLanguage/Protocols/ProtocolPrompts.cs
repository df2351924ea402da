using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Writes the prompts of one protocol for one model and one policy.</summary>
internal sealed class ProtocolPrompts(ProtocolContext context)
{
    private const int SideOfLargePicture = 4096;

    private readonly int _pictureTokens = PictureTokens(context);

    /// <summary>Where a reason ends.</summary>
    public TextLimits ReasonLimits { get; } = new(context.Wording.MaximumReasonTokens, context.Wording.MaximumReasonWords);

    /// <summary>Renders a template in the model's conversation and tokenises it.</summary>
    /// <param name="template">The template's name in the prompt file.</param>
    /// <param name="categories">The categories that it is about.</param>
    /// <param name="safe">What the model says for a harmless image.</param>
    /// <param name="reason">What the model says before a reason; empty where it says nothing.</param>
    /// <exception cref="ModelLoadException">The template is missing or wrong.</exception>
    public ProtocolPrompt Write(string template, IReadOnlyList<ProtocolCategory> categories, PromptText safe, PromptText reason)
    {
        PromptText question = context.Wording.Render(
            template, context.Policy, [.. categories.Select(category => (category.Category, category.Answer))], safe: safe, reason: reason);
        ConversationPart[] turn = context.Wording.Order == PromptOrder.PolicyFirst
            ? [new ConversationPart(question), ConversationPart.Image]
            : [ConversationPart.Image, new ConversationPart(question)];
        PromptText conversation = context.Profile.Conversation.Render(context.Wording.System, turn);
        GuardPrompt prompt = GuardPrompt.Compile(conversation, context.Profile, context.Tokenizer, context.Model);
        return new ProtocolPrompt(prompt, new PromptCoverage(conversation), AnswerEnd(prompt));
    }

    /// <summary>Checks that a prompt with the largest picture and an answer fits the model.</summary>
    /// <exception cref="ModelLoadException">It doesn't.</exception>
    public void RequireFit(ProtocolPrompt prompt, int answerTokens)
    {
        int text = prompt.Tokens.Before.Length + prompt.Tokens.After.Length, picture = _pictureTokens;
        if ((long)text + picture + answerTokens > context.Profile.ContextLength)
        {
            throw new ModelLoadException(
                $"{context.Model}: the policy '{context.Policy.Name}' makes a prompt of {text} tokens; with {picture} for a picture and {answerTokens} for the answer that is more than the model's {context.Profile.ContextLength}. Shorten the policy's phrases, split it, or use a model with a longer context.");
        }
    }

    /// <summary>The token that ends a turn in this conversation, which is what the model learnt to end its own with; of several that stop it, the one that the prompt itself uses.</summary>
    private int AnswerEnd(GuardPrompt prompt)
    {
        int used = Array.FindLastIndex(prompt.After, context.Profile.StopTokens.Contains);
        return used >= 0 ? prompt.After[used] : context.Profile.StopTokens[0];
    }

    /// <summary>The most tokens of a picture, with those that stand around and between its image tokens.</summary>
    private static int PictureTokens(ProtocolContext context)
    {
        ImagePlan plan = context.Profile.Images.Plan(SideOfLargePicture, SideOfLargePicture);
        double perImageToken = context.Tokenizer.Encode(plan.Text).Length / (double)plan.Tokens;
        return (int)Math.Ceiling(context.Profile.Images.MaximumTokens * perImageToken);
    }
}
