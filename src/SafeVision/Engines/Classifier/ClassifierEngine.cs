using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Engines.Classifier;

/// <summary>
/// Judges with a closed-set image classifier by policies that it was never trained for. A label counts for a category where
/// the model's map says so, and where the policy's words and the label mean the same: each phrase is compared with each
/// label once, when the policy is compiled, and an image's score is the probability mass on the labels that the includes
/// claim, less what the excludes claim (the idea of ConSE, Norouzi et al., arXiv 1312.5650).
/// </summary>
public sealed class ClassifierEngine : IGuardrailEngine
{
    private readonly ModelPackage classifier;
    private readonly ModelPackage? phraseEncoder;
    private readonly ClassifierEngineOptions options;
    private readonly EngineContext context;
    private readonly SemaphoreSlim loading = new(1, 1);
    private ClassifierNetwork? network;
    private LabelSpace? labels;

    /// <summary>Creates an engine; models are loaded when the first policy is compiled.</summary>
    /// <param name="classifier">The image classifier.</param>
    /// <param name="phraseEncoder">The sentence encoder that compares phrases with labels; null: only the manifest's map counts.</param>
    /// <param name="options">Similarity and views.</param>
    /// <param name="context">Sessions and providers.</param>
    public ClassifierEngine(ModelPackage classifier, ModelPackage? phraseEncoder, ClassifierEngineOptions options, EngineContext context)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        (this.classifier, this.phraseEncoder, this.options, this.context) = (classifier, phraseEncoder, options.Validate(), context);
    }

    /// <inheritdoc />
    public string Name => "classifier";

    /// <inheritdoc />
    public async ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        await loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            network ??= await ClassifierNetwork.LoadAsync(classifier, context.Sessions, context.Execution).ConfigureAwait(false);
            if (labels is null)
            {
                TextEncoder? encoder = phraseEncoder is null
                    ? null
                    : await TextEncoder.LoadAsync(phraseEncoder, context.Sessions, context.Execution).ConfigureAwait(false);
                labels = LabelSpace.Create(classifier, encoder, cancellationToken);
            }
        }
        finally
        {
            loading.Release();
        }

        CategoryRule[] rules = CategoryRule.Compile(policy, labels, options, cancellationToken);
        return new CompiledClassifier(network, labels, rules, options.Views);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        network?.Dispose();
        loading.Dispose();
        return ValueTask.CompletedTask;
    }
}
