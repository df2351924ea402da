using BenchmarkDotNet.Running;
using SafeVision.Benchmarks.Resizing;

// A word runs a comparison that takes about a minute and prints one table; anything else goes to BenchmarkDotNet.
switch (args)
{
    case ["resize", ..]:
        ResizeComparison.Run(Console.Out);
        break;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(ResizeBenchmarks).Assembly).Run(args);
        break;
}
