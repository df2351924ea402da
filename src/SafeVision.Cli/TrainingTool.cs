using System.Diagnostics;

namespace SafeVision.Cli;

/// <summary>The commands that another tool does, <c>safevision-train</c>: it carries libtorch, which is many times as large as all
/// of this one. Where it is installed, they start it with the same words; where it is not, they say how to install it.</summary>
internal static class TrainingTool
{
    /// <summary>The one command that installs the tool.</summary>
    public const string Install = "dotnet tool install -g SafeVision.Training.Cli --prerelease";

    private const string Name = "safevision-train";

    private static readonly (string Name, string Description)[] s_data =
    [
        ("collect", "Collect images from folders, lists of files, or lists of addresses."),
        ("filter", "Keep the images that a quick classifier holds for worth judging."),
        ("vote", "Let several judges say whether an image's label is right."),
        ("generate", "Make questions and answers about images."),
        ("split", "Split a dataset into train, refine and test, near-duplicates together."),
        ("export", "Write a dataset in the form that a trainer reads."),
        ("report", "Show what a dataset holds, as one page."),
        ("policy", "Turn a policy in prose into a policy file."),
    ];

    /// <summary><c>safevision train</c>.</summary>
    public static Command CreateTrain() => Create("train", "Train a vision-language model to follow a policy.");

    /// <summary>The commands beneath <c>safevision data</c> that make training data.</summary>
    public static IEnumerable<Command> CreateData() => s_data.Select(command => Create(command.Name, command.Description));

    /// <summary>Whether a command line is for the other tool. Help is its own where it is installed.</summary>
    public static bool Takes(string[] arguments) =>
        (arguments is ["train", ..] || (arguments is ["data", var command, ..] && s_data.Any(known => known.Name == command)))
        && (Find() is not null || !arguments.Any(argument => argument is "--help" or "-h" or "-?"));

    /// <summary>Starts the other tool with all arguments, waits for it, and returns its exit code.</summary>
    /// <exception cref="IOException">It is not installed, or can't be started.</exception>
    public static async Task<int> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        string tool = Find() ?? throw new IOException($"'safevision {string.Join(' ', arguments.TakeWhile(argument => !argument.StartsWith('-')).Take(2))}' is done by the tool {Name}, which is not installed. This installs it:\n\n    {Install}\n");
        ProcessStartInfo start = tool.EndsWith(".dll", StringComparison.Ordinal) ? new("dotnet", [tool, .. arguments]) : new(tool, arguments);
        using Process process = Start(start, tool);
        using CancellationTokenRegistration stop = cancellationToken.Register(() => Stop(process)); // Ctrl+C reaches it by itself
        await process.WaitForExitAsync(CancellationToken.None);
        return process.ExitCode;
    }

    private static Command Create(string name, string description) => new(name, $"{description} Done by the tool {Name} ({Install}).") { TreatUnmatchedTokensAsErrors = false };

    private static Process Start(ProcessStartInfo start, string tool)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new IOException($"{tool}: can't be started. {exception.Message} This installs it anew:\n\n    {Install}\n", exception);
        }
    }

    private static void Stop(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It ended at the same moment.
        }
    }

    /// <summary>Beside this tool, where all global tools stand, or on the path; never in the current folder, which may be a stranger's.</summary>
    private static string? Find()
    {
        string file = OperatingSystem.IsWindows() ? $"{Name}.exe" : Name;
        string[] beside = [.. new[] { Path.GetDirectoryName(Environment.ProcessPath), AppContext.BaseDirectory }.OfType<string>()];
        IEnumerable<string> path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Where(Path.IsPathFullyQualified);
        return beside.Concat(path).Select(folder => Path.Combine(folder, file))
            .Concat(beside.Select(folder => Path.Combine(folder, "SafeVision.Training.Cli.dll")))
            .FirstOrDefault(File.Exists);
    }
}
