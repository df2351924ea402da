namespace SafeVision.Conversion.Hub;

/// <summary>A model could not be pulled. The message says what failed, of which repository, and what would mend it; it never holds
/// a token, and no text that a server wrote.</summary>
public sealed class HubException(HubFailure failure, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What kind of failure it is.</summary>
    public HubFailure Failure => failure;
}

/// <summary>Why a model could not be pulled.</summary>
public enum HubFailure
{
    /// <summary>A name, address or setting that can't be meant.</summary>
    Misuse,

    /// <summary>There is no such repository, revision or file, or it is private.</summary>
    NotFound,

    /// <summary>The owner's terms have to be accepted first.</summary>
    Gated,

    /// <summary>The hub does not take the token.</summary>
    TokenRefused,

    /// <summary>The server can't be reached, is far too slow, or fails again and again; pulling again goes on where it ended.</summary>
    Unreachable,

    /// <summary>The server's reply breaks a rule: a redirect that is not safe, too many bytes, a name that no file may have.</summary>
    BadReply,

    /// <summary>What arrived is not what the listing promised.</summary>
    WrongHash,

    /// <summary>More bytes than are allowed, or than the disk has room for.</summary>
    TooLarge,

    /// <summary>The repository holds no weights that can be read here.</summary>
    Unsupported,
}
