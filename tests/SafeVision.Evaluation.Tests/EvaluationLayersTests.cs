using System.Reflection;
using SafeVision.Evaluation.Symbols;

namespace SafeVision.Evaluation.Tests;

/// <summary>Which folder of SafeVision.Evaluation may know which: read from what types inherit, hold, take and give.</summary>
public sealed class EvaluationLayersTests
{
    private const string Root = "SafeVision.Evaluation";

    private static readonly Dictionary<string, string[]> s_mayKnow = new()
    {
        ["Metrics"] = [],
        ["Datasets"] = [],
        ["Symbols"] = ["Datasets"],
        ["Runs"] = ["Datasets", "Metrics", "Reports"],
        ["Cases"] = ["Datasets"],
    };

    public static TheoryData<string> Folders => [.. s_mayKnow.Keys];

    [Theory]
    [MemberData(nameof(Folders))]
    public void A_folder_knows_only_those_below_it(string folder)
    {
        string[] allowed = [folder, .. s_mayKnow[folder]];
        Type[] types = [.. typeof(SymbolScenes).Assembly.GetTypes().Where(type => FolderOf(type) == folder)];
        Assert.NotEmpty(types);
        string[] wrong =
        [
            .. types.SelectMany(type => Known(type).Select(known => (type, known, Folder: FolderOf(known))))
                .Where(pair => pair.Folder is { Length: > 0 } && !allowed.Contains(pair.Folder))
                .Select(pair => $"{pair.type} knows {pair.known}").Distinct(),
        ];
        Assert.Empty(wrong);
    }

    [Fact]
    public void At_most_sixty_types_are_public() =>
        Assert.InRange(typeof(SymbolScenes).Assembly.GetExportedTypes().Length, 1, 60);

    /// <summary>The folder right below the assembly's root; empty for the root itself, null for other assemblies.</summary>
    private static string? FolderOf(Type type) => type.Namespace is { } space && type.Assembly == typeof(SymbolScenes).Assembly && space.StartsWith(Root, StringComparison.Ordinal)
        ? space.Length == Root.Length ? "" : space[(Root.Length + 1)..].Split('.')[0]
        : null;

    private static IEnumerable<Type> Known(Type type)
    {
        const BindingFlags all = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;
        IEnumerable<Type?> known =
        [
            type.BaseType,
            .. type.GetInterfaces(),
            .. type.GetFields(all).Select(field => field.FieldType),
            .. type.GetMethods(all).SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType).Append(method.ReturnType).Concat(Locals(method))),
            .. type.GetConstructors(all).SelectMany(constructor => constructor.GetParameters().Select(parameter => parameter.ParameterType).Concat(Locals(constructor))),
        ];
        return known.OfType<Type>().SelectMany(Parts);
    }

    private static IEnumerable<Type> Locals(MethodBase method) => method.GetMethodBody()?.LocalVariables.Select(local => local.LocalType) ?? [];

    private static IEnumerable<Type> Parts(Type type) => type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Parts).Append(type.GetGenericTypeDefinition())
        : [type];
}
