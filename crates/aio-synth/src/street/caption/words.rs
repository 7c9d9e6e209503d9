//! The words of four vocabularies.

use crate::street::person::{
    Bag, Bottom, ColourName, Fabric, HairStyle, Hat, Outer, Print, Shoes, Top,
};

/// Vocabularies.
pub(super) const VOCABULARIES: usize = 4;

type Words = [&'static str; VOCABULARIES];

pub(super) fn colour(colour: ColourName) -> Words {
    match colour {
        ColourName::Black => ["black", "black", "black", "black"],
        ColourName::DarkGrey => ["dark grey", "dark gray", "charcoal", "slate"],
        ColourName::Grey => ["grey", "gray", "grey", "gray"],
        ColourName::LightGrey => ["light grey", "light gray", "silver", "pale gray"],
        ColourName::White => ["white", "white", "white", "white"],
        ColourName::Cream => ["cream", "off-white", "ivory", "cream-coloured"],
        ColourName::Beige => ["beige", "beige", "sand-coloured", "light tan"],
        ColourName::Khaki => ["khaki", "khaki", "greyish brown", "khaki"],
        ColourName::Tan => ["tan", "light brown", "camel", "tan"],
        ColourName::Brown => ["brown", "brown", "chestnut", "coffee-coloured"],
        ColourName::DarkBrown => ["dark brown", "dark brown", "deep brown", "chocolate"],
        ColourName::Maroon => ["maroon", "dark red", "burgundy", "wine-coloured"],
        ColourName::Red => ["red", "red", "bright red", "scarlet"],
        ColourName::Orange => ["orange", "orange", "bright orange", "orange"],
        ColourName::Mustard => ["mustard", "dark yellow", "ochre", "golden"],
        ColourName::Yellow => ["yellow", "yellow", "bright yellow", "lemon"],
        ColourName::Olive => ["olive", "olive green", "army green", "olive"],
        ColourName::DarkGreen => ["dark green", "dark green", "bottle green", "forest green"],
        ColourName::Green => ["green", "green", "green", "grass green"],
        ColourName::LightGreen => ["light green", "light green", "mint", "pale green"],
        ColourName::Teal => ["teal", "blue-green", "petrol", "teal"],
        ColourName::Turquoise => ["turquoise", "turquoise", "aqua", "cyan"],
        ColourName::LightBlue => ["light blue", "light blue", "sky blue", "pale blue"],
        ColourName::Blue => ["blue", "blue", "royal blue", "bright blue"],
        ColourName::SteelBlue => ["blue", "blue", "denim blue", "dusty blue"],
        ColourName::Navy => ["navy", "dark blue", "navy blue", "midnight blue"],
        ColourName::Purple => ["purple", "purple", "violet", "plum"],
        ColourName::Lavender => ["lavender", "light purple", "lilac", "mauve"],
        ColourName::Pink => ["pink", "pink", "rose", "light pink"],
        ColourName::Magenta => ["magenta", "hot pink", "bright pink", "fuchsia"],
    }
}

pub(super) fn hair_colour(name: ColourName) -> Words {
    match name {
        ColourName::Cream | ColourName::Beige | ColourName::Mustard | ColourName::Yellow => {
            ["blond", "fair", "blonde", "golden"]
        }
        ColourName::Khaki | ColourName::Tan => ["dark blond", "light brown", "fair", "sandy"],
        ColourName::Orange => ["ginger", "red", "ginger", "copper"],
        ColourName::Grey | ColourName::LightGrey => ["grey", "gray", "silver", "greying"],
        ColourName::DarkGrey => ["dark", "black", "dark", "dark gray"],
        ColourName::Olive => ["brown", "brown", "dark blond", "brown"],
        ColourName::White => ["white", "white", "white", "snow-white"],
        other => colour(other),
    }
}

pub(super) fn top(top: Top) -> Words {
    match top {
        Top::TShirt => ["T-shirt", "t-shirt", "tee", "short-sleeved top"],
        Top::LongSleeve => ["long-sleeved top", "long sleeve shirt", "longsleeve", "jersey"],
        Top::Polo => ["polo shirt", "polo", "collared T-shirt", "short-sleeved shirt"],
        Top::Shirt => ["shirt", "button-up shirt", "dress shirt", "buttoned shirt"],
        Top::Sweater => ["sweater", "sweater", "pullover", "jumper"],
        Top::Hoodie => ["hoodie", "hooded sweatshirt", "hoody", "hooded top"],
        Top::Vest => ["tank top", "sleeveless shirt", "sleeveless top", "singlet"],
        Top::Dress => ["dress", "dress", "one-piece dress", "frock"],
    }
}

pub(super) fn outer((outer, fabric): (Outer, Fabric)) -> Words {
    match (outer, fabric) {
        (Outer::Jacket, Fabric::Leather) => {
            ["leather jacket", "leather jacket", "biker jacket", "leather coat"]
        }
        (Outer::Jacket, Fabric::Padded) => {
            ["padded jacket", "puffer jacket", "down jacket", "quilted jacket"]
        }
        (Outer::Jacket, Fabric::Denim) => {
            ["denim jacket", "jean jacket", "denim jacket", "jeans jacket"]
        }
        (Outer::Jacket, Fabric::Nylon) => ["jacket", "windbreaker", "rain jacket", "anorak"],
        (Outer::Jacket, Fabric::Knit) => ["cardigan", "cardigan", "knitted jacket", "cardigan"],
        (Outer::Jacket, Fabric::Cotton) => ["jacket", "jacket", "light jacket", "zip-up jacket"],
        (Outer::Blazer, _) => ["blazer", "suit jacket", "sports jacket", "suit coat"],
        (Outer::Coat, Fabric::Padded) => {
            ["padded coat", "long puffer coat", "down coat", "quilted coat"]
        }
        (Outer::Coat, _) => ["coat", "long coat", "overcoat", "knee-length coat"],
        (Outer::Gilet, _) => ["gilet", "vest", "body warmer", "sleeveless jacket"],
    }
}

pub(super) fn bottom(bottom: Bottom) -> Words {
    match bottom {
        Bottom::Trousers => ["trousers", "pants", "slacks", "straight trousers"],
        Bottom::Jeans => ["jeans", "jeans", "denim trousers", "denim pants"],
        Bottom::Leggings => ["leggings", "leggings", "tights", "skin-tight leggings"],
        Bottom::Joggers => ["joggers", "sweatpants", "tracksuit bottoms", "jogging trousers"],
        Bottom::Shorts => ["shorts", "shorts", "short trousers", "knee-length shorts"],
        Bottom::ShortSkirt => ["short skirt", "skirt", "mini skirt", "knee-length skirt"],
        Bottom::LongSkirt => ["long skirt", "long skirt", "maxi skirt", "ankle-length skirt"],
    }
}

pub(super) fn shoes(shoes: Shoes) -> Words {
    match shoes {
        Shoes::Trainers => ["trainers", "sneakers", "sports shoes", "running shoes"],
        Shoes::Boots => ["boots", "boots", "high boots", "tall boots"],
        Shoes::Leather => ["leather shoes", "shoes", "dress shoes", "flat shoes"],
        Shoes::Sandals => ["sandals", "sandals", "open shoes", "flip-flops"],
        Shoes::Heels => ["heels", "high heels", "high-heeled shoes", "pumps"],
    }
}

pub(super) fn hat(hat: Hat) -> Words {
    match hat {
        Hat::Cap => ["cap", "baseball cap", "peaked cap", "visor cap"],
        Hat::Beanie => ["beanie", "knit hat", "woollen hat", "bobble hat"],
        Hat::Brimmed => ["hat", "sun hat", "brimmed hat", "wide-brimmed hat"],
        Hat::Headscarf => ["headscarf", "head scarf", "hijab", "head covering"],
    }
}

/// The verb and the noun of what is carried.
pub(super) fn bag(bag: Bag) -> (Words, Words) {
    match bag {
        Bag::Backpack => (
            ["carrying", "wearing", "carrying", "shouldering"],
            ["backpack", "backpack", "rucksack", "knapsack"],
        ),
        Bag::ShoulderBag => (
            ["carrying", "wearing", "carrying", "toting"],
            ["shoulder bag", "messenger bag", "satchel", "crossbody bag"],
        ),
        Bag::Handbag => (
            ["carrying", "holding", "carrying", "clutching"],
            ["handbag", "purse", "bag", "tote bag"],
        ),
        Bag::ShoppingBag => (
            ["carrying", "holding", "carrying", "holding"],
            ["shopping bag", "plastic bag", "carrier bag", "paper bag"],
        ),
        Bag::Trolley => (
            ["pulling", "dragging", "pulling", "wheeling"],
            ["suitcase", "rolling suitcase", "trolley case", "wheeled bag"],
        ),
        Bag::Umbrella => (
            ["holding", "holding", "carrying", "walking under"],
            ["umbrella", "umbrella", "open umbrella", "umbrella"],
        ),
        Bag::Pushchair => (
            ["pushing", "pushing", "pushing", "wheeling"],
            ["pushchair", "stroller", "buggy", "pram"],
        ),
        Bag::Bicycle => {
            (["pushing", "walking", "wheeling", "pushing"], ["bicycle", "bike", "bicycle", "bike"])
        }
    }
}

/// What follows the garment; `#` stands for the second colour.
pub(super) fn print(print: Print) -> Words {
    match print {
        Print::Stripes => {
            ["with # stripes", "with # horizontal stripes", "with # bands", "with # lines across"]
        }
        Print::UprightStripes => [
            "with # vertical stripes",
            "with # pinstripes",
            "with upright # stripes",
            "with # lines from top to bottom",
        ],
        Print::Checks => {
            ["with # checks", "in a # plaid pattern", "with # squares", "with a # check pattern"]
        }
        Print::Dots => ["with # dots", "with # polka dots", "with # spots", "dotted in #"],
        Print::AllOver => [
            "with a # pattern",
            "with a # all-over print",
            "with # patches",
            "with a # mottled print",
        ],
        Print::Logo => {
            ["with a # logo", "with a # graphic", "with a # badge", "with a # picture on the chest"]
        }
        Print::Letters => {
            ["with # letters", "with # lettering on the chest", "with # writing", "with a # slogan"]
        }
        Print::Band => [
            "with a # stripe across the chest",
            "with a # band around the chest",
            "with a broad # band",
            "with one wide # stripe",
        ],
        Print::TwoTone => {
            ["with # sleeves", "with # parts", "with # panels", "with some # sections"]
        }
        Print::Reflective => [
            "with reflective strips",
            "with reflective tape",
            "with shiny strips",
            "with high-visibility stripes",
        ],
    }
}

/// How hair is worn; `#` stands for its colour.
pub(super) fn hair(style: HairStyle) -> Words {
    match style {
        HairStyle::Bald => ["a bald head", "a shaved head", "no hair", "a bare head"],
        HairStyle::Cropped => {
            ["very short # hair", "cropped # hair", "a # crew cut", "closely cut # hair"]
        }
        HairStyle::Short => ["short # hair", "short # hair", "# short hair", "neat short # hair"],
        HairStyle::Bob => {
            ["chin-length # hair", "a # bob", "medium-length # hair", "# hair to the chin"]
        }
        HairStyle::Long => {
            ["long # hair", "long # hair", "shoulder-length # hair", "long loose # hair"]
        }
        HairStyle::Ponytail => {
            ["a # ponytail", "# hair in a ponytail", "# hair tied back", "# hair in a tail"]
        }
        HairStyle::Bun => {
            ["# hair in a bun", "a # bun", "# hair pinned up", "# hair tied up in a bun"]
        }
        HairStyle::Curly => ["curly # hair", "# curls", "bushy # hair", "frizzy # hair"],
    }
}
