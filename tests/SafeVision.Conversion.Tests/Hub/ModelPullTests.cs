using System.Text;
using SafeVision.Conversion.Hub;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Hub;

/// <summary>Pulling from a hub that keeps the rules, or nearly: lines are cut, addresses expire, two processes pull at once.</summary>
public sealed class ModelPullTests
{
    private const string Repository = "owner/Tiny-Guard.v1";

    [Fact]
    public async Task Only_what_the_family_needs_is_fetched_and_the_converted_model_says_where_it_comes_from()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        byte[] junk = Encoding.ASCII.GetBytes("junk");
        foreach (string name in new[] { "pytorch_model.bin", "consolidated.safetensors", "model.gguf", "modeling_guard.py", "README.md", "image.png", "training_args.bin", "optimizer.pt" })
        {
            hub.Files[name] = junk;
        }

        hub.Files["LICENSE"] = Encoding.ASCII.GetBytes("the terms");
        using var folder = new TemporaryFolder();
        var progress = new List<ConversionProgress>();

        StoredModel model = await Store(hub, folder).PullAsync(Repository, "int8", new Inline(progress.Add), null, TestContext.Current.CancellationToken);

        Assert.Equal(
            ["LICENSE", "added_tokens.json", "config.json", "generation_config.json", "model.safetensors", "preprocessor_config.json", "processor_config.json", "tokenizer.json", "tokenizer_config.json"],
            hub.Fetched.Order(StringComparer.Ordinal));
        Assert.Equal(("owner--Tiny-Guard.v1", "int8", "Apache-2.0"), (model.Name, model.Precision, model.Manifest.License));
        Assert.Equal($"{hub.Server.Address}{Repository}/tree/{HubServer.Commit}", model.Manifest.Source);
        Assert.Equal(HubServer.Sha256(hub.Files["model.safetensors"]), model.Manifest.Converted!.SourceFiles["model.safetensors"]);
        ModelPackage.Open(model.Folder).Verify();
        long[] fetched = [.. progress.Where(report => report.Stage == ConversionStage.Downloading).Select(report => report.Done)];
        Assert.Equal(fetched.Order(), fetched);
        Assert.Equal(hub.Files["model.safetensors"].Length, fetched[^1]);

        // The same again: the hub is asked for the commit, and nothing is fetched or converted.
        int asked = hub.Fetched.Length;
        DateTime written = File.GetLastWriteTimeUtc(Path.Combine(model.Folder, ModelManifest.FileName));
        Assert.Equal(model.Folder, (await Store(hub, folder).PullAsync(Repository, cancellationToken: TestContext.Current.CancellationToken)).Folder);
        Assert.Equal((asked, written), (hub.Fetched.Length, File.GetLastWriteTimeUtc(Path.Combine(model.Folder, ModelManifest.FileName))));
        Assert.Equal([model.Name], Store(hub, folder).List().Select(stored => stored.Name));

