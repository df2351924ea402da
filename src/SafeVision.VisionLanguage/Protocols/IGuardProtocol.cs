namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// What a guard model was trained to be asked and to answer: prompt, grammar of the answer, scores. Independent of the
/// model's family. A protocol's facts stand in its file and nowhere else.
/// </summary>
internal interface IGuardProtocol
{
    /// <summary>The name in the prompt file, options and provenance, such as <c>safevision</c>.</summary>
    string Name { get; }

    /// <summary>Makes a policy ready: prompts, grammar, and what of the policy the protocol can honour.</summary>
    /// <exception cref="Inference.ModelLoadException">The model lacks what the protocol needs, such as its tokens.</exception>
    CompiledProtocol Compile(ProtocolContext context);
}
