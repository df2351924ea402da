using System.Security.Cryptography;
using System.Text.Json.Nodes;
using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;
using SkiaSharp;

namespace SafeVision.Tests.Engines;

/// <summary>When a picture counts as drawn, and what the head for drawings may and may not change.</summary>
public sealed class DrawingsTests
{
    private static readonly string s_folder = Repository.PathOf("models/drawn-symbols");

    [Fact]
    public void Shapes_of_one_colour_are_drawn_and_photographs_are_not()
    {
        Assert.True(IsDrawn(Shapes()));
        foreach (string photo in Photos.Names)
        {
            using SKBitmap bitmap = SKBitmap.Decode(Photos.PathOf(photo));
            Assert.False(IsDrawn(bitmap), photo);
        }
    }

    [Fact]
    public async Task A_flat_image_is_judged_in_part_at_most_and_the_reason_says_so()
    {
        SafetyPolicy policy = DefaultGuardrail.Forbidding("dogs");
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        using SKData png = Shapes().Encode(SKEncodedImageFormat.Png, 100);

        Finding drawn = Assert.Single((await guardrail.CheckAsync(ImageSource.FromBytes(png.ToArray(), "shapes.png"))).Findings);
        Finding photo = Assert.Single((await guardrail.CheckAsync(Photos.Coffee)).Findings);

        Assert.Equal((CoverageLevel.Partial, CoverageLevel.Full), (drawn.Coverage, photo.Coverage));
        Assert.Contains("The image is flat", drawn.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("flat", photo.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_thing_photographed_on_white_paper_is_no_drawing()
    {
        using SKBitmap photo = SKBitmap.Decode(Photos.PathOf("coffee.png"));
        using var paper = new SKBitmap(new SKImageInfo(400, 400, SKColorType.Rgba8888));
        paper.Erase(SKColors.White);
        using (var canvas = new SKCanvas(paper))
        {
            canvas.DrawBitmap(photo, new SKRect(100, 130, 300, 270), new SKSamplingOptions(SKCubicResampler.Mitchell));
        }

        Assert.False(IsDrawn(paper));
    }

    [Fact]
    public async Task Photographs_are_judged_as_if_there_were_no_head()
    {
        SafetyPolicy policy = DefaultGuardrail.Forbidding("cats", "coffee", "astronauts", "flowers", "rockets");
        await using IImageGuardrail with = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
        await using IImageGuardrail without = ImageGuardrail.Create(builder =>
            builder.UsePolicy(policy).UseDefaultModels(new ClassifierEngineOptions { JudgesDrawings = false }));
        foreach (string photo in Photos.Names)
        {
            Finding expected = Assert.Single((await without.CheckAsync(Photos.Of(photo))).Findings);
            Finding actual = Assert.Single((await with.CheckAsync(Photos.Of(photo))).Findings);
            Assert.Equal((expected.Score, expected.Reason), (actual.Score, actual.Reason));
        }
    }

    [Fact]
    public async Task A_category_that_no_label_means_stays_not_assessed_in_a_drawing()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder =>
            builder.UsePolicy(DefaultGuardrail.Forbidding("the square root of a promise")).UseDefaultModels());
        using SKData png = Shapes().Encode(SKEncodedImageFormat.Png, 100);

        Finding finding = Assert.Single((await guardrail.CheckAsync(ImageSource.FromBytes(png.ToArray(), "shapes.png"))).Findings);

        Assert.Equal((Verdict.NotAssessed, Decision.Review), (finding.Verdict, finding.Decision));
    }

    [Fact]
    public void The_head_computes_its_goldens()
    {
        FeatureHead head = FeatureHead.Load(DefaultModels.Drawings);
        Assert.NotEmpty(head.Manifest.Goldens);
        Assert.All(head.Manifest.Goldens, golden =>
            Assert.InRange(ModelSelfTest.Difference(golden, head.Run(golden)), 0, ModelSelfTest.Tolerance));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(3e38f)]
    public void Features_of_which_nothing_follows_are_an_error_of_the_model(float feature)
    {
        FeatureHead head = FeatureHead.Load(DefaultModels.Drawings);
        float[] features = new float[head.Channels];
        features.AsSpan().Fill(feature);

        ModelOutputException exception = Assert.Throws<ModelOutputException>(() => head.ReadProbabilities(features, new float[head.Labels]));

        Assert.StartsWith("drawn-symbols: ", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_head_that_is_cut_altered_or_made_for_another_network_is_refused()
    {
        byte[] head = await File.ReadAllBytesAsync(Path.Combine(s_folder, "head.i8"));

        Assert.Contains("no offset, scale and row of weights", Refusal(head[..^1], _ => { }).Message, StringComparison.Ordinal);
        Assert.Contains("no offset, scale and row of weights", Refusal(head[..100], _ => { }).Message, StringComparison.Ordinal);
        Assert.Contains("not finite", Refusal([.. BitConverter.GetBytes(float.NaN), .. head[4..]], _ => { }).Message, StringComparison.Ordinal);
        Assert.Contains("needs labels and featuresOf", Refusal(head, manifest => manifest.Remove("featuresOf")).Message, StringComparison.Ordinal);

        using TemporaryFolder folder = Folder(head, manifest => manifest["featuresOf"] = new string('0', 64));
        using var sessions = new SessionCache();
        await using var engine = new ClassifierEngine(
            [DefaultModels.Objects], DefaultModels.Taxonomy, new ClassifierEngineOptions(), new(sessions, new ExecutionOptions()), ModelPackage.Open(folder.Path));
        ModelLoadException other = await Assert.ThrowsAsync<ModelLoadException>(async () => await engine.CompileAsync(DefaultGuardrail.Forbidding("cats"), CancellationToken.None));
        Assert.Contains("Give the head that was made for it", other.Message, StringComparison.Ordinal);
    }

    private static ModelLoadException Refusal(byte[] head, Action<JsonObject> change)
    {
        using TemporaryFolder folder = Folder(head, change);
        return Assert.Throws<ModelLoadException>(() => FeatureHead.Load(ModelPackage.Open(folder.Path)));
    }

    private static TemporaryFolder Folder(byte[] head, Action<JsonObject> change)
    {
        var folder = new TemporaryFolder();
        JsonObject manifest = JsonNode.Parse(File.ReadAllText(Path.Combine(s_folder, "manifest.json")))!.AsObject();
        manifest["sha256"] = Convert.ToHexStringLower(SHA256.HashData(head));
        change(manifest);
        folder.Write("manifest.json", manifest.ToJsonString());
        folder.Write("head.i8", head);
        return folder;
    }

    private static SKBitmap Shapes()
    {
        var bitmap = new SKBitmap(new SKImageInfo(320, 240, SKColorType.Rgba8888));
        bitmap.Erase(SKColors.Beige);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { Color = SKColors.Firebrick, IsAntialias = true };
        canvas.DrawCircle(150, 110, 70, paint);
        paint.Color = SKColors.Navy;
        canvas.DrawRoundRect(new SKRect(90, 100, 260, 200), 30, 30, paint);
        return bitmap;
    }

    private static bool IsDrawn(SKBitmap bitmap)
    {
        PreprocessingRecipe recipe = DefaultModels.Objects.Manifest.Preprocessing!;
        var preprocessor = new ImagePreprocessor(recipe);
        byte[] rgb = [.. bitmap.Pixels.SelectMany(pixel => (byte[])[pixel.Red, pixel.Green, pixel.Blue])];
        float[] input = new float[preprocessor.InputLength];
        preprocessor.Write(rgb, bitmap.Width, bitmap.Height, ImageRegion.Whole(bitmap.Width, bitmap.Height), input);
        return FlatImage.Is(input, recipe.InputSize, (float)(recipe.Rescale / recipe.Std.Green));
    }
}
