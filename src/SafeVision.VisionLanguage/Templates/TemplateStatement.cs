namespace SafeVision.VisionLanguage.Templates;

/// <summary>A part of a template that was parsed; rendering it writes to the run's output.</summary>
internal delegate TemplateFlow TemplateStatement(TemplateRun run);
