using System.Text;
using CsCheck;
using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Evaluation.Symbols.Scenes;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Datasets;

public sealed class DatasetReaderTests : IDisposable
{
    private readonly DatasetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("ID,Label,Image Path\n1,[0],a.png\n2,[3],b.png\n3,[9],c.png\n")]
    [InlineData("\uFEFFID,Label,Image Path\r\n1,[0],a.png\r\n\r\n2,[3],b.png\r\n3,[9],c.png")]
    [InlineData("ID,Label,Source,Image Path\n1,[0],laion,a.png\n2,[3],laion,./b.png\n3,[9],laion,c.png\n")]
    [InlineData("1,[0],a.png\n2,[3],b.png\n3,[9],c.png\n")]
    [InlineData("1,[0],laion,a.png\n2,[3],laion,b.png\n3,[9],laion,c.png\n")]
    [InlineData("ID,Label,Image Path\n1,[0],a.png\n2,<|Sexual|>,b.png\n3,O9(Political),c.png\n")]
    public void VisionHarm_T_is_read_in_every_form_that_its_scripts_write(string table)
    {
        _folder.Images("a.png", "b.png", "c.png");
        EvaluationDataset dataset = DatasetReader.Read(_folder.Write("test.csv", table));
        Assert.Empty(dataset.Problems);
        Assert.Equal("VisionHarm-T", dataset.Name);
        Assert.Equal(HarmCategory.All.Select(category => category.Id), dataset.Categories);
        Assert.Equal(["1", "2", "3"], dataset.Samples.Select(sample => sample.Id));
        Assert.Equal(["a.png", "b.png", "c.png"], dataset.Samples.Select(sample => sample.Image));
        Assert.Equal(["", "Sexual", "Political"], dataset.Samples.Select(sample => string.Join(' ', sample.Labels)));
    }

    [Fact]
    public void VisionHarm_C_has_several_labels_for_an_image_and_fifteen_classes()
    {
        _folder.Images("a.png", "b.png", "c.png");
        _folder.Write("c.csv", "ID,Label,Image Path\n1,\"[1, 3]\",a.png\n2,[14],b.png\n3,[0],c.png\n");
        EvaluationDataset dataset = DatasetReader.Read(_folder.Path);
        Assert.Empty(dataset.Problems);
        Assert.Equal("VisionHarm-C", dataset.Name);
        Assert.Equal(14, dataset.Categories.Count);
        Assert.Equal(["Adult Woman_Breast", "Violence", ""], dataset.Samples.Select(sample => string.Join(' ', sample.Labels)));
    }

    [Fact]
    public void A_table_that_could_be_either_is_what_the_caller_says_it_is()
    {
        _folder.Images("a.png");
        string table = _folder.Write("a.csv", "ID,Label,Image Path\n1,[8],a.png\n");
        Assert.Equal(["Disasters_Emergencies"], DatasetReader.Read(table).Samples[0].Labels);
        Assert.Equal(["Alcohol"], DatasetReader.Read(table, new DatasetReadOptions { Format = DatasetFormat.VisionHarmC }).Samples[0].Labels);
    }

    [Fact]
    public void Every_mistake_in_a_table_is_reported_with_its_line_and_the_rest_is_used()
    {
        _folder.Images("a.png", "b.png");
        string table = _folder.Write("t.csv", """
            ID,Label,Image Path
            1,[3],a.png
            2,[10],b.png
            3,[],b.png
            4,[3],missing.png
            1,[3],b.png
            5,[0],a.png
            6,[1,3],b.png
            7,"[0,3]",b.png
            8,[3],../secret.png
            9,[4],b.png
            """);
        EvaluationDataset dataset = DatasetReader.Read(table, new DatasetReadOptions { Format = DatasetFormat.VisionHarmT });
        Assert.Equal(["1", "9"], dataset.Samples.Select(sample => sample.Id));
        Assert.Equal(
            [
                ("t.csv:8", DatasetProblemKind.Malformed), // first those whose fields can't be told apart
                ("t.csv:3", DatasetProblemKind.UnknownLabel),
                ("t.csv:4", DatasetProblemKind.Malformed),
                ("t.csv:5", DatasetProblemKind.MissingImage),
                ("t.csv:6", DatasetProblemKind.DuplicateId),
                ("t.csv:7", DatasetProblemKind.DuplicateImage),
                ("t.csv:9", DatasetProblemKind.Malformed),
                ("t.csv:10", DatasetProblemKind.MissingImage),
            ],
            dataset.Problems.Select(problem => (problem.Where, problem.Kind)));
        Assert.Contains("stands in quotes", dataset.Problems[0].Message, StringComparison.Ordinal);
        Assert.Contains("there is no class 10", dataset.Problems[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_problems_than_are_listed_are_counted()
    {
        string table = _folder.Write("t.csv", "image,label\n" + string.Concat(Enumerable.Range(0, 500).Select(i => $"{i}.png,Sexual\n")));
        EvaluationDataset dataset = DatasetReader.Read(table, new DatasetReadOptions { MaxProblems = 7 });
        Assert.Equal((0, 7, 500), (dataset.Samples.Count, dataset.Problems.Count, dataset.ProblemCount));
    }

    [Fact]
    public void A_table_may_name_splits_tags_reasons_objects_and_own_categories()
    {
        _folder.Images("x/1.png", "x/2.png");
        string table = _folder.Write("t.csv", $$"""
            File,Labels,Split,Tags,Policy,Reason,Objects
            x\1.png,alcohol,val,set:noto;scene:bar,shop,"A glass of ""wine"",
            half full.","[{""name"":""glass"",""box"":{""x"":0.1,""y"":0.2,""width"":0.3,""height"":0.4},""categories"":[""Alcohol""]}]"
            {{_folder.Path}}/x/2.png,alcohol;Self Harm,test,,,,
            """);
        EvaluationDataset dataset = DatasetReader.Read(table, new DatasetReadOptions { LabelMap = new Dictionary<string, string> { ["ALCOHOL"] = "Alcohol" } });
        Assert.Empty(dataset.Problems);
        Assert.Equal(["Self_Harm", "Alcohol"], dataset.Categories);
        EvaluationSample first = dataset.Samples[0];
        Assert.Equal(("x/1.png", "x/1.png", DatasetSplit.Validation), (first.Id, first.Image, first.Split));
        Assert.Equal(["set:noto", "scene:bar", "policy:shop"], first.Tags);
        Assert.Equal("A glass of \"wine\",\nhalf full.", first.Reasons["Alcohol"]);
        SampleObject thing = Assert.Single(first.Objects);
        Assert.Equal(("glass", new ImageBox(0.1, 0.2, 0.3, 0.4)), (thing.Name, thing.Box));
        Assert.Equal(["Alcohol"], thing.Categories);
        Assert.Equal(["Alcohol", "Self_Harm"], dataset.Samples[1].Labels);
    }

    [Fact]
    public void A_label_that_is_nearly_a_category_is_a_mistake_and_not_another_category()
    {
        _folder.Images("a.png", "b.png");
        EvaluationDataset dataset = DatasetReader.Read(_folder.Write("t.csv", "image,label\na.png,Sexaul\nb.png,sexual\n"));
        Assert.Equal(["Sexual"], dataset.Categories);
        DatasetProblem problem = Assert.Single(dataset.Problems);
        Assert.Equal(DatasetProblemKind.UnknownLabel, problem.Kind);
        Assert.Contains("did you mean 'Sexual'", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_label_that_a_program_wrote_as_missing_is_no_label()
    {
        // Fixtures/field/csv-nan-label: an empty cell, nan and Python's None.
        _folder.Images("imgs/a.jpg", "imgs/b.JPG", "my pics/c d.jpg");
        EvaluationDataset dataset = DatasetReader.Read(_folder.Write("nolabel.csv", File.ReadAllText(Repository.Fixture("field/csv-nan-label/nolabel.csv"))));
        Assert.Empty(dataset.Samples);
        Assert.Empty(dataset.Categories);
        Assert.Equal(["nolabel.csv:2", "nolabel.csv:3", "nolabel.csv:4"], dataset.Problems.Select(problem => problem.Where));
        Assert.Contains("'None' is how programs write a label that is not there", dataset.Problems[2].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nan")]
    [InlineData("NaN")]
    [InlineData("-nan")]
    [InlineData("NA")]
    [InlineData("N/A")]
    [InlineData("#N/A")]
    [InlineData("<NA>")]
    [InlineData("NaT")]
    [InlineData("null")]
    [InlineData("NULL")]
    [InlineData("None")]
    [InlineData("[nan]")]
    [InlineData("['None']")]
    [InlineData("Sexual;nan")]
    public void A_missing_label_is_reported_wherever_it_stands(string label)
    {
        _folder.Images("a.png", "b.png");
        string table = _folder.Write("t.csv", $"image,label\na.png,{label}\nb.png,none\n");
        string lines = _folder.Write("samples.jsonl", $$"""
            {"id": "a", "image": "a.png", "labels": [{{string.Join(',', label.Trim('[', ']').Trim('\'').Split(';').Select(part => $"\"{part}\""))}}]}
            {"id": "b", "image": "b.png", "labels": ["none"]}
            """);
        foreach (EvaluationDataset dataset in new[] { DatasetReader.Read(table), DatasetReader.Read(lines) })
        {
            Assert.Equal(["b.png"], dataset.Samples.Select(sample => sample.Image));
            Assert.DoesNotContain(dataset.Categories, category => category.StartsWith('n') || category.StartsWith('N'));
            Assert.Single(dataset.Problems);
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[null]")]
    [InlineData("[NaN]")]
    [InlineData("NaN")]
    [InlineData("\"nan\"")]
    public void JSON_lines_without_a_label_are_reported(string labels)
    {
        _folder.Images("a.png");
        EvaluationDataset dataset = DatasetReader.Read(_folder.Write("samples.jsonl", $$"""{"id": "a", "image": "a.png", "labels": {{labels}}}"""));
        Assert.Empty(dataset.Samples);
        Assert.Single(dataset.Problems);
    }

    [Fact]
    public void A_folder_that_is_called_by_a_missing_value_is_no_category_and_a_label_map_may_say_otherwise()
    {
        _folder.Images("nan/1.png", "NA/2.png", "safe/3.png");
        Assert.Equal(["safe/3.png"], DatasetReader.Read(_folder.Path).Samples.Select(sample => sample.Image));
        EvaluationDataset mapped = DatasetReader.Read(_folder.Path, new DatasetReadOptions { LabelMap = new Dictionary<string, string> { ["NA"] = "NA", ["nan"] = "safe" } });
        Assert.Equal(["NA", "", ""], mapped.Samples.Select(sample => string.Join(' ', sample.Labels)));
    }

    [Fact]
    public void A_program_s_word_for_nothing_in_an_optional_cell_is_nothing()
    {
        _folder.Images("a.png");
        EvaluationSample sample = Assert.Single(DatasetReader.Read(_folder.Write("t.csv", "image,label,source,reason,objects,tags\na.png,Sexual,nan,NaN,nan,NULL\n")).Samples);
        Assert.Empty(sample.Reasons);
        Assert.Empty(sample.Tags);
        Assert.Empty(sample.Objects);
    }

    [Theory]
    [InlineData("")]
    [InlineData("notes.txt")]
    [InlineData("Sexual/notes.txt")]
    public void A_folder_without_a_sample_is_an_error_that_says_what_a_dataset_is(string file)
    {
        if (file.Length > 0)
        {
            _folder.Images(file);
        }

        Assert.Contains("holds no sample", Assert.Throws<DatasetException>(() => DatasetReader.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("t.csv", "image,label\n")]
    [InlineData("samples.jsonl", "\n")]
    public void A_table_without_a_row_is_an_error(string name, string text) =>
        Assert.Contains("holds no sample", Assert.Throws<DatasetException>(() => DatasetReader.Read(_folder.Write(name, text))).Message, StringComparison.Ordinal);

    [Fact]
    public void A_pipe_or_device_behind_a_link_is_refused_at_once()
    {
        string pipe = Path.Combine(_folder.Path, "pipe");
        System.Diagnostics.Process.Start("mkfifo", [pipe]).WaitForExit();
        foreach (string target in new[] { pipe, "/dev/zero" })
        {
            string link = Path.Combine(_folder.Path, $"{Path.GetFileName(target)}.csv");
            File.CreateSymbolicLink(link, target);
            Assert.Contains("only regular files are read", Assert.Throws<DatasetException>(() => DatasetReader.Read(link)).Message, StringComparison.Ordinal);
            Assert.Contains("only regular files are read", Assert.Throws<DatasetException>(() => DatasetReadOptions.ReadLabelMap(link)).Message, StringComparison.Ordinal);
            Assert.Contains("only regular files are read", Assert.Throws<EvaluationException>(() => SymbolBenchmark.Create(new SymbolBenchmarkOptions { IconSet = link })).Message, StringComparison.Ordinal);
        }

        string circle = Path.Combine(_folder.Path, "circle.csv");
        File.CreateSymbolicLink(circle, circle);
        Assert.Throws<DatasetException>(() => DatasetReader.Read(circle));
    }

    [Fact]
    public void A_link_among_the_images_is_not_followed_and_said()
    {
        _folder.Images("cats/a.png");
        File.CreateSymbolicLink(Path.Combine(_folder.Path, "cats", "b.png"), Path.Combine(_folder.Path, "cats", "a.png"));
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "dogs"), _folder.Path);

        EvaluationDataset read = DatasetReader.Read(_folder.Path);

        Assert.Single(read.Samples);
        Assert.Contains("is a link", Assert.Single(read.Problems, problem => problem.Where == "cats/b.png").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Git LFS pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n")]
    [InlineData("AppleDouble", "\0\u0005\u0016\u0007\0\u0002\0\0Mac OS X        ")]
    public void What_stands_in_the_place_of_a_file_is_named_as_what_it_is(string what, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        Assert.Contains(what, Assert.Throws<DatasetException>(() => DatasetReader.Read(_folder.Write("t.csv", bytes))).Message, StringComparison.Ordinal);
        Assert.Contains(what, Assert.Throws<DatasetException>(() => DatasetReadOptions.ReadLabelMap(_folder.Write("map.json", bytes))).Message, StringComparison.Ordinal);
        Assert.Contains(what, Assert.Throws<EvaluationException>(() => SymbolBenchmark.Create(new SymbolBenchmarkOptions { IconSet = _folder.Write("icons.json", bytes) })).Message, StringComparison.Ordinal);

        _folder.Write("x.png", bytes);
        _folder.Images("y.png");
        EvaluationDataset dataset = DatasetReader.Read(_folder.Write("images.csv", "image,label\nx.png,safe\ny.png,safe\n"));
        Assert.Equal(["y.png"], dataset.Samples.Select(sample => sample.Image));
        Assert.Contains(what, Assert.Single(dataset.Problems).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_is_found_beside_the_file_that_macOS_wrote_for_it()
    {
        _folder.Images("a.png");
        _folder.Write("t.csv", "image,label\na.png,safe\n");
        _folder.Write("._t.csv", [0, 5, 0x16, 7]);
        Assert.Single(DatasetReader.Read(_folder.Path).Samples);
    }

    [Fact]
    public void Folders_are_categories_and_folders_above_them_splits()
    {
        _folder.Images("test/Sexual/deep/1.JPG", "test/normal/2.png", "train/Sexual/my photo.webp", "train/Sexual/notes.txt", "val/Alcohol/3.gif");
        EvaluationDataset dataset = DatasetReader.Read(_folder.Path);
        Assert.Empty(dataset.Problems);
        Assert.Equal(["Sexual", "Alcohol"], dataset.Categories);
        Assert.Equal(
            [("test/Sexual/deep/1.JPG", "Sexual", DatasetSplit.Test), ("test/normal/2.png", "", DatasetSplit.Test), ("train/Sexual/my photo.webp", "Sexual", DatasetSplit.Train), ("val/Alcohol/3.gif", "Alcohol", DatasetSplit.Validation)],
            dataset.Samples.Select(sample => (sample.Image, string.Join(' ', sample.Labels), sample.Split)));
        Assert.All(dataset.Samples, sample => Assert.True(SampleId.IsValid(sample.Id)));
    }

    [Fact]
    public void A_folder_of_no_category_and_images_in_none_are_reported()
    {
        _folder.Images("Sexual/1.png", "Politicl/2.png", "Politicl/3.png", "loose.png");
        Directory.CreateSymbolicLink(Path.Combine(_folder.Path, "Sexual", "again"), _folder.Path);
        EvaluationDataset dataset = DatasetReader.Read(_folder.Path);
        Assert.Equal("Sexual/1.png", Assert.Single(dataset.Samples).Image);
        Assert.Equal([DatasetProblemKind.UnknownLabel, DatasetProblemKind.Malformed, DatasetProblemKind.Malformed], dataset.Problems.Select(problem => problem.Kind));
        Assert.Contains("2 images", dataset.Problems[0].Message, StringComparison.Ordinal);
        Assert.Equal("Sexual/again", dataset.Problems[2].Where);
    }

    [Fact]
    public void A_sample_written_as_a_line_is_read_back_as_it_was()
    {
        _folder.Images("images/0.png");
        var sample = new EvaluationSample
        {
            Id = "S/0",
            Image = "images/0.png",
            Labels = ["Animal_Cruelty", "Trapping"],
            Objects = [new SampleObject("wolf trap", new ImageBox(0.25, 0.5, 0.125, 0.0625), ["Animal_Cruelty"]), new SampleObject("sun", new ImageBox(0, 0, 1, 1), [])],
            Reasons = new Dictionary<string, string> { ["Animal_Cruelty"] = "A wolf trap is closed on a cat." },
            Split = DatasetSplit.Calibration,
            Tags = ["set:noto"],
        };
        byte[] line = DatasetJson.ToLine(sample);
        _folder.Write("samples.jsonl", [.. line, (byte)'\n']);
        string header = _folder.Write("dataset.json", """{"name":"S","version":"2","seed":7,"categories":["Animal_Cruelty","Trapping","Sexual"],"licences":{"noto":"Apache-2.0"}}""");
        EvaluationDataset dataset = DatasetReader.Read(header);
        Assert.Empty(dataset.Problems);
        Assert.Equal(("S", "2"), (dataset.Name, dataset.Version));
        Assert.Equal(["Animal_Cruelty", "Trapping", "Sexual"], dataset.Categories);
        Assert.Equal(line, DatasetJson.ToLine(Assert.Single(dataset.Samples)));
        Assert.Equal(dataset.Hash, DatasetReader.Read(_folder.Path).Hash);
    }

    [Fact]
    public async Task A_benchmark_of_symbols_is_read_back_with_all_its_truth()
    {
        SymbolBenchmark benchmark = SymbolBenchmark.Create(new SymbolBenchmarkOptions { Count = 12, ImageSize = 128 });
        string folder = Path.Combine(_folder.Path, "symbols");
        await SymbolDatasetWriter.WriteAsync(benchmark, folder, cancellationToken: TestContext.Current.CancellationToken);
        EvaluationDataset dataset = DatasetReader.Read(folder);
        Assert.Empty(dataset.Problems);
        Assert.Equal(12, dataset.Samples.Count);
        Assert.All(HarmCategory.All, category => Assert.Contains(category.Id, dataset.Categories));
        using ScenePainter painter = benchmark.CreatePainter();
        for (int i = 0; i < dataset.Samples.Count; i++)
        {
            Assert.Equal(DatasetJson.ToLine(benchmark.Draw(i, painter).Sample), DatasetJson.ToLine(dataset.Samples[i]));
        }
    }

    [Theory]
    [InlineData("""{"id":"a","image":"a.png"}""", DatasetProblemKind.Malformed, "has no labels")]
    [InlineData("""{"id":"a","labels":[]}""", DatasetProblemKind.Malformed, "names no image")]
    [InlineData("""{"id":"a b","image":"a.png","labels":[]}""", DatasetProblemKind.Malformed, "is no id")]
    [InlineData("""{"id":"../a","image":"a.png","labels":[]}""", DatasetProblemKind.Malformed, "is no id")]
    [InlineData("""{"id":"a","image":"a.png","labels":"Sexual"}""", DatasetProblemKind.Malformed, "$.labels")]
    [InlineData("""{"id":"a","image":"a.png","labels":[null]}""", DatasetProblemKind.UnknownLabel, "null")]
    [InlineData("""{"id":"a","image":"a.png","labels":["Political"]}""", DatasetProblemKind.UnknownLabel, "none of the dataset's categories")]
    [InlineData("""{"id":"a","image":"a.png","labels":[],"split":"exam"}""", DatasetProblemKind.Malformed, "is no split")]
    [InlineData("""{"id":"a","image":"a.png","labels":[],"labels":["Sexual"]}""", DatasetProblemKind.Malformed, "labels")]
    [InlineData("""{"id":"a","image":"a.png","labels":[],"objects":[{"name":"x","box":{"x":0.9,"y":0,"width":0.2,"height":1},"categories":[]}]}""", DatasetProblemKind.Malformed, "object 1")]
    [InlineData("""{"id":"a","image":"a.png","labels":[],"objects":[{"name":"x","box":{"x":0,"y":0,"width":1e999,"height":1},"categories":[]}]}""", DatasetProblemKind.Malformed, "object 1")]
    [InlineData("""{"id":"a","image":"a.png","labels":[],"objects":[{"name":"x","box":{"x":0,"y":0,"height":1},"categories":[]}]}""", DatasetProblemKind.Malformed, "$.objects")]
    [InlineData("""{"id":"a","image":"/etc/passwd","labels":[]}""", DatasetProblemKind.MissingImage, "relative")]
    [InlineData("""{"id":"a","image":"a.png","labels":[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}""", DatasetProblemKind.Malformed, "$.labels")]
    [InlineData("not json", DatasetProblemKind.Malformed, "not a JSON object")]
    public void A_line_that_says_something_impossible_is_left_out(string line, DatasetProblemKind kind, string why)
    {
        _folder.Images("a.png", "b.png");
        _folder.Write("dataset.json", """{"name":"S","categories":["Sexual"]}""");
        string samples = _folder.Write("samples.jsonl", line + "\n" + """{"id":"b","image":"b.png","labels":["Sexual"]}""");
        EvaluationDataset dataset = DatasetReader.Read(samples);
        Assert.Equal("b", Assert.Single(dataset.Samples).Id);
        DatasetProblem problem = Assert.Single(dataset.Problems);
        Assert.Equal(("samples.jsonl:1", kind), (problem.Where, problem.Kind));
        Assert.Contains(why, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Limits_end_in_an_error_or_a_problem_that_names_them()
    {
        string table = _folder.Write("t.csv", "image,label\n\"" + new string('x', 5000) + "\n");
        Assert.Contains("MaxLineLength", Assert.Throws<DatasetException>(() => DatasetReader.Read(table, new DatasetReadOptions { MaxLineLength = 100 })).Message, StringComparison.Ordinal);
        Assert.Contains("MaxFileBytes", Assert.Throws<DatasetException>(() => DatasetReader.Read(table, new DatasetReadOptions { MaxFileBytes = 100 })).Message, StringComparison.Ordinal);
        Assert.Contains("never closed", Assert.Single(DatasetReader.Read(table).Problems).Message, StringComparison.Ordinal);

        string lines = _folder.Write("samples.jsonl", "{\"id\":\"" + new string('x', 5000) + "\"}\n{}\n{}\n");
        Assert.Contains("MaxSamples", Assert.Throws<DatasetException>(() => DatasetReader.Read(lines, new DatasetReadOptions { MaxSamples = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("MaxLineLength", DatasetReader.Read(lines, new DatasetReadOptions { MaxLineLength = 100 }).Problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encodings_are_read_by_their_mark_and_what_is_none_is_refused()
    {
        _folder.Images("ü.png");
        const string Table = "image,label\nü.png,Sexual\n";
        foreach (Encoding encoding in (Encoding[])[new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode, Encoding.UTF32])
        {
            string path = _folder.Write("t.csv", [.. encoding.GetPreamble(), .. encoding.GetBytes(Table)]);
            Assert.Equal("ü.png", Assert.Single(DatasetReader.Read(path).Samples).Image);
        }

        string latin = _folder.Write("t.csv", Encoding.Latin1.GetBytes(Table));
        Assert.Contains("Save it as UTF-8", Assert.Throws<DatasetException>(() => DatasetReader.Read(latin)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_dataset_is_refused_with_what_to_do()
    {
        Assert.Throws<DatasetException>(() => DatasetReader.Read(Path.Combine(_folder.Path, "none.csv")));
        Assert.Contains("empty", Assert.Throws<DatasetException>(() => DatasetReader.Read(_folder.Write("e.csv", ""))).Message, StringComparison.Ordinal);
        Assert.Contains("commas", Assert.Throws<DatasetException>(() => DatasetReader.Read(_folder.Write("s.csv", "image;label\na.png;safe\n"))).Message, StringComparison.Ordinal);
        Assert.Contains("several tables", Assert.Throws<DatasetException>(() => DatasetReader.Read(_folder.Path)).Message, StringComparison.Ordinal);
        _folder.Write("dataset.json", """{"categories":"Sexual"}""");
        Assert.Contains("$.categories", Assert.Throws<DatasetException>(() => DatasetReader.Read(_folder.Write("samples.jsonl", "{}"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_bytes_are_a_dataset_or_a_dataset_exception()
    {
        Gen.Select(Gen.Bool.Select(lines => lines ? "samples.jsonl" : "t.csv"), Gen.Char["\",[]{}:\n\r\\a1 \0ü|<"].Array[0, 200]).Sample(
            (name, text) =>
            {
                foreach (string start in (string[])["", "image,label\n", "{\"id\":\"", "1,[1],"])
                {
                    try
                    {
                        DatasetReader.Read(_folder.Write(name, start + new string(text)));
                    }
                    catch (DatasetException)
                    {
                    }
                }
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void The_hash_follows_what_was_understood()
    {
        _folder.Images("a.png", "b.png");
        string table = _folder.Write("t.csv", "image,label\na.png,Sexual\nb.png,safe\n");
        string hash = DatasetReader.Read(table).Hash;
        Assert.Equal(hash, DatasetReader.Read(table).Hash);
        Assert.NotEqual(hash, DatasetReader.Read(table, new DatasetReadOptions { Categories = ["Sexual", "Political"] }).Hash);
        Assert.NotEqual(hash, DatasetReader.Read(table, new DatasetReadOptions { LabelMap = new Dictionary<string, string> { ["Sexual"] = "safe" } }).Hash);
    }
}
