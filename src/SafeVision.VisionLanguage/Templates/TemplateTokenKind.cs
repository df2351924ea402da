namespace SafeVision.VisionLanguage.Templates;

/// <summary>What a piece of a template is.</summary>
internal enum TemplateTokenKind
{
    /// <summary>Text that is written as it stands.</summary>
    Data,

    /// <summary>The begin of a statement, <c>{%</c>.</summary>
    StatementBegin,

    /// <summary>The begin of an expression that is written, <c>{{</c>.</summary>
    OutputBegin,

    /// <summary>The end of either.</summary>
    End,

    /// <summary>A word.</summary>
    Name,

    /// <summary>A number.</summary>
    Number,

    /// <summary>A text in quotes, without them and with its escapes resolved.</summary>
    Text,

    /// <summary>A sign such as <c>==</c> or <c>(</c>.</summary>
    Sign,

    /// <summary>Nothing follows.</summary>
    EndOfTemplate,
}
