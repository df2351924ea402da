using SafeVision.Tests.Documents;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.VisionLanguage.Tests.Documents;

/// <summary>docs/adding-a-protocol.md, which is walked through with a real protocol.</summary>
public sealed class AddingAProtocolTests
{
    private const string Document = "docs/adding-a-protocol.md";

    [Fact]
    public void The_code_of_the_document_is_that_of_the_protocol_and_of_its_tests()
    {
        string source = Squeeze(Repository.Read("src/SafeVision.VisionLanguage/Protocols/PolicyShiftGuardProtocol.cs")
            + Repository.Read("tests/SafeVision.VisionLanguage.Tests/Protocols/PolicyShiftGuardProtocolTests.cs"));
        string[] shown = [.. DocumentCode.Shown(Document, "csharp")];
        Assert.Equal(3, shown.Length);
        Assert.All(shown, code => Assert.Contains(Squeeze(code), source, StringComparison.Ordinal));
    }

    [Fact]
    public void The_prompt_file_of_the_document_keeps_the_protocols_words_and_changes_what_it_says()
    {
        string[] lines = Repository.Read(Document).Split('\n');
        int first = Array.FindIndex(lines, line => line == "    protocol: singguard");
        PromptWording wording = PromptWording.Parse(string.Join('\n', lines[first..(first + 4)].Select(line => line[4..])), "the document");
        Assert.Equal(("slow", 2048, true), (wording.Variable(SingGuardProtocol.Thinking), wording.MaximumThoughtTokens, wording.Has("policy")));
    }

    [Fact]
    public void The_document_names_what_a_protocol_is_made_of()
    {
        string text = Repository.Read(Document);
        Assert.All(
            (string[])[nameof(VerdictAnswer), nameof(VerdictForm), nameof(ThoughtForm), nameof(CategoryQuestions), nameof(CompiledProtocol), nameof(GuardProtocols), nameof(PromptCoverage)],
            name => Assert.Contains($"`{name}`", text, StringComparison.Ordinal));
    }

    private static string Squeeze(string code) => string.Concat(code.Where(character => !char.IsWhiteSpace(character)));
}
