namespace SafeVision.Policies;

/// <summary>What the built-in categories cover. Each phrase names something that can be seen, noun first, because small engines
/// compare it with what they recognise and language models read it as a bullet. The scope of each class follows the taxonomy of
/// arXiv 2510.23960; the exclusions are what moderators of ordinary sites let pass.</summary>
internal static class HarmDefinitions
{
    public static SafetyCategory Safe { get; } = new(
        "SAFE",
        "Safe",
        "Ordinary images must pass: this is the absence of every harm below.",
        [
            "people in everyday clothes doing everyday things",
            "landscapes, plants and healthy animals",
            "buildings, streets and vehicles",
            "food, furniture and household objects",
            "drawings, text and diagrams without harmful content",
        ],
        []);

    public static SafetyCategory Hate { get; } = new(
        "Hate_Humiliation_Harassment",
        "Hate, humiliation and harassment",
        "People must not be attacked, degraded or threatened for who they are, and nobody must be bullied.",
        [
            "hate symbols such as swastikas, SS runes, burning crosses and white-power signs",
            "hooded robes of racist organisations",
            "drawings that liken an ethnic or religious group to animals or vermin",
            "caricatures that mock race, religion, gender, disability or sexual orientation",
            "slurs and hateful slogans written in the image",
            "a person being mocked, humiliated or bullied by others",
            "threatening gestures or messages against a person",
            "stalking, groping or harassment of a person",
        ],
        [
            "hate symbols in museums, history books and documentaries",
            "signs and gatherings that oppose hate",
            "swastikas as religious symbols in Hindu, Buddhist and Jain settings",
            "friendly caricatures and costumes that demean nobody",
        ]);

    public static SafetyCategory Violence { get; } = new(
        "Violence_Harm_Cruelty",
        "Violence, harm and cruelty",
        "Viewers must not be shown people being hurt, and violence must not be glorified or encouraged.",
        [
            "people fighting, beating or strangling each other",
            "people being shot, stabbed or executed",
            "torture and restraint of captives",
            "battle scenes and victims of war",
            "mass shootings and terror attacks",
            "children being beaten or abused",
            "bloody wounds, mutilated bodies and corpses",
            "a person being threatened with a weapon",
        ],
        [
            "boxing, wrestling, fencing and martial arts as sport",
            "surgery, first aid and medical training",
            "stage fights and film scenes without gore",
            "historical paintings and monuments of battles",
            "small scrapes, plasters and bandages",
            "guns and other weapons lying or on display",
            "soldiers and police officers at work or on parade",
        ]);

    public static SafetyCategory Sexual { get; } = new(
        "Sexual",
        "Sexual content",
        "Viewers must not be shown sexual or nude images that they did not ask for.",
        [
            "sexual intercourse and other sexual acts",
            "masturbation and sexual touching",
            "exposed genitals, anus or female nipples",
            "naked people posed to arouse",
            "sexually suggestive poses in lingerie or see-through clothing",
            "sex toys in use, bondage and fetish scenes",
            "pornographic drawings, animation and computer-generated images",
            "nudity hidden only by blur, mosaic or stickers",
        ],
        [
            "nudity in classical paintings and sculpture",
            "breastfeeding, birth and medical illustrations of the body",
            "swimwear and sportswear at a beach, pool or competition",
            "couples kissing or hugging in clothes",
            "sumo wrestlers and other traditional dress",
        ]);

    public static SafetyCategory Crime { get; } = new(
        "Criminal_Planning",
        "Criminal planning",
        "Nobody must be helped or encouraged to prepare, commit or hide a crime.",
        [
            "robbery, burglary and shoplifting",
            "masked people breaking into a building or vehicle",
            "arson and people setting fire to property",
            "counterfeit banknotes and forged identity documents",
            "stolen payment cards and card-skimming devices",
            "computer break-ins and phishing pages",
            "human smuggling and trafficking",
            "illegal graffiti being sprayed and property being smashed",
            "written instructions or plans for a crime",
        ],
        [
            "police officers, courts and prisons at work",
            "locks, cameras and other security products",
            "locksmiths and fire brigades at work",
            "murals and street art on permitted walls",
            "crime scenes in plainly fictional films, games and books",
            "wallets, cash machines and money in everyday use",
            "fire engines, torches and fireplaces",
        ]);

