using System.Text.Json;
using SafeVision.Policies;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

public sealed class PolicyCommandTests
{
    [Fact]
    public async Task Validate_names_file_line_and_column_as_compilers_do_and_goes_on_to_the_next()
    {
        using var folder = new TemporaryFolder();
        string bad = folder.Write("bad.yaml", "policy: p\nversion: '1'\ncategories:\n  - id: Sexual\n    blok: 0.5\n");
        string good = Repository.PathOf("samples/policies/storefront.yaml");

        CommandRun run = await CommandRun.OfAsync("policy", "validate", bad, folder.At("missing.yaml"), folder.Path, good);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"{bad}:5:5: ", run.Error, StringComparison.Ordinal);
        Assert.Contains("'block'", run.Error, StringComparison.Ordinal);
        Assert.Contains($"{folder.At("missing.yaml")}: there is no such policy file;", run.Error, StringComparison.Ordinal);
        Assert.Contains($"{folder.Path}: '", run.Error, StringComparison.Ordinal);
        Assert.StartsWith($"{good}: valid. storefront 4, 2 categories, sha256 ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_under_an_invalid_policy_judges_nothing()
    {
        using var folder = new TemporaryFolder();
        string bad = folder.Write("bad.yaml", "policy: p\nversion: '1'\ncategories: [{ id: Sexuall }]\n");

        CommandRun run = await CommandRun.OfAsync("check", Repository.PathOf("samples/images"), "--policy", bad, "--format", "json");

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"{bad}:3:", run.Error, StringComparison.Ordinal);
        Assert.Contains("Sexual", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(9, "--all")]
    public async Task New_writes_a_valid_policy_and_never_over_a_file(int categories, params string[] options)
    {
        using var folder = new TemporaryFolder();
        string file = folder.At("policy.yaml");

        CommandRun first = await CommandRun.OfAsync(["policy", "new", file, .. options]);
        SafetyPolicy policy = SafetyPolicy.FromFile(file);
        CommandRun second = await CommandRun.OfAsync("policy", "new", file);

        Assert.Equal(0, first.ExitCode);
        Assert.Equal(categories, policy.Categories.Count);
        Assert.Equal(1, second.ExitCode);
        Assert.Contains("exists already", second.Error, StringComparison.Ordinal);
        Assert.Equal(policy, SafetyPolicy.FromFile(file));
    }

    [Fact]
    public async Task The_example_in_a_new_policy_is_valid_once_it_is_uncommented()
    {
        using var folder = new TemporaryFolder();
        string file = folder.At("policy.yaml");
        await CommandRun.OfAsync("policy", "new", file);
        string text = await File.ReadAllTextAsync(file);

        SafetyPolicy policy = SafetyPolicy.Parse(text.Replace("\n  # - ", "\n  - ", StringComparison.Ordinal).Replace("\n  #   ", "\n    ", StringComparison.Ordinal));

        Assert.Contains(policy.Categories, category => category.Id == "cats" && category.Excludes[0] == "lions, tigers and other big cats");
    }

    [Fact]
    public async Task Show_prints_the_policy_as_understood_with_what_covers_its_words()
    {
        string file = Repository.PathOf("samples/policies/no-cats.yaml");

        CommandRun run = await CommandRun.OfAsync("policy", "show", file);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(SafetyPolicy.FromFile(file), SafetyPolicy.Parse(run.Output));
        Assert.Contains("#   cats: full", run.Output, StringComparison.Ordinal);
        Assert.Matches("#     'cats': in full, by tabby, tiger cat, .*\n#     except 'lions, tigers and other big cats' by leopard, ", run.Output);
    }

    [Fact]
    public async Task Schema_is_json()
    {
        CommandRun run = await CommandRun.OfAsync("policy", "schema");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(JsonValueKind.Object, run.Json().GetProperty("properties").GetProperty("categories").ValueKind);
    }
}
