namespace SafeVision.Evaluation.Runs;

/// <summary>How far a run is.</summary>
/// <param name="Done">Samples that have an answer.</param>
/// <param name="Total">Samples of the run.</param>
/// <param name="Resumed">Samples of <paramref name="Done"/> whose answer an earlier run had left.</param>
public sealed record EvaluationProgress(int Done, int Total, int Resumed);