        // Another precision: converted anew from what is here.
        StoredModel other = await Store(hub, folder).PullAsync($"{Repository}@{HubServer.Commit}", "int4", null, null, TestContext.Current.CancellationToken);
        Assert.Equal(("int4", asked), (other.Precision, hub.Fetched.Length));
        Assert.True(await Store(hub, folder).RemoveAsync(Repository, withDownload: true, TestContext.Current.CancellationToken));
        Assert.False(await Store(hub, folder).RemoveAsync(Repository, withDownload: true, TestContext.Current.CancellationToken));
        Assert.DoesNotContain(Directory.EnumerateFiles(folder.Root, "*", SearchOption.AllDirectories), path => !path.EndsWith(".lock", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_that_is_cut_again_and_again_is_taken_up_where_it_ended_and_no_byte_comes_twice()
    {
        await using HubServer hub = Hub("internvl-internlm2-orig");
        using var folder = new TemporaryFolder();
        long sent = 0;
        hub.Interfere = request =>
        {
            if (!request.Path.StartsWith("/store/model-", StringComparison.Ordinal))
            {
                return null;
            }

            LocalReply reply = hub.Answer(request);
            int cut = Math.Min(reply.Body.Length, 100_000);
            sent += cut;
            return reply with { CutAfter = cut };
        };

        StoredModel model = await Store(hub, folder).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken);

        Assert.Equal(hub.Files.Where(file => file.Key.StartsWith("model-", StringComparison.Ordinal)).Sum(file => file.Value.Length), sent);
        Assert.Equal(3, model.Manifest.Converted!.SourceFiles.Keys.Count(name => name.StartsWith("model-", StringComparison.Ordinal)));
        Assert.Equal("internvl", model.Manifest.Converted.Options["family"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_cancelled_goes_on_from_where_it_was_whether_or_not_the_server_does_ranges(bool ranges)
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        byte[] weights = hub.Files["model.safetensors"];
        hub.Interfere = request =>
        {
            if (!request.Path.StartsWith("/store/model.", StringComparison.Ordinal) || request.Headers.ContainsKey("Range"))
            {
                return null;
            }

            _ = Task.Delay(100).ContinueWith(_ => cancellation.Cancel());
            return new LocalReply(200, weights[..150_000]) { Headers = { ["Content-Length"] = $"{weights.Length}" }, Before = Task.CompletedTask };
        };
        await Assert.ThrowsAnyAsync<Exception>(() => Store(hub, folder, attempts: false).PullAsync(Repository, cancellationToken: cancellation.Token));
        string part = Assert.Single(Directory.EnumerateFiles(folder.Root, "*.safevision-part", SearchOption.AllDirectories));
        Assert.Equal(150_000, new FileInfo(part).Length);

        hub.Interfere = request => ranges || !request.Path.StartsWith("/store/", StringComparison.Ordinal) ? null : new LocalReply(200, weights);
        await Store(hub, folder).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken);

        LocalRequest[] asked = [.. hub.Server.Requests.Where(request => request.Path.StartsWith("/store/model.", StringComparison.Ordinal))];
        Assert.Equal(150_000, asked[^1].From);
        Assert.Empty(Directory.EnumerateFiles(folder.Root, "*.safevision-part", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_model_whose_test_was_cut_off_is_not_there_and_the_one_before_it_stays()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        using var cancellation = new CancellationTokenSource();
        int all = 0, reports = 0;
        await Store(hub, folder).PullAsync(Repository, "float32", new Inline(report => all += report.Stage == ConversionStage.Downloading ? 0 : 1), null, TestContext.Current.CancellationToken);
        await Store(hub, folder).PullAsync(Repository, "int8", null, null, TestContext.Current.CancellationToken);

        var cutting = new Inline(_ =>
        {
            if (++reports == all)
            {
                cancellation.Cancel();
            }
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Store(hub, folder).PullAsync(Repository, "float32", cutting, null, cancellation.Token));

        Assert.Equal((all, "int8"), (reports, Assert.Single(Store(hub, folder).List()).Precision));
    }

    [Fact]
    public async Task A_damaged_part_is_fetched_anew_and_a_whole_file_of_the_hub_s_own_tools_is_not_fetched()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        string blobs = Directory.CreateDirectory(folder.PathOf("hub/models--owner--Tiny-Guard.v1/blobs")).FullName;
        byte[] weights = hub.Files["model.safetensors"], tokenizer = hub.Files["tokenizer.json"];
        File.WriteAllBytes(Path.Combine(blobs, HubServer.Sha256(weights) + ".safevision-part"), new byte[1000]);
        File.WriteAllBytes(Path.Combine(blobs, HubServer.Sha256(tokenizer)), tokenizer);

        await Store(hub, folder).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken);

        Assert.DoesNotContain("tokenizer.json", hub.Fetched);
        Assert.Equal([1000, 0], hub.Server.Requests.Where(request => request.Path.StartsWith("/store/model.", StringComparison.Ordinal)).Select(request => request.From));
        Assert.Equal(HubServer.Commit, File.ReadAllText(folder.PathOf("hub/models--owner--Tiny-Guard.v1/refs/main")));
        Assert.Equal(weights, File.ReadAllBytes(folder.PathOf($"hub/models--owner--Tiny-Guard.v1/snapshots/{HubServer.Commit}/model.safetensors")));
    }

    [Fact]
    public async Task Two_that_pull_the_same_model_at_once_fetch_it_once_and_both_get_it()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        var notes = new List<string>();

        Task<StoredModel>[] pulls = [.. Enumerable.Range(0, 2).Select(_ => Store(hub, folder).PullAsync(Repository, "float32", null, notes.Add, TestContext.Current.CancellationToken))];
        StoredModel[] models = await Task.WhenAll(pulls);

        Assert.Equal(models[0].Folder, models[1].Folder);
        Assert.Single(hub.Fetched, name => name == "model.safetensors");
        Assert.Contains("Another process works on owner--Tiny-Guard.v1", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renamed_repository_is_followed_and_the_token_goes_to_the_hub_alone()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        hub.Interfere = request => request.Path.Contains("old/Name", StringComparison.Ordinal)
            ? new LocalReply(307) { Headers = { ["Location"] = request.Path.Replace("old/Name", Repository, StringComparison.Ordinal) } }
            : request.Headers.ContainsKey("Authorization") == request.Path.StartsWith("/store/", StringComparison.Ordinal) ? new LocalReply(400) : null;
        var notes = new List<string>();

        StoredModel model = await Store(hub, folder, token: "hf_secret").PullAsync("old/Name", "float32", null, notes.Add, TestContext.Current.CancellationToken);

        Assert.Equal(["old/Name is called owner/Tiny-Guard.v1 today."], notes);
        Assert.Equal("old--Name", model.Name);
        LocalRequest[] requests = [.. hub.Server.Requests];
        Assert.All(requests.Where(request => !request.Path.StartsWith("/store/", StringComparison.Ordinal)), request => Assert.Equal("Bearer hf_secret", request.Headers["Authorization"]));
        Assert.Contains(requests, request => request.Path.StartsWith("/store/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_expired_address_and_a_server_that_is_busy_are_asked_again_after_the_pause_that_they_name()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        Queue<LocalReply> api = new(
        [
            new LocalReply(503), new LocalReply(429) { Headers = { ["Retry-After"] = "7" } }, new LocalReply(429) { Headers = { ["RateLimit"] = "\"api\";r=0;t=33" } },
            new LocalReply(500) { Headers = { ["Retry-After"] = "Wed, 21 Oct 2026 07:28:20 GMT", ["Date"] = "Wed, 21 Oct 2026 07:28:00 GMT" } },
        ]);
        Queue<LocalReply> store = new([new LocalReply(403), new LocalReply(200) { Headers = { ["Content-Length"] = $"{hub.Files["model.safetensors"].Length}" } }]);
        hub.Interfere = request =>
            request.Path.StartsWith("/api/", StringComparison.Ordinal) && api.TryDequeue(out LocalReply? busy) ? busy
            : request.Path.StartsWith("/store/model.", StringComparison.Ordinal) && store.TryDequeue(out LocalReply? expired) ? expired : null;
        var pauses = new List<double>();

        var notes = new List<string>();

        await Store(hub, folder, pauses: pauses).PullAsync(Repository, "float32", null, notes.Add, TestContext.Current.CancellationToken);

        Assert.Equal([1, 7, 33, 20, 1, 2], pauses);
        Assert.Equal(pauses.Count, notes.Count);
        Assert.Equal($"{Repository} (revision main): 127.0.0.1 answers 429; waiting 33 s before attempt 4 of 6.", notes[2]);
    }

    [Fact]
    public async Task A_server_that_is_always_busy_is_given_up_after_ten_minutes_of_its_pauses()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        hub.Interfere = _ => new LocalReply(429) { Headers = { ["Retry-After"] = "250" } };
        var pauses = new List<double>();

        HubException error = await Assert.ThrowsAsync<HubException>(() => Store(hub, folder, pauses: pauses).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken));

        Assert.Equal([250, 250], pauses);
        Assert.Equal(HubFailure.Unreachable, error.Failure);
        Assert.Contains("answers 429. The server asks to wait 4 minutes more.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_trickles_is_given_up_and_a_better_one_goes_on_from_there()
    {
        await using HubServer hub = Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        byte[] weights = hub.Files["model.safetensors"];
        hub.Interfere = request => request.Path.StartsWith("/store/model.", StringComparison.Ordinal)
            ? HubServer.Part(weights, request.From) with { Pace = TimeSpan.FromMilliseconds(20) } : null;

        HubException error = await Assert.ThrowsAsync<HubException>(() =>
            Store(hub, folder, patience: 0.3).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken));

        Assert.Equal(HubFailure.Unreachable, error.Failure);
        Assert.Matches("localhost sends too slowly, [0-9]+ bytes in [0-9]+ s. Run the command again to go on from here.", error.Message);
        hub.Interfere = null;
        hub.Server.Requests.Clear();
        await Store(hub, folder).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken);
        Assert.Contains(hub.Server.Requests, request => request.Path.StartsWith("/store/model.", StringComparison.Ordinal) && request.From > 6);
    }

    internal static HubServer Hub(string checkpoint) => new(Repository, [Fixture.PathOf($"vlm/{checkpoint}")]);

    internal static ModelStore Store(HubServer hub, TemporaryFolder folder, string? token = null, List<double>? pauses = null, bool attempts = true, long most = long.MaxValue, long? free = null, double patience = 5) => new(new HubOptions
    {
        Endpoint = hub.Server.Address,
        Folder = folder.Root,
        Token = token,
        MaximumBytes = most,
        Patience = TimeSpan.FromSeconds(patience),
        FreeSpace = _ => free,
        Wait = (pause, _) =>
        {
            pauses?.Add(pause.TotalSeconds);
            return attempts ? Task.CompletedTask : Task.FromException(new TimeoutException("no second attempt"));
        },
    });

    private sealed class Inline(Action<ConversionProgress> report) : IProgress<ConversionProgress>
    {
        public void Report(ConversionProgress value) => report(value);
    }
}
