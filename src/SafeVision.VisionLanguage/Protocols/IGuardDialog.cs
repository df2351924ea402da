using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>One answer in the making. Used by one caller at a time.</summary>
internal interface IGuardDialog : IAsyncDisposable
{
    /// <summary>How likely each of the choices is as what comes next; the dialog stays where it is.</summary>
    ValueTask<ChoiceScores> ChooseAsync(TokenTrie choices, CancellationToken cancellationToken);

    /// <summary>Lets the model have said these tokens.</summary>
    ValueTask AppendAsync(ReadOnlyMemory<int> ids, CancellationToken cancellationToken);

    /// <summary>Lets the model write on, likeliest token first, until it ends its answer or a limit is met.</summary>
    /// <param name="limits">Where it ends.</param>
    /// <param name="text">Receives the text while it is being written; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the run within one step of the model.</param>
    ValueTask<string> WriteAsync(TextLimits limits, Action<string>? text, CancellationToken cancellationToken);
}
