using SafeVision.Inference;

namespace SafeVision.Engines;

/// <summary>What an engine is created with: where sessions are kept and how models are run.</summary>
/// <param name="Sessions">Loads each model once.</param>
/// <param name="Execution">Providers and threads, already checked.</param>
public sealed record EngineContext(SessionCache Sessions, ExecutionOptions Execution);
