using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Engines.ClosedSet;

/// <summary>
/// Judges with a closed-set image classifier by policies that it was never trained for. A label counts for a category where
/// the model's map says so, and where the policy's words and the label mean the same: each phrase is compared with each
/// label once, when the policy is compiled, and an image's score is the probability mass on the labels that the includes
/// claim, less what the excludes claim (the idea of ConSE, Norouzi et al., arXiv 1312.5650). A network trained on photographs
/// names few drawings rightly. Where a head for drawings is given, pictures that are drawn are judged by what it tells from
/// the same features too, and the higher score decides; what is covered is the labels' alone to say.
/// </summary>
public sealed class ClassifierEngine : IGuardrailEngine
{
    private readonly ModelPackage _classifier;
    private readonly ModelPackage? _phraseEncoder;
    private readonly ModelPackage? _drawings;
    private readonly ClassifierEngineOptions _options;
    private readonly EngineContext _context;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private ClassifierNetwork? _network;
    private LabelSpace? _labels;
    private DrawingsHead? _head;

    /// <summary>Creates an engine; models are loaded when the first policy is compiled.</summary>
    /// <param name="classifier">The image classifier.</param>
    /// <param name="phraseEncoder">The sentence encoder that compares phrases with labels; null: only the manifest's map counts.</param>
    /// <param name="options">Similarity and views.</param>
    /// <param name="context">Sessions and providers.</param>
    /// <param name="drawings">A head that tells from the classifier's features what drawings show; null: none.</param>
    public ClassifierEngine(
        ModelPackage classifier, ModelPackage? phraseEncoder, ClassifierEngineOptions options, EngineContext context, ModelPackage? drawings = null)
    {
        ArgumentNullException.ThrowIfNull(classifier);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(context);
        (_classifier, _phraseEncoder, _options, _context) = (classifier, phraseEncoder, options.Validate(), context);
        _drawings = _options.JudgesDrawings ? drawings : null;
    }

    /// <inheritdoc />
    public string Name => "classifier";

    /// <inheritdoc />
    public async ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        await _loading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _network ??= await ClassifierNetwork.LoadAsync(_classifier, _context.Sessions, _context.Execution, cancellationToken).ConfigureAwait(false);
            if (_labels is null)
            {
                TextEncoder? encoder = _phraseEncoder is null
                    ? null
                    : await TextEncoder.LoadAsync(_phraseEncoder, _context.Sessions, _context.Execution, cancellationToken).ConfigureAwait(false);
                _head = _drawings is null ? null : DrawingsHead.Load(_drawings, _network, encoder, cancellationToken);
                _labels = LabelSpace.Create(_classifier, encoder, cancellationToken);
            }
        }
        finally
        {
            _loading.Release();
        }

        CategoryRule[] rules = CategoryRule.Compile(policy, _labels, _options, cancellationToken);
        CompiledDrawings? drawings = _head is null
            ? null
            : new CompiledDrawings(_network, _head, CategoryRule.Compile(policy, _head.Labels, _options, cancellationToken));
        return new CompiledClassifier(_network, _labels, rules, drawings, _options.Views);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        _network?.Dispose();
        _loading.Dispose();
        return ValueTask.CompletedTask;
    }
}
