using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Evaluation.Symbols.Catalogue;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Evaluation.Symbols.Scenes;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Symbols.Catalogue;

public sealed class SymbolCatalogueTests
{
    private static readonly SymbolCatalogue s_catalogue = SymbolCatalogue.Load();

    [Fact]
    public void No_drawing_stands_in_two_splits_nor_for_two_things()
    {
        var uses = s_catalogue.Things.SelectMany(thing => thing.Symbols.Select(symbol => (symbol.Icon.Set, symbol.Icon.Body, thing.Name, symbol.Split)));

        Assert.All(uses.GroupBy(use => (use.Set, use.Body)), group => Assert.Single(group));
        Assert.Equal(s_catalogue.Things.Count, s_catalogue.Things.Select(thing => thing.Name).Distinct().Count());
    }

    [Fact]
    public void Noto_is_for_testing_only_and_novel_categories_appear_in_no_other_split()
    {
        Assert.All(s_catalogue.Things.SelectMany(thing => thing.Symbols).Where(symbol => symbol.Icon.Set is "noto" or "healthicons" or "simple-icons" or "logos"), symbol => Assert.Equal(DatasetSplit.Test, symbol.Split));
        Assert.All(s_catalogue.Things.Where(thing => thing.NovelCategory is not null).SelectMany(thing => thing.Symbols), symbol => Assert.Equal(DatasetSplit.Test, symbol.Split));
    }

    [Fact]
    public void Every_split_can_show_each_of_the_nine_categories_and_the_test_split_all_eighteen()
    {
        string[] nine = [.. HarmCategory.All.Select(category => category.Id)];

        Assert.Equal(nine, new SceneInventory(s_catalogue, DatasetSplit.Train).Categories);
        Assert.Equal(nine, new SceneInventory(s_catalogue, DatasetSplit.Validation).Categories);
        Assert.Equal(SymbolBenchmark.KnownCategories, new SceneInventory(s_catalogue, DatasetSplit.Test).Categories);
    }

    [Fact]
    public void Every_category_that_the_files_name_is_one_of_a_policy_and_every_part_can_be_cast()
    {
        var known = SymbolBenchmark.KnownCategories.ToHashSet();

        Assert.All(s_catalogue.Things, thing => Assert.True(thing.Category is null || HarmCategory.TryParse(thing.Category, out _), thing.Name));
        Assert.All(s_catalogue.Things, thing => Assert.True(thing.NovelCategory is null || SymbolBenchmark.Novel.TryGetCategory(thing.NovelCategory, out _), thing.Name));
        Assert.All(s_catalogue.Scenes, scene => Assert.Subset(known, scene.Categories.Append(scene.Near).ToHashSet()));
        Assert.All(s_catalogue.Scenes, scene => Assert.All(scene.Parts, part => Assert.True(s_catalogue.Things.Any(part.Takes), $"{scene.Name}: {part}")));
        Assert.All(s_catalogue.Scenes.Where(scene => scene.Categories.Count > 0), scene => Assert.All(Enumerable.Range(0, scene.Parts.Count), i => Assert.Contains($"{{{i}}}", scene.Says, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_icon_of_the_repository_is_used()
    {
        var used = s_catalogue.Things.SelectMany(thing => thing.Symbols).Select(symbol => symbol.Icon).Concat(s_catalogue.Letters.Values).Select(icon => (icon.Set, icon.Body)).ToHashSet();

        Assert.All(s_catalogue.Sets.SelectMany(set => set.Icons.Values), icon => Assert.Contains((icon.Set, icon.Body), used));
    }

    [Fact]
    public void An_icon_set_of_the_users_replaces_all_others_and_is_for_testing()
    {
        IconSet noto = EmbeddedData.ReadSet("noto");
        var own = new IconSet { Prefix = "mine", Name = "Mine", Icons = noto.Icons };

        SymbolCatalogue catalogue = SymbolCatalogue.Load(own);

        Assert.Equal([own], catalogue.Sets);
        Assert.All(catalogue.Things.SelectMany(thing => thing.Symbols), symbol => Assert.Equal(DatasetSplit.Test, symbol.Split));
        Assert.Contains("none of the ids", Assert.Throws<EvaluationException>(() => SymbolCatalogue.Load(new IconSet { Prefix = "x", Name = "x", Icons = new Dictionary<string, Icon>() })).Message, StringComparison.Ordinal);
    }
}
