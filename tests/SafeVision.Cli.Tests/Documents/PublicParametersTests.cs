using System.Reflection;
using System.Xml.Linq;

namespace SafeVision.Cli.Tests.Documents;

/// <summary>Inside an assembly a comment names the parameters that need words; what the API promises, it promises whole.</summary>
public sealed class PublicParametersTests
{
    [Theory]
    [InlineData("SafeVision")]
    [InlineData("SafeVision.VisionLanguage")]
    [InlineData("SafeVision.Conversion")]
    [InlineData("SafeVision.Evaluation")]
    public void A_public_member_documents_all_its_parameters_or_none(string assembly)
    {
        ILookup<string, string[]> members = Assembly.Load(assembly).GetExportedTypes()
            .SelectMany(type => type.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .OfType<MethodBase>()
            .ToLookup(NameOf, member => member.GetParameters().Select(parameter => parameter.Name!).ToArray());
        int documented = 0;
        foreach (XElement member in XDocument.Load(Path.Combine(AppContext.BaseDirectory, $"{assembly}.xml")).Descendants("member"))
        {
            string[] named = [.. member.Elements("param").Select(parameter => parameter.Attribute("name")!.Value)];
            string id = member.Attribute("name")!.Value;
            string[][] overloads = [.. members[id.Split('(')[0].Split("``")[0]].Where(parameters => parameters.Length == CountOf(id))]; // others may be internal
            if (named.Length > 0 && overloads.Length > 0)
            {
                documented++;
                Assert.True(overloads.Any(parameters => parameters.Order().SequenceEqual(named.Order())), $"{id} documents {string.Join(", ", named)} only.");
            }
        }

        Assert.True(documented > 10, $"Only {documented} members of {assembly} were found in its documentation.");
    }

    /// <summary>How many parameters an id of a documentation file lists; those of generic arguments do not count.</summary>
    private static int CountOf(string id)
    {
        int open = id.IndexOf('('), depth = 0;
        return open < 0 ? 0 : 1 + id[(open + 1)..].Count(letter => (depth += letter is '{' or '[' ? 1 : letter is '}' or ']' ? -1 : 0) == 0 && letter == ',');
    }

    private static string NameOf(MethodBase member) => $"M:{member.DeclaringType!.FullName!.Replace('+', '.')}.{member.Name.Replace('.', '#')}";
}
