//! What is taken for what.

use crate::street::person::{Age, Bag, Bottom, Fabric, HairStyle, Hat, Outer, Print, Shoes, Top};

pub(super) fn age(age: Age) -> Age {
    match age {
        Age::Child | Age::Middle => Age::Young,
        Age::Young | Age::Old => Age::Middle,
    }
}

pub(super) fn hair(style: HairStyle) -> HairStyle {
    match style {
        HairStyle::Bald => HairStyle::Cropped,
        HairStyle::Cropped | HairStyle::Curly => HairStyle::Short,
        HairStyle::Short => HairStyle::Cropped,
        HairStyle::Bob => HairStyle::Long,
        HairStyle::Long => HairStyle::Ponytail,
        HairStyle::Ponytail | HairStyle::Bun => HairStyle::Long,
    }
}

pub(super) fn hat(hat: Hat) -> Hat {
    match hat {
        Hat::Cap | Hat::Headscarf => Hat::Beanie,
        Hat::Beanie | Hat::Brimmed => Hat::Cap,
    }
}

pub(super) fn top(top: Top) -> Top {
    match top {
        Top::TShirt => Top::Polo,
        Top::LongSleeve => Top::Sweater,
        Top::Polo | Top::Vest | Top::Dress => Top::TShirt,
        Top::Shirt => Top::LongSleeve,
        Top::Sweater => Top::Hoodie,
        Top::Hoodie => Top::Sweater,
    }
}

pub(super) fn outer((outer, fabric): (Outer, Fabric)) -> (Outer, Fabric) {
    let outer = match outer {
        Outer::Jacket => Outer::Coat,
        Outer::Blazer | Outer::Coat | Outer::Gilet => Outer::Jacket,
    };
    (outer, fabric)
}

pub(super) fn bottom(bottom: Bottom) -> Bottom {
    match bottom {
        Bottom::Trousers => Bottom::Jeans,
        Bottom::Jeans | Bottom::Joggers => Bottom::Trousers,
        Bottom::Leggings => Bottom::Jeans,
        Bottom::Shorts => Bottom::ShortSkirt,
        Bottom::ShortSkirt => Bottom::Shorts,
        Bottom::LongSkirt => Bottom::ShortSkirt,
    }
}

pub(super) fn shoes(shoes: Shoes) -> Shoes {
    match shoes {
        Shoes::Trainers | Shoes::Boots | Shoes::Heels => Shoes::Leather,
        Shoes::Leather => Shoes::Trainers,
        Shoes::Sandals => Shoes::Heels,
    }
}

pub(super) fn bag(bag: Bag) -> Bag {
    match bag {
        Bag::Backpack | Bag::Handbag => Bag::ShoulderBag,
        Bag::ShoulderBag | Bag::ShoppingBag => Bag::Handbag,
        Bag::Trolley => Bag::ShoppingBag,
        Bag::Umbrella => Bag::Handbag,
        Bag::Pushchair => Bag::Trolley,
        Bag::Bicycle => Bag::Pushchair,
    }
}

pub(super) fn print(print: Print) -> Print {
    match print {
        Print::Stripes => Print::Checks,
        Print::UprightStripes | Print::Checks => Print::Stripes,
        Print::Dots | Print::Letters => Print::AllOver,
        Print::AllOver => Print::Dots,
        Print::Logo => Print::Letters,
        Print::Band | Print::Reflective => Print::Stripes,
        Print::TwoTone => Print::Band,
    }
}
