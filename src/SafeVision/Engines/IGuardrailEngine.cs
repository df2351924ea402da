namespace SafeVision.Engines;

/// <summary>Something that can judge images by a policy: a closed-set classifier, a vision-language model, or several in a row.</summary>
/// <remarks>Thread-safe. An engine owns no policy and gives no verdict: it turns pixels into scores, and the policy turns scores
/// into decisions. It is disposed by whoever created it, after the policies that it compiled.</remarks>
public interface IGuardrailEngine : IAsyncDisposable
{
    /// <summary>The kind of engine, such as <c>classifier</c>.</summary>
    string Name { get; }

    /// <summary>Does once all the work that depends on the policy but not on an image, and states what of the policy can be judged.</summary>
    /// <exception cref="Inference.ModelLoadException">A model's files are missing or broken.</exception>
    /// <exception cref="Inference.ExecutionProviderException">A required execution provider is not usable.</exception>
    ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken);
}

/// <summary>What an engine is created with: where sessions are kept and how models are run.</summary>
/// <param name="Sessions">Loads each model once.</param>
/// <param name="Execution">Providers and threads, already checked.</param>
public sealed record EngineContext(SessionCache Sessions, ExecutionOptions Execution);
