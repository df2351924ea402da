namespace SafeVision.VisionLanguage.Templates;

/// <summary>Something that a template can call: a macro or a built-in function.</summary>
/// <param name="Name">What errors call it.</param>
/// <param name="Call">Calls it.</param>
internal sealed record TemplateFunction(string Name, Func<TemplateRun, TemplateArguments, object?> Call);
