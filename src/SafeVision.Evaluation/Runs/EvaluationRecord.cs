namespace SafeVision.Evaluation.Runs;

/// <summary>What the guardrail said of one sample.</summary>
/// <param name="Sample">The sample's id.</param>
/// <param name="ImageHash">SHA-256 of the image file, in lower-case hexadecimal; empty where the file could not be read.</param>
/// <param name="Result">The guardrail's answer, as any caller gets it.</param>
public sealed record EvaluationRecord(string Sample, string ImageHash, GuardrailResult Result);
