using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet;
using SafeVision.Engines.ClosedSet.Taxonomy;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines.Taxonomy;

/// <summary>Words, a model's own labels, other languages, age, hostile tables, and what reading a policy costs.</summary>
public sealed class WordTaxonomyTests(TaxonomyFixture fixture) : IClassFixture<TaxonomyFixture>
{
    private static readonly string s_folder = Repository.PathOf("models/taxonomy");

    [Theory]
    [InlineData("dogs")]
    [InlineData("Dogs")]
    [InlineData("ｄｏｇｓ")] // full-width
    [InlineData("dogs!")]
    [InlineData("any\u00A0dogs")]
    [InlineData("dog's")]
    [InlineData("images of dogs")]
    public void Spelling_that_means_the_same_reaches_the_same(string phrase)
    {
        Vocabulary labels = fixture.Of("imagenet");
        Assert.Equal(118, new PhraseReader(labels).Read(phrase).Labels.Count);
    }

    [Theory]
    [InlineData("child nudity")]
    [InlineData("nude teens")]
    [InlineData("pornography with children")]
    [InlineData("naked schoolgirls")]
    public void A_phrase_with_a_word_for_minors_never_gets_a_label_of_the_nsfw_network(string phrase)
    {
        Vocabulary labels = fixture.Of("imagenet", "nsfw");
        Assert.DoesNotContain(new PhraseReader(labels).Read(phrase).Labels, label => labels.Labels[label].Set == "nsfw");
    }

    [Theory]
    [InlineData("gatos")]
    [InlineData("pistolas")]
    [InlineData("Katzen")]
    [InlineData("Waffen")]
    [InlineData("papierosy")]
    [InlineData("أسلحة نارية")]
    [InlineData("قطط")]
    [InlineData("猫")]
    [InlineData("ナイフ")]
    [InlineData("пистолет")]
    [InlineData("बंदूक")]
    [InlineData("חתולים")]
    [InlineData("고양이")]
    [InlineData("súng")]
    [InlineData("AR-15")]
    [InlineData("Glock 19")]
    [InlineData("ketamine")]
    [InlineData("QR codes")]
    [InlineData("Adult")] // the name of a class of VisionHarm-C, and an ordinary word
    public void Another_language_a_brand_and_what_no_label_shows_reach_nothing(string phrase)
    {
        PhraseReading reading = new PhraseReader(fixture.Of("imagenet", "nsfw")).Read(phrase);
        Assert.Equal((CoverageLevel.None, true), (reading.Coverage, reading.Labels.IsEmpty));
        Assert.NotEmpty(reading.NotJudged);
    }

    [Fact]
    public void Labels_of_a_models_own_are_read_as_words_and_reached_by_what_stands_above_them()
    {
        Vocabulary labels = TaxonomyFixture.Own("beagle", "golden retriever", "SKU-4711", "safe", "unsafe", "barn owl");
        Assert.Equal(["beagle", "golden retriever"], Reach("dogs"));
        Assert.Equal(["barn owl"], Reach("owls"));
        Assert.Equal(["SKU-4711"], Reach("sku 4711"));
        Assert.Equal(["unsafe"], Reach("unsafe"));
        Assert.Equal(["safe"], Reach("Safe")); // "safe" restricts things and names none, but it is a label's exact name
        Assert.Empty(Reach("cats"));
        Assert.Equal("own:0 beagle", labels.Labels[0].Id);

        string[] Reach(string phrase) => [.. new PhraseReader(labels).Read(phrase).Labels.Select(label => labels.Labels[label].Name)];
    }

