using System.Reflection;
using System.Reflection.Emit;
using System.Xml.Linq;
using SafeVision.Decisions;

namespace SafeVision.Tests;

/// <summary>Namespaces know each other in one direction; read from what the compiled methods really refer to.</summary>
public sealed class ArchitectureTests
{
    private const BindingFlags Declared = BindingFlags.DeclaredOnly | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    /// <summary>What each stage may know, apart from itself; of the root only the types named here.</summary>
    private static readonly Dictionary<string, string[]> s_mayKnow = new()
    {
        ["Unicode"] = [],
        ["Files"] = [],
        ["Imaging"] = ["ImageSource", "Files"],
        ["Policies"] = ["Decision", "CamelCaseEnumConverter`1", "Unicode", "Files"],
        ["Assessments"] = ["CamelCaseEnumConverter`1"],
        ["Decisions"] = ["Assessments", "Policies", "Imaging", "Decision", "Finding", "Verdict"],
        ["Inference"] = ["ExecutionProvider", "Files"],
        ["Models"] = ["Inference", "Imaging", "Unicode", "ExecutionProvider", "Files"],
        ["Engines"] = ["Models", "Inference", "Imaging", "Policies", "Assessments", "ExecutionProvider", "Files"],
    };

    /// <summary>Cli → Conversion → VisionLanguage → SafeVision, and Cli → Evaluation → SafeVision.</summary>
    private static readonly Dictionary<string, string[]> s_mayReference = new()
    {
        ["SafeVision.Models"] = ["SafeVision"],
        ["SafeVision.VisionLanguage"] = ["SafeVision"],
        ["SafeVision.Models.Nano"] = ["SafeVision.VisionLanguage"],
        ["SafeVision.Conversion"] = ["SafeVision.VisionLanguage"],
        ["SafeVision.Evaluation"] = ["SafeVision"],
        ["SafeVision.Extensions.AI"] = ["SafeVision.VisionLanguage"],
        ["SafeVision.Training"] = ["SafeVision.Conversion", "SafeVision.Evaluation"],
        ["SafeVision.ImageSharp"] = ["SafeVision"],
        ["SafeVision.Training.Cli"] = ["SafeVision.Training", "SafeVision.Models"],
        ["SafeVision.Cli"] = ["SafeVision.Models", "SafeVision.VisionLanguage", "SafeVision.Conversion", "SafeVision.Evaluation"],
    };

    private static readonly string[] s_sockets = ["HttpClient", "HttpMessageHandler", "SocketsHttpHandler", "System.Net.Sockets", "WebRequest", "TcpClient", "Dns."];

