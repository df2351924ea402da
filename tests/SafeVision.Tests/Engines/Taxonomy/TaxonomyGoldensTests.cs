using System.Text.Json;
using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet.Taxonomy;

namespace SafeVision.Tests.Engines.Taxonomy;

/// <summary>Phrases and categories whose labels people decided, and the answers of the reference implementation to them
/// (<c>Fixtures/taxonomy/goldens.json</c>), which this one must equal.</summary>
public sealed class TaxonomyGoldensTests(TaxonomyFixture fixture) : IClassFixture<TaxonomyFixture>
{
    private static readonly JsonElement s_goldens =
        JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "taxonomy", "goldens.json"))).RootElement;

    private static readonly string[] s_now = ["imagenet", "nsfw"];

    private static readonly string[] s_withObjects = ["imagenet", "nsfw", "coco"];

    [Fact]
    public void Each_phrase_means_the_labels_that_the_reference_finds_and_says_the_same_of_its_coverage()
    {
        var (now, all) = (new PhraseReader(fixture.Of(s_now)), new PhraseReader(fixture.Of(s_withObjects)));
        JsonElement[] phrases = [.. s_goldens.GetProperty("phrases").EnumerateArray()];
        Assert.Equal(314, phrases.Length);
        Assert.All(phrases, golden =>
        {
            string phrase = golden.GetProperty("phrase").GetString()!;
            JsonElement answer = golden.GetProperty("answer");
            PhraseReading reading = all.Read(phrase);

            Assert.Equal(Labels(answer, "labels"), Spans(reading.Labels));
            Assert.Equal(Level(answer, "coco"), reading.Coverage);
            Assert.Equal(Level(answer, "now"), now.Read(phrase).Coverage);
            Assert.Equal(Strings(answer, "unjudged"), reading.NotJudged);
            Assert.Equal(Strings(answer, "missing"), reading.Missing.Take(5));
            Assert.Equal(Strings(answer, "suggestions"), reading.Suggestions.Take(3));
            Assert.Equal(Strings(answer, "notes"), reading.Notes);
            Assert.Equal(Why(answer), FirstOfEachRelation(reading));
        });
    }

    [Fact]
    public void Each_phrase_reaches_what_people_say_it_must_and_nothing_that_they_do_not_allow()
    {
        var all = new PhraseReader(fixture.Of(s_withObjects));
        Assert.All(s_goldens.GetProperty("phrases").EnumerateArray(), golden =>
        {
            LabelBits reached = all.Read(golden.GetProperty("phrase").GetString()!).Labels;
            HashSet<string> must = Named(golden, "must"), may = Named(golden, "may");
            HashSet<string> names = [.. reached.Select(Name)];
            Assert.Empty(must.Except(names));
            Assert.True(may.Contains("any") || names.Except(must).All(may.Contains), string.Join(", ", names.Except(must).Except(may)));
        });
    }

    [Fact]
    public void Each_category_is_its_includes_less_its_excludes_as_the_reference_finds_them()
    {
        (Vocabulary now, Vocabulary all) = (fixture.Of(s_now), fixture.Of(s_withObjects));
        (PhraseReader nowReader, PhraseReader allReader) = (new PhraseReader(now), new PhraseReader(all));
        JsonElement[] categories = [.. s_goldens.GetProperty("categories").EnumerateArray()];
        Assert.Equal(17, categories.Length);
        Assert.All(categories, golden =>
        {
            string[] includes = Strings(golden, "includes"), excludes = Strings(golden, "excludes");
            JsonElement answer = golden.GetProperty("answer");
            CategoryReading reading = CategoryReading.Read(allReader, all, includes, excludes);

            Assert.Equal(Labels(answer, "labels"), Spans(reading.Whole.Labels));
            Assert.Equal(Labels(answer, "widerLabels"), Spans(reading.Whole.Wider));
            Assert.Equal(Level(answer, "coco"), reading.Whole.Coverage);
            Assert.Equal(Level(answer, "now"), CategoryReading.Read(nowReader, now, includes, excludes).Whole.Coverage);
            Assert.Equal(Strings(answer, "cannotBeExcluded"), reading.CannotBeExcluded);
            Assert.Equal(Strings(answer, "unjudged"), reading.Whole.NotJudged);
        });
    }

    [Fact]
    public void Each_phrase_reaches_the_drawn_symbols_that_it_must_and_none_that_it_must_not()
    {
        Vocabulary symbols = fixture.Of("symbols");
        var reader = new PhraseReader(symbols);
        JsonElement[] phrases = [.. s_goldens.GetProperty("symbols").EnumerateArray()];
        Assert.Equal(50, phrases.Length);
        Assert.All(phrases, golden =>
        {
            HashSet<string> names = [.. reader.Read(golden.GetProperty("phrase").GetString()!).Labels.Select(label => symbols.Labels[label].Name)];
            Assert.Empty(Strings(golden, "must").Except(names));
            Assert.Empty(Strings(golden, "never").Intersect(names));
        });
    }

    private string Name(int label)
    {
        Label found = fixture.Of(s_withObjects).Labels[label];
        return found.Set == "imagenet" ? $"imagenet {found.Index} {found.Name}" : $"{found.Set} {found.Name}";
    }

    private static HashSet<string> Named(JsonElement golden, string property)
    {
        HashSet<string> names = [];
        if (!golden.TryGetProperty(property, out JsonElement sets))
        {
            return names;
        }

        foreach (JsonProperty set in sets.EnumerateObject())
        {
            foreach (string name in set.Name == "any" ? [] : set.Value.EnumerateArray().Select(name => name.GetString()!))
            {
                names.UnionWith(name.StartsWith('@')
                    ? s_goldens.GetProperty("sets").GetProperty(name[1..]).EnumerateArray().Select(label => $"imagenet {label.GetString()}")
                    : [$"{set.Name} {name}"]);
            }

            names.UnionWith(set.Name == "any" ? ["any"] : Array.Empty<string>());
        }

        return names;
    }

    /// <summary>By set: ImageNet's as spans of indexes, the others' by name.</summary>
    private SortedDictionary<string, string> Spans(LabelBits labels)
    {
        Vocabulary all = fixture.Of(s_withObjects);
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (IGrouping<string, Label> set in labels.Select(label => all.Labels[label]).GroupBy(label => label.Set))
        {
            result[set.Key] = set.Key == "imagenet" ? Spans([.. set.Select(label => label.Index)]) : string.Join(", ", set.Select(label => label.Name));
        }

        return result;
    }

    private static string Spans(int[] numbers)
    {
        var spans = new List<string>();
        for (int i = 0; i < numbers.Length; i++)
        {
            int start = i;
            while (i + 1 < numbers.Length && numbers[i + 1] == numbers[i] + 1)
            {
                i++;
            }

            spans.Add(start == i ? $"{numbers[i]}" : $"{numbers[start]}-{numbers[i]}");
        }

        return string.Join(',', spans);
    }

    private static SortedDictionary<string, string> Labels(JsonElement answer, string property)
    {
        var result = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty set in answer.TryGetProperty(property, out JsonElement labels) ? labels.EnumerateObject().ToArray() : [])
        {
            result[set.Name] = set.Value.ValueKind == JsonValueKind.String
                ? set.Value.GetString()!
                : string.Join(", ", set.Value.EnumerateArray().Select(name => name.GetString()));
        }

        return result;
    }

    private string[] FirstOfEachRelation(PhraseReading reading)
    {
        Vocabulary all = fixture.Of(s_withObjects);
        return [.. reading.Why.Where(why => reading.Labels.Contains(why.Label)).DistinctBy(why => why.Relation)
            .Select(why => $"{all.Labels[why.Label].Set} {all.Labels[why.Label].Name}|{why.Relation}|{why.Word}")];
    }

    private static string[] Why(JsonElement answer) => !answer.TryGetProperty("why", out JsonElement why) ? [] :
        [.. why.EnumerateArray().Select(one => $"{one.GetProperty("label").GetString()}|{one.GetProperty("relation").GetString()}|{one.GetProperty("word").GetString()}")];

    private static CoverageLevel Level(JsonElement answer, string sets) =>
        Enum.Parse<CoverageLevel>(answer.GetProperty("coverage").GetProperty(sets).GetString()!, ignoreCase: true);

    private static string[] Strings(JsonElement parent, string property) =>
        parent.TryGetProperty(property, out JsonElement list) ? [.. list.EnumerateArray().Select(item => item.GetString()!)] : [];
}