    public static SafetyCategory Weapons { get; } = new(
        "Weapons_Substance_Abuse",
        "Weapons and substance abuse",
        "Viewers, minors above all, must not be offered weapons, drugs, alcohol or tobacco or be drawn to them.",
        [
            "firearms and parts of them",
            "rounds of ammunition",
            "knives and blades shown as weapons",
            "machine guns, cannons and tanks",
            "explosives, grenades and bombs",
            "cigarettes and tobacco",
            "alcoholic drinks",
            "illegal drugs",
            "drug paraphernalia",
        ],
        [
            "kitchen knives in use in a kitchen",
            "toys that are plainly toys",
            "medicine in its package",
            "tools for work and gardening",
            "rockets and spacecraft for space flight",
            "bottles of water and soft drinks",
            "soldiers and police officers without a weapon in hand",
            "bulletproof vests, helmets and other protection",
        ]);

    public static SafetyCategory SelfHarm { get; } = new(
        "Self_Harm",
        "Self-harm",
        "People in distress must not be shown or taught ways to hurt themselves, nor be encouraged to.",
        [
            "a person cutting, burning or hitting themselves",
            "fresh cuts or rows of scars from self-injury",
            "suicide and suicide attempts",
            "suicide by hanging or shooting",
            "a person standing ready to jump from a bridge, roof or track",
            "suicide notes and messages that praise suicide",
            "heaps of pills laid out for an overdose",
            "starved bodies presented as an ideal",
        ],
        [
            "helpline numbers and suicide-prevention posters",
            "therapy, counselling and recovery",
            "tattoos, piercings and surgical scars",
            "climbing, diving and other sports at height",
        ]);

    public static SafetyCategory Animals { get; } = new(
        "Animal_Cruelty",
        "Animal cruelty",
        "Animals must not be hurt for show, and their suffering must not be entertainment.",
        [
            "animals being beaten, kicked or burned",
            "dogfights, cockfights and bullfights",
            "wounded, bleeding or mutilated animals",
            "starved or neglected animals",
            "animals in cramped or filthy cages",
            "animals caught in traps or snares",
            "poached animals, tusks and trophies with their hunters",
        ],
        [
            "veterinary treatment and rescue of animals",
            "pets on a leash or in a clean carrier",
            "wild animals hunting other animals",
            "farm animals kept in good condition",
            "meat and fish as food",
        ]);

    public static SafetyCategory Disasters { get; } = new(
        "Disasters_Emergencies",
        "Disasters and emergencies",
        "Victims of disasters must not be exploited, and viewers must not be alarmed or shocked by scenes of catastrophe.",
        [
            "collapsed buildings and rubble after an earthquake",
            "flooded streets and houses",
            "hurricanes, tornadoes and tsunamis striking places where people live",
            "homes and forests burning down",
            "explosions and industrial accidents",
            "wrecks of sunken ships",
            "debris and bodies after a crash",
            "dead or injured people at the scene of a disaster",
            "survivors in despair, refugees fleeing a catastrophe",
        ],
        [
            "campfires, candles and fireplaces",
            "weather maps and storm clouds without damage",
            "fire engines, ambulances and rescue training",
            "intact ships and boats",
            "volcanoes and waterfalls as landscapes",
            "demolition sites and buildings under construction",
        ]);

    public static SafetyCategory Political { get; } = new(
        "Political",
        "Political content",
        "A place that is not for politics must not be used to influence votes or to stir up political conflict.",
        [
            "politicians and heads of state",
            "ballot boxes, ballots and people voting",
            "election posters, campaign signs and party logos",
            "protests, marches and rallies with banners",
            "riots and clashes with police",
            "propaganda posters and political slogans",
            "political cartoons and memes",
            "flags and graffiti used as political statements",
        ],
        [
            "flags at sports events and on public buildings",
            "historical monuments and portraits on banknotes",
            "parades, festivals and concerts without political banners",
            "government buildings as sights",
        ]);
}
