using System.Xml;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>The elements of a drawing, read within <see cref="SvgLimits"/>, and found by their id.</summary>
internal sealed class SvgMarkup
{
    private const string Prologue = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">";

    private readonly Dictionary<string, XElement> _byId = new(StringComparer.Ordinal);

    private SvgMarkup(XElement root) => Root = root;

    public XElement Root { get; } // the element around the body

    /// <summary>Reads the markup inside an svg element, as iconify keeps it.</summary>
    /// <exception cref="EvaluationException">It is no well-formed XML, holds a DTD, or is beyond the limits.</exception>
    public static SvgMarkup Read(string body)
    {
        if (body.Length > SvgLimits.Characters)
        {
            throw new EvaluationException($"The drawing has {body.Length:N0} characters; at most {SvgLimits.Characters:N0} are read.");
        }

        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreWhitespace = true };
        try
        {
            using var reader = XmlReader.Create(new StringReader($"{Prologue}{body}</svg>"), settings);
            return Read(reader);
        }
        catch (XmlException exception)
        {
            throw new EvaluationException($"The drawing is no well-formed XML: {exception.Message}", exception);
        }
    }

    /// <summary>The element that a reference such as <c>#a</c> names.</summary>
    /// <exception cref="EvaluationException">There is none.</exception>
    public XElement Find(string reference) => reference.StartsWith('#') && _byId.TryGetValue(reference[1..], out XElement? element)
        ? element
        : throw new EvaluationException($"The drawing refers to '{Short(reference)}', which is not in it.");

    /// <summary>A text of the file for a message: its beginning.</summary>
    public static string Short(string text) => text.Length <= 40 ? text : text[..40] + "…";

    // XElement.Load would take any depth; the tree is built here so that the limits hold while reading.
    private static SvgMarkup Read(XmlReader reader)
    {
        SvgMarkup? markup = null;
        XElement? current = null;
        int count = 0;
        while (reader.Read())
        {
            if (reader.NodeType == XmlNodeType.EndElement)
            {
                current = current?.Parent;
            }
            else if (reader.NodeType == XmlNodeType.Element)
            {
                if (++count > SvgLimits.Elements || reader.Depth > SvgLimits.Depth)
                {
                    throw new EvaluationException($"The drawing has more than {SvgLimits.Elements:N0} elements, or more than {SvgLimits.Depth} inside each other.");
                }

                bool isEmpty = reader.IsEmptyElement;
                var element = new XElement(reader.LocalName);
                current?.Add(element);
                markup ??= new SvgMarkup(element);
                markup.Take(element, reader);
                current = isEmpty ? current ?? element : element;
            }
        }

        return markup!;
    }

    private void Take(XElement element, XmlReader reader)
    {
        while (reader.MoveToNextAttribute())
        {
            // xlink:href and href mean the same; namespaces say nothing else here.
            if (reader.Prefix != "xmlns" && reader.LocalName != "xmlns")
            {
                element.SetAttributeValue(reader.LocalName, reader.Value);
            }
        }

        if (element.Attribute("id")?.Value is { } id)
        {
            _byId.TryAdd(id, element);
        }
    }
}

/// <summary>Numbers, lengths and transforms of SVG 1.1, as far as icons use them: user units, px and percentages.</summary>
internal static class SvgNumbers
{
    /// <summary>A number of an attribute; 100 % is 1, and <paramref name="missing"/> stands in for none.</summary>
    /// <exception cref="EvaluationException">The attribute is not a number, or one too large to draw.</exception>
    public static float Read(XElement element, string attribute, float missing)
    {
        if (element.Attribute(attribute)?.Value is not { } text)
        {
            return missing;
        }

        ReadOnlySpan<char> digits = text.AsSpan().Trim();
        float unit = 1;
        if (digits.EndsWith("%"))
        {
            unit = 0.01f;
            digits = digits[..^1];
        }
        else if (digits.EndsWith("px"))
        {
            digits = digits[..^2];
        }

        return TryParse(digits, out float value)
            ? value * unit
            : throw new EvaluationException($"The attribute {attribute} of <{element.Name.LocalName}> must be a number, but is '{SvgMarkup.Short(text)}'.");
    }

    /// <summary>A list of numbers, between commas and blanks.</summary>
    /// <exception cref="EvaluationException">Something in it is not a number.</exception>
    public static float[] ReadList(string text)
    {
        string[] parts = text.Split([' ', ',', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);
        var numbers = new float[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!TryParse(parts[i], out numbers[i]))
            {
                throw new EvaluationException($"'{SvgMarkup.Short(parts[i])}' is not a number, in '{SvgMarkup.Short(text)}'.");
            }
        }

        return numbers;
    }

    /// <summary>The matrix of a transform attribute: matrix, translate, scale, rotate, skewX, skewY, in any number.</summary>
    /// <exception cref="EvaluationException">It is none.</exception>
    public static SKMatrix ReadTransform(string? text)
    {
        SKMatrix matrix = SKMatrix.Identity;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        while (!rest.IsEmpty)
        {
            int open = rest.IndexOf('(');
            int close = rest.IndexOf(')');
            if (open < 1 || close < open)
            {
                throw new EvaluationException($"'{SvgMarkup.Short(text!)}' is not a transform.");
            }

            SKMatrix next = ReadFunction(rest[..open].Trim().ToString(), ReadList(rest[(open + 1)..close].ToString()), text!);
            matrix = matrix.PreConcat(next);
            rest = rest[(close + 1)..].TrimStart([' ', ',', '\t', '\n', '\r']);
        }

        return matrix;
    }

    private static SKMatrix ReadFunction(string name, float[] a, string text) => (name, a.Length) switch
    {
        ("matrix", 6) => new SKMatrix(a[0], a[2], a[4], a[1], a[3], a[5], 0, 0, 1),
        ("translate", 1) => SKMatrix.CreateTranslation(a[0], 0),
        ("translate", 2) => SKMatrix.CreateTranslation(a[0], a[1]),
        ("scale", 1) => SKMatrix.CreateScale(a[0], a[0]),
        ("scale", 2) => SKMatrix.CreateScale(a[0], a[1]),
        ("rotate", 1) => SKMatrix.CreateRotationDegrees(a[0]),
        ("rotate", 3) => SKMatrix.CreateRotationDegrees(a[0], a[1], a[2]),
        ("skewX", 1) => SKMatrix.CreateSkew(MathF.Tan(a[0] * MathF.PI / 180), 0),
        ("skewY", 1) => SKMatrix.CreateSkew(0, MathF.Tan(a[0] * MathF.PI / 180)),
        _ => throw new EvaluationException($"'{SvgMarkup.Short(text)}' is not a transform."),
    };

    private static bool TryParse(ReadOnlySpan<char> text, out float value) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && MathF.Abs(value) <= SvgLimits.Coordinate;
}

/// <summary>What a drawing may cost. Icons stay far below; a file that does not is hostile or no icon.</summary>
internal static class SvgLimits
{
    public const int Characters = 1_000_000; // characters of the whole markup
    public const int Depth = 32; // elements inside each other, uses followed

    /// <summary>Elements, each as often as it is used: references to references must not multiply without bound.</summary>
    public const int Elements = 4_000;

    public const int PathCharacters = 200_000; // characters of one path
    public const int AllPathCharacters = 2_000_000; // characters of all paths, each as often as it is used
    public const int Stops = 256;

    /// <summary>The largest coordinate, either way; beyond it floats no longer tell pixels apart.</summary>
    public const float Coordinate = 1e5f;
}
