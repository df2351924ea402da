using System.Globalization;
using System.Xml.Linq;

namespace SafeVision.Evaluation.Reports.Plots;

/// <summary>Makes a drawing fit to stand in a page beside others, under a policy that allows no inline style.</summary>
internal static class SvgCleaner
{
    /// <summary>
    /// Numbers ids anew (Skia counts them through the whole process, so the same drawing would differ from one time to the
    /// next), gives colours that stand for classes their class, and drops what HTML has no use for: namespaces and styles.
    /// </summary>
    /// <param name="drawing">The root of what Skia wrote.</param>
    /// <param name="prefix">What ids start with; unique in the page.</param>
    public static void Clean(XElement drawing, string prefix)
    {
        Dictionary<string, string> ids = drawing.Descendants()
            .Select(element => element.Attribute("id")?.Value)
            .OfType<string>()
            .Select((id, i) => (id, name: $"{prefix}-{i.ToString(CultureInfo.InvariantCulture)}"))
            .ToDictionary(pair => pair.id, pair => pair.name, StringComparer.Ordinal);
        foreach (XElement element in drawing.DescendantsAndSelf())
        {
            element.Name = element.Name.LocalName;
            List<XAttribute> attributes = [];
            List<string> classes = [];
            foreach (XAttribute attribute in element.Attributes())
            {
                string name = attribute.Name.LocalName, value = attribute.Value;
                if (attribute.IsNamespaceDeclaration || name == "style")
                {
                    continue;
                }

                if (name is "stroke" or "fill" && PlotInk.ClassOf(value) is { } ink)
                {
                    classes.Add(name == "stroke" ? $"s-{ink}" : $"f-{ink}");
                    continue;
                }

                attributes.Add(new XAttribute(name, Renamed(value, ids)));
            }

            if (classes.Count > 0)
            {
                attributes.Add(new XAttribute("class", string.Join(' ', classes)));
            }

            element.ReplaceAttributes(attributes);
        }
    }

    private static string Renamed(string value, Dictionary<string, string> ids)
    {
        if (ids.TryGetValue(value, out string? id))
        {
            return id;
        }

        bool isUrl = value.StartsWith("url(#", StringComparison.Ordinal);
        string target = isUrl ? value[5..^1] : value.StartsWith('#') ? value[1..] : "";
        return ids.TryGetValue(target, out string? renamed) ? isUrl ? $"url(#{renamed})" : $"#{renamed}" : value;
    }
}