    private static readonly OpCode[] s_codes =
        [.. typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (OpCode)field.GetValue(null)!)];

    private static readonly Dictionary<short, OpCode> s_byValue = s_codes.ToDictionary(code => code.Value);

    [Fact]
    public void Stages_know_only_what_lies_before_them()
    {
        string[] violations =
        [
            .. from type in typeof(ImageGuardrail).Assembly.GetTypes()
               let stage = StageOf(type)
               where s_mayKnow.ContainsKey(stage)
               from known in Known(type).Distinct()
               let name = NameOf(known)
               where name != stage && !s_mayKnow[stage].Contains(name)
               select $"{type.FullName} knows {known.FullName}",
        ];
        Assert.Empty(violations);
    }

    [Fact]
    public void Engines_never_see_verdicts_and_policies_never_see_pixels()
    {
        Type[] types = typeof(ImageGuardrail).Assembly.GetTypes();
        Assert.DoesNotContain(types.Where(type => StageOf(type) == "Engines").SelectMany(Known), known => known == typeof(Verdict) || known == typeof(Finding) || known == typeof(DecisionRule));
        Assert.DoesNotContain(types.Where(type => StageOf(type) == "Policies").SelectMany(Known), known => StageOf(known) == "Imaging");
    }

    [Fact]
    public void The_reading_of_compiled_methods_sees_what_is_there()
    {
        Type[] known = [.. Known(typeof(ImageGuardrail)), .. typeof(ImageGuardrail).GetNestedTypes(Declared).SelectMany(Known)]; // asynchronous methods are nested types
        Assert.Contains(typeof(SafeVision.Hosting.ActivePolicy), known);
        Assert.Contains(typeof(SafeVision.Imaging.DecodedImage), known);
        Assert.Contains(typeof(DecisionRule), typeof(ImageGuardrail).Assembly.GetTypes().Where(type => StageOf(type) == "Hosting").SelectMany(Known));
    }

    [Fact]
    public void Projects_know_only_those_before_them()
    {
        string[] violations =
        [
            .. from project in Projects()
               from known in References(project, "ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))
               where !s_mayReference.GetValueOrDefault(project, []).Contains(known)
               select $"{project} references {known}",
        ];
        Assert.Empty(violations);
    }

    [Fact]
    public void No_shipped_project_sees_the_internals_of_another()
    {
        string[] projects = [.. Projects()];
        string[] seen = [.. projects.SelectMany(project => References(project, "InternalsVisibleTo").Where(projects.Contains).Select(friend => $"{project} to {friend}"))];

        Assert.Empty(seen);
    }

    [Fact]
    public void Only_the_connection_to_a_model_hub_what_fetches_listed_images_and_a_tools_served_model_open_a_socket()
    {
        string[] files =
        [
            .. Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories)
                .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
                .Where(path => s_sockets.Any(File.ReadAllText(path).Contains)).Select(path => Path.GetFileName(path)),
        ];
        Assert.Equal(["HubConnection.cs", "ImageFetcher.cs", "ServedChat.cs"], files.Order());
    }

    [Fact]
    public void A_folder_of_more_than_ten_files_says_in_its_first_file_what_it_holds()
    {
        string[][] large =
        [
            .. Directory.EnumerateDirectories(Repository.PathOf("src"), "*", SearchOption.AllDirectories)
                .Where(folder => !Path.GetRelativePath(Repository.PathOf("src"), folder).Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
                .Select(folder => Directory.GetFiles(folder, "*.cs").Order(StringComparer.Ordinal).ToArray()).Where(files => files.Length > 10),
        ];
        Assert.InRange(large.Length, 15, 40);
        Assert.All(large, files => Assert.StartsWith($"// {Path.GetFileName(Path.GetDirectoryName(files[0]))}: ", File.ReadAllText(files[0]), StringComparison.Ordinal));
    }

    private static IEnumerable<string> Projects() => Directory.EnumerateDirectories(Repository.PathOf("src"))
        .Where(folder => File.Exists(Path.Combine(folder, $"{Path.GetFileName(folder)}.csproj"))).Select(folder => Path.GetFileName(folder));

    private static IEnumerable<string> References(string project, string element) =>
        XDocument.Parse(Repository.Read($"src/{project}/{project}.csproj")).Descendants(element).Select(reference => reference.Attribute("Include")!.Value);

    /// <summary>The part of the namespace after SafeVision; empty for the root and for what the compiler made up.</summary>
    private static string StageOf(Type type) => type.Namespace?.Split('.') is ["SafeVision", string stage, ..] ? stage : "";

    private static string NameOf(Type type) => StageOf(type) is { Length: > 0 } stage ? stage : Outermost(type).Name;

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    private static IEnumerable<Type> Known(Type type) =>
        Signatures(type).Concat(type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)).SelectMany(Body))
            .SelectMany(Parts)
            .Where(known => known.Assembly == typeof(ImageGuardrail).Assembly && known.Namespace?.StartsWith("SafeVision", StringComparison.Ordinal) == true);

    private static IEnumerable<Type> Signatures(Type type) =>
    [
        .. type.GetInterfaces(), .. type.BaseType is null ? [] : new[] { type.BaseType },
        .. type.GetFields(Declared).Select(field => field.FieldType),
        .. type.GetMethods(Declared).Select(method => method.ReturnType),
        .. type.GetMethods(Declared).Cast<MethodBase>().Concat(type.GetConstructors(Declared)).SelectMany(method => method.GetParameters()).Select(parameter => parameter.ParameterType),
    ];

    private static IEnumerable<Type> Parts(Type type) => type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericType ? [type.GetGenericTypeDefinition(), .. type.GetGenericArguments().SelectMany(Parts)]
        : type.IsGenericParameter ? [] : [type];

    /// <summary>Every type and every owner of a member that a method's instructions name.</summary>
    private static IEnumerable<Type> Body(MethodBase method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (int i = 0; i < code.Length;)
        {
            OpCode operation = s_byValue[code[i] == 0xFE ? (short)(0xFE00 | code[i + 1]) : code[i]];
            i += operation.Size;
            if (operation.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                MemberInfo? member = Resolve(method, BitConverter.ToInt32(code, i));
                foreach (Type? type in new[] { member as Type, member?.DeclaringType, (member as FieldInfo)?.FieldType, (member as MethodInfo)?.ReturnType })
                {
                    if (type is not null)
                    {
                        yield return type;
                    }
                }
            }

            i += operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, i)),
                _ => 4,
            };
        }
    }

    private static MemberInfo? Resolve(MethodBase method, int token) => method.Module.ResolveMember(
        token,
        method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null,
        method.IsGenericMethod ? method.GetGenericArguments() : null);
}
