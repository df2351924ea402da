using System.Buffers;
using System.Text;

namespace SafeVision.Policies;

/// <summary>Decides what the id of a category means: a built-in one, an own one, or a slip of the pen.</summary>
internal static class CategoryId
{
    public const int Longest = 64;

    // So near to a built-in id, an own one is more likely a typo that would lose the built-in definition.
    private const int TypoDistance = 2;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.");

    /// <summary>The id as results will show it, or null after an error was added.</summary>
    public static string? Resolve(CategoryDraft draft, PolicyErrors errors, out HarmCategory? builtIn)
    {
        (string written, Place place) = draft.Id!.Value;
        string id = written.Trim();
        string quoted = PolicyText.Quote(id);
        string[] known = [.. HarmCategory.All.Select(category => category.Id)];
        if (HarmCategory.TryParse(id, out builtIn))
        {
            if (builtIn != HarmCategory.Safe)
            {
                return builtIn.Id;
            }

            errors.Add(place, $"{quoted} means that an image belongs to no category, so it cannot be one; leave it out");
            return null;
        }

        if (id.Length is 0 or > Longest || !char.IsAsciiLetter(id[0]) || id.AsSpan().ContainsAnyExcept(Allowed))
        {
            errors.Add(place, $"{quoted} is not an id; {Invalid(id, known)}");
            return null;
        }

        if (NearestWord.Within(id, known, TypoDistance) is string typo)
        {
            errors.Add(place, $"unknown category id {quoted}; did you mean '{typo}'? (an own category needs an id less like a built-in one)");
            return null;
        }

        if (draft.Includes is not null || draft.Basis is not null || draft.IsIncomplete)
        {
            return id;
        }

        string? meant = NearestWord.Find(id, known) ?? (draft.Name is { } name ? NearestWord.Find(name.Value, known) : null);
        errors.Add(place, meant is null
            ? $"category {quoted} is empty; an own category needs 'includes' (the built-in ones are {string.Join(", ", known)})"
            : $"unknown category id {quoted}; did you mean '{meant}'? (an own category needs 'includes')");
        return null;
    }

    // A letter of another script may look exactly like the right one, so it is named by its number.
    private static string Invalid(string id, string[] known)
    {
        string rule = $"an id is an ASCII letter followed by ASCII letters, digits, '_', '-' or '.', at most {Longest} in all";
        int wrong = id.AsSpan().IndexOfAnyExcept(Allowed);
        if (wrong < 0 || id[wrong] < 0x80)
        {
            return rule;
        }

        Rune.DecodeFromUtf16(id.AsSpan(wrong), out Rune rune, out _);
        string hint = NearestWord.Within(id, known, TypoDistance) is string near ? $" did you mean '{near}'?" : "";
        return $"it holds {PolicyText.Quote(rune.ToString())} ({PolicyText.Name(rune)});{hint} {rule}";
    }
}
