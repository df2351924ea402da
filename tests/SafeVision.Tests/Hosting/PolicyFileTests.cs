using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Hosting;

/// <summary>A policy file that changes while the guardrail runs.</summary>
public sealed class PolicyFileTests : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("policy-file-");
    private readonly string _path;
    private readonly ManualClock _clock = new();
    private readonly RecordingLogger _log = new();
    private readonly IImageGuardrail _guardrail;

    public PolicyFileTests()
    {
        _path = Path.Combine(_folder.FullName, "policy.yaml");
        File.WriteAllText(_path, Text("1"));
        _guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicyFile(_path).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)).UseTimeProvider(_clock).UseLoggerFactory(_log));
    }

    [Fact]
    public async Task A_good_edit_is_put_in_force_and_logged()
    {
        await _guardrail.WarmUpAsync();
        File.WriteAllText(_path, Text("2"));
        await TimePassesUntil(() => Version == "2");

        Assert.Null(_guardrail.Status.PolicyUpdateError);
        Assert.Equal("2", (await _guardrail.CheckAsync(Pictures.Gray())).Provenance.PolicyVersion);
        await Eventually.True(() => _log.Entries.Any(entry => entry.Level == LogLevel.Information && entry.Message.Contains("version 2", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_broken_edit_keeps_the_old_policy_says_why_once_and_a_good_one_clears_it()
    {
        File.WriteAllText(_path, Text("2").Replace("includes", "inculdes", StringComparison.Ordinal));
        await TimePassesUntil(() => _guardrail.Status.PolicyUpdateError is not null);
        Assert.Equal("1", (await _guardrail.CheckAsync(Pictures.Gray())).Provenance.PolicyVersion);
        Assert.Contains("inculdes", _guardrail.Status.PolicyUpdateError, StringComparison.Ordinal);
        await TimePasses(5);
        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Error);

        File.WriteAllText(_path, Text("3"));
        await TimePassesUntil(() => Version == "3");
        Assert.Null(_guardrail.Status.PolicyUpdateError);
    }

    [Fact]
    public async Task A_file_that_is_deleted_keeps_the_policy_and_one_that_comes_back_the_same_clears_the_error()
    {
        await TimePasses(3);
        File.Delete(_path);
        await TimePassesUntil(() => _guardrail.Status.PolicyUpdateError is not null);
        Assert.Equal("1", (await _guardrail.CheckAsync(Pictures.Gray())).Provenance.PolicyVersion);

        File.WriteAllText(_path, Text("1"));
        await TimePassesUntil(() => _guardrail.Status.PolicyUpdateError is null);
        Assert.Equal("1", Version);
    }

    [Fact]
    public async Task A_file_replaced_by_rename_counts_even_if_its_time_is_older()
    {
        await TimePasses(3);
        string other = Path.Combine(_folder.FullName, "other.yaml");
        File.WriteAllText(other, Text("2"));
        File.SetLastWriteTimeUtc(other, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        File.Move(other, _path, overwrite: true);

        await TimePassesUntil(() => Version == "2");
    }

    [Fact]
    public async Task A_file_as_old_and_as_long_as_the_one_it_replaces_counts()
    {
        await TimePasses(3);
        DateTime written = File.GetLastWriteTimeUtc(_path);
        File.WriteAllText(_path, Text("2"));
        File.SetLastWriteTimeUtc(_path, written);

        await TimePassesUntil(() => Version == "2");
    }

    /// <summary>The kubelet mounts a ConfigMap as policy.yaml → ..data/policy.yaml, ..data → a folder, and renames a new ..data over the old.</summary>
    [Fact]
    public async Task A_policy_mounted_as_a_kubernetes_config_map_is_reloaded_each_time_the_link_is_swapped()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A link can't be renamed over another there.");
        string mount = Directory.CreateDirectory(Path.Combine(_folder.FullName, "mount")).FullName, path = Path.Combine(mount, "policy.yaml");
        Mount("1");
        File.CreateSymbolicLink(path, Path.Combine("..data", "policy.yaml"));
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicyFile(path).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)).UseTimeProvider(_clock).UseLoggerFactory(_log));
        await TimePasses(3);

        foreach (string version in (string[])["2", "3"])
        {
            Mount(version);
            await TimePassesUntil(() => guardrail.Status.Policy.Version == version);
            Assert.Null(guardrail.Status.PolicyUpdateError);
        }

        void Mount(string version)
        {
            string folder = Directory.CreateDirectory(Path.Combine(mount, $"..2026_{version}")).FullName;
            File.WriteAllText(Path.Combine(folder, "policy.yaml"), Text(version));
            File.SetLastWriteTimeUtc(Path.Combine(folder, "policy.yaml"), new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc));
            File.CreateSymbolicLink(Path.Combine(mount, "..data_new"), Path.GetFileName(folder));
            Process.Start("mv", ["-T", Path.Combine(mount, "..data_new"), Path.Combine(mount, "..data")]).WaitForExit();
            foreach (string old in Directory.GetDirectories(mount, "..2026_*").Where(old => old != folder))
            {
                Directory.Delete(old, recursive: true);
            }
        }
    }

    [Fact]
    public async Task What_is_reported_of_a_refused_file_names_it_without_its_folder_and_the_log_with_it()
    {
        File.WriteAllText(_path, "policy: x\n");
        await TimePassesUntil(() => _guardrail.Status.PolicyUpdateError is not null);

        Assert.StartsWith("policy.yaml:1:1: ", _guardrail.Status.PolicyUpdateError, StringComparison.Ordinal);
        Assert.DoesNotContain(_folder.FullName, _guardrail.Status.PolicyUpdateError, StringComparison.Ordinal);
        Assert.Contains(_log.Entries, entry => entry.Message.Contains(_path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_is_still_being_written_is_not_taken_for_a_shorter_policy()
    {
        await TimePasses(3);
        string[] lines = [Text("2"), "  - id: beta\n    name: Beta\n    includes: [beta things]\n"];
        File.WriteAllText(_path, lines[0]); // valid, but only half of what is meant
        await TimePasses(1);
        File.AppendAllText(_path, lines[1]);
        await TimePassesUntil(() => Version == "2" && _log.Entries.Any(entry => entry.Level == LogLevel.Information)); // it is logged after the swap

        Assert.Equal(["alpha", "beta"], _guardrail.Status.Policy.Categories.Select(category => category.Id));
        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Information);
    }

    [Fact]
    public async Task Of_many_rapid_edits_the_last_one_stands()
    {
        for (int i = 2; i < 40; i++)
        {
            File.WriteAllText(_path, Text($"{i}"));
            if (i % 3 == 0)
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
            }
        }

        await TimePassesUntil(() => Version == "39");
        await TimePasses(3);
        Assert.Equal("39", Version);
        Assert.Null(_guardrail.Status.PolicyUpdateError);
    }

    [Fact]
    public async Task A_policy_set_in_code_stands_until_the_file_changes()
    {
        await _guardrail.UpdatePolicyAsync(SafetyPolicy.Parse(Text("code")));
        await TimePasses(4);
        Assert.Equal("code", Version);

        File.WriteAllText(_path, Text("2"));
        await TimePassesUntil(() => Version == "2");
    }

    [Fact]
    public async Task A_policy_that_an_engine_failed_to_take_is_tried_again_with_growing_pauses_until_the_engine_takes_it()
    {
        bool down = false;
        var engine = new ScriptedEngine((policy, frames, _) => ValueTask.FromResult<IReadOnlyList<Assessments.FrameAssessment>>([.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))]))
        {
            OnCompile = _ => down ? throw new InvalidOperationException("the server is down") : Task.CompletedTask,
        };
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicyFile(_path).UseEngine(_ => engine).UseTimeProvider(_clock).UseLoggerFactory(_log));
        await guardrail.WarmUpAsync();
        await TimePasses(3);
        down = true;
        File.WriteAllText(_path, Text("2"));
        await TimePassesUntil(() => guardrail.Status.PolicyUpdateError is not null);

        int before = engine.Compilations;
        await TimePasses(40);
        Assert.InRange(engine.Compilations - before, 3, 5); // after 1, 2, 4, 8 and 16 seconds
        Assert.Equal("1", (await guardrail.CheckAsync(Pictures.Gray())).Provenance.PolicyVersion);
        Assert.Single(_log.Entries, entry => entry.Level == LogLevel.Error);

        down = false;
        await TimePassesUntil(() => guardrail.Status.Policy.Version == "2" && guardrail.Status.PolicyUpdateError is null);

        down = true;
        File.WriteAllText(_path, Text("3"));
        await TimePassesUntil(() => guardrail.Status.PolicyUpdateError is not null);
        down = false;
        await guardrail.UpdatePolicyAsync(SafetyPolicy.Parse(Text("code")));
        await TimePasses(10);
        Assert.Equal(("code", null), (guardrail.Status.Policy.Version, guardrail.Status.PolicyUpdateError)); // until the file changes
    }

    [Fact]
    public async Task Disposing_stops_the_looking()
    {
        Assert.Equal(1, _clock.Timers);
        await _guardrail.DisposeAsync();
        await _guardrail.DisposeAsync();
        Assert.Equal(0, _clock.Timers);
    }

    private string Version => _guardrail.Status.Policy.Version;

    private static string Text(string version) => $"policy: test\nversion: \"{version}\"\ncategories:\n  - id: alpha\n    name: Alpha\n    includes: [alpha things]\n";

    private Task TimePassesUntil(Func<bool> condition) => Eventually.True(condition, () => _clock.Advance(TimeSpan.FromSeconds(1)));

    /// <summary>Seconds of the guardrail's clock, each with a moment for the reading that it may have started.</summary>
    private async Task TimePasses(int seconds)
    {
        for (int i = 0; i < seconds; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(30);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _guardrail.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