    [Fact]
    public void Labels_that_are_those_of_a_known_set_have_its_meanings_whatever_the_model_is_called()
    {
        string[] names = [.. TaxonomyFixture.Default.Sets["imagenet"].Names];
        LabelSet set = LabelSet.Of(TaxonomyFixture.Manifest("my-network", [.. names.Select(name => $"{name.ToUpperInvariant()}, another name")]), TaxonomyFixture.Default);
        Assert.Equal(("imagenet", true), (set.Name, set.IsKnown));
        names[5] = "something else";
        LabelSet own = LabelSet.Of(TaxonomyFixture.Manifest("my-network", names), TaxonomyFixture.Default);
        Assert.Equal(("my-network", false), (own.Name, own.IsKnown));
        ModelLoadException refusal = Assert.Throws<ModelLoadException>(() => LabelSet.Of(TaxonomyFixture.Manifest("mine", ["dog"], "imagnet"), TaxonomyFixture.Default));
        Assert.Contains("coco, imagenet, nsfw, symbols", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_taxonomy_labels_are_meant_by_their_exact_names()
    {
        var labels = new LabelsAtHand(WordTaxonomy.Empty, [Package("own", "red car", "blue")], null);
        CategoryCoverage coverage = Assert.Single(labels.Read(DefaultGuardrail.Forbidding("red car", "cars"), CancellationToken.None).Coverage);
        Assert.Equal([CoverageLevel.Full, CoverageLevel.None], coverage.Phrases.Select(phrase => phrase.Level));
        Assert.Equal(["own:0 red car"], coverage.Phrases[0].Labels);
    }

    [Theory]
    [InlineData("lexicon.tsv", "id\tname\tparents\tsize\tcomplete\tkinds\n1\tentity\t7\t1\t\t\n", "names the row 7 as a parent")]
    [InlineData("lexicon.tsv", "id\tname\tparents\tsize\tcomplete\tkinds\n1\ta\t1\t1\t\t\n2\tb\t0\t1\t\t\n", "holds a circle of meanings")]
    [InlineData("lexicon.tsv", "id\tname\n1\ta\n", "line 2, has 2 cells, not 5")]
    [InlineData("labels.tsv", "set\tindex\tlabel\tmeanings\nimagenet\t5\ta\t0\n", "is out of order")]
    [InlineData("labels.tsv", "set\tindex\tlabel\tmeanings\nimagenet\t0\ta\t99999999999\n", "holds '99999999999'")]
    [InlineData("relations.tsv", "s\tr\tt\tst\tn\tw\n0\tholds\t0\tsometimes\t1\t\n", "says 'sometimes'")]
    [InlineData("relations.tsv", "s\tr\tt\tst\tn\tw\n0\tholds\t0\tstrong\t99\t\n", "whole number below 20")]
    [InlineData("modifiers.tsv", "class\twords\nlucky\ta\n", "names the class 'lucky'")]
    [InlineData("frames.tsv", "kind\tphrase\nhide\tof\n", "names the frame 'hide'")]
    [InlineData("phrases.tsv", "p\tl\tc\tn\tw\na\tnsfw:Porn*7\tfull\t\t\n", "holds 'nsfw:Porn*7'")]
    [InlineData("compatibility.tsv", "f\tc\tt\nZZ\t1\ta\n", "holds 'ZZ'")]
    public void A_broken_table_is_refused_by_name_and_line(string file, string text, string message)
    {
        using TemporaryFolder folder = Altered(file, Encoding.UTF8.GetBytes(text));
        ModelLoadException refusal = Assert.Throws<ModelLoadException>(() => WordTaxonomy.Load(ModelPackage.Open(folder.Path)));
        Assert.Contains(file, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Words_that_are_not_packed_or_unpack_without_end_are_refused()
    {
        using TemporaryFolder plain = Altered("words.tsv.gz", "word\tmeanings\n"u8.ToArray());
        Assert.Contains("can't be unpacked", Assert.Throws<ModelLoadException>(() => WordTaxonomy.Load(ModelPackage.Open(plain.Path))).Message, StringComparison.Ordinal);

        using TemporaryFolder bomb = Altered("words.tsv.gz", Packed(new byte[40 << 20]));
        Assert.Contains("unpacks to more than", Assert.Throws<ModelLoadException>(() => WordTaxonomy.Load(ModelPackage.Open(bomb.Path))).Message, StringComparison.Ordinal);

        using TemporaryFolder cut = Altered("words.tsv.gz", Packed("word\tmeanings\ndog\t1"u8.ToArray()));
        Assert.Contains("whole lines", Assert.Throws<ModelLoadException>(() => WordTaxonomy.Load(ModelPackage.Open(cut.Path))).Message, StringComparison.Ordinal);

        using TemporaryFolder wrong = Altered("words.tsv.gz", Packed("word\tmeanings\ndog\t99999999\n"u8.ToArray()));
        WordTaxonomy taxonomy = WordTaxonomy.Load(ModelPackage.Open(wrong.Path));
        Assert.Contains("not a sorted table", Assert.Throws<ModelLoadException>(() => taxonomy.Words.Find("dog")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_that_differs_from_its_hash_is_refused_and_another_taxonomy_has_another_identity()
    {
        using TemporaryFolder altered = Altered("telling.tsv", "meaning\n5\n"u8.ToArray(), keepHash: true);
        Assert.Contains("telling.tsv", Assert.Throws<ModelLoadException>(() => WordTaxonomy.Load(ModelPackage.Open(altered.Path))).Message, StringComparison.Ordinal);

        using TemporaryFolder other = Altered("telling.tsv", "meaning\n5\n"u8.ToArray());
        Assert.NotEqual(TaxonomyFixture.Default.Identity, WordTaxonomy.Load(ModelPackage.Open(other.Path)).Identity);
    }

    /// <summary>By memory, since the clock of a busy machine says nothing: reading makes little, and what it makes grows with the policy alone.</summary>
    [Fact]
    public void Ten_thousand_phrases_cost_in_proportion_and_each_word_is_looked_up_once()
    {
        var labels = new LabelsAtHand(TaxonomyFixture.Default, [DefaultModels.Nsfw, DefaultModels.Objects], DefaultModels.Drawings);
        labels.Read(Policy(1), CancellationToken.None); // warm
        long few = Allocated(Policy(10)), many = Allocated(Policy(100));
        Assert.InRange(many / (double)few, 5, 15);
        Assert.InRange(many / 10_000.0, 1, 30_000); // bytes a phrase

        long Allocated(SafetyPolicy policy)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            labels.Read(policy, CancellationToken.None);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        static SafetyPolicy Policy(int categories) => SafetyPolicy.Parse(
            "policy: p\nversion: '1'\ncategories:\n" + string.Concat(Enumerable.Range(0, categories).Select(i =>
                $" - id: cat{i}\n   includes: [{string.Join(", ", Enumerable.Range(0, 100).Select(j => $"thing {i} {j}"))}]\n")));
    }

    private static ModelPackage Package(string id, params string[] labels)
    {
        using var model = new TinyModel(change: manifest =>
        {
            manifest["id"] = id;
            manifest["labels"] = new JsonArray([.. labels.Select(label => (JsonNode)label)]);
            manifest.Remove("categories");
        });
        return ModelPackage.Open(model.Folder);
    }

    private static byte[] Packed(byte[] text)
    {
        using var packed = new MemoryStream();
        using (var packing = new GZipStream(packed, CompressionLevel.Fastest))
        {
            packing.Write(text);
        }

        return packed.ToArray();
    }

    private static TemporaryFolder Altered(string file, byte[] bytes, bool keepHash = false)
    {
        var folder = new TemporaryFolder();
        foreach (string path in Directory.EnumerateFiles(s_folder))
        {
            folder.Write(Path.GetFileName(path), File.ReadAllBytes(path));
        }

        folder.Write(file, bytes);
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(s_folder, "manifest.json")))!;
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        if (file == manifest["file"]!.GetValue<string>())
        {
            manifest["sha256"] = hash;
        }
        else if (!keepHash)
        {
            manifest["files"]![file] = hash;
        }

        folder.Write("manifest.json", manifest.ToJsonString());
        return folder;
    }
}
