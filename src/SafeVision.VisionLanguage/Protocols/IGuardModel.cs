namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A model that looks at one picture and can be asked about it. Thread-safe; dialogs are not.</summary>
internal interface IGuardModel
{
    /// <summary>Puts a prompt with the picture to the model, up to where the answer begins.</summary>
    ValueTask<IGuardDialog> OpenAsync(GuardPrompt prompt, CancellationToken cancellationToken);
}
