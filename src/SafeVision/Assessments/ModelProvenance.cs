namespace SafeVision.Assessments;

/// <summary>A model that took part in a decision.</summary>
/// <param name="Engine">The kind of engine that ran it.</param>
/// <param name="Model">The model's id.</param>
/// <param name="Sha256">The hash of the model's file.</param>
/// <param name="Provider">The execution provider it ran on.</param>
/// <param name="Fallback">Why it did not run on the provider that was asked for first; null when it did.</param>
public sealed record ModelProvenance(string Engine, string Model, string Sha256, string Provider, string? Fallback);
