namespace SafeVision.VisionLanguage.Templates;

/// <summary>
/// An expression that was parsed. Its value is null, a <see cref="bool"/>, <see cref="long"/>, <see cref="double"/>,
/// <see cref="Tokenizers.PromptText"/>, a list of values, a <see cref="TemplateMap"/>, <see cref="TemplateNamespace"/>,
/// <see cref="TemplateLoop"/>, <see cref="TemplateFunction"/> or <see cref="TemplateUndefined"/>.
/// </summary>
internal delegate object? TemplateExpression(TemplateRun run);
