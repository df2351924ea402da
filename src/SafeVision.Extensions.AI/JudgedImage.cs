namespace SafeVision.Extensions.AI;

/// <summary>An image and what the guardrail said of it.</summary>
/// <param name="Name">Where in the conversation it stands.</param>
/// <param name="Result">The guardrail's answer.</param>
internal sealed record JudgedImage(string Name, GuardrailResult Result);
