using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.VisionLanguage;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.Benchmarks.Answering;

/// <summary>A picture and a policy as what every side starts from: pixel values and token ids.</summary>
/// <param name="Plan">The picture's tiles and tokens.</param>
/// <param name="Pixels">Its pixel values.</param>
/// <param name="Before">Ids before the picture.</param>
/// <param name="Image">Ids of the picture.</param>
/// <param name="After">Ids after it.</param>
/// <param name="ImageToken">The id that stands for an image feature.</param>
internal sealed record Question(ImagePlan Plan, float[] Pixels, int[] Before, int[] Image, int[] After, int ImageToken)
{
    public int Count => Before.Length + Image.Length + After.Length;

    public int[] Ids => [.. Before, .. Image, .. After];

    /// <summary>The question that the engine puts in comprehension mode, in the words of the protocol's own prompts.</summary>
    public static Question Ask(VisionLanguageModel model, SafetyPolicy policy, ImageFrame frame, PromptOrder order)
    {
        IGuardProtocol protocol = GuardProtocols.Guess(model.Tokenizer);
        var context = new ProtocolContext(
            policy, VisionLanguageMode.Comprehension, model.Name, model.Profile, model.Tokenizer, Wording(protocol.Name, order));
        GuardPrompt prompt = protocol.Compile(context).Prompts[0];
        ImagePlan plan = model.Profile.Images.Plan(frame.Width, frame.Height);
        float[] pixels = new float[plan.PixelCount];
        model.Profile.Images.Write(frame, plan, pixels);
        return new Question(plan, pixels, prompt.Before, model.Tokenizer.Encode(plan.Text), prompt.After, model.Profile.ImageToken);
    }

    private static PromptWording Wording(string protocol, PromptOrder order)
    {
        string name = $"{typeof(PromptWording).Namespace}.Prompts.{protocol}.yaml";
        using var reader = new StreamReader(typeof(PromptWording).Assembly.GetManifestResourceStream(name)!);
        string text = reader.ReadToEnd();
        return PromptWording.Parse(order == PromptOrder.PolicyFirst ? text.Replace("order: imageFirst", "order: policyFirst", StringComparison.Ordinal) : text, name);
    }

    /// <summary>The tokens with the picture marked.</summary>
    /// <param name="picture">What tells it from others: a number that was not used before makes it a new picture.</param>
    public TokenSequence Sequence(UInt128 picture)
    {
        int first = Array.IndexOf(Image, ImageToken), last = Array.LastIndexOf(Image, ImageToken);
        return new TokenSequence(Ids, [new ImageSpan(Before.Length + first, last - first + 1, picture, Plan)]);
    }
}
