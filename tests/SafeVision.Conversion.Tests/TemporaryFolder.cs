using System.Runtime.CompilerServices;

namespace SafeVision.Conversion.Tests;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder([CallerMemberName] string test = "") =>
        Root = Directory.CreateTempSubdirectory($"{test[..Math.Min(test.Length, 40)]}-").FullName;

    public string Root { get; }

    public string PathOf(string name) => Path.Combine(Root, name);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
