namespace SafeVision.Training.Data.Fetching;

/// <summary>Tells addresses of the public internet from those of somebody's own network, which a list of a stranger's must not reach.</summary>
internal static class PublicAddresses
{
    // IANA's registries of special-purpose addresses; what embeds an IPv4 address is judged by it.
    private static readonly IPNetwork[] s_closed =
    [
        .. ((string[])[
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
            "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20", "5f00::/16",
        ]).Select(network => IPNetwork.Parse(network)),
    ];

    private static readonly IPNetwork s_global = IPNetwork.Parse("2000::/3"), s_translated = IPNetwork.Parse("64:ff9b::/96"), s_sixToFour = IPNetwork.Parse("2002::/16");

    /// <summary>Whether an address may be connected to.</summary>
    public static bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.IsIPv4MappedToIPv6)
        {
            return IsPublic(address.MapToIPv4());
        }

        if (address.GetAddressBytes() is { Length: 16 } bytes)
        {
            return s_translated.Contains(address) ? IsPublic(new IPAddress(bytes.AsSpan(12, 4)))
                : s_sixToFour.Contains(address) ? IsPublic(new IPAddress(bytes.AsSpan(2, 4)))
                : address.ScopeId == 0 && s_global.Contains(address) && !IsClosed(address);
        }

        return !IsClosed(address);
    }

    private static bool IsClosed(IPAddress address) => Array.Exists(s_closed, network => network.Contains(address));
}
