namespace SafeVision.Tests.Imaging;

/// <summary>Tests that measure time or memory, and so run while no other test does.</summary>
[CollectionDefinition(nameof(MeasuredAlone), DisableParallelization = true)]
public sealed class MeasuredAlone;
