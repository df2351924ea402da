using System.Text;
using SafeVision.Conversion.Hub;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.Conversion.Tests.Hub;

/// <summary>Hubs that lie, refuse or flood: each ends in one clear error, with no model and nothing outside the folder.</summary>
public sealed class HostileHubTests
{
    private const string Repository = "owner/Tiny-Guard.v1";
    private const string Secret = "hf_do-not-show.me_123";

    public static TheoryData<string, HubFailure, string> Faults => new()
    {
        { "gated, no token", HubFailure.Gated, "Accept the terms at HUB/owner/Tiny-Guard.v1, then set HF_TOKEN" },
        { "gated, token", HubFailure.Gated, "the account of HF_TOKEN has not been granted access" },
        { "bad token", HubFailure.TokenRefused, "does not take the token in HF_TOKEN" },
        { "private", HubFailure.NotFound, "there is no such repository, or it is private or gated" },
        { "no revision", HubFailure.NotFound, "there is no such revision" },
        { "no repository", HubFailure.NotFound, "is not there" },
        { "always 500", HubFailure.Unreachable, "answers 500" },
        { "long wait", HubFailure.Unreachable, "asks to wait 60 minutes" },
        { "huge header", HubFailure.BadReply, "more than 64 KiB of headers" },
        { "endless list", HubFailure.BadReply, "more than 33554432 bytes" },
        { "endless pages", HubFailure.BadReply, "more than 20 pages" },
        { "page elsewhere", HubFailure.BadReply, "the next page of the list is on another host" },
        { "no json", HubFailure.BadReply, "did not answer with JSON" },
        { "half a surrogate pair", HubFailure.BadReply, "the revision has no commit" },
        { "redirect to nowhere", HubFailure.BadReply, "sends on to no address" },
        { "huge sizes", HubFailure.BadReply, "no size or hash for model.safetensors.index.json" },
        { "no commit", HubFailure.BadReply, "the revision has no commit" },
        { "redirect to http", HubFailure.BadReply, "http://example.com, which is not https" },
        { "redirect to a file", HubFailure.BadReply, "file://" },
        { "redirect for ever", HubFailure.BadReply, "sends on more than 8 times" },
        { "wrong hash", HubFailure.WrongHash, "does not have the hash of the list" },
        { "wrong small file", HubFailure.WrongHash, "config.json" },
        { "longer than said", HubFailure.BadReply, "other bytes than were asked for" },
        { "endless file", HubFailure.BadReply, "sends more than the" },
        { "compressed", HubFailure.BadReply, "other bytes than were asked for" },
        { "another range", HubFailure.BadReply, "other bytes than were asked for" },
        { "pickle only", HubFailure.Unsupported, "pytorch_model.bin), which can run code" },
        { "adapter only", HubFailure.Unsupported, "holds a LoRA adapter" },
        { "gguf only", HubFailure.Unsupported, "GGUF" },
        { "index outside", HubFailure.Unsupported, "names a file of weights that is not in the repository" },
        { "case collision", HubFailure.BadReply, "would be one file on some disks" },
        { "twice", HubFailure.BadReply, "twice" },
        { "no hash", HubFailure.BadReply, "no size or hash for" },
        { "large companion", HubFailure.TooLarge, "at most 268435456 are expected" },
        { "over the limit", HubFailure.TooLarge, "--max-gb" },
        { "no space", HubFailure.TooLarge, "are free. HF_HOME names another folder" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_is_one_typed_error_and_leaves_no_model(string fault, HubFailure failure, string message)
    {
        await using HubServer hub = ModelPullTests.Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        using var beside = new TemporaryFolder();
        Break(hub, fault);
        string? token = fault is "gated, token" or "bad token" or "redirect to http" or "wrong hash" ? Secret : null;
        ModelStore store = ModelPullTests.Store(hub, folder, token, most: fault == "over the limit" ? 300_000 : long.MaxValue, free: fault == "no space" ? 500_000 : null);

        HubException error = await Assert.ThrowsAsync<HubException>(() => store.PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken));

        Assert.True(error.Failure == failure && error.Message.Contains(message.Replace("HUB/", hub.Server.Address.AbsoluteUri, StringComparison.Ordinal), StringComparison.Ordinal), $"{error.Failure}: {error.Message}");
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("server's words", error.ToString(), StringComparison.Ordinal);
        Assert.Empty(store.List());
        Assert.All(Directory.EnumerateFiles(folder.Root, "*", SearchOption.AllDirectories), path => Assert.StartsWith(folder.PathOf("hub"), path, StringComparison.Ordinal));
        Assert.Equal(fault is "over the limit" or "no space" or "large companion", failure == HubFailure.TooLarge);
        if (failure == HubFailure.TooLarge)
        {
            Assert.DoesNotContain("model.safetensors", hub.Fetched); // before the bytes arrive
        }
    }

    [Fact]
    public async Task Whatever_is_wrong_in_a_hub_s_JSON_is_a_typed_error_or_a_model_and_nothing_lies_outside()
    {
        for (int i = 0; i < FileMutation.Count(25); i++)
        {
            await using HubServer hub = ModelPullTests.Hub("internvl-qwen2-hf");
            using var folder = new TemporaryFolder();
            var random = new Random(7_000_000 + i);
            hub.Interfere = request => request.Path.StartsWith("/api/", StringComparison.Ordinal) && hub.Answer(request) is var whole
                ? whole with { Body = FileMutation.Of("reply.json", whole.Body, random) } : null;
            try
            {
                await ModelPullTests.Store(hub, folder).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            }
            catch (Exception exception) when (exception is HubException or CheckpointException or Inference.ModelLoadException)
            {
                Assert.InRange(exception.Message.Length, 1, 4000);
            }
            catch (Exception exception)
            {
                Assert.Fail($"seed {i}: {exception}");
            }

            Assert.All(Directory.EnumerateFiles(folder.Root, "*", SearchOption.AllDirectories), path => Assert.True(
                path.StartsWith(folder.PathOf("hub"), StringComparison.Ordinal) || path.StartsWith(folder.PathOf("safevision"), StringComparison.Ordinal), path));
        }
    }

    [Theory]
    [InlineData("../../escape/model.safetensors")]
    [InlineData("/tmp/escape.json")]
    [InlineData("C:\\\\escape.json")]
    [InlineData("..\\\\escape.json")]
    [InlineData("LICENSE\\u202etxt.exe")]
    [InlineData("LICENSE con")]
    [InlineData("NOTICE.")]
    [InlineData("LICENSE\\u0000")]
    [InlineData("sub/LICENSE")]
    public async Task A_hostile_name_in_the_list_is_passed_over(string name)
    {
        await using HubServer hub = ModelPullTests.Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        hub.Entries.Add($$"""{"type": "file", "path": "{{name}}", "size": 4, "oid": "{{new string('a', 40)}}"}""");
        hub.Files["config.json"] = Encoding.ASCII.GetBytes("{}"); // so that nothing is converted: the small files are enough

        await Assert.ThrowsAsync<CheckpointException>(() => ModelPullTests.Store(hub, folder).PullAsync(Repository, "float32", null, null, TestContext.Current.CancellationToken));

        Assert.All(hub.Fetched, file => Assert.Contains(file, hub.Files.Keys));
        Assert.DoesNotContain("model.safetensors", hub.Fetched); // config.json names no family
    }

    [Theory]
    [InlineData("owner")]
    [InlineData("../name")]
    [InlineData("owner/..")]
    [InlineData("owner/name/more")]
    [InlineData("own er/name")]
    [InlineData("owner/name@../../x")]
    [InlineData("owner/name@")]
    [InlineData("owner--x/name")]
    [InlineData("https://example.com/owner/name")]
    public async Task A_name_that_is_none_is_refused_before_anything_is_asked(string name)
    {
        await using HubServer hub = ModelPullTests.Hub("internvl-qwen2-hf");
        using var folder = new TemporaryFolder();
        ModelStore store = ModelPullTests.Store(hub, folder);

        Assert.Equal(HubFailure.Misuse, (await Assert.ThrowsAsync<HubException>(() => store.PullAsync(name))).Failure);
        Assert.Null(store.Find(name));
        Assert.Empty(hub.Server.Requests);
    }

    [Theory]
    [InlineData("http://example.com", null)]
    [InlineData("ftp://example.com", null)]
    [InlineData("https://user:hunter2@example.com", null)]
    [InlineData("https://example.com/?x=1", null)]
    [InlineData("https://example.com", "two\nlines")]
    [InlineData("https://example.com", "with \"quotes\"")]
    public void An_unsafe_address_or_token_is_refused_and_not_shown(string endpoint, string? token)
    {
        HubException error = Assert.Throws<HubException>(() => new ModelStore(new HubOptions { Endpoint = new Uri(endpoint), Token = token }));

        Assert.Equal(HubFailure.Misuse, error.Failure);
        Assert.DoesNotContain(token ?? "hunter2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environment_is_read_as_the_hub_s_own_tools_read_it()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.PathOf("token"), " hf_file \n");
        HubOptions Of(params (string Name, string Value)[] variables) => HubOptions.From(name => Array.Find(variables, variable => variable.Name == name).Value);

        HubOptions read = Of(("HF_ENDPOINT", "https://mirror.example/hub/"), ("HF_HOME", folder.Root));
        Assert.Equal(("https://mirror.example/hub", folder.Root, "hf_file", folder.PathOf("hub")), (read.Endpoint.AbsoluteUri, read.Folder, read.Token, read.Downloads));
        Assert.Equal("hf_other", Of(("HF_TOKEN", "hf_other"), ("HF_HOME", folder.Root)).Token);
        Assert.Equal(folder.PathOf("x"), Of(("HF_HUB_CACHE", folder.PathOf("x"))).Downloads);
        Assert.Equal(folder.PathOf("huggingface"), Of(("XDG_CACHE_HOME", folder.Root)).Folder);
        Assert.Throws<HubException>(() => Of(("HF_ENDPOINT", "mirror")));

        HubOptions offline = Of(("HF_HUB_OFFLINE", "yes"), ("HF_HOME", folder.Root));
        Assert.Equal(HubFailure.Unreachable, (await Assert.ThrowsAsync<HubException>(() => new ModelStore(offline).PullAsync("owner/name"))).Failure);
    }

    [Fact]
    public void Every_known_guard_has_a_name_of_its_own_a_repository_and_a_licence_whose_text_is_named()
    {
        Assert.Distinct(KnownModel.All.Select(model => model.Name));
        Assert.Distinct(KnownModel.All.Select(model => model.Repository));
        Assert.All(KnownModel.All, model =>
        {
            Assert.Equal(model.Name, HubReference.Parse(model.Repository).Name);
            Assert.Equal((model.Repository, "v2"), (HubReference.Parse($"{model.Name}@v2").Repository, HubReference.Parse($"{model.Name}@v2").Revision));
            Assert.StartsWith("https://", model.LicenseText, StringComparison.Ordinal);
            Assert.Equal(model.Protocol, GuardProtocols.Find(model.Protocol!, "the list of known guards").Name);
            Assert.InRange(model.CheckpointBytes, 1_000_000_000, 40_000_000_000);
        });
    }

    private static void Break(HubServer hub, string fault)
    {
        byte[] weights = hub.Files["model.safetensors"];
        LocalReply Code(int status, string code) => new(status, "the server's words") { Headers = { ["X-Error-Code"] = code, ["X-Error-Message"] = $"the server's words {Secret}" } };
        LocalReply Moved(string location) => new(302) { Headers = { ["Location"] = location } };
        LocalReply? api = fault switch
        {
            "gated, no token" => Code(401, "GatedRepo"),
            "gated, token" => Code(403, "GatedRepo"),
            "bad token" => new LocalReply(401, "the server's words"),
            "private" => Code(401, "RepoNotFound"),
            "no revision" => Code(404, "RevisionNotFound"),
            "no repository" => Code(404, "RepoNotFound"),
            "always 500" => new LocalReply(500, "the server's words"),
            "long wait" => new LocalReply(429) { Headers = { ["Retry-After"] = "3600" } },
            "huge header" => new LocalReply(200) { Headers = { ["X-Long"] = new string('x', 100_000) } },
            "endless list" => new LocalReply(200) { IsEndless = true },
            "no json" => new LocalReply(200, "<html>"),
            "half a surrogate pair" => new LocalReply(200, """{"sha": "\ud800", "\udc00": 1}"""),
            "redirect to nowhere" => Moved("//[/x"),
            "no commit" => new LocalReply(200, """{"sha": "../../etc"}"""),
            "redirect to http" => Moved("http://example.com/x"),
            "redirect to a file" => Moved("file:///etc/passwd"),
            "redirect for ever" => Moved("/again"),
            _ => null,
        };
        LocalReply? store = fault switch
        {
            "wrong hash" => new LocalReply(200, new byte[weights.Length]),
            "longer than said" => new LocalReply(200, new byte[weights.Length + 1]),
            "endless file" => new LocalReply(200, weights) { IsEndless = true },
            "compressed" => new LocalReply(200, weights) { Headers = { ["Content-Encoding"] = "gzip" } },
            "another range" => new LocalReply(206, weights) { Headers = { ["Content-Range"] = $"bytes 5-{weights.Length + 4}/{weights.Length}" } },
            _ => null,
        };
        hub.Interfere = request => (request.Path, fault) switch
        {
            _ when api is not null => api,
            ({ } path, _) when store is not null && path.StartsWith("/store/model", StringComparison.Ordinal) => store,
            ({ } path, "wrong small file") when path.EndsWith("/config.json", StringComparison.Ordinal) => new LocalReply(200, new byte[hub.Files["config.json"].Length]),
            ({ } path, "endless pages") when path.Contains("/tree/", StringComparison.Ordinal) => new LocalReply(200, "[]") { Headers = { ["Link"] = $"<{hub.Server.Address.AbsolutePath}api/models/x/tree/{HubServer.Commit}>; rel=\"next\"" } },
            ({ } path, "page elsewhere") when path.Contains("/tree/", StringComparison.Ordinal) => new LocalReply(200, "[]") { Headers = { ["Link"] = $"<{hub.Server.OtherAddress}api>; rel=\"next\"" } },
            _ => null,
        };
        switch (fault)
        {
            case "pickle only" or "adapter only" or "gguf only":
                hub.Files.Remove("model.safetensors");
                hub.Files[fault switch { "pickle only" => "pytorch_model.bin", "adapter only" => "adapter_config.json", _ => "guard-Q4.gguf" }] = weights;
                break;
            case "index outside":
                hub.Files.Remove("model.safetensors");
                hub.Files["model.safetensors.index.json"] = Encoding.ASCII.GetBytes("""{"weight_map": {"a": "../../../escape.safetensors"}}""");
                break;
            case "case collision":
                (hub.Files["LICENSE"], hub.Files["license"]) = (weights, weights);
                break;
            case "twice":
                hub.Entries.Add($$"""{"type": "file", "path": "config.json", "size": 4, "oid": "{{new string('a', 40)}}"}""");
                break;
            case "huge sizes":
                hub.Files.Remove("model.safetensors");
                hub.Entries.Add($$"""{"type": "file", "path": "model.safetensors.index.json", "oid": "{{new string('a', 40)}}", "size": 9223372036854775807}""");
                break;
            case "no hash":
                hub.Entries.Add("""{"type": "file", "path": "LICENSE", "size": 4}""");
                break;
            case "large companion":
                hub.Entries.Add($$"""{"type": "file", "path": "merges.txt", "size": 300000000, "oid": "{{new string('a', 40)}}"}""");
                break;
        }
    }
}
