namespace SafeVision.VisionLanguage.Templates;

/// <summary>What <c>namespace()</c> makes: variables that a loop's body can set for what comes after the loop.</summary>
internal sealed record TemplateNamespace(TemplateMap Values);
