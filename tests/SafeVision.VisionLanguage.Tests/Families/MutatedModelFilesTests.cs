using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Protocols;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Families;

/// <summary>The files of a stranger's model but for its networks, damaged: each is read, or refused with the error that is promised.</summary>
public sealed class MutatedModelFilesTests
{
    public static TheoryData<string> Models { get; } =
        new(Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm"), "config.json", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(AppContext.BaseDirectory, Path.GetDirectoryName(path)!)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Models))]
    public async Task Damaged_files_of_a_model_are_read_or_refused_by_name(string model)
    {
        string folder = Path.Combine(AppContext.BaseDirectory, model);
        using var mutated = new MutatedFolder(Directory.EnumerateFiles(folder)
            .Where(path => Path.GetExtension(path) is ".json" or ".jinja" or ".txt" or ".model" && !Path.GetFileName(path).Contains("golden", StringComparison.Ordinal) && Path.GetFileName(path) != "prompts.json" && new FileInfo(path).Length < 1 << 20));
        await mutated.EachAsync(FileMutation.Count(12), 1, () => Task.Run(() => Read(mutated.Path)), exception => exception is ModelLoadException);
    }

    private static void Read(string folder)
    {
        TextTokenizer tokenizer = TextTokenizer.Open(folder);
        int[] ids = tokenizer.Encode("Is <image> this safe? éé 123 \n\n <|im_end|>");
        tokenizer.Decode(ids, skipSpecial: true);
        VisionLanguageProfile profile = VisionLanguageFamilies.Read(ModelConfiguration.Open(folder), tokenizer);
        IGuardProtocol protocol = GuardProtocols.Guess(tokenizer, profile.Conversation);
        protocol.Compile(new ProtocolContext(ProtocolBench.GunsAndGambling, VisionLanguageMode.Comprehension, "m", profile, tokenizer, ProtocolBench.Wording(protocol.Name)));
    }
}
