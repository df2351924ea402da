using System.Xml;
using System.Xml.Linq;

namespace SafeVision.Evaluation.Symbols.Svg;

/// <summary>The elements of a drawing, read within <see cref="SvgLimits"/>, and found by their id.</summary>
internal sealed class SvgMarkup
{
    private const string Prologue = "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">";

    private readonly Dictionary<string, XElement> _byId = new(StringComparer.Ordinal);

    private SvgMarkup(XElement root) => Root = root;

    /// <summary>The element around the body.</summary>
    public XElement Root { get; }

    /// <summary>Reads the markup inside an svg element, as iconify keeps it.</summary>
    /// <exception cref="SymbolException">It is no well-formed XML, holds a DTD, or is beyond the limits.</exception>
    public static SvgMarkup Read(string body)
    {
        if (body.Length > SvgLimits.Characters)
        {
            throw new SymbolException($"The drawing has {body.Length:N0} characters; at most {SvgLimits.Characters:N0} are read.");
        }

        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, IgnoreComments = true, IgnoreWhitespace = true };
        try
        {
            using var reader = XmlReader.Create(new StringReader($"{Prologue}{body}</svg>"), settings);
            return Read(reader);
        }
        catch (XmlException exception)
        {
            throw new SymbolException($"The drawing is no well-formed XML: {exception.Message}", exception);
        }
    }

    /// <summary>The element that a reference such as <c>#a</c> names.</summary>
    /// <exception cref="SymbolException">There is none.</exception>
    public XElement Find(string reference) => reference.StartsWith('#') && _byId.TryGetValue(reference[1..], out XElement? element)
        ? element
        : throw new SymbolException($"The drawing refers to '{Short(reference)}', which is not in it.");

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
                    throw new SymbolException($"The drawing has more than {SvgLimits.Elements:N0} elements, or more than {SvgLimits.Depth} inside each other.");
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
