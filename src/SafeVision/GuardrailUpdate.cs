namespace SafeVision;

/// <summary>A piece of a reason that is being written, or the result that ends the stream: one of the two is set.</summary>
/// <param name="Reason">The next piece of the reason in the model's own words; encode it before it goes into a page.</param>
/// <param name="Result">The result; the last update of a stream has it.</param>
public readonly record struct GuardrailUpdate(string? Reason, GuardrailResult? Result);
