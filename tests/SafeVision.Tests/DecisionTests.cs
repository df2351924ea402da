namespace SafeVision.Tests;

public sealed class DecisionTests
{
    [Fact]
    public void A_decision_that_nobody_made_is_block() => Assert.Equal(Decision.Block, default);
}
