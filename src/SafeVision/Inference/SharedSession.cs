namespace SafeVision.Inference;

/// <summary>A use of one of the process's sessions. A model is opened once for each way of running it, however many
/// guardrails of the process use it, and closed with its last use.</summary>
internal sealed class SharedSession : IDisposable
{
    private static readonly Lock s_gate = new();
    private static readonly Dictionary<string, Opening> s_open = [];

    private Opening? _opening;

    private SharedSession(Opening opening, ModelSession session) => (_opening, Session) = (opening, session);

    public ModelSession Session { get; } // the session; not to be used after Dispose

    /// <summary>Joins the session of a key, or opens it.</summary>
    /// <param name="key">The model, by its hash, and how it is run.</param>
    /// <param name="check">Throws when the model's files are no longer what they should be; asked where the session is open already.</param>
    public static async Task<SharedSession> JoinAsync(string key, Action? check, Func<ModelSession> open)
    {
        Opening? opening;
        bool isOpen;
        lock (s_gate)
        {
            isOpen = s_open.TryGetValue(key, out opening);
            opening ??= s_open[key] = new Opening(key, open);
            opening.Users++;
        }

        try
        {
            if (isOpen)
            {
                check?.Invoke();
            }

            return new SharedSession(opening, await opening.Session.Value.ConfigureAwait(false));
        }
        catch
        {
            Leave(opening);
            throw;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _opening, null) is { } opening && Leave(opening))
        {
            Session.Dispose();
            ProcessMemory.GiveBack();
        }
    }

    /// <summary>Whether that was the last use.</summary>
    private static bool Leave(Opening opening)
    {
        lock (s_gate)
        {
            if (--opening.Users > 0)
            {
                return false;
            }

            Forget(opening);
            return true;
        }
    }

    private static void Forget(Opening opening)
    {
        lock (s_gate)
        {
            if (s_open.TryGetValue(opening.Key, out Opening? current) && current == opening)
            {
                s_open.Remove(opening.Key);
            }
        }
    }

    private sealed class Opening
    {
        public Opening(string key, Func<ModelSession> open)
        {
            Key = key;
            Session = new Lazy<Task<ModelSession>>(() => Task.Run(() =>
            {
                try
                {
                    ModelSession session = open();
                    ProcessMemory.GiveBack(); // optimising a graph takes several times its size for a moment
                    return session;
                }
                catch
                {
                    Forget(this); // a later call may find the file mended
                    throw;
                }
            }));
        }

        public string Key { get; }

        public int Users { get; set; }

        public Lazy<Task<ModelSession>> Session { get; }
    }
}
